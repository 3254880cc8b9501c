/**
 * Files that only their owner may touch. Only lstat looks at a database that may be open: opening and closing it would
 * drop SQLite's locks (RULES.md 1.2).
 */
import { AuthError, errorCode } from "../platform/errors.ts";
import {
  close,
  fileSystemOf,
  folderOf,
  kindOf,
  lstat,
  nameIn,
  nodeFs,
  open,
  realpath,
  type Stat,
  sync,
} from "../platform/files.ts";
import { foreign, isOpenTo, isStranger } from "./owner.ts";

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
  return new AuthError("vault_unwritable", `${path} can't be used: ${REASONS[code] ?? code}.`, {
    hint: "Make room or set its permissions right, or set AUTH_HOME to a folder of your own on a local disk.",
    cause,
  });
}

const REASONS: Record<string, string> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "the file system is read-only",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk quota is used up",
  ENOTDIR: "a part of the path is not a folder",
  ELOOP: "it is a symbolic link",
  ENOENT: "its folder doesn't exist",
  EMFILE: "too many open files",
  EIO: "the disk reports an error",
};

/** The path with its folder's links resolved; the last part as it stands. */
export function realPlace(path: string): string {
  const folder = realpath(folderOf(path));
  return folder.endsWith("/") ? `${folder}${nameIn(path)}` : `${folder}/${nameIn(path)}`;
}

/** Makes the folder, 0700, where it isn't there yet. What is there must be mine, and no one else may write to it. */
export function ensureFolder(path: string): void {
  touching(path, () => {
    let stat = lstat(path);
    if (stat === null) nodeFs().mkdirSync(path, { recursive: true, mode: 0o700 });
    if (stat === null || kindOf(stat) === "link") stat = required(realpath(path));
    if (kindOf(stat) !== "folder") throw notOrdinary(path, stat, "folder");
    if (isStranger(stat) && stat.uid !== 0) throw foreign(path);
    const sticky = (stat.mode & 0o1000) !== 0;
    if (isOpenTo(stat, 0o022) && !sticky)
      throw new AuthError("vault_unwritable", `Other users may write to ${path}, so the vault doesn't go there.`, {
        hint: `chmod 700 ${path}`,
      });
  });
}

/** A folder that holds nothing but what is ours. */
export function ensureOwnFolder(path: string): void {
  touching(path, () => {
    if (lstat(path) === null) {
      try {
        nodeFs().mkdirSync(path, { mode: 0o700 });
      } catch (error) {
        if (errorCode(error) !== "EEXIST") throw error;
      }
    }
    const stat = required(path);
    if (kindOf(stat) !== "folder") throw notOrdinary(path, stat, "folder");
    if (isStranger(stat)) throw foreign(path);
    if (isOpenTo(stat, 0o077)) nodeFs().chmodSync(path, 0o700);
  });
}

/** An empty file, 0600, made by nobody else. @returns false when there was one already */
export function createPrivate(path: string): boolean {
  return touching(path, () => {
    // Nearly always there is one, and to be refused costs more than to look.
    if (lstat(path) !== null) return false;
    const { closeSync, constants, fchmodSync, openSync } = nodeFs();
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
export function checkPrivate(path: string): Stat {
  const stat = required(path);
  if (kindOf(stat) !== "file") throw notOrdinary(path, stat, "file");
  if (isStranger(stat)) throw foreign(path);
  return stat;
}

/** @throws the system's error where there is nothing */
function required(path: string): Stat {
  return lstat(path) ?? nodeFs().lstatSync(path);
}

/** Adds a line to a private text file, made where it isn't there yet; on the disk when this returns. */
export function appendPrivate(path: string, line: string): void {
  ensureFolder(folderOf(path));
  touching(path, () => {
    const { closeSync, constants, fsyncSync, openSync, writeSync } = nodeFs();
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
    syncFolder(folderOf(path));
  });
}

/** Overwrites with spaces, in place, the lines of a private text file that `isOld` says so of. */
export function blankLines(path: string, isOld: (line: string) => boolean): void {
  touching(path, () => {
    const { closeSync, constants, fsyncSync, openSync, readFileSync, writeSync } = nodeFs();
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

/** Makes a new name survive a power cut. Some systems can't sync a folder; their names are as durable as they get. */
export function syncFolder(path: string): void {
  if (process.platform === "win32") return;
  const folder = open(realpath(path), false);
  try {
    sync(folder);
  } finally {
    close(folder);
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
  return process.platform === "linux" ? networkFileSystem(fileSystemOf(folder)) : null;
}

/** The copy-on-write file system that a folder lies on, or null. Known on Linux, and on macOS, where APFS is one. */
export function copyOnWriteOf(folder: string): string | null {
  if (process.platform === "darwin") return "APFS";
  return process.platform === "linux" ? copyOnWriteFileSystem(fileSystemOf(folder)) : null;
}

/** @throws AuthError `vault_unwritable` where the folder lies on a network file system */
export function refuseNetwork(folder: string): void {
  const kind = networkOf(folder);
  if (kind === null) return;
  throw new AuthError("vault_unwritable", `${folder} is on a network file system (${kind}), where locks don't hold.`, {
    hint: "Set AUTH_HOME to a folder on a local disk, or AUTH_STORE=sqlite:<path> to a file on one.",
  });
}

export function notOrdinary(path: string, stat: Stat, wanted: "file" | "folder"): AuthError {
  const kind = kindOf(stat);
  const what = kind === "link" ? "a symbolic link" : kind === "folder" ? "a folder" : `not a ${wanted}`;
  return new AuthError("vault_unwritable", `${path} is ${what}, so auth doesn't use it.`, {
    hint: "Name the real place: AUTH_HOME=<folder> or AUTH_STORE=sqlite:<path>.",
  });
}
