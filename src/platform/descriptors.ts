/**
 * Which open files came from our caller and belong to the command we become. Bun marks every inherited descriptor
 * from 4 up close-on-exec at its start, and process substitution (`run -- diff <(a) <(b)`) hands over just those.
 */
import { ffi } from "./ffi.ts";
import { fileCalls, type LinuxCalls, linuxCalls, nameOfDescriptor } from "./libc.ts";
import type { ProcessCalls } from "./process-calls.ts";

const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const O_DIRECTORY = process.arch === "arm64" ? 0x4000 : 0x10000;
const O_NONBLOCK = process.platform === "darwin" ? 0x4 : 0x800;
const CLOSE_RANGE_CLOEXEC = 4;

/**
 * The descriptors from 3 up that we were started with. To be called before anything of ours is opened: then the
 * runtime holds nothing but its event loop's own (an epoll and an eventfd), which are told by their names.
 * On macOS the runtime leaves inherited ones alone, and there is nothing to do.
 */
export function inheritedDescriptors(): number[] {
  const linux = linuxCalls();
  if (linux === null) return [];
  return openDescriptors(linux).filter((fd) => {
    const name = nameOfDescriptor(linux, fd);
    return name !== "" && !name.startsWith("anon_inode:");
  });
}

/**
 * Leaves exactly 0, 1, 2 and `inherited` open across execve, and the standard three blocking: the runtime may have
 * made a pipe non-blocking, which its next reader or writer would not expect.
 */
export function handOver(c: ProcessCalls, inherited: readonly number[]): void {
  const linux = linuxCalls();
  linux?.call(linux.numbers.closeRange, 3, 0xffffffff, CLOSE_RANGE_CLOEXEC);
  for (const fd of inherited) c.fcntl(fd, F_SETFD, 0);
  for (const fd of [0, 1, 2]) {
    const flags = c.fcntl(fd, F_GETFL, 0);
    if (flags >= 0 && (flags & O_NONBLOCK) !== 0) c.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  }
}

/** All open descriptors from 3 up, as /proc lists them. */
function openDescriptors({ call, numbers }: LinuxCalls): number[] {
  const c = fileCalls();
  const folder = c?.open("/proc/self/fd", O_DIRECTORY) ?? -1;
  if (c === null || folder < 0) return [];
  const open: number[] = [];
  const buffer = new Uint8Array(4096);
  for (;;) {
    const length = call(numbers.getdents, folder, ffi.ptr(buffer), buffer.length);
    if (length <= 0) break;
    for (const name of entryNames(buffer.subarray(0, length))) {
      const fd = Number(name);
      if (fd > 2 && fd !== folder) open.push(fd);
    }
  }
  c.close(folder);
  return open;
}

/** struct linux_dirent64 { u64 ino; i64 off; u16 length; u8 type; char name[]; } */
function* entryNames(buffer: Uint8Array): Generator<string> {
  const NAME = 19;
  for (let at = 0; at + NAME < buffer.length; ) {
    const length = (buffer[at + 16] ?? 0) | ((buffer[at + 17] ?? 0) << 8);
    if (length === 0) return;
    let name = "";
    for (let i = at + NAME; i < at + length && buffer[i] !== 0; i++) name += String.fromCharCode(buffer[i] ?? 0);
    yield name;
    at += length;
  }
}

const RLIMIT_NOFILE = 7;

/** Sets the soft limit of open files, never above the hard one. */
export function setSoftLimit({ call, numbers }: LinuxCalls, soft: number): void {
  const limit = new BigUint64Array(2);
  if (call(numbers.prlimit, 0, RLIMIT_NOFILE, 0, ffi.ptr(limit)) !== 0) return;
  const hard = limit[1] ?? 0n;
  limit[0] = BigInt(soft) < hard ? BigInt(soft) : hard;
  call(numbers.prlimit, 0, RLIMIT_NOFILE, ffi.ptr(limit), 0);
}
