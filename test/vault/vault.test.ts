import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { readFileSync, statSync } from "node:fs";
import fc from "fast-check";
import { openVault } from "../../src/vault/store.ts";
import type { Vault } from "../../src/vault/types.ts";
import { erase, type Home, KEY, newHome, put, refusal, version } from "./home.ts";

let home: Home;
let vault: Vault;
beforeEach(async () => {
  home = newHome();
  vault = await home.open();
});
afterEach(() => {
  vault.close();
  home[Symbol.dispose]();
});

/** Edits the database behind the vault's back. */
function behind(sql: string, ...values: (string | Uint8Array)[]): void {
  const database = new Database(home.file);
  database.run(sql, values);
  database.close();
}

function rows(): { key: string; version: string; value: Uint8Array }[] {
  const database = new Database(home.file, { readonly: true });
  const all = database.query("SELECT * FROM store WHERE key <> 'header' ORDER BY key").all();
  database.close();
  return all as { key: string; version: string; value: Uint8Array }[];
}

describe("reading", () => {
  test("what was committed is read, by name and in lists in order of name", async () => {
    await vault.commit([put("b:two", 1, "2"), put("a:one", 1, "1"), put("a:one", 1, "client", "client")]);
    expect(await vault.read("connection", "a:one")).toEqual({
      type: "connection",
      name: "a:one",
      version: version(1),
      body: "1",
    });
    expect(await vault.read("connection", "c:three")).toBeNull();
    expect((await vault.list("connection")).map(({ name, body }) => [name, body])).toEqual([
      ["a:one", "1"],
      ["b:two", "2"],
    ]);
    expect((await vault.list("client")).map(({ body }) => body)).toEqual(["client"]);
    expect(await vault.list("settings")).toEqual([]);
  });

  test("names survive whatever unstorage would fold in a key", async () => {
    const names = ["p:a/b", "p:a\\b", "p:a?b", "p:a:b", "p:a b", "p:ä", "p:..", "header"];
    for (const name of names) expect(await vault.commit([put(name, 1, name)])).toBe("committed");
    for (const name of names) expect((await vault.read("connection", name))?.body).toBe(name);
  });

  test("another process's commit is seen at once", async () => {
    const other = await home.open();
    await other.commit([put("a:b", 1, "1")]);
    expect((await vault.read("connection", "a:b"))?.body).toBe("1");
    other.close();
  });

  test("a fingerprint is the same for the same secret, and neither the secret nor a plain hash of it", async () => {
    const print = await vault.fingerprint("s3cret");
    const other = await home.open();
    expect(await other.fingerprint("s3cret")).toBe(print);
    expect(await other.fingerprint("s3cres")).not.toBe(print);
    expect(print).not.toBe(new Bun.CryptoHasher("sha256").update("s3cret").digest("hex"));
    other.close();
  });

  test("hundreds of records are listed, each once", async () => {
    const all = Array.from({ length: 700 }, (_, i) => put(`p:${i}`, 1, String(i)));
    await vault.commit(all);
    expect(new Set((await vault.list("connection")).map(({ name }) => name)).size).toBe(700);
  });
});

