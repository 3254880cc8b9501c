import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  chmodSync,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { join, relative } from "node:path";
import { copyOnWriteFileSystem, networkFileSystem } from "../../src/vault/file-systems.ts";
import { ensureFolder } from "../../src/vault/files.ts";
import { vaultStatus } from "../../src/vault/status.ts";
import { openVault, storeAt } from "../../src/vault/store.ts";
import { type Home, KEY, newHome, openOrMake, put, refusal } from "./home.ts";

let home: Home;
beforeEach(async () => {
  home = newHome();
  const vault = await home.open();
  await vault.commit([
    put("a:b", 1, "the body"),
    ...Array.from({ length: 20 }, (_, i) => put(`p:${i}`, 1, "x".repeat(900))),
  ]);
  vault.close();
});
afterEach(() => home[Symbol.dispose]());

/** What a command would meet: the body, or the error's code. */
async function readIt(): Promise<string> {
  try {
    const vault = await openOrMake(home.context({ AUTH_KEY: KEY }));
    try {
      return (await vault?.read("connection", "a:b"))?.body ?? "null";
    } finally {
      vault?.close();
    }
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  }
}

describe("a vault file that isn't one is refused and left as it is", () => {
  const sqlite = (statements: string[]): Uint8Array => {
    const database = new Database(":memory:");
    for (const statement of statements) database.run(statement);
    const bytes = database.serialize();
    database.close();
    return bytes;
  };
  const cases: [string, () => Uint8Array | string][] = [
    ["empty", () => ""],
    ["text", () => "hello\n".repeat(1000)],
    ["a megabyte of zeros", () => new Uint8Array(1 << 20)],
    ["NUL bytes after the magic", () => new Uint8Array([...Buffer.from("SQLite format 3\0"), ...new Uint8Array(5000)])],
    ["another program's database", () => sqlite(["CREATE TABLE notes (text)"])],
    ["a table of the same name with other columns", () => sqlite(["CREATE TABLE store (a, b)"])],
    ["a store without a header", () => sqlite(["CREATE TABLE store (key TEXT PRIMARY KEY, version TEXT, value BLOB)"])],
    [
      "a header of text",
      () =>
        sqlite([
          "CREATE TABLE store (key TEXT PRIMARY KEY, version TEXT, value BLOB)",
          "INSERT INTO store VALUES ('header', '1', 'text')",
        ]),
    ],
    [
      "a header of one byte",
      () =>
        sqlite([
          "CREATE TABLE store (key TEXT PRIMARY KEY, version TEXT, value BLOB)",
          "INSERT INTO store VALUES ('header', '1', x'01')",
        ]),
    ],
  ];
  for (const [what, content] of cases)
    test(what, async () => {
      writeFileSync(home.file, content());
      rmSync(`${home.file}-journal`, { force: true });
      const before = readFileSync(home.file);
      expect(await readIt()).toBe("vault_corrupt");
      expect((await refusal(vaultStatus(home.context()))).code).toBe("vault_corrupt");
      expect(readFileSync(home.file)).toEqual(before);
    });

  test("a folder", async () => {
    rmSync(home.file);
    mkdirSync(home.file);
    expect(await readIt()).toBe("vault_unwritable");
  });
});

test("a vault cut short anywhere either still gives the record or is reported as damaged", async () => {
  const whole = readFileSync(home.file);
  const outcomes = new Set<string>();
  for (let size = 0; size < whole.length; size += 997) {
    writeFileSync(home.file, whole);
    truncateSync(home.file, size);
    outcomes.add(await readIt());
  }
  expect([...outcomes].filter((outcome) => !["the body", "vault_corrupt"].includes(outcome))).toEqual([]);
  expect(outcomes).toContain("vault_corrupt");
}, 60_000);

