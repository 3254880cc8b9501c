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

test("a line that is neither is refused, and nothing is changed", async () => {
  const before = await shown();
  expect((await edit("s/^scopes=.*/scopes org:write/")).code).toBe(64);
  expect(await shown()).toEqual(before);
});
