/**
 * The default backend: one SQLite file in WAL mode, behind an unstorage driver. Reading opens it read-only and touches
 * nothing else; the first write opens it again, after every check on where it lies.
 */
import { feature } from "bun:bundle";
import { constants, Database } from "bun:sqlite";
import type { AuthError } from "../platform/errors.ts";
import { faultAtWrite, mutated } from "../platform/faults.ts";
import type { StoreDriver, Swap } from "./driver.ts";
import { patiently } from "./patience.ts";
import { leaveToSqlite } from "./settled.ts";

/** SQLite's own refusal of links anywhere in the path (sqlite3_open_v2). bun:sqlite has no name for it. */
export const OPEN_NOFOLLOW = 0x01000000;
/** Milliseconds. Small, since SQLite waits without letting anything else run; longer waits are the caller's. */
const BUSY_TIMEOUT = 100;
/** "auth" in ASCII: tells a vault from any other SQLite file. */
const APPLICATION_ID = 0x61757468;
const VALUE_OF = "SELECT value FROM store WHERE key = ?1";
const PUT = "INSERT OR REPLACE INTO store (key, version, value) VALUES (?1, ?2, ?3)";
const DROP = "DELETE FROM store WHERE key = ?1";
const SCHEMA = "CREATE TABLE store (key TEXT PRIMARY KEY, version TEXT NOT NULL, value BLOB NOT NULL) STRICT";

leaveToSqlite();

/** Opens a vault file for reading. null when there is none. */
export function openSqlite(path: string): Promise<StoreDriver | null> {
  return patiently(() => {
    try {
      return sqliteDriver({ path, database: openForReading(path), shown: path });
    } catch (error) {
      return openDiagnosed(path, error);
    }
  });
}

async function openDiagnosed(path: string, refusal: unknown): Promise<StoreDriver | null> {
  const { diagnoseOpen } = await import("./sqlite-diagnosis.ts");
  const found = diagnoseOpen(path, refusal);
  return found === null ? null : sqliteDriver({ path: found.path, database: found.database, shown: path });
}

/** Makes the store in a file that exists and is empty, with nothing in it but what `steps` insert. */
export async function createSqlite(path: string, steps: readonly Swap[]): Promise<void> {
  let database: Database | null = null;
  try {
    database = openForWriting(path);
    database.run("PRAGMA journal_mode=WAL");
    database.run(`PRAGMA application_id=${APPLICATION_ID}`);
    database.run("PRAGMA user_version=1");
    database.run(SCHEMA);
    apply(database, steps, true);
    truncateLog(database);
  } catch (error) {
    throw await translated(path, error);
  } finally {
    database?.close();
  }
}

interface Options {
  readonly path: string;
  readonly database: Database;
  /** The path as the person gave it, for messages. */
  readonly shown: string;
}

function sqliteDriver({ path, database: opened, shown }: Options): StoreDriver {
  let database = opened;
  let writing = false;
  let closed = false;
  /** A reader was in the way of the last scrub. */
  let unscrubbed = false;

  /** What has gone well is given at once: only an error has to be looked into. */
  const asking = <T>(work: () => T): T | Promise<never> => {
    try {
      return work();
    } catch (error) {
      return rejected(error);
    }
  };
  const rejected = async (error: unknown): Promise<never> => {
    throw await translated(shown, error);
  };
  const read = (key: string): Uint8Array | null => {
    const row = database.query(VALUE_OF).get(key) as { value: unknown } | null;
    return row?.value instanceof Uint8Array ? row.value : null;
  };
  const forWriting = async (): Promise<void> => {
    if (writing) return;
    const { checkForWriting } = await import("./sqlite-diagnosis.ts");
    const writer = await asking(() => openForWriting(checkForWriting(path)));
    database.close();
    database = writer;
    writing = true;
  };

  return {
    name: "auth-sqlite",
    hasItem: (key) => asking(() => read(key) !== null),
    getItem: () => null,
    getItemRaw: (key) => asking(() => read(key)),
    getItems: (items) => asking(() => items.map(({ key }) => ({ key, value: read(key) }))),
    getKeys: () =>
      asking(() =>
        (database.query("SELECT key FROM store ORDER BY key").all() as { key: string }[]).map(({ key }) => key),
      ),
    swap: async (steps, whole = false) => {
      await forWriting();
      return asking(() => apply(database, steps, whole));
    },
    removeItem: async (key) => {
      await forWriting();
      await asking(() => database.query(DROP).run(key));
    },
    check: async () => {
      const rows = await asking(
        () => database.query("PRAGMA integrity_check(1)").all() as { integrity_check: string }[],
      );
      if (rows[0]?.integrity_check === "ok") return;
      const { damagedFile } = await import("./sqlite-diagnosis.ts");
      throw damagedFile(shown);
    },
    scrub: async () => {
      await forWriting();
      unscrubbed = !(await asking(() => truncateLog(database)));
    },
    close: () => {
      if (closed) return;
      closed = true;
      if (unscrubbed) truncateLog(database);
      database.close();
    },
  };
}

/** Reads the schema, so that what is wrong with the file is known now. */
export function openForReading(path: string, flags = constants.SQLITE_OPEN_READONLY | OPEN_NOFOLLOW): Database {
  const database = new Database(path, flags);
  try {
    // First of all statements, for readers too: recovery after a crash holds them for a moment.
    database.run(`PRAGMA busy_timeout=${BUSY_TIMEOUT}`);
    database.query(VALUE_OF);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

function openForWriting(path: string): Database {
  const database = new Database(path, constants.SQLITE_OPEN_READWRITE | OPEN_NOFOLLOW);
  // A rotated refresh token must survive a power cut; an erased one must be gone from the file.
  database.run(`PRAGMA busy_timeout=${BUSY_TIMEOUT}; PRAGMA synchronous=FULL; PRAGMA secure_delete=ON`);
  if (process.platform === "darwin") {
    database.run("PRAGMA fullfsync=ON");
    database.run("PRAGMA checkpoint_fullfsync=ON");
  }
  return database;
}

/** Brings everything into the file and empties the write-ahead log. @returns false when a reader is in the way */
function truncateLog(database: Database): boolean {
  const row = database.query("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
  return row.busy === 0;
}

/** The one write path: compare every version, then write everything, in one transaction. */
function apply(database: Database, steps: readonly Swap[], whole: boolean): string[] {
  database.run("BEGIN IMMEDIATE");
  try {
    const failed = mismatches(database, steps, whole);
    if (failed.length > 0 && (feature("AUTH_TEST") ? !mutated("cas-off") : true)) {
      database.run("ROLLBACK");
      return failed;
    }
    for (const { key, next } of steps) {
      if (next === null) database.query(DROP).run(key);
      else if (next !== undefined) database.query(PUT).run(key, next.version, next.value);
    }
    if (feature("AUTH_TEST")) faultAtWrite("vault-commit");
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
  const failed = steps.filter(({ key, expected }) => versionOf(key) !== expected).map(({ key }) => key);
  if (!whole || failed.length > 0) return failed;
  const named = new Set(steps.map(({ key }) => key));
  const held = database.query("SELECT key FROM store").all() as { key: string }[];
  return held.map(({ key }) => key).filter((key) => !named.has(key));
}

/** What SQLite reports, as an error for people. */
async function translated(path: string, error: unknown): Promise<AuthError> {
  const { explain } = await import("./sqlite-diagnosis.ts");
  return explain(path, error);
}