describe("compare-and-set", () => {
  test("a record is made once: the second maker meets a conflict and nothing changes", async () => {
    expect(await vault.commit([put("a:b", 1, "first")])).toBe("committed");
    expect(await vault.commit([put("a:b", 1, "second")])).toBe("conflict");
    expect((await vault.read("connection", "a:b"))?.body).toBe("first");
  });

  test("a writer that was overtaken can't overwrite what is newer", async () => {
    await vault.commit([put("a:b", 1, "1")]);
    await vault.commit([put("a:b", 2, "2")]);
    expect(await vault.commit([put("a:b", 2, "late")])).toBe("conflict");
    expect((await vault.read("connection", "a:b"))?.body).toBe("2");
  });

  test("a writer that outlived a logout and a new login can't overwrite the new tokens", async () => {
    await vault.commit([put("a:b", 1, "old")]);
    await vault.commit([erase("a:b", 1)]);
    const next = { version: version(1, "cd".repeat(16)), body: "new" };
    await vault.commit([{ type: "connection", name: "a:b", expected: null, next }]);
    expect(await vault.commit([put("a:b", 2, "late")])).toBe("conflict");
    expect((await vault.read("connection", "a:b"))?.body).toBe("new");
  });

  test("of several changes all are made or none", async () => {
    await vault.commit([put("a:b", 1, "1")]);
    const changes = [put("new:one", 1, "x"), put("a:b", 1, "conflicts"), put("new:two", 1, "x")];
    expect(await vault.commit(changes)).toBe("conflict");
    expect((await vault.list("connection")).map(({ name }) => name)).toEqual(["a:b"]);
  });

  test("erasing needs the current version, too", async () => {
    await vault.commit([put("a:b", 1, "1"), put("c:d", 1, "1")]);
    expect(await vault.commit([erase("a:b", 2)])).toBe("conflict");
    expect(await vault.commit([erase("a:b", 1)])).toBe("committed");
    expect(await vault.commit([erase("a:b", 1)])).toBe("conflict");
    expect((await vault.list("connection")).map(({ name }) => name)).toEqual(["c:d"]);
  });

  test("any order of commits ends as in a plain map with versions", async () => {
    const step = fc.record({
      name: fc.constantFrom("a:a", "b:b", "c:c"),
      expected: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
      next: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const prefix = `r${run++}.`;
        const model = new Map<string, number>();
        for (const { name, expected, next } of steps) {
          const fits = (model.get(name) ?? null) === expected;
          if (fits && next === null) model.delete(name);
          else if (fits && next !== null) model.set(name, next);
          const change = {
            type: "connection" as const,
            name: prefix + name,
            expected: expected === null ? null : version(expected),
            next: next === null ? null : { version: version(next), body: `${next}` },
          };
          expect(await vault.commit([change])).toBe(fits ? "committed" : "conflict");
        }
        for (const name of ["a:a", "b:b", "c:c"])
          expect((await vault.read("connection", prefix + name))?.version.generation).toBe(model.get(name));
      }),
      { numRuns: 25 },
    );
  });
});

describe("a record that was tampered with", () => {
  beforeEach(() => vault.commit([put("a:one", 1, "1"), put("b:two", 1, "2")]));

  test("two records swapped: neither opens, and the error names the one asked for", async () => {
    const [first, second] = rows();
    if (!first || !second) throw new Error("two records expected");
    behind("UPDATE store SET value = ? WHERE key = ?", second.value, first.key);
    behind("UPDATE store SET value = ? WHERE key = ?", first.value, second.key);
    for (const name of ["a:one", "b:two"]) {
      const refused = await refusal(vault.read("connection", name));
      expect(refused.code).toBe("vault_corrupt");
      expect(refused.text).toContain(name);
    }
    expect((await refusal(vault.list("connection"))).code).toBe("vault_corrupt");
  });

  test("a record moved to another name's place doesn't open there", async () => {
    const [first, second] = rows();
    if (!first || !second) throw new Error("two records expected");
    behind("DELETE FROM store WHERE key = ?", first.key);
    behind("UPDATE store SET key = ? WHERE key = ?", first.key, second.key);
    const outcomes = await Promise.all(
      ["a:one", "b:two"].map((name) => vault.read("connection", name).catch((error) => error.code)),
    );
    expect(outcomes.filter((outcome) => outcome !== null)).toEqual(["vault_corrupt"]);
  });

  test("a record from another vault with the same key doesn't open here", async () => {
    using elsewhere = newHome();
    const other = await elsewhere.open();
    await other.commit([put("a:one", 1, "planted")]);
    other.close();
    const database = new Database(elsewhere.file, { readonly: true });
    const planted = database.query("SELECT value FROM store WHERE key <> 'header'").get() as { value: Uint8Array };
    database.close();
    behind("UPDATE store SET value = ? WHERE key <> 'header'", planted.value);
    expect((await refusal(vault.read("connection", "a:one"))).code).toBe("vault_corrupt");
  });

  test("an edited version is reported as damage, and doesn't make writers try for ever", async () => {
    behind("UPDATE store SET version = '1.00.9' WHERE key <> 'header'");
    expect((await refusal(vault.commit([put("a:one", 2, "next")]))).code).toBe("vault_corrupt");
  });

  test("a record whose storage key was damaged is not taken for one that doesn't exist", async () => {
    vault.close();
    const bytes = readFileSync(home.file);
    for (const { key } of rows()) {
      // The copy in the index: lookups go through it.
      const at = bytes.lastIndexOf(key);
      const flipped = Buffer.from(bytes);
      flipped[at + 5] = (flipped[at + 5] ?? 0) ^ 1;
      await Bun.write(home.file, flipped);
      const reopened = await home.open();
      const outcomes = await Promise.all(
        ["a:one", "b:two"].map((name) => reopened.read("connection", name).catch((error) => error.code)),
      );
      expect(outcomes).toContain("vault_corrupt");
      expect(outcomes).not.toContain(null);
      reopened.close();
    }
  });
});

