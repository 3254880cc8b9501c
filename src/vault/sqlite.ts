/**
 * The default backend: one SQLite file with a rollback journal, behind an unstorage driver. A reader finds the journal
 * empty, and the file as it is; the first write (`sqlite-writing.ts`) comes after every check on the file and its folder.
 *
 * A rollback journal, because a process that opens the vault for one read or one commit gains nothing from WAL: it would
 * set up the shared memory and empty the log each time. Truncated, because the emptied journal is synced too (with
 * DELETE and synchronous=FULL it isn't, and a power cut may undo the last commit), and because it leaves no trace of an
 * erased value, as PERSIST would (sqlite.org/pragma.html#pragma_journal_mode, #pragma_synchronous).
 */
import { constants, Database } from "bun:sqlite";
import type { AuthError } from "../platform/errors.ts";
import { foreign, isOpenTo, isOwnedByOther, type Ownership, ownershipIfThere } from "../platform/small-file.ts";
import { PLAIN_WRITES, retryWhileBusy, type StoreDriver } from "./driver.ts";

/** SQLite's own refusal of links anywhere in the path (sqlite3_open_v2). bun:sqlite has no name for it. */
export const OPEN_NOFOLLOW = 0x01000000;
/** Milliseconds. Small, since SQLite waits without letting anything else run; longer waits are the caller's. */
const BUSY_TIMEOUT = 100;
const VALUE_OF = "SELECT value FROM store WHERE key = ?1";

/** sqlite.org/tempfiles.html. A super-journal is read only where a journal names it. */
export const SIDE_FILES = ["-journal", "-wal", "-shm"] as const;

/** Opens a vault file. null when there is none. @throws AuthError */
export function openSqlite(path: string): Promise<StoreDriver | null> {
  return retryWhileBusy(async () => {
    if (!(await checkVaultFile(path))) return null;
    try {
      return sqliteDriver({ path, database: openDatabase(path), shown: path });
    } catch (error) {
      return await openDiagnosed(path, error);
    }
  });
}

/**
 * Checks that the vault file, and what lies beside it, is ours alone. SQLite isn't asked for a file that isn't there: it tries
 * twice, the second time for reading only, and would open so what another process makes in between.
 *
 * @returns false where there is no vault file
 * @throws AuthError `vault_unwritable`
 */
async function checkVaultFile(path: string): Promise<boolean> {
  if (await checkSurroundings(path)) return true;
  const { isAbsent } = await import("./sqlite-diagnosis.ts");
  if (isAbsent(path)) return false;
  await checkSurroundings(path);
  return true;
}

/**
 * SQLite plays back any journal of the right name, also one of another user (sqlite.org/lockingv3.html#hot_journals).
 * So before every open, for reading too, no other user may be able to write to the folder, and each side file must be ours
 * alone (RULES.md 1.7). On the hot path: five system calls.
 *
 * @param path of the vault file
 * @returns false where there is no vault, or it can't be reached: then nothing was checked
 * @throws AuthError `vault_unwritable`
 */
async function checkSurroundings(path: string): Promise<boolean> {
  const vault = ownershipIfThere(path);
  if (vault === null) return false;
  if (isOwnedByOther(vault)) throw foreign(path);
  const folder = path.slice(0, path.lastIndexOf("/")) || "/";
  const place = ownershipIfThere(folder);
  if (place !== null && ((isOwnedByOther(place) && place.uid !== 0) || isOpenTo(place, 0o022)))
    (await import("./files.ts")).ensureFolder(folder, path);
  for (const side of SIDE_FILES) {
    const file = ownershipIfThere(`${path}${side}`, "link");
    if (file !== null && !isOursAlone(file)) (await import("./sqlite-diagnosis.ts")).checkSideFile(`${path}${side}`);
  }
  return true;
}

/** S_IFMT and S_IFREG of inode(7). */
function isOursAlone(file: Ownership): boolean {
  return (file.mode & 0o170000) === 0o100000 && !isOwnedByOther(file) && !isOpenTo(file, 0o022) && file.nlink === 1;
}

async function openDiagnosed(path: string, refusal: unknown): Promise<StoreDriver | null> {
  const { diagnoseOpen } = await import("./sqlite-diagnosis.ts");
  const opened = diagnoseOpen(path, refusal);
  return opened === null ? null : sqliteDriver({ ...opened, shown: path });
}

interface Options {
  readonly path: string;
  readonly database: Database;
  /** The path as the person gave it, for messages. */
  readonly shown: string;
}

function sqliteDriver({ path, database, shown }: Options): StoreDriver {
  let writing = false;
  let closed = false;

  const translatingErrors = async <T>(work: () => T): Promise<T> => {
    try {
      return work();
    } catch (error) {
      throw await translated(shown, error);
    }
  };
  const read = (key: string): Uint8Array | null => {
    const row = database.query(VALUE_OF).get(key) as { value: unknown } | null;
    return row?.value instanceof Uint8Array ? row.value : null;
  };

  return {
    name: "auth-sqlite",
    ...PLAIN_WRITES,
    hasItem: (key) => translatingErrors(() => read(key) !== null),
    getItem: (key) => translatingErrors(() => read(key)),
    getItemRaw: (key) => translatingErrors(() => read(key)),
    getItems: (items) => translatingErrors(() => items.map(({ key }) => ({ key, value: read(key) }))),
    getKeys: () =>
      translatingErrors(() =>
        (database.query("SELECT key FROM store ORDER BY key").all() as { key: string }[]).map(({ key }) => key),
      ),
    swap: async (steps, whole = false) => {
      const { apply, prepareForWriting } = await import("./sqlite-writing.ts");
      return translatingErrors(() => {
        if (!writing) prepareForWriting(path, database);
        writing = true;
        return apply(database, steps, whole);
      });
    },
    requireWritable: async () => {
      const { checkForWriting } = await import("./sqlite-diagnosis.ts");
      const { requireRoom } = await import("./leftovers.ts");
      checkForWriting(path);
      requireRoom(path);
    },
    check: async () => {
      const rows = await translatingErrors(
        () => database.query("PRAGMA integrity_check(1)").all() as { integrity_check: string }[],
      );
      if (rows[0]?.integrity_check === "ok") return;
      const { damagedFile } = await import("./sqlite-diagnosis.ts");
      throw damagedFile(shown);
    },
    close: () => {
      if (closed) return;
      closed = true;
      database.close();
    },
  };
}

/**
 * Writable where the file is, since the next to open it after a crash has to undo what was left half done; SQLite opens
 * it read-only where it can't be written. Reads the schema, so that what is wrong with the file is known now.
 *
 * @throws the error of bun:sqlite
 */
export function openDatabase(path: string, state: "new" | "made" = "made"): Database {
  const database = new Database(path, constants.SQLITE_OPEN_READWRITE | OPEN_NOFOLLOW);
  try {
    // First of all statements, for readers too: a commit, or a recovery after a crash, holds them up for a moment.
    database.run(`PRAGMA busy_timeout=${BUSY_TIMEOUT}`);
    if (state === "made") database.query(VALUE_OF);
    return database;
  } catch (error) {
    database.close();
    throw error;
  }
}

/** What SQLite reports, as an error for people. */
export async function translated(path: string, error: unknown): Promise<AuthError> {
  const { explain } = await import("./sqlite-diagnosis.ts");
  return explain(path, error);
}
