/** docs/reference.md and `auth help <topic>`: made from tables, and true of what the commands print. */
import { beforeAll, describe, expect, test } from "bun:test";
import { REFERENCE, referencePage } from "../../.ci/reference-page.ts";
import { DOCUMENTS } from "../../src/cli/help/json.ts";
import { TOPICS } from "../../src/cli/help/topics.ts";
import { paste } from "../support/home.ts";
import { auth, bareEnvironment, tempFolder } from "../support/program.ts";

test("docs/reference.md is what the tables say: npm run docs", async () => {
  expect(await Bun.file(REFERENCE).text()).toBe(referencePage());
});

describe("auth help <topic>", () => {
  for (const topic of Object.keys(TOPICS))
    test(`${topic}: text that fits 80 columns, and a document with --json`, async () => {
      const text = await auth(["help", topic], { env: { COLUMNS: "80" } });
      expect([text.code, text.stderr]).toEqual([0, ""]);
      const document = await auth(["help", topic, "--json"]);
      expect([document.code, document.stderr]).toEqual([0, ""]);
      expect(JSON.parse(document.stdout)).toBeObject();
    });

  test("the root's help lists every topic", async () => {
    const { stdout } = await auth(["help"]);
    for (const topic of Object.keys(TOPICS)) expect(stdout).toContain(topic);
  });

  test("paths are those of this environment", async () => {
    const env = bareEnvironment();
    const { stdout } = await auth(["help", "paths", "--json"], { env });
    expect(JSON.parse(stdout).vault).toBe(`${env.AUTH_HOME}/vault.db`);
  });

  test("an unknown topic is an unknown command", async () => {
    expect((await auth(["help", "exitcodes"])).code).toBe(64);
  });
});

describe("auth help --json", () => {
  test("is the whole command tree", async () => {
    const { code, stdout } = await auth(["help", "--json"]);
    expect(code).toBe(0);
    const tree = JSON.parse(stdout);
    const login = tree.commands.find((one: { command: string }) => one.command === "auth login");
    expect(login.flags.find((one: { flag: string }) => one.flag === "--scope")).toMatchObject({
      short: "s",
      repeatable: true,
    });
    const provider = tree.commands.find((one: { command: string }) => one.command === "auth provider");
    expect(provider.commands.map((one: { command: string }) => one.command)).toContain("auth provider check");
    expect(stdout).not.toMatch(/\{[ab]\}/);
  });

  test("of one command, with the flags of the provider that is named", async () => {
    for (const args of [
      ["login", "github", "--help", "--json"],
      ["help", "login", "github", "--json"],
    ]) {
      const { stdout, stderr } = await auth(args);
      expect(stderr).toBe("");
      const document = JSON.parse(stdout);
      expect(document.command).toBe("auth login");
      expect(document.flags.map((one: { flag: string }) => one.flag)).toContain("--host");
    }
  });
});

describe("the documents that 'auth help json' describes are the ones that are printed", () => {
  let env: Record<string, string>;
  beforeAll(async () => {
    env = bareEnvironment();
    await paste(env, "github", "pasted");
    await paste(env, "github:gone", "another");
  });

  const CALLS: Readonly<Record<string, readonly string[]>> = {
    "auth list": [],
    "auth status": [],
    "auth token": ["github"],
    "auth get": ["github"],
    "auth inspect": ["github"],
    "auth logout": ["github:gone"],
    "auth use": ["github"],
    "auth profile show": ["github"],
    "auth profile list": [],
    "auth log": [],
    "auth doctor": ["--offline"],
    "auth setup": [],
    "auth provider check": ["github"],
    "auth vault status": [],
    "auth vault rekey": ["--key", "file"],
    "auth vault copy": ["--to", `sqlite:${tempFolder()}/vault.db`],
    "auth --version": [],
  };

  for (const { command, kind, fields } of DOCUMENTS)
    if (Object.hasOwn(CALLS, command))
      test(command, async () => {
        const words = command.split(" ").slice(1);
        const { code, stdout } = await auth([...words, ...(CALLS[command] ?? []), "--json"], { env });
        expect(code).toBe(0);
        const text = kind === "lines" ? (stdout.split("\n")[0] ?? "") : stdout;
        const document = JSON.parse(text);
        const [one] = kind === "list" ? document : [document];
        expect(Object.keys(one).sort()).toEqual([...fields].sort());
      });

  test("all are looked at, but for those that need a provider's answer, a release, a passphrase or a server", () => {
    const left = DOCUMENTS.map(({ command }) => command).filter((command) => !Object.hasOwn(CALLS, command));
    expect(left).toEqual([
      ...["auth refresh", "auth login", "auth upgrade", "auth provider try"],
      ...["auth vault backup", "auth vault restore", "auth vault accept"],
    ]);
  });
});
