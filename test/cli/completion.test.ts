/** What Tab offers, place by place; the vault and the plugins are played. */
import { describe, expect, test } from "bun:test";
import { builtIn } from "../../providers/index.ts";
import { type Lookups, offer } from "../../src/cli/completion/candidates.ts";
import { placeIn } from "../../src/cli/completion/line.ts";
import { commandTree, providerTable } from "../../src/cli/completion/table.ts";
import { root } from "../../src/cli/root.ts";
import { FLOWS } from "../../src/providers/schema.ts";

const tree = JSON.parse(await commandTree());
const providers = JSON.parse(await providerTable());

function lookups(more: Partial<Lookups> = {}): Lookups {
  return {
    connections: async () => ["apikey:x", "github:home", "github:work", "google:default"],
    providers: async () => providers,
    installed: async () => ["acme"],
    describe: async (id) => ({
      title: id,
      aliases: [],
      flows: ["token"],
      scopes: [],
      settings: { region: { title: "Its region", choices: ["eu", "us"] } },
    }),
    ...more,
  };
}

async function offered(line: string, more?: Partial<Lookups>) {
  const words = line.split(" ");
  const current = words.pop() ?? "";
  const { also, candidates } = await offer(tree, placeIn(tree, words, current), current, lookups(more));
  return { also, candidates, values: [...candidates.keys()] };
}

const valuesOf = async (line: string): Promise<string[]> => (await offered(line)).values;

describe("Tab offers", () => {
  const EXACTLY: Readonly<Record<string, readonly string[]>> = {
    lo: ["login", "logout", "log"],
    "vault ": ["status", "init", "rekey", "accept", "copy", "backup", "restore", "member", "use"],
    "vault member ": ["key", "add", "remove", "list"],
    "-q --json vault re": ["rekey", "restore"],
    // A provider alone is enough where its only connection is called default.
    "token ": ["apikey:x", "github:home", "github:work", "google"],
    "token google:": ["google:default"],
    "token GitHub:W": ["github:work"],
    "token github:work ": [],
    "run github:home git": ["github:home", "github:work"],
    "run -c goo": ["google="],
    "export -c goo": ["google="],
    "token -p ": ["x", "home", "work", "default"],
    "token github -p ": ["home", "work"],
    "provider remove ": ["acme"],
    "mcp https://mcp.example.com/mcp --pro": ["--profile"],
    "provider new ": [],
    "login github -f ": ["browser", "device", "jwt", "token"],
    "login github -fd": ["-fdevice"],
    "login github --flow=to": ["--flow=token"],
    "login github -s repo,g": ["repo,gist"],
    "login acme --reg": ["--region"],
    "login acme --region ": ["eu", "us"],
    "login acme --region=e": ["--region=eu"],
    "login acme --region eu --reg": [],
    "login github -f token --fl": [],
    "login github -s repo --sco": ["--scope"],
    "vault init --key ": ["keychain", "file", "passphrase", "env", "command", "members"],
    "token -o ": ["text", "json", "header", "headers", "credential"],
    "list -o ": ["text", "json"],
    "export --format d": ["dotenv"],
    "get github --field refreshT": ["refreshToken", "refreshTokenExpiresAt"],
    "log --event log": ["login", "logout"],
    "help exit": ["exit-codes"],
    "help vault re": ["rekey", "restore"],
    "help vault exit": [],
    "completion z": ["zsh"],
    "login --endpoint tok": ["token="],
    "token --min-ttl ": [],
    "constructor ": [],
    "token --constructor ": ["apikey:x", "github:home", "github:work", "google"],
  };
  for (const [line, values] of Object.entries(EXACTLY))
    test(`auth ${line}`, async () => {
      expect((await valuesOf(line)).sort()).toEqual([...values].sort());
    });

  test("every command of the root, with its description, and help", async () => {
    const { candidates } = await offered("");
    expect([...candidates.keys()]).toEqual([...Object.keys("commands" in root ? root.commands : {}), "help"]);
    for (const description of candidates.values()) expect(description).not.toBe("");
  });

  test("providers that are offered first; those of the catalogue once a letter is there", async () => {
    const first = await valuesOf("login ");
    expect(first).toEqual(expect.arrayContaining([...Object.keys(builtIn), "acme", "github:work"]));
    expect(first).not.toContain("gitlab");
    expect(await valuesOf("login gitl")).toEqual(["gitlab"]);
    expect((await offered("provider show gitl")).candidates.get("gitlab")).toBe("GitLab");
  });

  test("a provider's own flags, by its name, its connection or its alias", async () => {
    for (const subject of ["github", "github:new", "GITHUB"])
      expect(await valuesOf(`login ${subject} --ho`)).toEqual(["--host"]);
    expect(await valuesOf("login microsoft --ten")).toEqual(["--tenant"]);
    expect(await valuesOf("login --ho")).toEqual([]);
    expect((await valuesOf("login nobody -f ")).sort()).toEqual([...FLOWS].sort());
  });

  test("files, where a value is one, and what a shell knows of another program after --", async () => {
    for (const line of ["login --key ", "login --key=/e", "provider add ./a", "provider check ./acme.toml"])
      expect(await offered(line)).toMatchObject({ also: "files", values: [] });
    expect(await offered("provider check gith")).toMatchObject({ also: "", values: ["github"] });
    expect((await offered("run github:work -- gi")).also).toBe("command 3");
    expect((await offered("-q run -- git --fl")).also).toBe("command 3");
    // Nothing may come after it there.
    expect((await offered("token -- gi")).also).toBe("");
  });
});

describe("the table of commands", () => {
  test("is data alone, as it has to be for a macro", () => {
    expect(JSON.parse(JSON.stringify(tree))).toEqual(tree);
  });

  test("looks up nothing where a flag is completed without a provider, or a command", async () => {
    const refuse = async (): Promise<never> => {
      throw new Error("looked up");
    };
    const none = { connections: refuse, providers: refuse, installed: refuse, describe: refuse };
    for (const line of ["", "tok", "token --st", "vault init --key ", "get --field a", "run -- x"])
      await offered(line, none);
    await expect(offered("token g", none)).rejects.toThrow("looked up");
  });
});
