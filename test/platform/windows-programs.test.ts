import { expect, test } from "bun:test";
import { caseless } from "../../src/platform/windows/environment.ts";
import { byEditor, byShell, systemProgram } from "../../src/platform/windows/programs.ts";

test("a program of Windows is named by its full path, however the variable is spelled, and without one", () => {
  const program = "D:\\Win\\System32\\cmd.exe";
  expect(systemProgram(caseless({ SystemRoot: "D:\\Win" }), "cmd.exe")).toBe(program);
  expect(systemProgram(caseless({ systemroot: "D:\\Win\\" }), "cmd.exe")).toBe(program);
  for (const SystemRoot of ["", "Win", "\\\\host\\share", "/etc"])
    expect(systemProgram({ SystemRoot }, "cmd.exe")).toBe("C:\\Windows\\System32\\cmd.exe");
});

test("a command keeps its quotes on the way to cmd", () => {
  expect(byShell({}, '"C:\\my tools\\pass.exe" show "the key"')).toEqual({
    words: ["C:\\Windows\\System32\\cmd.exe", "/d", "/s", "/c", '""C:\\my tools\\pass.exe" show "the key""'],
    windowsVerbatimArguments: true,
  });
});

test("the editor is $VISUAL, else $EDITOR, as given, else Notepad", () => {
  const file = "C:\\a b\\settings.txt";
  const line = (env: Record<string, string>) => byEditor(env, file).words.at(-1);
  expect(line({ VISUAL: '"C:\\Program Files\\vim.exe" -f', EDITOR: "x" })).toBe(
    `""C:\\Program Files\\vim.exe" -f "${file}""`,
  );
  expect(line({ EDITOR: "code --wait" })).toBe(`"code --wait "${file}""`);
  expect(byEditor({ EDITOR: " " }, file)).toEqual({
    words: ["C:\\Windows\\System32\\notepad.exe", file],
    windowsVerbatimArguments: false,
  });
});
