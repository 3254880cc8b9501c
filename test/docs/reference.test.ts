/** docs/reference.md and `auth help <topic>`: made from tables, and true of what the commands print. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { REFERENCE, referencePage } from "../../.ci/reference-page.ts";
import { DOCUMENTS } from "../../src/cli/help/documents.ts";
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
  /** Where the commands run. */
  let project: string;
  beforeAll(async () => {
    env = bareEnvironment();
    await paste(env, "github", "pasted");
    await paste(env, "github:gone", "another");
    project = join(env.HOME ?? "", "project");
    mkdirSync(project);
    writeFileSync(join(project, ".auth.toml"), 'connections = ["github"]\n');
    writeFileSync(join(env.HOME ?? "", ".netrc"), "machine api.example login me password secret-of-a-machine\n");
  });
  afterAll(() => auth(["agent", "stop"], { env }));

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
    "auth client set": ["github", "--client-id", "id"],
    "auth client list": [],
    "auth client remove": ["github"],
    "auth allow": [],
    "auth allow --list": [],
    "auth deny": [],
    "auth import": [],
    "auth log": [],
    "auth doctor": ["--offline"],
    "auth setup": [],
    "auth agent start": [],
    "auth agent status": [],
    "auth agent lock": [],
    "auth agent stop": [],
    "auth mcp client-metadata": ["--client-metadata-url", "https://auth.example/client.json"],
    "auth provider list": ["github"],
    "auth provider show": ["github"],
    "auth provider new": ["acme", "--device-url", "https://acme.example/d", "--token-url", "https://acme.example/t"],
    "auth provider add": ["acme.toml", "--yes"],
    "auth provider remove": ["acme"],
    "auth provider types": [],
    "auth provider check": ["github"],
    "auth vault status": [],
    "auth vault use": [],
    "auth vault rekey": ["--key", "file"],
    "auth vault copy": ["--to", `sqlite:${tempFolder()}/vault.db`],
    "auth vault member key": [],
    "auth vault member add": ["bob", "age1tm83sjtpquqa0weevzxzk75mx30s2ynj83etxrtx3kf86wtf33jqxvma9u"],
    "auth vault member list": [],
    "auth vault member remove": ["bob"],
    "auth --version": [],
  };

  for (const { command, kind, fields } of DOCUMENTS)
    if (Object.hasOwn(CALLS, command))
      test(command, async () => {
        const words = command.split(" ").slice(1);
        const { code, stdout } = await auth([...words, ...(CALLS[command] ?? []), "--json"], { env, cwd: project });
        expect(code).toBe(0);
        const text = kind === "lines" ? (stdout.split("\n")[0] ?? "") : stdout;
        const document = JSON.parse(text);
        const [one] = kind === "list" ? document : [document];
        expect(Object.keys(one).sort()).toEqual([...fields].sort());
      });

  test("all are looked at, but for those that need a provider, a person, another vault, a release or a server", () => {
    const left = DOCUMENTS.map(({ command }) => command).filter((command) => !Object.hasOwn(CALLS, command));
    expect(left).toEqual([
      ...["auth refresh", "auth login", "auth export", "auth proxy", "auth upgrade", "auth mcp login"],
      ...["auth provider trust", "auth provider try"],
      ...["auth vault init", "auth vault backup", "auth vault restore", "auth vault accept"],
    ]);
  });

  test("every command is among them, but for those that run or answer another program", async () => {
    const { stdout } = await auth(["help", "--json"]);
    const isDescribed = (name: string): boolean =>
      DOCUMENTS.some(({ command, note }) => command === name || note?.includes(`'${name}'`));
    expect(commandsIn(JSON.parse(stdout)).filter((name) => !isDescribed(name))).toEqual([
      ...["auth run", "auth curl", "auth helper", "auth completion"],
    ]);
  });
});

interface Tree {
  readonly command: string;
  readonly commands?: readonly Tree[];
}

/** The names of all commands that do something. */
function commandsIn({ command, commands }: Tree): string[] {
  return commands === undefined ? [command] : commands.flatMap(commandsIn);
}
