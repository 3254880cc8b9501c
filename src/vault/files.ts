/**
 * Files that only their owner may touch. Only lstat looks at a database that may be open: opening and closing it would
 * drop SQLite's locks (RULES.md 1.2).
 */
import {
  chmodSync,
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  realpathSync,
  type Stats,
  writeSync,
} from "node:fs";
import { devNull } from "node:os";
import { basename, dirname, join } from "node:path";
import { syncFile } from "../platform/disk.ts";
import { AuthError, errorCode, isOutOfFiles, RAISE_FILE_LIMIT } from "../platform/errors.ts";
import { fileFault } from "../platform/file-faults.ts";
import { makeFolder } from "../platform/folders.ts";
import { namesCommand, shellWord } from "../platform/shell-word.ts";
import { foreign, isOpenTo, isOwnedByOther } from "../platform/small-file.ts";
import { windowsFiles } from "../platform/windows-files.ts";
import { SIDE_FILES } from "./sqlite.ts";

/** Runs file work; what the system refuses becomes `vault_unwritable` in words. */
export function touching<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw error instanceof AuthError ? error : unwritable(path, error);
  }
}

export function unwritable(path: string, cause: unknown): AuthError {
  const code = errorCode(cause) ?? "unknown error";
  if (isOutOfFiles(cause)) return outOfDescriptors(path, cause);
  const { place, reason, hint } = fileFault(path, code);
  return new AuthError("vault_unwritable", `${place} can't be used: ${reason}.`, { hint, cause });
}

export function outOfDescriptors(path: string, cause: unknown): AuthError {
  const hint = RAISE_FILE_LIMIT;
  return new AuthError("vault_unwritable", `${path} can't be used: too many open files.`, { hint, cause });
}

/** Whether this process can open so many more files. */
export function canOpenFiles(count: number): boolean {
  const opened: number[] = [];
  try {
    while (opened.length < count) opened.push(openSync(devNull, constants.O_RDONLY));
    return true;
  } catch (error) {
    return !isOutOfFiles(error);
  } finally {
    for (const file of opened) closeSync(file);
  }
}

/** The path with its folder's links resolved, but not its last part. */
export function realPlace(path: string): string {
  return join(realpathSync(dirname(path)), basename(path));
}

/** What is there, a link as a link; null where nothing is. */
export function lstat(path: string): Stats | null {
  return lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

export function kindOf(stat: Stats): "file" | "folder" | "link" | "other" {
  if (stat.isSymbolicLink()) return "link";
  if (stat.isDirectory()) return "folder";
  return stat.isFile() ? "file" : "other";
}

/** From the beginning of the file, however many calls it takes. @throws the system's error */
export function writeAll(file: number, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length; ) at += writeSync(file, bytes, at, bytes.length - at, at);
}

/**
 * Makes the folder, 0700, where it isn't there yet. What is there must be mine, and no one else may write to it.
 *
 * @param vault a vault that is in it already: the remedy moves it too
 */
export function ensureFolder(path: string, vault?: string): void {
  touching(path, () => {
    let stat = lstat(path);
    if (stat === null) makeFolder(path);
    if (stat === null || kindOf(stat) === "link") stat = lstatSync(realpathSync(path));
    if (kindOf(stat) !== "folder") throw notOrdinary(path, stat, "folder");
    if (isOwnedByOther(stat) && stat.uid !== 0) throw foreign(path);
    if (isOpenTo(stat, 0o022)) throw writableByOthers(path, stat, vault);
  });
}

/** A folder that holds nothing but what is ours. */
export function ensureOwnFolder(path: string): void {
  touching(path, () => {
    if (lstat(path) === null) {
      try {
        mkdirSync(path, { mode: 0o700 });
        chmodSync(path, 0o700);
        windowsFiles()?.protect(path);
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
      }
    }
    const stat = lstatSync(path);
    if (kindOf(stat) !== "folder") throw notOrdinary(path, stat, "folder");
    if (isOwnedByOther(stat)) throw foreign(path);
    if (isOpenTo(stat, 0o077)) chmodSync(path, 0o700);
  });
}

/** An empty file, 0600, made by this process. @returns false when there was one already */
export function createPrivate(path: string): boolean {
  return touching(path, () => {
    const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW = 0 } = constants;
    try {
      const file = openSync(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
      // A umask may have taken away what the owner needs.
      fchmodSync(file, 0o600);
      closeSync(file);
      windowsFiles()?.protect(path);
      return true;
    } catch (error) {
      if (errorCode(error) === "EEXIST") return false;
      throw error;
    }
  });
}

