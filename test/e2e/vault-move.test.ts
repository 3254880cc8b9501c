/** `auth vault copy|backup|restore` as a person or a script uses them. The vault's own promises are in test/vault. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { PASSWORD, startRedis } from "../support/databases.ts";
import { paste, succeeded } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, onTerminal, run, tempFolder } from "../support/program.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";

const TEST_AUTH = join(import.meta.dir, "..", "..", "dist", "test", "auth");
const key = (): string => crypto.getRandomValues(new Uint8Array(32)).toBase64();

type Variables = Record<string, string>;

async function withLogins(count: number): Promise<Variables> {
  const env = bareEnvironment();
  for (let i = 0; i < count; i++) await paste(env, `apikey:n${i}`, `the-token-${i}`);
  return env;
}

async function tokenIn(env: Variables, name: string): Promise<string> {
  return (await succeeded(auth(["token", name], { env }))).stdout.trim();
}

const NO_VARIABLES = { AUTH_STORE: "", AUTH_KEY: "", AUTH_KEY_COMMAND: "" };

const STORES = { "a file": { needs: [], start: null }, ...BACKENDS } as const;

for (const [name, { needs, start }] of Object.entries(STORES))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = start === null ? null : lazyServer(start);
    afterAll(async () => server?.stop());

    test("a copy that was killed at any record goes on where it was, and another machine uses it", async () => {
      const env = await withLogins(4);
      const store = (await server?.address()) ?? `sqlite:${join(tempFolder(), "vault.db")}`;
      const copying: Variables = { ...env, AUTH_NEW_KEY: key() };
      const command = ["vault", "copy", "--to", "-", "--json"];
      // The first commit makes the vault.
      for (const nth of [1, 2, 3]) {
        const fault = { AUTH_TEST_FAULT: `vault-commit#${nth}:kill` };
        const killed = await run([TEST_AUTH, ...command], { env: { ...copying, ...fault }, stdin: store });
        expect(killed.signal).toBe("SIGKILL");
      }
      const { stdout } = await succeeded(auth(command, { env: copying, stdin: store }));
      const { new: added, same, newer, other } = JSON.parse(stdout);
      expect([...added, ...same].filter((one: string) => one.startsWith("apikey:")).sort()).toEqual([
        "apikey:n0",
        "apikey:n1",
        "apikey:n2",
        "apikey:n3",
      ]);
      expect(same).not.toEqual([]);
      expect([newer, other]).toEqual([[], []]);
      const machine = bareEnvironment({ AUTH_STORE: store, AUTH_KEY: copying.AUTH_NEW_KEY });
      for (const i of [0, 1, 2, 3]) expect(await tokenIn(machine, `apikey:n${i}`)).toBe(`the-token-${i}`);
      expect(await tokenIn(env, "apikey:n0")).toBe("the-token-0");
    }, 120_000);
  });

test("there and back: what opens the vault that is copied isn't held against the copy", async () => {
  const home = await withLogins(1);
  const shared = `sqlite:${join(tempFolder(), "vault.db")}`;
  const AUTH_NEW_KEY = key();
  await succeeded(auth(["vault", "copy", "--to", shared], { env: { ...home, AUTH_NEW_KEY } }));
  const own = `sqlite:${join(home.AUTH_HOME ?? "", "vault.db")}`;
  for (const variables of [{ AUTH_KEY: AUTH_NEW_KEY }, { AUTH_KEY_COMMAND: `echo ${AUTH_NEW_KEY}` }] as Variables[]) {
    const there = { ...home, ...variables, AUTH_STORE: shared };
    const later = `apikey:${Object.keys(variables)[0]?.toLowerCase().replaceAll("_", "-")}`;
    await paste(there, later, "the-later-token");
    const from = variables.AUTH_KEY ? "" : " (here from AUTH_KEY_COMMAND)";
    expect((await succeeded(auth(["vault", "status"], { env: there }))).stdout).toContain(`Key: AUTH_KEY${from}\n`);
    await succeeded(auth(["vault", "copy", "--to", own], { env: there }));
    expect(await tokenIn(home, later)).toBe("the-later-token");
    // Into a file that is made, in any home.
    const place: Variables = { ...bareEnvironment(), ...variables, AUTH_STORE: shared };
    const file = `sqlite:${join(place.AUTH_HOME ?? "", "vault.db")}`;
    await succeeded(auth(["vault", "copy", "--to", file, "--key", "file"], { env: place }));
    expect(await tokenIn({ ...place, ...NO_VARIABLES }, later)).toBe("the-later-token");
    // A key that is given for the copy is the only one that opens it.
    const AUTH_NEW_PASSPHRASE = "correct horse battery";
    const other = `sqlite:${join(tempFolder(), "vault.db")}`;
    const copying = { ...there, AUTH_NEW_PASSPHRASE };
    await succeeded(auth(["vault", "copy", "--to", other, "--key", "passphrase"], { env: copying }));
    const opened = { ...home, AUTH_STORE: other, AUTH_PASSPHRASE: AUTH_NEW_PASSPHRASE };
    expect(await tokenIn(opened, later)).toBe("the-later-token");
  }
}, 60_000);

test("a copy that is made says what its key comes from, and how it is used, to be run as printed", async () => {
  const home = await withLogins(1);
  const other = `sqlite:${join(tempFolder(), "vault.db")}`;
  const copied = await succeeded(auth(["vault", "copy", "--to", other, "--key", "file"], { env: home }));
  expect(copied.stderr).toContain("The vault there is new; its key comes from the key file.\n");
  expect(copied.stderr).toContain(`: auth vault use ${other}   (or AUTH_STORE)\n`);
  const again = await succeeded(auth(["vault", "copy", "--to", other], { env: home }));
  expect(again.stderr).not.toContain("The vault there is new");
  await succeeded(auth(["vault", "use", other], { env: home }));
});

test("what is wrong with --to is said of it, and no password is shown", async () => {
  const env = await withLogins(1);
  for (const [to, words] of [
    ["ftp://host", "--to names no store"],
    ["redis://:secret@host:1/x", "--to rediss://"],
    ["sqlite:", "--to names no file"],
  ] as const) {
    const ended = await auth(["vault", "copy", "--to", to], { env });
    expect(ended.code).toBe(64);
    expect(ended.stderr).toContain(words);
    expect(ended.stderr).not.toContain("secret@");
    expect(ended.stderr).not.toContain("AUTH_STORE");
  }
  for (const none of [
    ["vault", "copy"],
    ["vault", "copy", "--to", ""],
  ])
    expect((await auth(none, { env: { ...env, AUTH_NEW_KEY: key() } })).code).toBe(64);
});

test.skipIf(lacking("redis-server"))(
  "and so is what is wrong with its server or its key",
  async () => {
    const server = await startRedis();
    try {
      const env = await withLogins(1);
      const to = server.address("copy");
      const copy = async (store: string, more: Variables = {}) => {
        const { code, stderr } = await auth(["vault", "copy", "--to", "-"], { env: { ...env, ...more }, stdin: store });
        if (code !== 0) expect(stderr).not.toMatch(/AUTH_STORE|auth vault use|AUTH_KEY is|from AUTH_KEY/);
        return { code, stderr };
      };
      const keyless = await copy(to);
      expect(keyless.code).toBe(64);
      expect(keyless.stderr).toContain('run this again: export AUTH_NEW_KEY="$(openssl rand -base64 32)"');
      const AUTH_NEW_KEY = key();
      expect((await copy(to.replace(/:[^:]*@/, ":wrong@"), { AUTH_NEW_KEY })).stderr).toContain("password in --to");
      expect((await copy("redis://127.0.0.1:1/0", { AUTH_NEW_KEY })).stderr).toContain("the server runs, and --to");
      expect((await copy(to, { AUTH_NEW_KEY })).code).toBe(0);
      expect((await copy(to, { AUTH_NEW_KEY: key() })).stderr).toContain("what came from AUTH_NEW_KEY doesn't open it");
    } finally {
      await server.stop();
    }
  },
  60_000,
);

test.skipIf(lacking("redis-server", "linux"))(
  "a shared vault whose key is kept on one machine: both are told what helps",
  async () => {
    const server = await startRedis();
    try {
      const AUTH_STORE = server.address("file");
      // Where there is none, what is advised instead is a key that others can have.
      const keyless = await auth(["vault", "init", "--key", "keychain"], { env: bareEnvironment({ AUTH_STORE }) });
      expect(keyless.code).toBe(8);
      expect(keyless.stderr).toContain("auth vault init --key env");
      const made = await succeeded(auth(["vault", "init", "--key", "file"], { env: bareEnvironment({ AUTH_STORE }) }));
      expect(made.stderr + made.stdout).toContain("No other machine can open it");
      const other = await auth(["list"], { env: bareEnvironment({ AUTH_STORE }) });
      expect(other.code).toBe(8);
      expect(other.stderr).toContain("give it one for others: auth vault rekey --key members");
      expect(other.stderr).not.toContain("from a backup");
    } finally {
      await server.stop();
    }
  },
  60_000,
);

test("a password on the command line is warned of, one on standard input isn't", async () => {
  const env = await withLogins(1);
  const store = `redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:1/0`;
  const shown = await auth(["vault", "copy", "--to", store], { env: { ...env, AUTH_NEW_KEY: key() } });
  expect(shown.code).toBe(5);
  expect(shown.stderr).toContain("--to -");
  const hidden = await auth(["vault", "copy", "--to", "-"], { env: { ...env, AUTH_NEW_KEY: key() }, stdin: store });
  expect(hidden.code).toBe(5);
  expect(hidden.stderr).not.toContain("--to -");
});

describe("backup and restore", () => {
  test("by a passphrase in a variable or on standard input", async () => {
    const env = await withLogins(2);
    const file = join(tempFolder(), "vault.age");
    const made = await succeeded(
      auth(["vault", "backup", file, "--json"], { env: { ...env, AUTH_BACKUP_PASSPHRASE: "correct horse\n" } }),
    );
    expect(JSON.parse(made.stdout)).toMatchObject({ file, unreadable: [] });
    const machine = bareEnvironment();
    const wrong = await auth(["vault", "restore", file, "--json"], { env: machine, stdin: "battery staple" });
    expect(errorOf(wrong)).toMatchObject({ code: "vault_locked" });
    const restored = await succeeded(
      auth(["vault", "restore", file, "--json"], { env: machine, stdin: "correct horse\n" }),
    );
    expect(JSON.parse(restored.stdout).new).toContain("apikey:n1");
    expect(await tokenIn(machine, "apikey:n1")).toBe("the-token-1");
  }, 60_000);

  test("by a public key and its secret one; later states stay and that is exit 1", async () => {
    const env = await withLogins(2);
    const folder = tempFolder();
    const [file, secret] = [join(folder, "vault.age"), join(folder, "key.txt")];
    const identity = await generateX25519Identity();
    writeFileSync(secret, `${identity}\n`, { mode: 0o600 });
    await succeeded(auth(["vault", "backup", file, "--recipient", await identityToRecipient(identity)], { env }));
    const machine = bareEnvironment();
    const without = await auth(["vault", "restore", file], { env: machine });
    expect(without.code).toBe(64);
    expect(without.stderr).toContain("--identity");
    const restore = ["vault", "restore", file, "--identity", secret];
    await succeeded(auth(restore, { env: machine }));
    expect(await tokenIn(machine, "apikey:n0")).toBe("the-token-0");
    await succeeded(
      auth(["login", "apikey:n0", "--token", "-", "--no-verify", "--force"], { env: machine, stdin: "newer" }),
    );
    const again = await auth(restore, { env: machine });
    expect(again.code).toBe(1);
    expect(again.stderr).toContain("apikey:n0");
    expect(await tokenIn(machine, "apikey:n0")).toBe("newer");
  }, 60_000);

  test("a restore that was killed goes on where it was, and what is there by then stays as it is", async () => {
    const env = await withLogins(3);
    const folder = tempFolder();
    const [file, secret] = [join(folder, "vault.age"), join(folder, "key.txt")];
    const identity = await generateX25519Identity();
    writeFileSync(secret, identity, { mode: 0o600 });
    await succeeded(auth(["vault", "backup", file, "--recipient", await identityToRecipient(identity)], { env }));
    const machine = bareEnvironment();
    const restore = ["vault", "restore", file, "--identity", secret, "--json"];
    for (const nth of [1, 3]) {
      const killed = await run([TEST_AUTH, ...restore], {
        env: { ...machine, AUTH_TEST_FAULT: `vault-commit#${nth}:kill` },
      });
      expect(killed.signal).toBe("SIGKILL");
    }
    const { new: added, same } = JSON.parse((await succeeded(auth(restore, { env: machine }))).stdout);
    expect(same).not.toEqual([]);
    expect(added).not.toEqual([]);
    for (const i of [0, 1, 2]) expect(await tokenIn(machine, `apikey:n${i}`)).toBe(`the-token-${i}`);
  }, 60_000);

  test("a passphrase typed at the terminal is asked for twice, and a slip of the finger writes nothing", async () => {
    const env = await withLogins(1);
    const file = join(tempFolder(), "vault.age");
    const terminal = onTerminal([AUTH, "vault", "backup", file], { env });
    await terminal.waitFor("New passphrase");
    terminal.type("correct horse\r");
    await terminal.waitFor("same again");
    terminal.type("correct hose\r");
    expect((await terminal.ended).code).toBe(8);
    expect(terminal.screen()).toContain("not the same");
    expect(existsSync(file)).toBe(false);
  }, 60_000);

  test("without a vault there is nothing to back up, and a command that is run doesn't get the passphrase", async () => {
    const env = { ...bareEnvironment(), AUTH_BACKUP_PASSPHRASE: "correct horse" };
    const none = await auth(["vault", "backup", join(tempFolder(), "vault.age"), "--json"], { env });
    expect(errorOf(none)).toMatchObject({ code: "connection_not_found" });
    await paste(env, "apikey:one", "the-token");
    expect((await succeeded(auth(["run", "apikey:one", "--", "env"], { env }))).stdout).not.toContain("correct horse");
  });
});
