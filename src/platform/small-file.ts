/**
 * Small files and their owners. Every `auth token` reads and checks some: with system calls that takes microseconds, and
 * node:fs takes a millisecond to load.
 */
import { AuthError, errorCode } from "./errors.ts";
import { AT_EMPTY_PATH, AT_FDCWD, AT_SYMLINK_NOFOLLOW, cString, ERRNO, O, posix } from "./posix.ts";
import { shellWord } from "./shell-word.ts";

export interface Ownership {
  readonly mode: number;
  readonly uid: number;
  /** How many names it has. */
  readonly nlink: number;
  /** Bytes. */
  readonly size: number;
  /** With `ino`, which file it is, whatever its names. Compared with what the same function gave. */
  readonly dev: number;
  readonly ino: number;
}

export type OwnedText = Ownership & { readonly text: string };

/** Links are followed. @throws the system's error, with its `code` */
export function ownershipOf(path: string): Ownership {
  const stat = statx(path);
  return typeof stat === "object" && stat !== null ? stat : nodeFs().statSync(path);
}

/**
 * As `ownershipOf`, but null where there is nothing, or nothing that can be reached.
 *
 * @param what "link": a link at the last part is looked at itself, not followed
 */
export function ownershipIfThere(path: string, what: "target" | "link" = "target"): Ownership | null {
  const stat = statx(path, what === "link" ? AT_SYMLINK_NOFOLLOW : 0);
  if (typeof stat === "number") return null;
  try {
    return stat ?? (what === "link" ? nodeFs().lstatSync : nodeFs().statSync)(path);
  } catch {
    // Nothing is there, or the way to it is closed: what needs it will say so.
    return null;
  }
}

/** Whether there is anything of that name, whatever it is. */
export function isThere(path: string): boolean {
  return ownershipIfThere(path) !== null;
}

/**
 * Whether something has this name, be it a link that leads nowhere. One system call.
 *
 * @throws the system's error where it can't be told, as in a closed folder
 */
export function isNamed(path: string): boolean {
  const stat = statx(path, AT_SYMLINK_NOFOLLOW);
  if (stat === -ERRNO.ENOENT) return false;
  if (typeof stat === "object" && stat !== null) return true;
  try {
    return nodeFs().lstatSync(path) !== undefined;
  } catch (error) {
    // Below what is no folder, as /dev/null for a home, nothing can have a name.
    if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return false;
    throw error;
  }
}

/** The path of a folder without links in it; null where it can't be opened. */
export function realFolder(path: string): string | null {
  const call = posix()?.linux?.call;
  if (call !== undefined) {
    const fd = call("openat", AT_FDCWD, cString(path), O.DIRECTORY | O.CLOEXEC);
    if (fd < 0) return null;
    const buffer = new Uint8Array(4096);
    const length = call("readlinkat", AT_FDCWD, cString(`/proc/self/fd/${fd}`), buffer, buffer.length);
    call("close", fd);
    if (length > 0) return new TextDecoder().decode(buffer.subarray(0, length));
  }
  try {
    return nodeFs().realpathSync(path);
  } catch {
    return null;
  }
}

/**
 * A text file and whose it is: of the file that was read, whatever has its name by then. A pipe isn't waited for.
 *
 * @throws the system's error, with its `code`: `EISDIR` for a folder, `ENXIO` for what else is no file
 */
export function readOwned(path: string): OwnedText {
  return readNow(path) ?? readByNode(path);
}

/** The text of a small file of /proc; null where it can't be read: it may be another user's process, or gone. */
export function readProc(path: string): string | null {
  if (posix()?.linux) return readNow(path)?.text ?? null;
  try {
    return nodeFs().readFileSync(path, "utf8");
  } catch {
    // What it says is never needed.
    return null;
  }
}

/** Where there are no system calls. */
function nodeFs(): typeof import("node:fs") {
  return process.getBuiltinModule("node:fs");
}

