/** `auth completion`, and the hidden command that its scripts call at each Tab: it must answer at once, and disturb nothing. */
import { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { chmodSync, existsSync, mkdirSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { paste, succeeded } from "../support/home.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, type Ended, onTerminal, tempFolder } from "../support/program.ts";

type Env = Record<string, string>;

/** @param line what stands after `auth`, up to the cursor */
async function tab(line: string, env: Env): Promise<string[]> {
  const words = line.split(" ");
  const { code, stdout, stderr } = await auth(["__complete", String(words.length), ...words], { env });
  expect([code, stderr]).toEqual([0, ""]);
  return stdout
    .split("\n")
    .slice(1, -1)
    .map((one) => one.split("\t")[0] ?? "");
}

async function vaultWith(env: Env, ...connections: string[]): Promise<Env> {
  for (const connection of connections) await paste(env, connection, `token-of-${connection}`);
  return env;
}

const newKey = (): string => crypto.getRandomValues(new Uint8Array(32)).toBase64();

/** Every file below the home, with its size and time. */
function filesOf(env: Env): string[] {
  const home = env.HOME ?? "";
  return readdirSync(home, { recursive: true, encoding: "utf8" })
    .map((name) => {
      const { size, mtimeMs } = statSync(join(home, name));
      return `${name} ${size} ${mtimeMs}`;
    })
    .sort();
}

describe("auth completion", () => {
  test("prints a script for each shell, and names the shells that it knows", async () => {
    for (const [shell, registers] of [
      ["bash", "complete -F _auth_completion auth"],
      ["zsh", "compdef _auth auth"],
      ["fish", "complete -c auth"],
      ["powershell", "Register-ArgumentCompleter -Native -CommandName auth"],
    ] as const) {
      const { code, stdout } = await auth(["completion", shell]);
      expect(code).toBe(0);
      expect(stdout).toContain(registers);
      expect(stdout).toContain("__complete");
    }
    expect(await auth(["completion", "nushell"])).toMatchObject({ code: 64, stdout: "" });
    expect(await auth(["completion", "bash", "--json"])).toMatchObject({ code: 64, stdout: "" });
  });
});

describe("at a Tab, connections are named", () => {
  test("where the key is in a file, or in AUTH_KEY", async () => {
    for (const key of [{}, { AUTH_KEY: newKey() }]) {
      const env = await vaultWith(bareEnvironment(key), "github:work", "github:home");
      expect(await tab("token ", env)).toEqual(["github:home", "github:work"]);
    }
  });

  test("never by a passphrase: it isn't asked for, and the environment's isn't used", async () => {
    const env = bareEnvironment();
    const secret = { ...env, AUTH_PASSPHRASE: "a long enough passphrase" };
    await succeeded(auth(["vault", "init", "--key", "passphrase"], { env: secret }));
    await vaultWith(secret, "github:work");
    expect(await tab("token ", env)).toEqual([]);
    expect(await tab("token ", secret)).toEqual([]);
    const terminal = onTerminal([AUTH, "__complete", "2", "token", ""], { env });
    expect((await terminal.ended).code).toBe(0);
    expect(terminal.screen().trim()).toBe("");
    expect((await auth(["token", "github:work"], { env: secret })).stdout).toBe("token-of-github:work\n");
  });

  test("never by a program: AUTH_KEY_COMMAND isn't run", async () => {
    const env = bareEnvironment();
    const made = join(env.HOME ?? "", "made");
    const key = newKey();
    const command = { ...env, AUTH_KEY_COMMAND: `touch ${made} && echo ${key}` };
    await vaultWith(command, "github:work");
    expect(existsSync(made)).toBe(true);
    rmSync(made);
    expect(await tab("token ", command)).toEqual([]);
    expect(existsSync(made)).toBe(false);
    await auth(["token", "github:work"], { env: command });
    expect(existsSync(made)).toBe(true);
  });

  test.skipIf(lacking("linux"))("never by the keychain: its service isn't spoken to", async () => {
    const env = await vaultWith(bareEnvironment(), "github:work");
    sayKeychain(env);
    const socket = join(tempFolder(), "bus");
    let calls = 0;
    const bus = Bun.listen({
      unix: socket,
      socket: {
        open: (caller) => {
          calls++;
          caller.end();
        },
        data: () => {},
      },
    });
    try {
      const withBus = { ...env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${socket}` };
      expect(await tab("token ", withBus)).toEqual([]);
      expect(await tab("login gith", withBus)).toEqual(["github"]);
      expect(calls).toBe(0);
      expect((await auth(["token", "github:work"], { env: withBus })).code).toBe(8);
      expect(calls).toBeGreaterThan(0);
    } finally {
      bus.stop(true);
    }
  });
});

/** The vault's header names the keychain as its source (`header.ts`: byte 29, the number 4). */
function sayKeychain(env: Env): void {
  const database = new Database(join(env.AUTH_HOME ?? "", "vault.db"));
  const { value } = database.query("SELECT value FROM store WHERE key = 'header'").get() as { value: Uint8Array };
  value[29] = 4;
  database.query("UPDATE store SET value = ?1 WHERE key = 'header'").run(value);
  database.close();
}

test("a helper's clients are offered, then the connections", async () => {
  const env = await vaultWith(bareEnvironment(), "github:work", "github:home");
  const clients = await tab("helper ", env);
  for (const client of ["git", "docker", "kubectl", "aws"]) expect(clients).toContain(client);
  expect(await tab("helper git ", env)).toEqual(["github:home", "github:work"]);
  expect(await tab("helper git -p ", env)).toEqual(["home", "work"]);
});

test("after a tool of setup: its own words where it has some, else the connections", async () => {
  const env = await vaultWith(bareEnvironment(), "apikey:one");
  expect(await tab("setup mcp ", env)).toEqual(["claude-code", "codex", "vscode", "cursor"]);
  expect(await tab("setup git ", env)).toEqual(["apikey:one"]);
});

describe("a Tab disturbs nothing", () => {
  test("no file is made or changed", async () => {
    const empty = bareEnvironment();
    expect(await tab("token ", empty)).toEqual([]);
    expect(filesOf(empty)).toEqual([]);
    const env = await vaultWith(bareEnvironment(), "github:work");
    const before = filesOf(env);
    expect(before.some((name) => name.includes("audit.jsonl"))).toBe(true);
    for (const line of ["token ", "login github --", "login ", "get github -f "]) await tab(line, env);
    expect(filesOf(env)).toEqual(before);
  });

  test("what is no call of ours has no answer, no message and exit code 0", async () => {
    const calls = [
      [],
      ["x"],
      ["0"],
      ["-1"],
      ["1.5"],
      ["99999999999999999999", "a"],
      ["", ""],
      ["--help"],
      ["1", "\x1b[2J"],
    ];
    for (const args of [...calls, ["1", "a".repeat(64 * 1024)], ["2", "run\r\n", "\n"]]) {
      const { code, stdout, stderr } = await auth(["__complete", ...args]);
      expect({ args, code, stdout: stdout.trim(), stderr }).toEqual({ args, code: 0, stdout: "", stderr: "" });
    }
  });

  test("without a home, the rest is offered", async () => {
    const { code, stdout, stderr } = await auth(["__complete", "2", "login", "gith"], {
      env: { HOME: undefined, AUTH_HOME: undefined },
    });
    expect([code, stdout, stderr]).toEqual([0, "\ngithub\tGitHub\n", ""]);
  });

  test("a vault that is busy or damaged holds nobody up, and the rest is offered", async () => {
    const env = await vaultWith(bareEnvironment(), "github:work");
    const path = join(env.AUTH_HOME ?? "", "vault.db");
    const writer = new Database(path);
    writer.run("BEGIN EXCLUSIVE");
    const start = performance.now();
    expect(await tab("token ", env)).toEqual([]);
    expect(await tab("login gith", env)).toEqual(["github"]);
    expect(performance.now() - start).toBeLessThan(10_000);
    writer.run("ROLLBACK");
    writer.close();
    expect(await tab("login gith", env)).toEqual(["github", "github:work"]);
    writeFileSync(path, "no vault at all");
    expect(await tab("login gith", env)).toEqual(["github"]);
  });

  test("one record that doesn't open is left out", async () => {
    const env = await vaultWith(bareEnvironment(), "github:work", "github:home");
    const database = new Database(join(env.AUTH_HOME ?? "", "vault.db"));
    const rows = database.query("SELECT key, value FROM store WHERE key != 'header'").all() as {
      key: string;
      value: Uint8Array;
    }[];
    const [first] = rows;
    if (first === undefined) throw new Error("no record");
    first.value[45] = (first.value[45] ?? 0) ^ 1;
    database.query("UPDATE store SET value = ?1 WHERE key = ?2").run(first.value, first.key);
    database.close();
    expect((await tab("token ", env)).length).toBe(1);
  });
});

describe("plugins", () => {
  function plugIn(name: string, text: string): Env {
    const env = bareEnvironment();
    const folder = join(env.AUTH_HOME ?? "", "providers");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(env.AUTH_HOME ?? "", 0o700);
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return env;
  }

  test("are offered, with their flags; what a shell would run is not", async () => {
    const env = plugIn(
      "acme.toml",
      [
        'id = "acme"',
        'title = "Acme"',
        'flows = ["token"]',
        'header = "X-Token: {region} {token}"',
        "[settings.region]",
        'title = "Where\\u001b[2J it is\\tby and large"',
        'choices = ["eu", "$(touch made)", "`id`", "a b", "x;y", "~root", "us"]',
      ].join("\n"),
    );
    expect(await tab("login acm", env)).toEqual(["acme"]);
    expect(await tab("provider remove ", env)).toEqual(["acme"]);
    expect(await tab("login acme --region ", env)).toEqual(["eu", "us"]);
    const { stdout } = await auth(["__complete", "3", "login", "acme", "--reg"], { env });
    expect(stdout).toBe("\n--region\tWhere\\x1b[2J it is\\tby and large\n");
  });

  test("a module's code isn't run", async () => {
    const env = plugIn(
      "acme.ts",
      'import { writeFileSync } from "node:fs"; writeFileSync("made", ""); export default { id: "acme", title: "A", flows: ["token"] };',
    );
    const ended: Ended = await auth(["__complete", "3", "login", "acme", "--"], { env, cwd: env.HOME ?? "" });
    expect([ended.code, ended.stderr]).toEqual([0, ""]);
    expect(existsSync(join(env.HOME ?? "", "made"))).toBe(false);
  });
});
