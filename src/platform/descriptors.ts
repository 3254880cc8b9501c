/**
 * Which open files came from our caller and belong to the command we become. Bun marks every inherited descriptor
 * from 4 up close-on-exec at its start, and process substitution (`run -- diff <(a) <(b)`) hands over just those.
 */
import { cString, type Libc, libc, ptr } from "./libc.ts";

const F_SETFD = 2;
const F_GETFL = 3;
const F_SETFL = 4;
const O_DIRECTORY = process.arch === "arm64" ? 0x4000 : 0x10000;
const O_NONBLOCK = process.platform === "darwin" ? 0x4 : 0x800;
/** Linux system calls without a wrapper in every libc. */
const GETDENTS64 = process.arch === "arm64" ? 61 : 217;
const CLOSE_RANGE = 436;
const CLOSE_RANGE_CLOEXEC = 4;

/**
 * The descriptors from 3 up that we were started with. To be called before anything of ours is opened: then the
 * runtime holds nothing but its event loop's own (an epoll and an eventfd), which are told by their names.
 * On macOS the runtime leaves inherited ones alone, and there is nothing to do.
 */
export function inheritedDescriptors(): number[] {
  const c = process.platform === "linux" ? libc() : null;
  if (c === null) return [];
  return openDescriptors(c).filter((fd) => {
    const name = nameOf(c, fd);
    return name !== "" && !name.startsWith("anon_inode:");
  });
}

/**
 * Leaves exactly 0, 1, 2 and `inherited` open across execve, and the standard three blocking: the runtime may have
 * made a pipe non-blocking, which its next reader or writer would not expect.
 */
export function handOver(c: Libc, inherited: readonly number[]): void {
  if (process.platform === "linux") c.syscall(CLOSE_RANGE, 3, 0xffffffff, CLOSE_RANGE_CLOEXEC, 0);
  for (const fd of inherited) c.fcntl(fd, F_SETFD, 0);
  for (const fd of [0, 1, 2]) {
    const flags = c.fcntl(fd, F_GETFL, 0);
    if (flags >= 0 && (flags & O_NONBLOCK) !== 0) c.fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
  }
}

/** All open descriptors from 3 up, as /proc lists them. */
function openDescriptors(c: Libc): number[] {
  const path = cString("/proc/self/fd");
  const folder = c.open(ptr(path), O_DIRECTORY, 0);
  if (folder < 0) return [];
  const open: number[] = [];
  const buffer = new Uint8Array(4096);
  for (;;) {
    const length = Number(c.syscall(GETDENTS64, folder, ptr(buffer), buffer.length, 0));
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

const RLIMIT_NOFILE = process.platform === "darwin" ? 8 : 7;

/** Sets the soft limit of open files, never above the hard one. */
export function setSoftLimit(c: Libc, soft: number): void {
  const limit = new BigUint64Array(2);
  if (c.getrlimit(RLIMIT_NOFILE, ptr(limit)) !== 0) return;
  const hard = limit[1] ?? 0n;
  limit[0] = BigInt(soft) < hard ? BigInt(soft) : hard;
  c.setrlimit(RLIMIT_NOFILE, ptr(limit));
}

function nameOf(c: Libc, fd: number): string {
  const buffer = new Uint8Array(64);
  const path = cString(`/proc/self/fd/${fd}`);
  const length = Number(c.readlink(ptr(path), ptr(buffer), buffer.length));
  return length > 0 ? new TextDecoder().decode(buffer.subarray(0, length)) : "";
}
