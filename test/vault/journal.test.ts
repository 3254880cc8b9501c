/** The vault's rollback journal: crashes in the middle of a commit, readers beside a writer, vaults of earlier versions. */
import { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, readFileSync, renameSync, statSync } from "node:fs";
import { join } from "node:path";
import { lacking } from "../support/needs.ts";
import { cutOffCommit, useWal } from "./crashed.ts";
import { actor, type Home, newHome, put, refusal } from "./home.ts";

let home: Home;
beforeEach(async () => {
  home = newHome();
  const vault = await home.open();
  await vault.commit([put("a:b", 1, "the body")]);
  vault.close();
});
afterEach(() => home[Symbol.dispose]());

async function bodyOf(name: string): Promise<string | undefined> {
  const vault = await home.open();
  try {
    return (await vault.read("connection", name))?.body;
  } finally {
    vault.close();
  }
}

async function commit(name: string, generation: number, body: string): Promise<string> {
  const vault = await home.open();
  try {
    return await vault.commit([put(name, generation, body)]);
  } finally {
    vault.close();
  }
}

function journalMode(): string {
  const database = new Database(home.file, { readonly: true });
  const { journal_mode } = database.query("PRAGMA journal_mode").get() as { journal_mode: string };
  database.close();
  return journal_mode === "wal" ? "wal" : "rollback";
}

test("a vault has a rollback journal, private and empty once the commit is done", () => {
  expect(journalMode()).toBe("rollback");
  const { size, mode } = statSync(`${home.file}-journal`);
  expect({ size, mode: mode & 0o777 }).toEqual({ size: 0, mode: 0o600 });
});

test("reading leaves the file, and what is beside it, as it is", async () => {
  const before = [readFileSync(home.file), statSync(home.file).mtimeMs, statSync(`${home.file}-journal`).mtimeMs];
  expect(await bodyOf("a:b")).toBe("the body");
  expect([readFileSync(home.file), statSync(home.file).mtimeMs, statSync(`${home.file}-journal`).mtimeMs]).toEqual(
    before,
  );
});

describe("a commit that a crash cut off", () => {
  test("is undone by the next reader", async () => {
    const reader = await home.open();
    await cutOffCommit(home);
    // One that had the vault open before the crash, and one that opens it now.
    expect((await reader.read("connection", "a:b"))?.body).toBe("the body");
    reader.close();
    await cutOffCommit(home);
    expect(await bodyOf("a:b")).toBe("the body");
    expect(await commit("a:b", 2, "newer")).toBe("committed");
    expect(await bodyOf("a:b")).toBe("newer");
  });

  test("is undone by the next writer", async () => {
    await cutOffCommit(home);
    expect(await commit("a:b", 2, "newer")).toBe("committed");
    expect(await bodyOf("a:b")).toBe("newer");
  });

  test.skipIf(lacking("linux", "strace"))(
    "at any of its writes and syncs leaves the old record or the new one, never anything else",
    async () => {
      const outcomes: string[] = [];
      for (const call of ["pwrite64", "fsync", "ftruncate"])
        for (let nth = 1; ; nth++) {
          const outcome = await killedAt(call, nth);
          if (outcome === "not killed") break;
          outcomes.push(outcome);
        }
      // Each page to the journal and to the file, four syncs, and the one call that makes it final.
      expect(outcomes.length).toBeGreaterThan(10);
      expect(new Set(outcomes)).toEqual(new Set(["old", "new"]));
    },
    120_000,
  );
});

/** What is stored after a writer was killed at this system call. */
async function killedAt(call: string, nth: number): Promise<string> {
  using fresh = newHome();
  const vault = await fresh.open();
  await vault.commit([put("w:w", 1, "old"), put("a:b", 1, "beside it")]);
  vault.close();
  const kill = ["-e", `trace=${call}`, "-e", `inject=${call}:signal=SIGKILL:when=${nth}`];
  const paths = ["", "-journal"].flatMap((side) => ["-P", fresh.file + side]);
  const { child } = actor(fresh, "write-over", undefined, "strace", "-f", "-o", "/dev/null", ...kill, ...paths);
  await child.exited;
  const reopened = await fresh.open();
  const body = (await reopened.read("connection", "w:w"))?.body ?? "none";
  expect((await reopened.read("connection", "a:b"))?.body).toBe("beside it");
  expect(await reopened.commit([put("w:w", body === "old" ? 2 : 3, "newer")])).toBe("committed");
  reopened.close();
  expect(statSync(`${fresh.file}-journal`).size).toBe(0);
  return child.signalCode === null ? "not killed" : body;
}

test("readers beside a writer that commits all the time each see a whole record, never an older one than before", async () => {
  const writer = actor(home, "rewrite");
  expect(await writer.line()).toBe("ready");
  const readers = [1, 2, 3].map(() => actor(home, "watch"));
  for (const reader of readers) expect(await reader.line()).toBe("200 in order");
  writer.go();
  expect(Number(await writer.line())).toBeGreaterThan(10);
  await writer.child.exited;
}, 60_000);

test("a vault file that was moved away meanwhile is not written to", async () => {
  const vault = await home.open();
  expect((await vault.read("connection", "a:b"))?.body).toBe("the body");
  copyFileSync(home.file, `${home.file}.copy`);
  renameSync(home.file, `${home.file}.moved`);
  renameSync(`${home.file}.copy`, home.file);
  expect((await refusal(vault.commit([put("a:b", 2, "newer")]))).code).toBe("vault_replaced");
  vault.close();
  expect(await bodyOf("a:b")).toBe("the body");
});

describe("a vault of an earlier version, in WAL mode,", () => {
  test("is read as it is, and gets a rollback journal by the first write", async () => {
    useWal(home);
    expect(await bodyOf("a:b")).toBe("the body");
    expect(journalMode()).toBe("wal");
    expect(await commit("a:b", 2, "newer")).toBe("committed");
    expect(journalMode()).toBe("rollback");
    expect(["-wal", "-shm"].filter((side) => existsSync(home.file + side))).toEqual([]);
    expect(await bodyOf("a:b")).toBe("newer");
  });

  test("with a log that a crash left behind loses nothing", async () => {
    useWal(home);
    const copy = newHome();
    try {
      // A commit is in the log alone as long as another has the file open.
      const holder = new Database(home.file, { readonly: true });
      holder.query("SELECT count(*) FROM store").get();
      const writer = await home.open();
      expect(await writer.commit([put("a:b", 2, "newer")])).toBe("committed");
      for (const side of ["", "-wal"]) copyFileSync(home.file + side, join(copy.folder, `vault.db${side}`));
      writer.close();
      holder.close();
      expect(statSync(`${copy.file}-wal`).size).toBeGreaterThan(0);
      const vault = await copy.open();
      expect((await vault.read("connection", "a:b"))?.body).toBe("newer");
      expect(await vault.commit([put("a:b", 3, "newest")])).toBe("committed");
      expect((await vault.read("connection", "a:b"))?.body).toBe("newest");
      vault.close();
    } finally {
      copy[Symbol.dispose]();
    }
  });

  test("is written to in its own mode while another process has it open", async () => {
    useWal(home);
    const holder = new Database(home.file, { readonly: true });
    holder.query("SELECT count(*) FROM store").get();
    expect(await commit("a:b", 2, "newer")).toBe("committed");
    expect(journalMode()).toBe("wal");
    holder.close();
    expect(await commit("a:b", 3, "newest")).toBe("committed");
    expect(journalMode()).toBe("rollback");
    expect(await bodyOf("a:b")).toBe("newest");
  });
});
