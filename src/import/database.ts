/** SQLite databases of other programs: opened read-only, and changed in one transaction, after a copy was made. */
import { Database } from "bun:sqlite";
import { AuthError, errorCode } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import { statForeign } from "./file.ts";
import { changed, locked, refused, unknownForm } from "./refused.ts";

export type Row = Readonly<Record<string, unknown>>;

export interface ForeignDatabase {
  readonly path: string;
  rows(sql: string): readonly Row[];
  /** Names of its tables. */
  readonly tables: readonly string[];
}

/** One change. It fails where its row isn't as it was read. */
export interface Statement {
  readonly sql: string;
  readonly values: readonly (string | number | Secret)[];
}

/** SQLite's other files: who can write one of them can change the database. */
const BESIDE = ["", "-journal", "-wal", "-shm"];

/** @returns null where there is none. @throws AuthError `import_refused`, `busy` */
export async function withForeign<T>(
  path: string,
  title: string,
  work: (database: ForeignDatabase) => T | Promise<T>,
): Promise<T | null> {
  const there = await Promise.all(BESIDE.map((end) => statForeign(`${path}${end}`)));
  if (there[0] == null) return null;
  const database = asForeign(path, title, () => new Database(path, { readonly: true }));
  const rows = (sql: string): Row[] => asForeign(path, title, () => database.query(sql).all() as Row[]);
  try {
    asForeign(path, title, () => database.exec("PRAGMA busy_timeout = 0"));
    const tables = rows("SELECT name FROM sqlite_master WHERE type = 'table'").map(({ name }) => String(name));
    return await work({ path, rows, tables });
  } finally {
    database.close();
  }
}

/** @param copy an existing, empty file */
export function copyDatabase(path: string, title: string, copy: string): void {
  asForeign(path, title, () => {
    const database = new Database(path, { readonly: true });
    try {
      database.query("VACUUM INTO ?").run(copy);
    } finally {
      database.close();
    }
  });
}

/**
 * Runs all of them, or none.
 * @param only "try": rolls back, to see whether each would find its row
 * @throws AuthError `import_refused` where a row isn't as it was read, `busy`
 */
export function changeDatabase(path: string, title: string, statements: readonly Statement[], only?: "try"): void {
  asForeign(path, title, () => {
    const database = new Database(path, { readwrite: true, create: false });
    try {
      database.exec("PRAGMA busy_timeout = 0");
      // Overwrites what is deleted.
      database.exec("PRAGMA secure_delete = ON");
      database.exec("BEGIN IMMEDIATE");
      for (const { sql, values } of statements)
        if (database.query(sql).run(...values.map(plain)).changes === 0) throw changed(path);
      database.exec(only === "try" ? "ROLLBACK" : "COMMIT");
      if (only === undefined) checkpoint(database);
    } finally {
      // Rolls back what isn't committed.
      database.close();
    }
  });
}

function plain(value: string | number | Secret): string | number {
  return typeof value === "object" ? value.reveal() : value;
}

/** Removes what was deleted from the log, too. A failure here changes nothing about the committed removal. */
function checkpoint(database: Database): void {
  try {
    database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
  } catch {
    // The program does it later.
  }
}

function asForeign<T>(path: string, title: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AuthError) throw error;
    const code = errorCode(error) ?? "";
    if (/^SQLITE_(BUSY|LOCKED)/.test(code)) throw locked(path, title);
    if (/^SQLITE_(READONLY|CANTOPEN|PERM|AUTH|IOERR|FULL)/.test(code))
      throw refused(`${path} can't be opened or written.`, "Set its permissions right.");
    if (/^SQLITE_/.test(code)) throw unknownForm(path, title, "it is no database as expected");
    throw error;
  }
}