function readByNode(path: string): OwnedText {
  const { closeSync, constants, fstatSync, openSync, readFileSync } = nodeFs();
  const fd = openSync(path, constants.O_RDONLY | (constants.O_NONBLOCK ?? 0));
  try {
    const stats = fstatSync(fd);
    if (!stats.isFile() && !stats.isDirectory())
      throw Object.assign(new Error(`${path} is no file`), { code: "ENXIO" });
    const { mode, uid, nlink, size, dev, ino } = stats;
    return { mode, uid, nlink, size, dev, ino, text: readFileSync(fd, "utf8") };
  } finally {
    closeSync(fd);
  }
}

/** null where it can't be opened, is no file, isn't small, or there are no system calls. */
function readNow(path: string): OwnedText | null {
  const call = posix()?.linux?.call;
  if (call === undefined) return null;
  const fd = call("openat", AT_FDCWD, cString(path), O.CLOEXEC | O.NONBLOCK);
  if (fd < 0) return null;
  const stat = statx("", AT_EMPTY_PATH, fd);
  const buffer = new Uint8Array(4096);
  const isFile = typeof stat === "object" && stat !== null && (stat.mode & 0o170000) === 0o100000;
  const length = isFile ? call("read", fd, buffer, buffer.length) : -1;
  call("close", fd);
  // A full buffer may be half a file.
  if (!isFile || length < 0 || length === buffer.length) return null;
  return { ...stat, text: new TextDecoder().decode(buffer.subarray(0, length)) };
}

/** The fields of `struct statx` (statx(2)), which is the same on all architectures. */
const STATX = { bytes: 256, basic: 0x7ff, nlink: 16, uid: 20, mode: 28, ino: 32, size: 40, dev: 136 } as const;

/** @returns a negative `errno` where it can't be looked at; null where there are no system calls */
function statx(path: string, flags = 0, folder = AT_FDCWD): Ownership | number | null {
  const call = posix()?.linux?.call;
  if (call === undefined) return null;
  const buffer = new Uint8Array(STATX.bytes);
  const result = call("statx", folder, cString(path), flags, STATX.basic, buffer);
  if (result < 0) return result;
  const view = new DataView(buffer.buffer);
  return {
    mode: view.getUint16(STATX.mode, true),
    uid: view.getUint32(STATX.uid, true),
    nlink: view.getUint32(STATX.nlink, true),
    size: Number(view.getBigUint64(STATX.size, true)),
    // Major and minor number, together.
    dev: Number(view.getBigUint64(STATX.dev, true)),
    ino: Number(view.getBigUint64(STATX.ino, true)),
  };
}

export function isOwnedByOther(stat: { uid: number }): boolean {
  return process.getuid !== undefined && stat.uid !== process.getuid();
}

/** Whether users other than the owner may do what `bits` say (0o077: anything). Windows has other means. */
export function isOpenTo(stat: { mode: number }, bits: number): boolean {
  return process.platform !== "win32" && (stat.mode & bits) !== 0;
}

export function modeText(stat: { mode: number }): string {
  return (stat.mode & 0o7777).toString(8).padStart(4, "0");
}

export function foreign(path: string): AuthError {
  return new AuthError("vault_unwritable", `${path} belongs to another user.`, { hint: ownerHint(path) });
}

/** What makes a file usable. Only its owner can `chmod` it: for one of another user it is the `chown` line. */
export function accessHint(path: string, stat: { uid: number } | null, chmod: string): string {
  return stat !== null && isOwnedByOther(stat) ? ownerHint(path) : chmod;
}

/** How something that belongs to another user can be used: by whom, or after which command. */
export function ownerHint(path: string): string {
  const me = process.getuid?.() ?? 0;
  if (me === 0)
    return "Run auth as the user who owns it (without sudo), or give root a folder of its own: AUTH_HOME=/root/.auth";
  return `If it should be yours (sudo leaves such files): sudo chown -R ${me} ${shellWord(path)}\nElse set AUTH_HOME to a folder of your own.`;
}
