/** Files of other programs, and our links: checked before they are changed, and replaced atomically. */
import { feature } from "bun:bundle";
import { accessSync, constants, existsSync, type Stats, statSync } from "node:fs";
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readlink,
  realpath,
  rename,
  rm,
  rmdir,
  stat,
  symlink,
} from "node:fs/promises";
import { dirname } from "node:path";
import { createFile, draftOf, syncFolderOf } from "../platform/drafts.ts";
import { type AuthError, errorCode } from "../platform/errors.ts";
import { faultAtOnce } from "../platform/faults.ts";
import { faultReason } from "../platform/file-faults.ts";
import { nearestExisting } from "../platform/folders.ts";
import { type ForeignFault, readForeignFile } from "../platform/foreign-file.ts";
import { shellWord } from "../platform/shell-word.ts";
import { isOpenTo, isOwnedByOther } from "../platform/small-file.ts";
import { refused } from "./refused.ts";

/** What is at a path. */
export interface Found {
  /** As its tool names it. */
  readonly path: string;
  /** The path with links resolved: the file that is written. */
  readonly real: string;
  /** null: nothing is there. Of our link, its target. */
  readonly text: string | null;
  readonly mode: number;
  readonly gid: number | null;
}

/** Part of the names of drafts. */
export const DRAFT = "auth-setup";

const WRITABLE_BY_ALL = 0o002;

/**
 * A text file that this user may change. Links are followed, as its tool does, but only to files of this user.
 * @throws AuthError `setup_refused`
 */
export async function lookAtFile(path: string): Promise<Found> {
  const named = await statOf(path);
  if (named === null) return lookAtPlace(path);
  if (named.isSymbolicLink()) {
    if (isOwnedByOther(named)) throw ofOther(path);
    const real = await realpath(path).catch(() => {
      throw refused(`${path} is a link that leads nowhere.`, "Remove it, or make what it leads to.");
    });
    return { ...(await readAt(real, `${path} is a link to ${real}, which`)), path };
  }
  return readAt(path, path);
}

/** `Found.text` of something that isn't a link: no path contains a NUL. */
export const NO_LINK = "\0";

/**
 * A place for our link. On Windows not every user can make symbolic links: there it is a hard link to the program.
 * @returns with the link's target as its text, or `NO_LINK`
 * @throws AuthError `setup_refused`
 */
export async function lookAtLink(path: string, to: string): Promise<Found> {
  const stats = await statOf(path);
  if (stats === null) return lookAtPlace(path);
  const isName = process.platform === "win32" && stats.isFile() && stats.ino === (await statOf(to))?.ino;
  const text = isName ? to : stats.isSymbolicLink() ? await readlink(path) : NO_LINK;
  return { path, real: path, text, mode: stats.mode & 0o777, gid: null };
}

async function lookAtPlace(path: string): Promise<Found> {
  const [folder, stats] = placeFor(path);
  if (!stats.isDirectory()) throw refused(`${folder} is no folder.`, "Move it away.");
  requireOwnFolder(folder, stats);
  return { path, real: path, text: null, mode: 0o644, gid: null };
}

