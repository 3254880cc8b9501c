/**
 * Names that other programs' files and the disk hold (accounts, servers, folders, files, variables) may be anything,
 * line ends included. None steers the terminal or begins a line of its own on a screen that asks for consent.
 */
import { describe, expect, test } from "bun:test";
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AUTH, auth, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";

const EVIL = "ev\u001b[2K\u001b[1A\u001b]0;pwned\u0007il\nInjected: line\r\u009b31m\u202egnp";

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e]/;

function expectHarmless({ stdout, stderr }: Ended): void {
  const text = stdout + stderr;
  expect({ steering: STEERING.test(text), text }).toEqual({ steering: false, text });
  expect(text.split("\n").filter((line) => line.startsWith("Injected"))).toEqual([]);
}

function place(): { folder: string; home: string; call(...args: string[]): Promise<Ended> } {
  const home = tempFolder();
  const folder = join(home, EVIL);
  mkdirSync(folder);
  const env = bareEnvironment({ HOME: home });
  return { folder, home, call: (...args) => auth(args, { env, cwd: folder }) };
}

describe("the names that an import shows", () => {
  test("the server of a login of Claude's", async () => {
    const { home, call } = place();
    mkdirSync(join(home, ".claude"));
    const mcpOAuth = {
      x: {
        serverName: EVIL,
        serverUrl: "https://mcp.example.com/",
        clientId: "c",
        accessToken: "a-token-of-its-own",
        expiresAt: 0,
      },
    };
    writeFileSync(join(home, ".claude", ".credentials.json"), JSON.stringify({ mcpOAuth }), { mode: 0o600 });
    for (const args of [["import"], ["import", "claude-code"], ["import", "claude-code", "--yes"]])
      expectHarmless(await call(...args));
  });

  test("the user of gh's", async () => {
    const { home, call } = place();
    mkdirSync(join(home, ".config", "gh"), { recursive: true });
    const hosts = { "github.com": { user: EVIL, oauth_token: "gho_0123456789abcdefghij0123456789abcdef" } };
    writeFileSync(join(home, ".config", "gh", "hosts.yml"), JSON.stringify(hosts), { mode: 0o600 });
    for (const args of [["import"], ["import", "gh"], ["import", "gh", "--yes"]]) expectHarmless(await call(...args));
  });

  test("the file that is named", async () => {
    const { folder, call } = place();
    const file = join(folder, ".env");
    writeFileSync(file, "OPENAI_API_KEY=sk-0123456789abcdefghij0123456789abcdef\n", { mode: 0o600 });
    expectHarmless(await call("import", "dotenv", "--file", file, "--yes"));
    symlinkSync(file, join(folder, "link"));
    expectHarmless(await call("import", "dotenv", "--file", join(folder, "link")));
  });
});

describe("the names that folders and files have", () => {
  test("a file for --env-file, when it is allowed, and no more", async () => {
    const { folder, call } = place();
    writeFileSync(join(folder, "g.env"), "GH_TOKEN=auth://github:x/token\n", { mode: 0o600 });
    expectHarmless(await call("allow", join(folder, "g.env")));
    expectHarmless(await call("allow", join(folder, "g.env"), "--yes"));
    expectHarmless(await call("allow", "--list"));
    expectHarmless(await call("allow", join(folder, "g.env"), "--undo"));
    expectHarmless(await call("deny", join(folder, "g.env")));
  });

  test("a folder's file, when it is passed over, allowed, changed, shown and denied", async () => {
    const { folder, call } = place();
    const file = join(folder, ".auth.toml");
    writeFileSync(file, 'github = "work"\n', { mode: 0o600 });
    expectHarmless(await call("token", "github"));
    expectHarmless(await call("allow"));
    expectHarmless(await call("list"));
    expectHarmless(await call("doctor", "--offline"));
    writeFileSync(file, 'github = "other"\n', { mode: 0o600 });
    expectHarmless(await call("token", "github"));
    expectHarmless(await call("deny"));
  });

  test("AUTH_HOME, where it can't be used", async () => {
    const { folder } = place();
    writeFileSync(join(folder, "file"), "");
    const env = bareEnvironment({ AUTH_HOME: join(folder, "file") });
    for (const args of [["list"], ["vault", "init"], ["doctor", "--offline"]])
      expectHarmless(await auth(args, { env }));
  });
});

/** So that the tests above can fail: what they call does show the name. */
test("a name is shown as its escapes", async () => {
  const { folder, call } = place();
  const ended = await call("import", "dotenv", "--file", join(folder, ".env"));
  expect(ended.stderr).toContain("ev\\x1b[2K\\x1b[1A\\x1b]0;pwned\\x07il\\nInjected: line\\r");
});

test("a name given on the command line", async () => {
  for (const args of [
    ["token", EVIL],
    ["import", EVIL],
    ["allow", EVIL],
    ["run", "--env-file", EVIL, "true"],
    ["login", EVIL],
  ])
    expectHarmless(await run([AUTH, ...args], { env: bareEnvironment() }));
});
