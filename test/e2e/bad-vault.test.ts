/**
 * Vault files and keys that are damaged, foreign or wrong: exit 8 and one clear error from whatever command meets them,
 * not a byte changed, and everything still there once the damage is undone.
 */
import { Database } from "bun:sqlite";
import { beforeAll, describe, expect, test } from "bun:test";
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { type Complaint, checkText, expectComplaint } from "../support/complaint.ts";
import { cut, flipInFile, flipped, fromTheFuture, headerOf, putValue, recordsOf } from "../support/damage.ts";
import { lacking } from "../support/needs.ts";
import { auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";
import { bytesUnder, KEYS, makeStock, type Stock, strayFiles } from "../support/stock.ts";

let stock: Stock;
beforeAll(async () => {
  stock = await makeStock();
});

const READING: readonly (readonly string[])[] = [
  ["token", "apikey:one"],
  ["list"],
  ["status"],
  ["get", "apikey:one", "--field", "account"],
  ["run", "apikey:one", "--", "true"],
];
const WRITING: readonly (readonly string[])[] = [
  ["login", "apikey:new", "--token", "-"],
  ["logout", "apikey:one"],
  ["use", "apikey:one"],
  ["client", "set", "sentry", "--client-id", "x"],
  ["profile", "create", "sentry:new"],
  ["vault", "rekey"],
];

/** `run` tells a failure before the command starts by its own code (CLI.md §2). */
function exitOf(args: readonly string[]): number {
  return args[0] === "run" ? 125 : 8;
}

async function expectRefusal(spoiled: Stock, complaint: Omit<Complaint, "exit">, commands = [...READING, ...WRITING]) {
  const before = bytesUnder(spoiled.home);
  for (const args of commands)
    await expectComplaint(args, { ...complaint, exit: exitOf(args) }, { env: spoiled.env, stdin: "sk-new-key" });
  expect(bytesUnder(spoiled.home)).toEqual(before);
  expect(strayFiles(spoiled.home)).toEqual([]);
}

/** How many of the listed connections can be read. */
function readable({ stdout }: Ended): number {
  return (JSON.parse(stdout) as { status: string }[]).filter(({ status }) => status !== "unreadable").length;
}

interface Damage {
  readonly code: string;
  readonly says: string;
  readonly spoil: (vault: string) => void;
}

const DAMAGES: Readonly<Record<string, Damage>> = {
  empty: { code: "vault_corrupt", says: "empty", spoil: (vault) => cut(vault, 0) },
  "cut within its first page": { code: "vault_corrupt", says: "backup", spoil: (vault) => cut(vault, 50) },
  "cut after its first page": { code: "vault_corrupt", says: "backup", spoil: (vault) => cut(vault, 4096) },
  "cut in the middle": {
    code: "vault_corrupt",
    says: "backup",
    spoil: (vault) => cut(vault, statSync(vault).size / 2),
  },
  "cut by one byte": { code: "vault_corrupt", says: "backup", spoil: (vault) => cut(vault, statSync(vault).size - 1) },
  "a text": {
    code: "vault_corrupt",
    says: "not a vault",
    spoil: (vault) => writeFileSync(vault, "hello\n".repeat(999)),
  },
  "1 MB of NUL bytes": { code: "vault_corrupt", says: "", spoil: (vault) => writeFileSync(vault, new Uint8Array(1e6)) },
  "another program's database": {
    code: "vault_corrupt",
    says: "not a vault",
    spoil: (vault) => {
      rmSync(vault);
      const other = new Database(vault);
      other.run("CREATE TABLE notes (text TEXT)");
      other.close();
      chmodSync(vault, 0o600);
    },
  },
  "without its header": {
    code: "vault_corrupt",
    says: "header",
    spoil: (vault) => {
      const database = new Database(vault);
      database.run("DELETE FROM store WHERE key = 'header'");
      database.close();
    },
  },
  "from a newer version, as its header says": {
    code: "vault_corrupt",
    says: "newer version",
    spoil: (vault) => putValue(vault, fromTheFuture(headerOf(vault))),
  },
  "a folder": {
    code: "vault_unwritable",
    says: "folder",
    spoil: (vault) => {
      rmSync(vault);
      mkdirSync(vault);
    },
  },
  "a link to a vault": {
    code: "vault_unwritable",
    says: "link",
    spoil: (vault) => {
      const elsewhere = join(tempFolder(), "vault.db");
      renameSync(vault, elsewhere);
      symlinkSync(elsewhere, vault);
    },
  },
};

describe("a vault file that is", () => {
  for (const [name, { code, says, spoil }] of Object.entries(DAMAGES))
    test(`${name} is refused by every command, and stays as it is`, async () => {
      const spoiled = stock.copy();
      const whole = readFileSync(spoiled.vault);
      spoil(spoiled.vault);
      await expectRefusal(spoiled, { code, says });
      rmSync(spoiled.vault, { recursive: true });
      rmSync(`${spoiled.vault}-journal`, { force: true });
      writeFileSync(spoiled.vault, whole, { mode: 0o600 });
      await spoiled.expectUnchanged();
    }, 60_000);
});

describe("one record from a newer version", () => {
  test("is reported as damaged, and the others still open", async () => {
    const spoiled = stock.copy();
    for (const record of recordsOf(spoiled.vault)) {
      const one = spoiled.copy();
      putValue(one.vault, fromTheFuture(record));
      const opened: string[] = [];
      for (const [connection, key] of Object.entries(KEYS)) {
        const ended = await one.call(["token", connection]);
        if (ended.code === 0) expect(ended.stdout).toBe(`${key}\n`);
        else checkText(ended, { exit: 8, code: "vault_corrupt", says: "newer version" });
        if (ended.code === 0) opened.push(connection);
      }
      expect(opened.length).toBeGreaterThan(0);
    }
  });
});

/** Every command that meets the damage either says so or was not touched by it: a wrong token is never printed. */
async function expectRightOrRefused(spoiled: Stock): Promise<"right" | "refused"> {
  const before = bytesUnder(spoiled.home);
  const results: string[] = [];
  for (const [connection, key] of Object.entries(KEYS)) {
    const ended = await spoiled.call(["token", connection]);
    if (ended.code === 0) expect(ended.stdout).toBe(`${key}\n`);
    else checkText(ended, { exit: 8, code: "vault_corrupt" });
    results.push(ended.code === 0 ? "right" : "refused");
  }
  expect(bytesUnder(spoiled.home)).toEqual(before);
  return results.includes("refused") ? "refused" : "right";
}

describe("one flipped bit", () => {
  test("anywhere in the header: nothing opens", async () => {
    const spoiled = stock.copy();
    const header = headerOf(spoiled.vault);
    for (let at = 0; at < header.value.length; at += 7) {
      putValue(spoiled.vault, { key: header.key, value: flipped(header.value, at) });
      const ended = await spoiled.call(["token", "apikey:one"]);
      checkText(ended, { exit: 8, code: "vault_corrupt or vault_locked" });
    }
    putValue(spoiled.vault, header);
    await spoiled.expectUnchanged();
  }, 60_000);

  test("anywhere in a record: that one doesn't open, by name, and the others do", async () => {
    const spoiled = stock.copy();
    for (const record of recordsOf(spoiled.vault)) {
      for (let at = 0; at < record.value.length; at += 37) {
        putValue(spoiled.vault, { key: record.key, value: flipped(record.value, at) });
        const ended = await Promise.all(
          ["apikey:one", "apikey:two", "sentry"].map((name) => spoiled.call(["token", name])),
        );
        const failed = ended.filter(({ code }) => code !== 0);
        for (const one of failed) checkText(one, { exit: 8, code: "vault_corrupt", says: "" });
        expect({ at, failed: failed.length }).toEqual({ at, failed: 1 });
        const list = await spoiled.call(["list", "--json"]);
        expect({ at, exit: list.code, readable: readable(list) }).toEqual({ at, exit: 8, readable: 2 });
      }
      putValue(spoiled.vault, record);
    }
    await spoiled.expectUnchanged();
  }, 60_000);

  test("anywhere in the file: the right token, or an error, and never another file", async () => {
    const size = statSync(stock.vault).size;
    const seen = { right: 0, refused: 0 };
    const spoiled = stock.copy();
    const whole = readFileSync(spoiled.vault);
    const places = [0, 16, 18, 19, 24, 28, 44, 52, 56, 60, 68, 100, 103, 105];
    for (let at = 131; at < size; at += 271) places.push(at);
    for (const at of places) {
      writeFileSync(spoiled.vault, whole);
      flipInFile(spoiled.vault, at);
      seen[await expectRightOrRefused(spoiled)]++;
      // A flipped bit may have made it a file in WAL mode.
      for (const side of ["-journal", "-wal", "-shm"]) rmSync(`${spoiled.vault}${side}`, { force: true });
    }
    expect(seen.refused).toBeGreaterThan(0);
    expect(seen.right).toBeGreaterThan(0);
    writeFileSync(spoiled.vault, whole);
    await spoiled.expectUnchanged();
  }, 60_000);
});

describe("records that were moved", () => {
  test("two that changed places don't open", async () => {
    const spoiled = stock.copy();
    const [a, b] = recordsOf(spoiled.vault);
    if (a === undefined || b === undefined) throw new Error("the stock has too few records");
    putValue(spoiled.vault, { key: a.key, value: b.value });
    putValue(spoiled.vault, { key: b.key, value: a.value });
    const list = await spoiled.call(["list", "--json"]);
    expect({ exit: list.code, readable: readable(list) }).toEqual({ exit: 8, readable: 1 });
    expect(list.stderr.match(/doesn't open/g)).toHaveLength(2);
  });
});

describe("a keychain that is out of reach", () => {
  /** As if the keychain had the key: byte 29 of the header says which source it is. */
  const inKeychain = async (): Promise<Stock> => {
    const stock = await makeStock();
    const header = headerOf(stock.vault);
    const value = Uint8Array.from(header.value);
    value[29] = 4;
    putValue(stock.vault, { ...header, value });
    return stock;
  };
  const PLACES: Readonly<Record<string, Record<string, string>>> = {
    "without a session bus, as over SSH": {},
    "with a bus that is gone": { DBUS_SESSION_BUS_ADDRESS: "unix:path=/nowhere" },
  };
  for (const [name, env] of Object.entries(PLACES))
    test.skipIf(lacking("linux"))(`${name}: says why, and both ways out`, async () => {
      const stock = await inKeychain();
      const complaint = { exit: 8, code: "vault_locked", says: "as over SSH, in cron or in a container" };
      await expectComplaint(["token", "apikey:one"], complaint, { env }, (args, options) => stock.call(args, options));
      const { stderr } = await stock.call(["token", "apikey:one"], { env });
      expect(stderr).toContain("Unlock the keychain");
      expect(stderr).toContain("auth vault rekey --key file");
      expect(stderr).not.toMatch(/D-Bus|autolaunch|Could not connect/);
    });

  test.skipIf(lacking("linux"))("with too few file descriptors to ask: says so, and doesn't crash", async () => {
    const stock = await inKeychain();
    const ended = await stock.shell('ulimit -n 8; "$AUTH" token apikey:one');
    checkText(ended, { exit: 8, code: "vault_locked", says: "too many open files" });
  });
});

const KEY_A = Buffer.from("0123456789abcdef0123456789abcdef").toString("base64");
const KEY_B = Buffer.from("fedcba9876543210fedcba9876543210").toString("base64");

describe("a wrong key", () => {
  const says = "The vault is as it was";
  const FILES: Readonly<
    Record<string, readonly [spoil: (key: string) => void | Promise<void>, code: string, says: string]>
  > = {
    missing: [(key) => rmSync(key), "vault_locked", "missing"],
    empty: [(key) => writeFileSync(key, ""), "vault_locked", "no key for this vault"],
    "of another vault": [
      async (key) => writeFileSync(key, readFileSync((await makeStock()).key)),
      "vault_locked",
      "no key",
    ],
    "with another key in it": [
      (key) => writeFileSync(key, readFileSync(key, "utf8").replace(/ \S+\n$/, ` ${KEY_B}\n`)),
      "vault_locked",
      says,
    ],
    "cut short": [(key) => cut(key, statSync(key).size - 10), "key_invalid", "32 bytes"],
    "of NUL bytes": [(key) => writeFileSync(key, new Uint8Array(1e6)), "vault_locked", "no key"],
    "open to others": [(key) => chmodSync(key, 0o644), "vault_locked", "chmod 600"],
    "a folder": [
      (key) => {
        rmSync(key);
        mkdirSync(key);
      },
      "vault_locked",
      "",
    ],
  };

  for (const [name, [spoil, code, what]] of Object.entries(FILES))
    test(`the key file ${name}`, async () => {
      const spoiled = stock.copy();
      const key = readFileSync(spoiled.key);
      await spoil(spoiled.key);
      await expectRefusal(spoiled, { code, says: what });
      rmSync(spoiled.key, { recursive: true, force: true });
      writeFileSync(spoiled.key, key, { mode: 0o600 });
      await spoiled.expectUnchanged();
    }, 60_000);

  const VARIABLES: Readonly<Record<string, readonly [env: Record<string, string>, code: string, says: string]>> = {
    "another AUTH_KEY": [{ AUTH_KEY: KEY_B }, "vault_locked", "AUTH_KEY"],
    "a short AUTH_KEY": [{ AUTH_KEY: "abc" }, "key_invalid", "32 bytes"],
    "a long AUTH_KEY": [{ AUTH_KEY: "ab".repeat(33) }, "key_invalid", "32 bytes"],
    "an AUTH_KEY of 100 kB": [{ AUTH_KEY: "a".repeat(100_000) }, "key_invalid", "32 bytes"],
    "an AUTH_KEY of one repeated byte": [{ AUTH_KEY: "00".repeat(32) }, "key_invalid", "repeated"],
    "an AUTH_KEY that is no text of a key": [{ AUTH_KEY: `${"ü".repeat(40)}` }, "key_invalid", "32 bytes"],
    "an AUTH_KEY_COMMAND that fails": [{ AUTH_KEY_COMMAND: "exit 3" }, "vault_locked", "exit code 3"],
    "an AUTH_KEY_COMMAND that isn't there": [{ AUTH_KEY_COMMAND: "/nonexistent/x" }, "vault_locked", "127"],
    "an AUTH_KEY_COMMAND that prints nothing": [{ AUTH_KEY_COMMAND: "true" }, "key_invalid", "AUTH_KEY_COMMAND"],
    "an AUTH_KEY_COMMAND that prints another key": [
      { AUTH_KEY_COMMAND: `echo ${KEY_B}` },
      "vault_locked",
      "AUTH_KEY_COMMAND",
    ],
    "a passphrase": [{ AUTH_PASSPHRASE: "wrong" }, "vault_locked", "AUTH_PASSPHRASE"],
  };

  for (const [name, [env, code, what]] of Object.entries(VARIABLES))
    test(`${name}: an error with or without a vault, and nothing is made or changed`, async () => {
      const spoiled = stock.copy();
      const before = bytesUnder(spoiled.home);
      for (const args of [...READING, ...WRITING.slice(0, 2)]) {
        const ended = await spoiled.call(args, { env, stdin: "sk-new-key" });
        checkText({ ...ended, stderr: withoutShellWords(ended.stderr) }, { exit: exitOf(args), code, says: what });
      }
      expect(bytesUnder(spoiled.home)).toEqual(before);
      await spoiled.expectUnchanged();
    });

  for (const [name, [env, code]] of Object.entries(VARIABLES))
    if (code === "key_invalid" || name.includes("fails"))
      test(`${name} makes no vault`, async () => {
        const fresh = bareEnvironment(env);
        const ended = await auth(["login", "apikey:x", "--token", "-"], { env: fresh, stdin: "sk-new-key" });
        checkText({ ...ended, stderr: withoutShellWords(ended.stderr) }, { exit: 8, code });
        expect(existsSync(`${fresh.AUTH_HOME}/vault.db`)).toBe(false);
      });

  test("a vault made with AUTH_KEY needs that one, by whatever name it comes", async () => {
    const own = await makeStock({ AUTH_KEY: KEY_A });
    const { AUTH_KEY: _, ...without } = own.env;
    await expectComplaint(["list"], { exit: 8, code: "vault_locked", says: "AUTH_KEY" }, { env: without });
    await expectComplaint(["list"], { exit: 8, code: "vault_locked", says }, { env: { ...own.env, AUTH_KEY: KEY_B } });
    const hex = Buffer.from(KEY_A, "base64").toString("hex");
    expect((await auth(["list"], { env: { ...own.env, AUTH_KEY: hex } })).code).toBe(0);
    await own.expectUnchanged();
  });

  test("a wrong passphrase", async () => {
    const own = await makeStock({ AUTH_PASSPHRASE: "correct horse battery" });
    const wrong = { ...own.env, AUTH_PASSPHRASE: "correct horse batterx" };
    await expectComplaint(["list"], { exit: 8, code: "vault_locked", says }, { env: wrong });
    await own.expectUnchanged();
  }, 60_000);
});

/** What the key command itself says on stderr is its own. */
function withoutShellWords(stderr: string): string {
  return stderr.replace(/^\/bin\/sh: .*\n|^sh: .*\n/gm, "");
}

const STORES: Readonly<Record<string, string>> = {
  "no scheme": "vault.db",
  "an unknown scheme": "mysql://me:hunter2secret@host/db",
  "no path": "sqlite:",
  "a folder": "sqlite:/tmp/",
  "a URL": "sqlite://host/path",
  "a home it can't know": "sqlite:~/vault.db",
};

describe("an AUTH_STORE that isn't one", () => {
  for (const [name, store] of Object.entries(STORES))
    test(name, async () => {
      await expectComplaint(["list"], { exit: 64, code: "usage", says: "AUTH_STORE" }, { env: { AUTH_STORE: store } });
      const { stderr } = await auth(["list", "-v"], { env: { AUTH_STORE: store } });
      expect(stderr).not.toContain("hunter2secret");
    });
});

describe("a vault of another user", () => {
  const OTHER = 54_321;

  test.skipIf(lacking("linux", "root"))(
    "is refused, even by who could read it",
    async () => {
      const spoiled = stock.copy();
      chownSync(spoiled.vault, OTHER, OTHER);
      await expectRefusal(spoiled, { code: "vault_unwritable", says: "another user" });
      chownSync(spoiled.vault, 0, 0);
      await spoiled.expectUnchanged();
    },
    60_000,
  );

  test.skipIf(lacking("linux", "root"))(
    "a key file of another user is refused",
    async () => {
      const spoiled = stock.copy();
      chownSync(spoiled.key, OTHER, OTHER);
      await expectRefusal(spoiled, { code: "vault_locked", says: "another user" });
      chownSync(spoiled.key, 0, 0);
      await spoiled.expectUnchanged();
    },
    60_000,
  );
});
