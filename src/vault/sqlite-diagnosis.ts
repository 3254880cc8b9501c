/**
 * Why a vault file can't be used, found out after it failed, so that the way of a read pays nothing for it. Nothing
 * here writes, and nothing opens the file but SQLite (RULES.md 1.2).
 */
import { constants, type Database } from "bun:sqlite";
import { AuthError, errorCode } from "../platform/errors.ts";
import { folderOf, kindOf, lstat, requireAccess } from "../platform/files.ts";
import { checkPrivate, ensureFolder, notOrdinary, realPlace, refuseNetwork, touching, unwritable } from "./files.ts";
import { busy, isBusy } from "./patience.ts";
import { openForReading } from "./sqlite.ts";

/**
 * A vault that could not be opened plainly: null where there is none, opened where a link in its folder's path or a
 * read-only folder was all that stood in the way.
 *
 * @throws AuthError
 */
export function diagnoseOpen(path: string, error: unknown): { path: string; database: Database } | null {
  return touching(path, () => {
    if (lstat(folderOf(path)) === null) return null;
    const real = realPlace(path);
    const stat = lstat(real);
    if (stat === null) return null;
    checkPrivate(real);
    if (stat.size === 0) throw emptyFile(path);
    const code = errorCode(error) ?? "";
    if (code === "SQLITE_CANTOPEN_SYMLINK" && real !== path) return reopen(path, real);
    if (CANT_SHARE.test(code)) return openImmutable(path, real, error);
    throw explain(path, error);
  });
}

function reopen(path: string, real: string): { path: string; database: Database } {
  try {
    return { path: real, database: openForReading(real) };
  } catch (error) {
    if (CANT_SHARE.test(errorCode(error) ?? "")) return openImmutable(path, real, error);
    throw explain(path, error);
  }
}

/** SQLite could not make its -shm: the mount is read-only, or the disk is full. */
const CANT_SHARE = /^SQLITE_(CANTOPEN|READONLY|FULL|IOERR_SHM|IOERR_WRITE)/;
const DISK_FULL = /^SQLITE_(FULL|IOERR)/;

/** With nothing in a -wal there is nobody to agree with, and it may do without. */
function openImmutable(path: string, real: string, error: unknown): { path: string; database: Database } {
  const isFull = DISK_FULL.test(errorCode(error) ?? "");
  const log = lstat(`${real}-wal`);
  const couldShare = !isFull && canWrite(folderOf(real));
  // The last one out takes the log away, and who comes in just then finds half of it.
  if (couldShare && areOurs(real)) throw busy(error);
  if ((log !== null && log.size > 0) || couldShare) throw explain(path, error);
  const url = `file:${encodeURI(real).replaceAll("?", "%3f").replaceAll("#", "%23")}?mode=ro&immutable=1`;
  try {
    return { path: real, database: openForReading(url, constants.SQLITE_OPEN_READONLY | constants.SQLITE_OPEN_URI) };
  } catch (failed) {
    throw explain(path, failed);
  }
}

/** Whether the vault, and what SQLite has beside it, are files that nothing keeps us from. */
function areOurs(real: string): boolean {
  try {
    for (const path of [real, `${real}-wal`, `${real}-shm`]) {
      const stat = lstat(path);
      if (stat === null) continue;
      if (kindOf(stat) !== "file") return false;
      requireAccess(path, "read and write");
    }
    return true;
  } catch {
    // The answer is in the question, as below.
    return false;
  }
}

function canWrite(folder: string): boolean {
  try {
    requireAccess(folder, "write");
    return true;
  } catch {
    // The answer is in the question: it may not be written.
    return false;
  }
}

/** Everything that must hold before the vault is written. @returns its real path */
export function checkForWriting(path: string): string {
  return touching(path, () => {
    const real = realPlace(path);
    ensureFolder(folderOf(real));
    refuseNetwork(folderOf(real));
    checkPrivate(real);
    // Asked of the system, which knows why not; SQLite would only say that it can't.
    requireAccess(real, "read and write");
    requireAccess(folderOf(real), "write");
    for (const side of ["-wal", "-shm"]) {
      const stat = lstat(`${real}${side}`);
      if (stat !== null && kindOf(stat) !== "file") throw notOrdinary(`${real}${side}`, stat, "file");
    }
    return real;
  });
}

/** An SQLite failure in words; a missing table means a file that auth didn't make. */
export function explain(path: string, error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (isBusy(error)) return busy(error);
  const code = errorCode(error) ?? "";
  const message = error instanceof Error ? error.message : "";
  if (code === "SQLITE_NOTADB") return notAVault(path);
  if (/^SQLITE_CORRUPT|^SQLITE_IOERR_SHORT_READ/.test(code) || /malformed/.test(message)) return damagedFile(path);
  if (code === "SQLITE_ERROR") return /no such (table|column)/.test(message) ? notAVault(path) : damagedFile(path);
  const reason = REASONS.find(([pattern]) => pattern.test(code))?.[1];
  return reason === undefined ? unwritable(path, error) : unwritable(path, { code: reason });
}

/** SQLite's codes in the words of the system's. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_FULL/, "ENOSPC"],
  [/^SQLITE_READONLY/, "EROFS"],
  [/^SQLITE_(CANTOPEN|PERM|AUTH)/, "EACCES"],
  [/^SQLITE_IOERR/, "EIO"],
];

const RESTORE = "Nothing was changed. Put the vault back from a backup, or move the file away to begin with a new one.";

export function damagedFile(path: string): AuthError {
  return new AuthError("vault_corrupt", `The vault file ${path} is damaged.`, { hint: RESTORE });
}

function emptyFile(path: string): AuthError {
  return new AuthError("vault_corrupt", `The vault file ${path} is empty.`, { hint: RESTORE });
}

function notAVault(path: string): AuthError {
  return new AuthError("vault_corrupt", `${path} is not a vault of auth.`, { hint: RESTORE });
}
