/**
 * A write lock on one byte of an open file: Linux's open file description locks (fcntl(2), "Open file description
 * locks", 3.15). The kernel takes it back when the descriptor is closed or its process dies; it keeps out other
 * descriptors of the same process too, and no other descriptor's closing drops it, as it would drop a POSIX lock, with
 * which it agrees otherwise.
 */
import { ERRNO, F, posix } from "./posix.ts";

/** `struct flock` on 64 bits: type, whence, start, length, pid. */
const FLOCK = { bytes: 32, type: 0, start: 8, length: 16 } as const;

/** Whether there are such locks here, on the file system of this open file. */
export function hasByteLocks(fd: number): boolean {
  return apply(fd, F.OFD_GETLK, 0, F.WRLCK) === 0;
}

/** Without waiting. @returns false when another descriptor holds it @throws Error with the system's `code` */
export function lockByte(fd: number, at: number): boolean {
  const result = apply(fd, F.OFD_SETLK, at, F.WRLCK);
  switch (result) {
    case 0:
      return true;
    // fcntl(2): "EACCES or EAGAIN: Operation is prohibited by locks held by other processes."
    case -ERRNO.EACCES:
    case -ERRNO.EAGAIN:
      return false;
    default:
      throw Object.assign(new Error(`fcntl failed with errno ${-result}`), { code: codeOf(-result) });
  }
}

export function unlockByte(fd: number, at: number): void {
  apply(fd, F.OFD_SETLK, at, F.UNLCK);
}

/** @returns 0, or a negative `errno` */
function apply(fd: number, command: number, at: number, type: number): number {
  const linux = posix()?.linux;
  if (!linux) return -ERRNO.EINVAL;
  const flock = new Uint8Array(FLOCK.bytes);
  const view = new DataView(flock.buffer);
  view.setInt16(FLOCK.type, type, true);
  view.setUint32(FLOCK.start, at, true);
  view.setUint32(FLOCK.length, 1, true);
  for (;;) {
    const result = linux.call("fcntl", fd, command, flock);
    if (result !== -ERRNO.EINTR) return result;
  }
}

function codeOf(errno: number): string {
  return Object.entries(ERRNO).find(([, number]) => number === errno)?.[0] ?? `errno ${errno}`;
}
