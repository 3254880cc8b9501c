/** `auth profile edit` in an editor: each setting is explained in a comment, and comments are no settings. */
import { beforeEach, expect, test } from "bun:test";
import { chmodSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { succeeded } from "../support/home.ts";
import { AUTH, auth, bareEnvironment, onTerminal, tempFolder } from "../support/program.ts";

let env: Record<string, string>;
beforeEach(async () => {
  env = bareEnvironment();
  const args = ["profile", "create", "sentry:work", "--scope", "org:read", "--client-id", "my-id"];
  await succeeded(auth(args, { env }));
});

const shown = async (): Promise<Record<string, unknown>> =>
  JSON.parse((await succeeded(auth(["profile", "show", "sentry:work", "--json"], { env }))).stdout);

/** @param change a sed script over the text @returns the text as the editor was given it, and the exit code */
async function edit(change: string): Promise<{ text: string; code: number | null }> {
  const folder = tempFolder();
  const editor = join(folder, "editor");
  writeFileSync(editor, `#!/bin/sh\ncp "$1" '${folder}/text'\nsed -i '${change}' "$1"\n`);
  chmodSync(editor, 0o755);
  const { ended } = onTerminal([AUTH, "profile", "edit", "sentry:work"], { env: { ...env, EDITOR: editor } });
  const { code } = await ended;
  return { text: readFileSync(join(folder, "text"), "utf8"), code };
}

test("every setting has a line that says what it means, also where it is unset", async () => {
  const before = await shown();
  const { text, code } = await edit("");
  expect(code).toBe(0);
  expect(text).toMatch(
    /^# The settings of sentry:work, one key=value a line\. Lines that begin with # are ignored\.\n/,
  );
  const lines = text.split("\n");
  for (const line of ["scopes=org:read", "clientId=my-id", "#flow=", "#issuer=", "#endpoint.token="]) {
    const at = lines.indexOf(line);
    expect([line, lines[at - 1]]).toEqual([line, expect.stringMatching(/^# [A-Z].*\.$/)]);
  }
  expect(text).toContain("# How to log in: device, browser, token.");
  // Nothing was changed: comments are read back as nothing.
  expect(await shown()).toEqual(before);
});

test("a comment that becomes a setting is one; a line that is deleted, or made a comment, is no longer set", async () => {
  expect((await edit("s/^#flow=/flow=device/; s/^scopes=/  # scopes=/; /^clientId=/d")).code).toBe(0);
  expect(await shown()).toMatchObject({ flow: "device", scopes: null, clientId: null });
});

/** An editor that breaks the text first, and mends it when it is asked again. @returns the file with its calls */
function editorOf(first: string, then: string): { editor: string; calls: string } {
  const folder = tempFolder();
  const [editor, calls] = [join(folder, "editor"), join(folder, "calls")];
  writeFileSync(
    editor,
    `#!/bin/sh\ncat "$1" >> '${calls}'\nif [ -e '${folder}/again' ]; then sed -i '${then}' "$1"; else sed -i '${first}' "$1"; fi\n: > '${folder}/again'\n`,
  );
  chmodSync(editor, 0o755);
  return { editor, calls };
}

for (const [what, change, mended, says] of [
  [
    "a line that is neither",
    "s/^scopes=.*/scopes org:write/",
    "s/^scopes org/scopes=org/",
    "This line is not key=value",
  ],
  ["a setting that isn't known", "s/^scopes=.*/scops=org:write/", "s/^scops/scopes/", "'scops'"],
  ["a value that can't be", "s/^#issuer=.*/issuer=nonsense/; s/=org:read/=org:write/", "s/^issuer/#issuer/", "issuer"],
] as const) {
  test(`${what} is said, and the same text edited again`, async () => {
    const { editor, calls } = editorOf(change, mended);
    const terminal = onTerminal([AUTH, "profile", "edit", "sentry:work"], { env: { ...env, EDITOR: editor } });
    await terminal.waitFor("Edit it again?");
    expect(terminal.screen()).toContain(says);
    terminal.type("y");
    expect((await terminal.ended).code).toBe(0);
    expect(await shown()).toMatchObject({ scopes: ["org:write"], issuer: null });
    // What was typed is in the text of the second time.
    expect(readFileSync(calls, "utf8")).toContain("org:write");
  });

  test(`${what} is refused where it isn't edited again, and nothing is changed`, async () => {
    const before = await shown();
    const terminal = onTerminal([AUTH, "profile", "edit", "sentry:work"], {
      env: { ...env, EDITOR: editorOf(change, mended).editor },
    });
    await terminal.waitFor("Edit it again?");
    terminal.type("n");
    expect((await terminal.ended).code).toBe(64);
    expect(await shown()).toEqual(before);
  });
}
