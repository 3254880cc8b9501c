/**
 * Why a vault file can't be used, found out after it failed, so that a read that succeeds pays nothing for it. Nothing
 * here writes, and nothing opens the file but SQLite (RULES.md 1.2).
 */
import type { Database } from "bun:sqlite";
import { accessSync, constants, lstatSync } from "node:fs";
import { dirname } from "node:path";
import { AuthError, errorCode } from "../platform/errors.ts";
import { moveCommand, removeCommand, shellWord } from "../platform/shell-word.ts";
import { isOpenTo, isOwnedByOther } from "../platform/small-file.ts";
import { busy, isBusy } from "./driver.ts";
import { refuseNetwork, refuseSecondName } from "./file-systems.ts";
import {
  canOpenFiles,
  checkPrivate,
  ensureFolder,
  hardLinked,
  kindOf,
  lstat,
  outOfDescriptors,
  realPlace,
  touching,
  unwritable,
  wordsFor,
} from "./files.ts";
import { openDatabase, SIDE_FILES } from "./sqlite.ts";

/**
 * A vault that could not be opened: null where there is none; opened where a link in its folder's path was all that was
 * in the way, or where another process has made it since.
 *
 * @throws AuthError
 */
export function diagnoseOpen(path: string, error: unknown): { path: string; database: Database } | null {
  return touching(path, () => {
    if (lstat(dirname(path)) === null) return null;
    const real = realPlace(path);
    const stat = lstat(real);
    if (stat === null) return null;
    checkPrivate(real);
    if (stat.size === 0) throw emptyFile(path);
    if (!/^SQLITE_CANTOPEN/.test(errorCode(error) ?? "")) throw whyNot(path, real, error);
    try {
      return { path: real, database: openDatabase(real) };
    } catch (failed) {
      throw whyNot(path, real, failed);
    }
  });
}

/** Whether there is no vault file. @throws AuthError where that can't be found out */
export function isAbsent(path: string): boolean {
  return touching(path, () => lstat(dirname(path)) === null || lstat(realPlace(path)) === null);
}

/** In WAL mode, as earlier versions made their vaults, even a reader has to write beside the file. */
function whyNot(path: string, real: string, error: unknown): AuthError {
  const code = errorCode(error) ?? "";
  const needsFolder = /^SQLITE_(CANTOPEN|READONLY)/.test(code) && code !== "SQLITE_READONLY_ROLLBACK";
  if (!needsFolder || !may(real, constants.R_OK) || may(dirname(real), constants.W_OK)) return explain(path, error);
  return new AuthError(
    "vault_unwritable",
    `${path} was made by an earlier version of auth: its folder must be writable.`,
    {
      hint: "Run 'auth vault rekey' once where it can be written. From then on it can also be read on a read-only mount.",
    },
  );
}

function may(path: string, access: number): boolean {
  try {
    accessSync(path, access);
    return true;
  } catch {
    // It may not: that is the answer.
    return false;
  }
}

/** On macOS the system's own SQLite is used, 3.39 since macOS 13. STRICT tables came with 3.37. @throws AuthError */
export function requireStrict(version: string): void {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  if (major > 3 || (major === 3 && minor >= 37)) return;
  throw new AuthError("vault_unwritable", `The system's SQLite is ${version}; a vault needs 3.37 or newer.`, {
    hint: "Update the system: macOS 13 and newer have it.",
  });
}

/** Everything that must hold before the vault is written. @throws AuthError `vault_unwritable` */
export function checkForWriting(path: string): void {
  touching(path, () => {
    const real = realPlace(path);
    ensureFolder(dirname(real), real);
    refuseNetwork(dirname(real));
    checkPrivate(real);
    refuseSecondName(real);
    // Asked of the system, which knows why not; SQLite would only say that it can't.
    accessSync(real, constants.R_OK | constants.W_OK);
    accessSync(dirname(real), constants.W_OK);
    for (const side of SIDE_FILES) if (lstat(`${real}${side}`) !== null) checkSideFile(`${real}${side}`);
  });
}