function placeFor(path: string): [string, Stats] {
  try {
    return nearestExisting(dirname(path));
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** @param what the beginning of a sentence about it */
async function readAt(path: string, what: string): Promise<Found> {
  const file = await readForeignFile(path, (fault) => refusalOf(path, what, fault), { keepMark: true });
  if (file === null) throw changedMeanwhile(path);
  const { text, stats } = file;
  if ((stats.mode & 0o200) === 0)
    throw refused(
      `${what} is read-only.`,
      `If auth may change it: chmod u+w ${shellWord(path)}\nWhat would be written: the same command with --dry-run`,
    );
  if (stats.nlink > 1)
    throw refused(`${what} has a second name (a hard link).`, "It would keep the old text: remove one of the two.");
  requireOwnFolder(dirname(path), await stat(dirname(path)));
  return { path, real: path, text, mode: stats.mode & 0o7777, gid: stats.gid };
}

function refusalOf(path: string, what: string, fault: ForeignFault): AuthError {
  switch (fault.kind) {
    case "link":
    case "no file":
      return refused(`${what} is no file.`, "Move it away.");
    case "of another user":
      return ofOther(what);
    case "writable by all":
      return refused(`${what} can be written by other users of this machine.`, `chmod o-w ${shellWord(path)}`);
    case "too large":
      return refused(`${what} is too large: ${fault.bytes} bytes.`, "Is it the right file?");
    case "no text":
      return refused(`${what} isn't UTF-8 text.`, "Convert it, or set its tool up by hand (docs/recipes.md).");
    case "unreadable":
      return unreadable(what, fault.reason);
  }
}

async function statOf(path: string): Promise<Stats | null> {
  try {
    return await lstat(path);
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT" || code === "ENOTDIR") return null;
    throw code === undefined ? error : unreadable(path, faultReason(code));
  }
}

function ofOther(what: string): AuthError {
  return refused(`${what} belongs to another user.`, "Run auth as that user.");
}

/** A user who can write to the folder can replace the file. */
function requireOwnFolder(folder: string, stats: Stats): void {
  if (isOwnedByOther(stats) && stats.uid !== 0) throw ofOther(folder);
  if (isOpenTo(stats, WRITABLE_BY_ALL) && (stats.mode & 0o1000) === 0)
    throw refused(`${folder} can be written by other users of this machine.`, `chmod o-w ${shellWord(folder)}`);
}

/** Whether this user can run it. */
export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}

/** The first of the folders that have to be made for a file; null where they are all there. */
export function missingFolder(path: string): string | null {
  let missing: string | null = null;
  for (let folder = dirname(path); !existsSync(folder); folder = dirname(folder)) missing = folder;
  return missing;
}

/**
 * @param found what was checked: it must still be so
 * @param text null: the file is removed
 * @param forAll the folders that are made for it are open to all users of the machine, whatever the umask is
 * @throws AuthError `setup_refused`
 */
export async function writeFile(found: Found, text: string | null, mode: number, forAll: boolean): Promise<void> {
  const { real, path, gid } = found;
  const draft = draftOf(real, DRAFT);
  try {
    if (text !== null) await makeFolders(real, forAll);
    if (text !== null) await createFile(draft, text, mode);
    if (text !== null && gid !== null) await keepGroup(draft, gid);
    if (feature("AUTH_TEST") && text !== null) faultAtOnce("setup-drafted");
    if ((await lookAtFile(path)).text !== found.text) throw changedMeanwhile(path);
    await (text === null ? rm(real) : rename(draft, real));
    await syncFolderOf(real);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    throw unwritable(real, error);
  }
}

async function makeFolders(path: string, forAll: boolean): Promise<void> {
  const first = await mkdir(dirname(path), { recursive: true, mode: 0o755 });
  if (first === undefined || !forAll) return;
  for (let folder = dirname(path); folder.startsWith(first); folder = dirname(folder)) await chmod(folder, 0o755);
}

async function keepGroup(draft: string, gid: number): Promise<void> {
  const { uid, gid: own } = await stat(draft);
  // Where this user isn't in that group, the file gets the user's own.
  if (own !== gid && process.platform !== "win32") await chown(draft, uid, gid).catch(() => {});
}

/**
 * @param ours the target that our link has or had
 * @param to the new target; null: the link is removed
 */
export async function writeLink(found: Found, ours: string, to: string | null): Promise<void> {
  const { path } = found;
  try {
    if (to !== null) await mkdir(dirname(path), { recursive: true, mode: 0o755 });
    if ((await lookAtLink(path, ours)).text !== found.text) throw changedMeanwhile(path);
    if (found.text !== null) await rm(path);
    if (to !== null) await (process.platform === "win32" ? link(to, path) : symlink(to, path));
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** Removes the folders that were made for a file, where they are empty. */
export async function removeFolders(path: string, made: string): Promise<void> {
  for (let folder = dirname(path); folder.startsWith(made); folder = dirname(folder))
    try {
      await rmdir(folder);
    } catch {
      // Something else is in it.
      return;
    }
}

function changedMeanwhile(path: string): Error {
  return refused(`${path} was changed by another program meanwhile.`, "Try again.");
}

function unreadable(what: string, reason: string): AuthError {
  return refused(`${what} can't be read: ${reason}.`, "Set its permissions right.");
}

function unwritable(path: string, error: unknown): Error {
  const code = errorCode(error);
  if (code === undefined || code === "setup_refused") return error as Error;
  return refused(
    `${path} can't be written: ${faultReason(code)}.`,
    "Set its permissions right, or those of its folder.",
  );
}
