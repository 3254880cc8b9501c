/** How a vault's file is written: made, made ready for the first write of a process, and changed in one transaction. */
import { feature } from "bun:bundle";
import type { Database } from "bun:sqlite";
import { faultAtOnce, mutated } from "../platform/faults.ts";
import { isBusy, type Swap } from "./driver.ts";
import { openDatabase, translated } from "./sqlite.ts";
import { checkForWriting, requireStrict } from "./sqlite-diagnosis.ts";

/** "auth" in ASCII: tells a vault from any other SQLite file. */
const APPLICATION_ID = 0x61757468;
const PUT = "INSERT OR REPLACE INTO store (key, version, value) VALUES (?1, ?2, ?3)";
const DROP = "DELETE FROM store WHERE key = ?1";
const SCHEMA = "CREATE TABLE store (key TEXT PRIMARY KEY, version TEXT NOT NULL, value BLOB NOT NULL) STRICT";

/** Makes the store in a file that exists and is empty, with nothing in it but what `steps` insert. */
export async function createSqlite(path: string, steps: readonly Swap[]): Promise<void> {
  let database: Database | null = null;
  try {
    database = openDatabase(path, "new");
    requireStrict((database.query("SELECT sqlite_version() v").get() as { v: string }).v);
    makeDurable(database);
    database.run(`PRAGMA application_id=${APPLICATION_ID}`);
    database.run("PRAGMA user_version=1");
    database.run(SCHEMA);
    apply(database, steps, true);
  } catch (error) {
    throw await translated(path, error);
  } finally {
    database?.close();
  }
}

/** Before the first write of a process. @throws AuthError where the file or its folder may not be written to; SQLite's own */
export function prepareForWriting(path: string, database: Database): void {
  checkForWriting(path);
  makeDurable(database);
  useTruncatedJournal(database);
}

/** A rotated refresh token must survive a power cut; an erased one must be gone from the file. */
function makeDurable(database: Database): void {
  database.run("PRAGMA synchronous=FULL; PRAGMA secure_delete=ON");
  if (process.platform === "darwin") database.run("PRAGMA fullfsync=ON");
}

function useTruncatedJournal(database: Database): void {
  try {
    database.run("PRAGMA journal_mode=TRUNCATE");
  } catch (error) {
    // A vault of an earlier version, in WAL mode, that another process has open: the next writer changes it.
    if (!isBusy(error)) throw error;
  }
}

/** The one write path: compare every version, then write everything, in one transaction. */
export function apply(database: Database, steps: readonly Swap[], whole: boolean): string[] {
  database.run("BEGIN IMMEDIATE");
  try {
    const failed = mismatches(database, steps, whole);
    if (failed.length > 0 && !(feature("AUTH_TEST") && mutated("cas-off"))) {
      database.run("ROLLBACK");
      return failed;
    }
    for (const { key, next } of steps) {
      if (next === null) database.query(DROP).run(key);
      else if (next !== undefined) database.query(PUT).run(key, next.version, next.value);
    }
    if (feature("AUTH_TEST")) faultAtOnce("vault-commit");
    database.run("COMMIT");
    return [];
  } catch (error) {
    if (database.inTransaction) database.run("ROLLBACK");
    throw error;
  }
}

function mismatches(database: Database, steps: readonly Swap[], whole: boolean): string[] {
  const query = database.query("SELECT version FROM store WHERE key = ?1");
  const versionOf = (key: string): string | null => (query.get(key) as { version: string } | null)?.version ?? null;
  const failed = steps
    .filter(({ key, expected }) => expected !== undefined && versionOf(key) !== expected)
    .map(({ key }) => key);
  if (!whole || failed.length > 0) return failed;
  const named = new Set(steps.map(({ key }) => key));
  const rows = database.query("SELECT key FROM store").all() as { key: string }[];
  return rows.map(({ key }) => key).filter((key) => !named.has(key));
}
