/**
 * Small files and their owners. Every `auth token` reads one and looks at two: with system calls it takes some
 * microseconds, with `Bun.file` half a millisecond, most of it to start a thread. Where there are none, `Bun.file` does it.
 */
import { AT_FDCWD, AT_SYMLINK_NOFOLLOW, cString, ERRNO, type Linux, O, posix } from "./posix.ts";

export interface Ownership {
  readonly mode: number;
  readonly uid: number;
  /** How many names it has. */
  readonly nlink: number;
}

export type OwnedText = Ownership & { readonly text: string };

/** Links are followed. @throws the system's error, with its `code` */
export function ownershipOf(path: string): Ownership | Promise<Ownership> {
  const linux = posix()?.linux;
  const stat = linux ? statx(linux, path) : null;
  return typeof stat === "object" && stat !== null ? stat : Bun.file(path).stat();
}

/**
 * As `ownershipOf`, but null where there is nothing, or nothing that can be reached.
 *
 * @param what "link": a link at the last part is looked at itself, not followed
 */
export function ownershipIfThere(
  path: string,
  what: "target" | "link" = "target",
): Ownership | null | Promise<Ownership | null> {
  const linux = posix()?.linux;
  if (!linux) return ownershipByNode(path, what);
  const stat = statx(linux, path, what === "link" ? AT_SYMLINK_NOFOLLOW : 0);
  return typeof stat === "object" ? stat : null;
}

async function ownershipByNode(path: string, what: "target" | "link"): Promise<Ownership | null> {
  const { lstatSync, statSync } = await import("node:fs");
  try {
    return (what === "link" ? lstatSync : statSync)(path);
  } catch {
    // Nothing is there, or the way to it is closed: what needs it will say so.
    return null;
  }
}

/** Whether there is anything of that name, whatever it is. */
export function isThere(path: string): boolean | Promise<boolean> {
  const linux = posix()?.linux;
  const stat = linux ? statx(linux, path) : null;
  if (typeof stat === "object" && stat !== null) return true;
  if (stat === -ERRNO.ENOENT) return false;
  return Bun.file(path)
    .stat()
    .then(
      () => true,
      () => false,
    );
}

/** A text file and whose it is. @throws the system's error, with its `code` */
export function readOwned(path: string): OwnedText | Promise<OwnedText> {
  const linux = posix()?.linux;
  const stat = linux ? statx(linux, path) : null;
  // Only what is a file may be opened here: opening a pipe would wait for its other end.
  if (linux && typeof stat === "object" && stat !== null && (stat.mode & 0o170000) === 0o100000) {
    const text = readNow(linux, path);
    if (text !== null) return { ...stat, text };
  }
  return readByBun(path);
}

/** The text of a small file of /proc; null where it can't be read. */
export async function readProc(path: string): Promise<string | null> {
  const linux = posix()?.linux;
  if (linux) return readNow(linux, path);
  try {
    return await Bun.file(path).text();
  } catch {
    // What is told there is never needed: it may be another user's process, or gone.
    return null;
  }
}

async function readByBun(path: string): Promise<OwnedText> {
  const file = Bun.file(path);
  const [{ mode, uid, nlink }, text] = await Promise.all([file.stat(), file.text()]);
  return { mode, uid, nlink, text };
}

/** null where it can't be opened, or isn't small. */
function readNow({ call }: Linux, path: string): string | null {
  const fd = call("openat", AT_FDCWD, cString(path), O.CLOEXEC);
  if (fd < 0) return null;
  const buffer = new Uint8Array(4096);
  const length = call("read", fd, buffer, buffer.length);
  call("close", fd);
  // A full buffer may be half a file.
  return length < 0 || length === buffer.length ? null : new TextDecoder().decode(buffer.subarray(0, length));
}

/** The fields of `struct statx` (statx(2)), which is the same on all architectures. */
const STATX = { bytes: 256, basic: 0x7ff, nlink: 16, uid: 20, mode: 28 } as const;

/** @returns a negative `errno` where it can't be looked at */
function statx({ call }: Linux, path: string, flags = 0): Ownership | number {
  const buffer = new Uint8Array(STATX.bytes);
  const result = call("statx", AT_FDCWD, cString(path), flags, STATX.basic, buffer);
  if (result < 0) return result;
  const view = new DataView(buffer.buffer);
  return {
    mode: view.getUint16(STATX.mode, true),
    uid: view.getUint32(STATX.uid, true),
    nlink: view.getUint32(STATX.nlink, true),
  };
}