test("a vault with one bit flipped gives the record or an error of the vault, never another answer", async () => {
  const whole = readFileSync(home.file);
  const outcomes = new Map<string, number>();
  // Every bit of SQLite's own header, and a sample of all the rest.
  const bits = [
    ...Array(800).keys(),
    ...Array.from({ length: 700 }, (_, i) => 800 + ((i * 7919 * 13) % (whole.length * 8 - 800))),
  ];
  for (const bit of bits) {
    const edited = Buffer.from(whole);
    edited[bit >> 3] = (edited[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    rmSync(`${home.file}-journal`, { force: true });
    writeFileSync(home.file, edited);
    const outcome = await readIt();
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  const allowed = ["the body", "vault_corrupt", "vault_unwritable", "vault_locked"];
  expect([...outcomes.keys()].filter((outcome) => !allowed.includes(outcome))).toEqual([]);
  expect(outcomes.get("vault_corrupt")).toBeGreaterThan(0);
}, 60_000);

test("a vault of a newer format is refused as such, and nothing is overwritten", async () => {
  const database = new Database(home.file);
  const { value } = database.query("SELECT value FROM store WHERE key = 'header'").get() as { value: Uint8Array };
  value[0] = 9;
  database.run("UPDATE store SET value = ? WHERE key = 'header'", [value]);
  database.close();
  const refused = await refusal(openOrMake(home.context({ AUTH_KEY: KEY })));
  expect([refused.code, refused.text.includes("newer version")]).toEqual(["vault_corrupt", true]);
});

test("a vault file that others may reach is warned about, and read", async () => {
  chmodSync(home.file, 0o644);
  expect(await readIt()).toBe("the body");
  expect(home.warnings.join()).toContain("chmod 600");
  expect((await vaultStatus(home.context()))?.warnings.map(({ text }) => text).join()).toContain("mode 0644");
});

test("a folder that others may write to holds no vault", () => {
  chmodSync(home.folder, 0o777);
  expect(() => ensureFolder(home.folder)).toThrow(/Other users may write/);
  // As /tmp is: no one can take another's file away there, but others can make a journal beside the vault.
  chmodSync(home.folder, 0o1777);
  expect(() => ensureFolder(home.folder)).toThrow(/Other users may write/);
});

test("a copy under another name is the same vault", async () => {
  copyFileSync(home.file, `${home.folder}/copy.db`);
  const store = `sqlite:${home.folder}/copy.db`;
  const vault = await openVault(home.context({ AUTH_KEY: KEY, AUTH_STORE: store }));
  expect((await vault?.read("connection", "a:b"))?.body).toBe("the body");
  vault?.close();
});

test("vault status needs no key", async () => {
  const status = await vaultStatus(home.context());
  expect(status).toMatchObject({
    backend: "sqlite",
    path: home.file,
    format: 1,
    epoch: 1,
    keySource: "env",
    records: 21,
  });
});

test("network file systems are known by their numbers; local ones are not refused", () => {
  for (const type of [0x6969, 0xff534d42, -11317950, 0x01021997, 0x65735546])
    expect(networkFileSystem(type)).toBeString();
  // ext4, xfs, btrfs, tmpfs, overlayfs, zfs, f2fs
  for (const type of [0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010])
    expect(networkFileSystem(type)).toBeNull();
});

test("file systems that copy on write are known by their numbers", () => {
  for (const type of [0x9123683e, -1859950530, 0x2fc12fc1, 0xca451a4e])
    expect(copyOnWriteFileSystem(type)).toBeString();
  for (const type of [0xef53, 0x01021994, 0x6969]) expect(copyOnWriteFileSystem(type)).toBeNull();
});

describe("AUTH_STORE", () => {
  const path = (store: string | undefined): string =>
    storeAt(home.context(store === undefined ? {} : { AUTH_STORE: store })).file;

  test("is sqlite: and a path, or unset", () => {
    expect(path(undefined)).toBe(home.file);
    expect(path("")).toBe(home.file);
    expect(path("sqlite:/x/y.db")).toBe("/x/y.db");
    expect(path("sqlite:y.db")).toBe(`${process.cwd()}/y.db`);
  });

  test("in any other form is a usage error that shows no password", async () => {
    const certificate = join(home.folder, "planted.pem");
    writeFileSync(certificate, "-----BEGIN CERTIFICATE-----");
    const near = relative(process.cwd(), certificate);
    const wrong = [
      "redis://me:planted@host/x",
      "redis://me:planted@/0",
      "redis:planted",
      "redis://me:planted@host?password=planted",
      "redis://me:planted@host?prefix=a%20planted",
      "redis://me:%planted@host",
      "postgres://me:planted@host",
      "postgres://host/planted",
      `rediss://127.0.0.1:1?ca=${near}`,
      `postgres://me@127.0.0.1:1/db?sslrootcert=${near}`,
      "postgres://me:planted@host/db?sslmode=planted",
      "postgres://me:planted@host/db?schema=public",
      "postgres://me:planted#1@host/db",
      "/x/y.db",
      "sqlite",
      "sqlite:",
      "sqlite:///x",
      "sqlite:~/x",
      "sqlite:/x/",
      "mysql:planted",
      "sqlite:/x\0y",
    ];
    for (const store of wrong) {
      const refused = await refusal(openOrMake(home.context({ AUTH_STORE: store })));
      expect([store, refused.code]).toEqual([store, "usage"]);
      expect(refused.text).not.toContain("planted");
    }
  });
});

test("a vault with a second name is refused under either: each name has locks of its own", async () => {
  using home = newHome("my home-");
  const vault = await home.open();
  await vault.commit([put("a:b", 1, "1")]);
  vault.close();
  const other = `${home.folder}/other`;
  mkdirSync(other, { mode: 0o700 });
  linkSync(home.file, `${other}/vault.db`);
  for (const path of [home.file, `${other}/vault.db`]) {
    const refused = await refusal(openVault(home.context({ AUTH_KEY: KEY, AUTH_STORE: `sqlite:${path}` })));
    expect(refused.code).toBe("vault_unwritable");
    expect(refused.text).toContain(`${path} has 2 names`);
    expect(refused.text).toContain(`find / -xdev -samefile '${path}'`);
  }
  rmSync(`${other}/vault.db`);
  expect((await (await home.open()).read("connection", "a:b"))?.body).toBe("1");
});
