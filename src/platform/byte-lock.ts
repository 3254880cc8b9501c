/**
 * A write lock on one byte of an open file: Linux's open file description locks (fcntl(2), "Open file description
 * locks", 3.15). The kernel takes it back when the descriptor is closed or its process dies; it keeps out other
 * descriptors of the same process too, and no other descriptor's closing drops it, as it would drop a POSIX lock, with
 * which it agrees otherwise.
 */
import { ffi } from "./ffi.ts";
import { linuxCalls } from "./libc.ts";

const F_OFD_GETLK = 36;
const F_OFD_SETLK = 37;
const F_WRLCK = 1;
const F_UNLCK = 2;
/** `struct flock` on 64 bits: type, whence, start, length, pid. */
const FLOCK = { bytes: 32, type: 0, start: 8, length: 16 } as const;

/** Whether there are such locks here, on the file system of this open file. */
export function hasByteLocks(fd: number): boolean {
  return apply(fd, F_OFD_GETLK, 0, F_WRLCK);
}

/** Without waiting. @returns false when another descriptor holds it */
export function lockByte(fd: number, at: number): boolean {
  return apply(fd, F_OFD_SETLK, at, F_WRLCK);
}

export function unlockByte(fd: number, at: number): void {
  apply(fd, F_OFD_SETLK, at, F_UNLCK);
}

function apply(fd: number, command: number, at: number, type: number): boolean {
  const linux = linuxCalls();
  if (linux === null) return false;
  const view = new DataView(new ArrayBuffer(FLOCK.bytes));
  view.setInt16(FLOCK.type, type, true);
  view.setUint32(FLOCK.start, at, true);
  view.setUint32(FLOCK.length, 1, true);
  return linux.call(linux.numbers.fcntl, fd, command, ffi.ptr(view)) === 0;
}