/** Refuses a file beside the vault that anyone else made or can write: SQLite would take it for the vault's own. */
export function checkSideFile(path: string): void {
  const stat = lstatSync(path);
  const refused = (what: string, hint: string): AuthError =>
    new AuthError("vault_unwritable", `${path} ${what}, so the vault beside it isn't opened.`, { hint });
  if (kindOf(stat) !== "file") throw refused(`is ${wordsFor(stat)}`, `Remove it: ${removeCommand(path)}`);
  if (isOwnedByOther(stat))
    throw refused("belongs to another user", `It was not made by auth. Remove it: ${removeCommand(path)}`);
  if (stat.nlink > 1) throw hardLinked(path, stat.nlink);
  if (isOpenTo(stat, 0o022))
    throw refused("can be written by other users", `If no one else has written to it: chmod 600 ${shellWord(path)}`);
}

/** An SQLite failure in words; a missing table means a file that auth didn't make. */
export function explain(path: string, error: unknown): AuthError {
  if (error instanceof AuthError) return error;
  if (isBusy(error)) return busy(error);
  const code = errorCode(error) ?? "";
  const message = error instanceof Error ? error.message : "";
  if (code === "SQLITE_NOTADB") return notAVault(path);
  if (/^SQLITE_CORRUPT|^SQLITE_IOERR_SHORT_READ/.test(code) || /malformed/.test(message)) return damagedFile(path);
  if (code === "SQLITE_READONLY_ROLLBACK") return interrupted(path);
  if (code === "SQLITE_READONLY_DBMOVED") return takenAway(path);
  if (code === "SQLITE_ERROR") return /no such (table|column)/.test(message) ? notAVault(path) : damagedFile(path);
  // SQLite gives no reason why it can't open a file. A commit opens two beside the vault's: its journal and the folder.
  if (/^SQLITE_(CANTOPEN|IOERR)/.test(code) && !canOpenFiles(3)) return outOfDescriptors(path, error);
  const reason = REASONS.find(([pattern]) => pattern.test(code))?.[1];
  return reason === undefined ? unwritable(path, error) : unwritable(path, { code: reason });
}

/** SQLite's codes in the words of the system's. */
const REASONS: readonly (readonly [RegExp, string])[] = [
  [/^SQLITE_FULL/, "ENOSPC"],
  [/^SQLITE_READONLY/, "EROFS"],
  [/^SQLITE_(CANTOPEN|PERM|AUTH|IOERR_DELETE)/, "EACCES"],
  [/^SQLITE_IOERR/, "EIO"],
];

function restoring(path: string): string {
  const away = moveCommand(path, `${path}.damaged`);
  return `Put the vault back from a backup, or begin with a new one: ${away}\nThe logins in it are lost then: log in again.`;
}

export function damagedFile(path: string): AuthError {
  return new AuthError("vault_corrupt", `The vault file ${path} is damaged.`, { hint: restoring(path) });
}

function emptyFile(path: string): AuthError {
  return new AuthError("vault_corrupt", `The vault file ${path} is empty.`, { hint: restoring(path) });
}

function notAVault(path: string): AuthError {
  return new AuthError("vault_corrupt", `${path} is not a vault of auth.`, { hint: restoring(path) });
}

/** A hot journal (sqlite.org/lockingv3.html#hot_journals): the file holds half of a commit until it is undone. */
function interrupted(path: string): AuthError {
  return new AuthError(
    "vault_unwritable",
    `A write to ${path} was interrupted, and it can't be undone here, since the file can't be written.`,
    { hint: "Nothing is lost. Run 'auth list' once where the vault can be written; then it can be read here again." },
  );
}

function takenAway(path: string): AuthError {
  return new AuthError("vault_replaced", `The vault file ${path} was moved or replaced while auth was using it.`, {
    hint: "Nothing was changed. Run the command again to use the vault that is there now.",
  });
}
