/** A value in a printed command is one word for every shell that it is pasted into, and nothing in it is run. */
import { describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import * as fc from "fast-check";
import { escapeText } from "../../src/platform/escape.ts";
import {
  commandLine,
  moveCommand,
  namesCommand,
  permitCommand,
  placeholder,
  removeCommand,
  shellWord,
} from "../../src/platform/shell-word.ts";
import { lacking } from "../support/needs.ts";
import { run, tempFolder } from "../support/program.ts";

const texts = fc.oneof(
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: fc.constantFrom(..."'\"\\$`!#;&|<>()[]{}*?~=%^@,:+-. \n\tax’é"), maxLength: 20 }),
);

const ATTACKS = (mark: string): string[] => [
  `$(touch ${mark})`,
  `$(touch\${IFS}${mark})`,
  `\`touch ${mark}\``,
  `x>${mark}`,
  `<${mark}>${mark}`,
  `<(touch ${mark})`,
  `;touch ${mark};`,
  `'; touch ${mark}; '`,
  `\\'; touch ${mark}; '\\`,
  `"; touch ${mark}; "`,
  `|tee ${mark}`,
  `&touch ${mark}&`,
  `(touch ${mark})`,
  `\n touch ${mark} \n`,
  `'\n touch ${mark} \n'`,
  "=ls",
  "%self",
  "~",
  "<id>",
  "",
  "*",
  "{a,b}",
  "#",
  "!!",
  "\\",
  "'",
];

/** The words after the first of a command, as the shell hands them to a program. */
async function read(shell: string, command: string): Promise<string[]> {
  const show = `${process.execPath} -e 'process.stdout.write(JSON.stringify(process.argv.slice(1)))' -- `;
  const { stdout, stderr } = await run([shell, "-c", `${show}${command}`], { cwd: tempFolder() });
  if (stdout === "") throw new Error(stderr);
  return JSON.parse(stdout);
}

for (const shell of ["sh", "bash", "zsh", "fish"] as const)
  describe.skipIf(shell !== "sh" && lacking(shell))(`pasted into ${shell}`, () => {
    test("any text is one word, its control characters as they are shown", async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(texts, { minLength: 20, maxLength: 40 }), async (words) => {
          expect(await read(shell, commandLine(words))).toEqual(words.map(escapeText));
        }),
        { numRuns: 8 },
      );
    });

    test("attack: a value that would run, redirect or expand", async () => {
      const mark = join(tempFolder(), "ran");
      const words = ATTACKS(mark);
      expect(await read(shell, commandLine(words))).toEqual(words.map(escapeText));
      expect(existsSync(mark)).toBe(false);
    });
  });

test("a command is one line", () => {
  for (const text of ATTACKS("mark")) expect(shellWord(text)).not.toContain("\n");
});

test("only a placeholder is printed as one: a text in the same form is quoted", () => {
  expect(commandLine(["auth", "--client-id", placeholder("id")])).toBe("auth --client-id <id>");
  expect(commandLine(["auth", "--client-id", "<id>"])).toBe("auth --client-id '<id>'");
});

test("plain words stay as they are", () => {
  for (const text of ["github:work", "oidc:127.0.0.1-80", "me@example.com", "https://acme.example/a+b?", "--host", "-"])
    expect(shellWord(text, "linux")).toBe(text.endsWith("?") ? `'${text}'` : text);
});

describe("on Windows", () => {
  const windows = (text: string): string => shellWord(text, "win32");

  test("double quotes, where cmd and PowerShell agree on what they hold", () => {
    expect(windows("C:\\Users\\me\\a.toml")).toBe("C:\\Users\\me\\a.toml");
    expect(windows("C:\\my files\\")).toBe('"C:\\my files\\\\"');
    expect(windows("read,write")).toBe('"read,write"');
    expect(windows("x&calc|more>file")).toBe('"x&calc|more>file"');
    expect(windows("it's 100%")).toBe('"it\'s 100%"');
    expect(windows("")).toBe('""');
  });

  test("attack: what either would run or expand within them is left out", () => {
    for (const text of ["$(calc)", "`calc", 'a"&calc', "a”;calc", "%CMDCMDLINE:~-1%&calc"])
      expect(windows(text)).toBe("<value>");
  });

  test("no text ends its quotes", () => {
    fc.assert(
      fc.property(texts, (text) => {
        expect(windows(text)).toMatch(/^(?:[\w+:./\\-][\w@+=:./\\-]*|"[^"“”„$`\n]*"|<value>)$/);
      }),
    );
  });
});

test("a printed command is the platform's own", () => {
  const all = (platform: NodeJS.Platform, path: string) => [
    moveCommand(path, `${path}.lost`, platform),
    removeCommand(path, platform),
    permitCommand(path, platform),
    namesCommand(path, platform),
  ];
  expect(all("win32", "C:\\auth\\key")).toEqual([
    "move C:\\auth\\key C:\\auth\\key.lost",
    "del C:\\auth\\key",
    "icacls C:\\auth\\key /reset",
    "fsutil hardlink list C:\\auth\\key",
  ]);
  expect(all("linux", "/auth/key")).toEqual([
    "mv /auth/key /auth/key.lost",
    "rm -f /auth/key",
    "chmod 600 /auth/key",
    "find / -xdev -samefile /auth/key",
  ]);
});
