/** Reading a value by the file format, with SQLite as the judge: whatever it wrote is found, and nothing else is. */
import { Database } from "bun:sqlite";
import { afterEach, describe, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Bytes, utf8 } from "../../src/vault/bytes.ts";
import { PAGE_BYTES, type Pages, rootsOf, storedValue } from "../../src/vault/sqlite-file.ts";

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A number from 0 to `below`, from a seed, so that a failure comes again. */
function dice(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

interface Written {
  readonly bytes: Bytes;
  readonly rows: ReadonlyMap<string, Uint8Array>;
}

/** As the vault's own files are, after some inserting, replacing and erasing. */
function written(count: number, sizes: (roll: (below: number) => number) => number, seed = 1): Written {
  const folder = mkdtempSync(join(tmpdir(), "auth-pages-"));
  folders.push(folder);
  const path = join(folder, "vault.db");
  const database = new Database(path);
  database.run("PRAGMA journal_mode=WAL");
  database.run("CREATE TABLE store (key TEXT PRIMARY KEY, version TEXT NOT NULL, value BLOB NOT NULL) STRICT");
  const put = database.query("INSERT OR REPLACE INTO store (key, version, value) VALUES (?1, ?2, ?3)");
  const drop = database.query("DELETE FROM store WHERE key = ?1");
  const roll = dice(seed);
  const rows = new Map<string, Uint8Array>();
  database.transaction(() => {
    for (let i = 0; i < count; i++) {
      const key = i === 0 ? "header" : Bun.SHA256.hash(`${seed}.${i}`, "hex");
      const times = 1 + roll(2);
      for (let again = 0; again < times; again++) {
        const value = new Uint8Array(sizes(roll)).fill(i + again);
        put.run(key, `${i}.${"ab".repeat(16)}.${again}`, value);
        rows.set(key, value);
      }
      if (roll(5) === 0 && i > 0) {
        drop.run(key);
        rows.delete(key);
      }
    }
  })();
  database.run("PRAGMA wal_checkpoint(TRUNCATE)");
  database.close();
  return { bytes: new Uint8Array(readFileSync(path)), rows };
}

function pagesOf(bytes: Bytes): Pages {
  return (number) => {
    const page = bytes.subarray((number - 1) * PAGE_BYTES, number * PAGE_BYTES);
    if (number < 1 || page.length !== PAGE_BYTES) throw new RangeError("no such page");
    return page;
  };
}

function read(bytes: Bytes, key: string): Bytes | null {
  const pages = pagesOf(bytes);
  return storedValue(pages, rootsOf(pages), utf8(key));
}

const WRITTEN: readonly (readonly [string, () => Written])[] = [
  ["the header alone", () => written(1, () => 200)],
  ["a few records", () => written(12, (roll) => 300 + roll(2500))],
  ["values about as large as a page", () => written(60, (roll) => 3900 + roll(300))],
  ["values over many pages", () => written(20, (roll) => 4000 + roll(200_000))],
  ["thousands, on several levels", () => written(6000, (roll) => roll(1500))],
  ["empty values", () => written(40, () => 0)],
];

describe("what SQLite wrote", () => {
  test.each(WRITTEN)("%s: every value is found as it is, and what was erased isn't", (_, write) => {
    const { bytes, rows } = write();
    const roots = rootsOf(pagesOf(bytes));
    for (const [key, value] of rows) {
      const found = storedValue(pagesOf(bytes), roots, utf8(key));
      if (found === null || Buffer.compare(found, value) !== 0) throw new Error(`${key}: ${found?.length}`);
    }
    for (let i = 0; i < 6000; i++) {
      const key = Bun.SHA256.hash(`1.${i}`, "hex");
      if (!rows.has(key)) expect(storedValue(pagesOf(bytes), roots, utf8(key))).toBeNull();
    }
    for (const key of ["", "0", "heade", "headers", "z", "\u{ffff}"]) expect(read(bytes, key)).toBeNull();
  });

  test("every size around the end of a page", () => {
    const first = 3880;
    let size = first;
    const { bytes, rows } = written(300, () => size++);
    expect(size - first).toBeGreaterThan(300);
    for (const [key, value] of rows) expect(read(bytes, key)?.length).toBe(value.length);
  });
});

describe("attack: a file that was made to mislead", () => {
  test("any byte changed: an error, nothing, or bytes, and always an end", () => {
    const { bytes, rows } = written(30, (roll) => 200 + roll(6000));
    const keys = [...rows.keys()].slice(0, 6);
    const roll = dice(7);
    let refused = 0;
    for (let round = 0; round < 20_000; round++) {
      const spoiled = bytes.slice();
      for (let flips = 0; flips <= roll(4); flips++) spoiled[roll(bytes.length)] = roll(256);
      try {
        read(spoiled, keys[round % keys.length] ?? "");
      } catch {
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(20);
  });

  test("the pages that lead on changed: a tree that goes round, a chain that goes round, a length without end", () => {
    const { bytes, rows } = written(400, (roll) => 200 + roll(6000));
    const [key = ""] = rows.keys();
    const { table, index } = rootsOf(pagesOf(bytes));
    for (const root of [table, index])
      for (const to of [root, 0, 1, 0xffffffff]) {
        const spoiled = bytes.slice();
        const at = (root - 1) * PAGE_BYTES;
        const view = new DataView(spoiled.buffer, at);
        for (let i = 0; i < view.getUint16(3); i++) view.setUint32(view.getUint16(12 + 2 * i), to);
        view.setUint32(8, to);
        expect(() => read(spoiled, key)).toThrow();
      }
  });

  test.each([
    ["empty", (bytes: Bytes) => bytes.subarray(0, 0)],
    ["cut", (bytes: Bytes) => bytes.subarray(0, PAGE_BYTES)],
    ["not SQLite", (bytes: Bytes) => bytes.fill(0x20, 0, 16)],
    ["not in WAL mode: a journal could be waiting", (bytes: Bytes) => bytes.fill(1, 18, 20)],
    ["UTF-16", (bytes: Bytes) => bytes.fill(2, 59, 60)],
    ["bytes reserved", (bytes: Bytes) => bytes.fill(12, 20, 21)],
    ["other pages", (bytes: Bytes) => bytes.fill(2, 16, 17)],
  ])("%s: refused", (_, spoil) => {
    const { bytes } = written(12, () => 300);
    expect(() => read(spoil(bytes), "header")).toThrow();
  });
});