describe("erased means erased", () => {
  /** A record's sealed bytes, which would be found in the files if they were still there. */
  const remains = (needle: Uint8Array): string[] =>
    ["", "-journal", "-wal"].filter((side) => {
      const path = `${home.file}${side}`;
      return statSync(path, { throwIfNoEntry: false }) !== undefined && readFileSync(path).includes(needle);
    });

  test("nothing of an erased record is left in the file or the journal", async () => {
    await vault.commit([put("a:one", 1, "x".repeat(20_000)), put("b:two", 1, "2")]);
    const needles = rows().map(({ value }) => value.slice(100, 140));
    expect(needles.map((needle) => remains(needle).length > 0)).toEqual([true, true]);
    await vault.commit([erase("a:one", 1), erase("b:two", 1)]);
    expect(needles.flatMap(remains)).toEqual([]);
  });

  test("nor of one that was replaced, or erased unread", async () => {
    await vault.commit([put("b:two", 1, "2"), put("c:three", 1, "3")]);
    const needles = rows().map(({ value }) => value.slice(40, 80));
    await vault.commit([put("b:two", 2, "another")]);
    await vault.commit([{ type: "connection", name: "c:three", expected: "any", next: null }]);
    expect(needles.flatMap(remains)).toEqual([]);
  });

  test("an erasure waits for a reader that is in its way", async () => {
    await vault.commit([put("b:two", 1, "2")]);
    const needle = rows()[0]?.value.slice(40, 80);
    if (!needle) throw new Error("no record");
    const reader = new Database(home.file, { readonly: true });
    reader.run("BEGIN");
    reader.query("SELECT count(*) FROM store").get();
    const erased = vault.commit([erase("b:two", 1)]);
    await Bun.sleep(300);
    expect(remains(needle)).toEqual([""]);
    reader.run("ROLLBACK");
    reader.close();
    expect(await erased).toBe("committed");
    expect(remains(needle)).toEqual([]);
  });
});

test("no secret and no name is in any file of the vault", async () => {
  await vault.commit([put("acme:planted-name", 1, '{"accessToken":"planted-secret"}')]);
  const lock = await vault.tryLock("acme:planted-name");
  await lock?.reply.prepare();
  await lock?.reply.keep(version(1), new TextEncoder().encode("planted-secret"));
  lock?.release();
  const files = [...new Bun.Glob("**").scanSync({ cwd: home.folder, onlyFiles: true, dot: true })];
  expect(files.some((name) => name.endsWith(".reply"))).toBe(true);
  for (const name of files) {
    const content = readFileSync(`${home.folder}/${name}`).toString("latin1") + name;
    for (const word of ["planted-secret", "planted-name", KEY]) expect(content).not.toContain(word);
  }
});

test("opening where there is no vault gives null and makes nothing", async () => {
  using empty = newHome();
  expect(await openVault(empty.context({ AUTH_KEY: KEY }))).toBeNull();
  expect([...new Bun.Glob("**").scanSync({ cwd: empty.folder, dot: true })]).toEqual([]);
});
