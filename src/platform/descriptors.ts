/**
 * Which open files came from our caller and belong to the command we become. Bun marks every inherited descriptor
 * from 4 up close-on-exec at its start, and process substitution (`run -- diff <(a) <(b)`) hands over just those.
 */
import { AT_FDCWD, cString, F, type Linux, O, type Posix, posix } from "./posix.ts";

const CLOSE_RANGE_CLOEXEC = 4;
/** ~0U: the last descriptor there can be. */
const ALL = -1;

/** What the event loop's own descriptors are called in /proc. */
const ANONYMOUS = "anon_inode:";

/**
 * The descriptors from 3 up that we were started with. To be called before anything of ours is opened: then Bun holds
 * nothing but its event loop's own (an epoll and an eventfd), which are recognised by their names. On macOS Bun leaves
 * inherited ones alone, and there is nothing to do. Where there are no system calls none are known, nor handed over.
 */
export function inheritedDescriptors(): number[] {
  const linux = posix()?.linux;
  if (!linux) return [];
  const inherited: number[] = [];
  for (const fd of openDescriptors(linux)) {
    const start = startOfName(linux, fd);
    if (start !== "" && start !== ANONYMOUS) inherited.push(fd);
  }
  return inherited;
}

/**
 * Leaves exactly 0, 1, 2 and `inherited` open across execve, and the standard three blocking: Bun may have made a pipe
 * non-blocking, which its next reader or writer would not expect.
 */
export function handOver(system: Posix, inherited: readonly number[]): void {
  system.linux?.call("close_range", 3, ALL, CLOSE_RANGE_CLOEXEC);
  for (const fd of inherited) system.fcntl(fd, F.SETFD, 0);
  restoreBlocking(system);
}

/** The standard three as a program expects them. */
export function restoreBlocking({ fcntl }: Posix): void {
  for (const fd of [0, 1, 2]) {
    const flags = fcntl(fd, F.GETFL, 0);
    if (flags >= 0 && (flags & O.NONBLOCK) !== 0) fcntl(fd, F.SETFL, flags & ~O.NONBLOCK);
  }
}

/** All open descriptors from 3 up, as /proc lists them. */
function openDescriptors({ call }: Linux): number[] {
  const folder = call("openat", AT_FDCWD, cString("/proc/self/fd"), O.DIRECTORY | O.CLOEXEC);
  if (folder < 0) return [];
  const open: number[] = [];
  const buffer = new Uint8Array(4096);
  for (;;) {
    const length = call("getdents64", folder, buffer, buffer.length);
    if (length <= 0) break;
    for (const name of entryNames(buffer.subarray(0, length))) {
      const fd = Number(name);
      if (fd > 2 && fd !== folder) open.push(fd);
    }
  }
  call("close", folder);
  return open;
}

/** struct linux_dirent64 { u64 ino; i64 off; u16 length; u8 type; char name[]; } */
function entryNames(buffer: Uint8Array): string[] {
  const NAME = 19;
  const names: string[] = [];
  for (let at = 0; at + NAME < buffer.length; ) {
    const length = (buffer[at + 16] ?? 0) | ((buffer[at + 17] ?? 0) << 8);
    if (length === 0) break;
    let name = "";
    for (let i = at + NAME; i < at + length && buffer[i] !== 0; i++) name += String.fromCharCode(buffer[i] ?? 0);
    names.push(name);
    at += length;
  }
  return names;
}

/** As much of an open file's name in /proc as tells one of the event loop's own; empty where it has none. */
function startOfName({ call }: Linux, fd: number): string {
  const buffer = new Uint8Array(ANONYMOUS.length);
  const length = call("readlinkat", AT_FDCWD, cString(`/proc/self/fd/${fd}`), buffer, buffer.length);
  return length > 0 ? new TextDecoder().decode(buffer.subarray(0, length)) : "";
}

const RLIMIT_NOFILE = 7;

/** Sets the soft limit of open files, never above the hard one. */
export function setSoftLimit({ call }: Linux, soft: number): void {
  const limit = new BigUint64Array(2);
  const memory = new Uint8Array(limit.buffer);
  if (call("prlimit64", 0, RLIMIT_NOFILE, 0, memory) !== 0) return;
  const hard = limit[1] ?? 0n;
  limit[0] = BigInt(soft) < hard ? BigInt(soft) : hard;
  call("prlimit64", 0, RLIMIT_NOFILE, memory, 0);
}