/** Refuses what isn't an ordinary file of mine. Never opens it. */
export function checkPrivate(path: string): Stats {
  const stat = lstatSync(path);
  if (kindOf(stat) !== "file") throw notOrdinary(path, stat, "file");
  if (isOwnedByOther(stat)) throw foreign(path);
  return stat;
}

/** Adds a line to a private text file, made where it isn't there yet; on the disk when this returns. */
export function appendPrivate(path: string, line: string): void {
  ensureFolder(dirname(path));
  touching(path, () => {
    const { O_APPEND, O_WRONLY, O_NOFOLLOW = 0 } = constants;
    createPrivate(path);
    checkPrivate(path);
    const file = openSync(path, O_WRONLY | O_APPEND | O_NOFOLLOW);
    try {
      writeSync(file, line);
      syncFile(file);
    } finally {
      closeSync(file);
    }
    syncFolder(dirname(path));
  });
}

/** Overwrites with spaces, in place, the lines of a private text file for which `isOld` is true. */
export function blankLines(path: string, isOld: (line: string) => boolean): void {
  touching(path, () => {
    let start = 0;
    const old: { start: number; length: number }[] = [];
    for (const line of readFileSync(path, "latin1").split("\n")) {
      if (isOld(line)) old.push({ start, length: line.length });
      start += line.length + 1;
    }
    if (old.length === 0) return;
    const file = openSync(path, constants.O_RDWR | (constants.O_NOFOLLOW ?? 0));
    try {
      for (const line of old) writeSync(file, " ".repeat(line.length), line.start);
      syncFile(file);
    } finally {
      closeSync(file);
    }
  });
}

export function hardLinked(path: string, names: number): AuthError {
  return new AuthError("vault_unwritable", `${path} has ${names} names (hard links), each with locks of its own.`, {
    hint: `Keep one of them. To find them: ${namesCommand(path)}`,
  });
}

/** Makes a new name survive a power cut. Some systems can't sync a folder; their names are as durable as they get. */
export function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, constants.O_RDONLY);
  try {
    syncFile(folder);
  } finally {
    closeSync(folder);
  }
}

export function notOrdinary(path: string, stat: Stats, wanted: "file" | "folder"): AuthError {
  return new AuthError("vault_unwritable", `${path} is ${wordsFor(stat, wanted)}, so auth doesn't use it.`, {
    hint: "Name the real place: AUTH_HOME=<folder>, or for the vault alone sqlite:<path>",
  });
}

export function wordsFor(stat: Stats, wanted: "file" | "folder" = "file"): string {
  const kind = kindOf(stat);
  return kind === "link" ? "a symbolic link" : kind === "folder" ? "a folder" : `not a ${wanted}`;
}

/**
 * A folder like /tmp, in which users can't remove each other's files, is no place either: others can make a journal there
 * that SQLite would play back (RULES.md 1.7).
 *
 * @param vault a vault that is in it already: the remedy moves it, and nothing else that may be another user's
 */
export function writableByOthers(path: string, stat: Stats, vault?: string): AuthError {
  return new AuthError("vault_unwritable", `Other users may write to ${path}, so auth keeps nothing there.`, {
    hint: isSharedByDesign(stat) ? moveHint(path, vault) : `Make it yours alone: chmod go-w ${shellWord(path)}`,
  });
}

/** One that `chmod` would take away from others, who need it. */
function isSharedByDesign(stat: Stats): boolean {
  return isOwnedByOther(stat) || (stat.mode & 0o1000) !== 0;
}

function moveHint(path: string, vault?: string): string {
  const folder = `${path === "/" ? "" : path}/auth-${process.getuid?.() ?? "own"}`;
  const make = `Use a folder of your own: mkdir -m 700 ${shellWord(folder)}`;
  if (vault === undefined) return `${make}\nThen set AUTH_HOME=${shellWord(folder)}`;
  // Without the journal that a killed commit left, the vault would be damaged in its new place.
  const isOurs = (file: string): boolean => existsSync(file) && !isOwnedByOther(lstatSync(file));
  const all = [vault, ...SIDE_FILES.map((side) => `${vault}${side}`), `${path}/vault.locks`].filter(isOurs);
  const move = `mv ${all.map((file) => shellWord(file)).join(" ")} ${shellWord(folder)}`;
  return `${make} && ${move}\nThen use it there: auth vault use ${shellWord(`sqlite:${folder}/${basename(vault)}`)}`;
}

/**
 * What belongs to another user: the command that needs one of them would fail.
 *
 * @param paths files, and folders whose content is looked at too; what isn't there is passed over
 */
export function wrongOwner(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const stat = lstat(path);
    if (stat === null) return [];
    if (isOwnedByOther(stat)) return [path];
    return kindOf(stat) === "folder" ? wrongOwner(readdirSync(path).map((name) => join(path, name))) : [];
  });
}
