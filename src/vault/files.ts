/**
 * Files that only their owner may touch. Only lstat looks at a database that may be open: opening and closing it would
 * drop SQLite's locks (RULES.md 1.2).
 */
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fsyncSync,
  lstatSync,
  mkdirSync,
  openSync,
  readFileSync,
  realpathSync,
  type Stats,
  statfsSync,
  writeSync,
} from "node:fs";
import { basename, dirname } from "node:path";
import { AuthError, errorCode, isOutOfFiles, RAISE_FILE_LIMIT } from "../platform/errors.ts";
import { faultReason, faultRemedy } from "../platform/file-faults.ts";
import { makeFolder, othersAt } from "../platform/folders.ts";
import { foreign, isOpenTo, isOwnedByOther, ownerHint } from "../platform/owner.ts";
import { writableByOthers } from "./shared-folder.ts";

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
  const left = code === "EACCES" || code === "EPERM" ? othersAt(path) : null;
  return new AuthError("vault_unwritable", `${path} can't be used: ${faultReason(code)}.`, {
    hint: left !== null ? ownerHint(left) : faultRemedy(code),
    cause,
  });
}

export function outOfDescriptors(path: string, cause: unknown): AuthError {
  const hint = RAISE_FILE_LIMIT;
  return new AuthError("vault_unwritable", `${path} can't be used: too many open files.`, { hint, cause });
}

/** The path with its folder's links resolved; the last part as it stands. */
export function realPlace(path: string): string {
  const folder = realpathSync(dirname(path));
  return folder.endsWith("/") ? `${folder}${basename(path)}` : `${folder}/${basename(path)}`;
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

/** An empty file, 0600, made by nobody else. @returns false when there was one already */
export function createPrivate(path: string): boolean {
  return touching(path, () => {
    const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW = 0 } = constants;
    try {
      const file = openSync(path, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
      // A umask may have taken away what the owner needs.
      fchmodSync(file, 0o600);
      closeSync(file);
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
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    syncFolder(dirname(path));
  });
}

/** Overwrites with spaces, in place, the lines of a private text file that `isOld` says so of. */
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
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
  });
}

/**
 * Refuses a vault file that has a second name. Each name has locks and a journal of its own beside it: two refreshes at
 * once would lose a login (RULES 1.7).
 */
export function refuseSecondName(real: string): void {
  const { nlink } = lstatSync(real);
  if (nlink > 1) throw hardLinked(real, nlink);
  if (!isMountPoint(real)) return;
  throw new AuthError("vault_unwritable", `${real} is mounted by itself, so it has other locks here than elsewhere.`, {
    hint: `Mount the folder that it is in instead: ${dirname(real)}`,
  });
}

export function hardLinked(path: string, names: number): AuthError {
  return new AuthError("vault_unwritable", `${path} has ${names} names (hard links), each with locks of its own.`, {
    hint: `Keep one of them. To find them: find / -xdev -samefile ${path}`,
  });
}

function isMountPoint(path: string): boolean {
  if (process.platform !== "linux") return lstatSync(path).dev !== lstatSync(dirname(path)).dev;
  // proc_pid_mountinfo(5): the fifth field, in which space, tab, newline and backslash are octal.
  return readFileSync("/proc/self/mountinfo", "utf8")
    .split("\n")
    .some(
      (line) =>
        line.split(" ")[4]?.replace(/\\([0-7]{3})/g, (_, n) => String.fromCharCode(Number.parseInt(n, 8))) === path,
    );
}

/** Makes a new name survive a power cut. Some systems can't sync a folder; their names are as durable as they get. */
export function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = openSync(path, constants.O_RDONLY);
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** File systems on which locks don't hold between machines, by the number that statfs(2) gives on Linux. */
const NETWORK: Readonly<Record<number, string>> = {
  26985: "NFS",
  20859: "SMB",
  4283649346: "SMB",
  4266872130: "SMB",
  16914839: "9p or a Windows drive",
  1702057286: "FUSE or virtiofs",
  1397114950: "a Windows drive",
  12805120: "Ceph",
  1397113167: "AFS",
  198183888: "Lustre",
  1196443219: "GPFS",
  1952539503: "OCFS2",
  18225520: "GFS2",
};

/** The name of the network file system that `statfs` says a folder is on, else null. */
export function networkFileSystem(type: number): string | null {
  return NETWORK[type >>> 0] ?? null;
}

/** File systems that write a block anew elsewhere: room that was set aside isn't kept for whoever writes into it. */
const COPY_ON_WRITE: Readonly<Record<number, string>> = {
  2435016766: "btrfs",
  801189825: "ZFS",
  3393526350: "bcachefs",
};

/** The name of the copy-on-write file system that `statfs` says a folder is on, else null. */
export function copyOnWriteFileSystem(type: number): string | null {
  return COPY_ON_WRITE[type >>> 0] ?? null;
}

/** The network file system that a folder lies on, or null. Known on Linux only. */
export function networkOf(folder: string): string | null {
  return process.platform === "linux" ? networkFileSystem(Number(statfsSync(folder).type)) : null;
}

/** The copy-on-write file system that a folder lies on, or null. Known on Linux, and on macOS, where APFS is one. */
export function copyOnWriteOf(folder: string): string | null {
  if (process.platform === "darwin") return "APFS";
  return process.platform === "linux" ? copyOnWriteFileSystem(Number(statfsSync(folder).type)) : null;
}

/** @throws AuthError `vault_unwritable` where the folder lies on a network file system */
export function refuseNetwork(folder: string): void {
  const kind = networkOf(folder);
  if (kind === null) return;
  throw new AuthError("vault_unwritable", `${folder} is on a network file system (${kind}), where locks don't hold.`, {
    hint: "Set AUTH_HOME to a folder on a local disk, or AUTH_STORE=sqlite:<path> to a file on one.",
  });
}

export function notOrdinary(path: string, stat: Stats, wanted: "file" | "folder"): AuthError {
  return new AuthError("vault_unwritable", `${path} is ${wordsFor(stat, wanted)}, so auth doesn't use it.`, {
    hint: "Name the real place: AUTH_HOME=<folder> or AUTH_STORE=sqlite:<path>.",
  });
}

export function wordsFor(stat: Stats, wanted: "file" | "folder" = "file"): string {
  const kind = kindOf(stat);
  return kind === "link" ? "a symbolic link" : kind === "folder" ? "a folder" : `not a ${wanted}`;
}
