/**
 * The few calls of the system that the runtime has no API for, or a slow one. POSIX only; null where the C library
 * can't be loaded. They are on the way of every token, and each function that is bound costs it some 20 µs: on Linux
 * all of them go through one, syscall(2).
 */
import type { dlopen, FFIType, Symbols } from "bun:ffi";
import { atOnceBy } from "./at-once.ts";
import { ffi } from "./ffi.ts";

/** By name, since a process can't open itself under Bun: glibc, musl, macOS. */
const LIBRARIES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"],
  darwin: ["libSystem.B.dylib"],
};

/** The numbers of Linux's system calls (syscall_64.tbl, asm-generic/unistd.h), and where its `struct stat` has what. */
const LINUX = {
  x64: {
    ...{ openat: 257, read: 0, pread: 17, write: 1, pwrite: 18, lseek: 8, close: 3, fsync: 74, fdatasync: 75 },
    ...{ fstatat: 262, faccessat: 269, statfs: 137, readlinkat: 267, getdents: 217, exit: 231 },
    stat: { mode: 24, uid: 28 },
    ...{ execve: 59, fcntl: 72, sigaction: 13, prlimit: 302, closeRange: 436 },
  },
  arm64: {
    ...{ openat: 56, read: 63, pread: 67, write: 64, pwrite: 68, lseek: 62, close: 57, fsync: 82, fdatasync: 83 },
    ...{ fstatat: 79, faccessat: 48, statfs: 43, readlinkat: 78, getdents: 61, exit: 94 },
    stat: { mode: 16, uid: 24 },
    ...{ execve: 221, fcntl: 25, sigaction: 134, prlimit: 261, closeRange: 436 },
  },
} as const;

/** The same on both. */
const STAT = { dev: 0, inode: 8, size: 48, seconds: 88, nanoseconds: 96 } as const;

export const AT_FDCWD = -100;
const SEEK_END = 2;
/** AT_SYMLINK_NOFOLLOW */
const NOFOLLOW = 0x100;
/** As a type of its arguments: a number where it is small enough for one. */
const WORD = 15 as FFIType.i64_fast;
const SYSCALL = { args: [WORD, WORD, WORD, WORD, WORD], returns: WORD } as const;

/** macOS has no such function: there they are bound one by one. */
const DARWIN_FILES = {
  open: { args: ["ptr", "i32", "i32"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: WORD },
  write: { args: ["i32", "ptr", "u64"], returns: WORD },
  lseek: { args: ["i32", WORD, "i32"], returns: WORD },
  close: { args: ["i32"], returns: "i32" },
  _exit: { args: ["i32"], returns: "void" },
} as const;

/** What fails gives a negative number. */
export interface FileCalls {
  open(path: string, flags: number): number;
  read(fd: number, into: Uint8Array): number;
  write(fd: number, bytes: Uint8Array): number;
  /** Its length; what is appended begins there. */
  end(fd: number): number;
  close(fd: number): void;
  /** Ends the process. */
  exit(code: number): void;
  /** null where it isn't there, or can't be told this way. */
  stat: ((path: string, follow?: boolean) => FileStat | null) | null;
  /** From there on, wherever others read. null where it can't be done this way. */
  readAt: ((fd: number, into: Uint8Array, at: number) => number) | null;
}

export interface FileStat {
  readonly mode: number;
  readonly uid: number;
  readonly dev: number;
  readonly inode: number;
  readonly size: number;
  /** Milliseconds since the epoch, exact to a quarter of a microsecond. */
  readonly modified: number;
}

/** Linux's own: any call by its number. Memory is passed by `ptr`, and kept alive by whoever does. */
export interface LinuxCalls {
  readonly call: (number: number, a?: number, b?: number, c?: number, d?: number) => number;
  /** The same, bare: what is called many times doesn't go through a function that is worth compiling by then. */
  readonly syscall: (number: number, a: number, b: number, c: number, d: number) => number | bigint;
  readonly numbers: (typeof LINUX)[keyof typeof LINUX];
}

let files: FileCalls | null | undefined;
let linux: LinuxCalls | null | undefined;

export function fileCalls(): FileCalls | null {
  if (files === undefined) {
    const l = linuxCalls();
    files = l === null ? darwinFiles() : linuxFiles(l);
    if (files !== null) atOnceBy(files);
  }
  return files;
}

export function linuxCalls(): LinuxCalls | null {
  if (linux === undefined) linux = loadLinux();
  return linux;
}

function loadLinux(): LinuxCalls | null {
  const numbers = process.platform === "linux" ? LINUX[process.arch as keyof typeof LINUX] : undefined;
  if (numbers === undefined) return null;
  const loaded = load({ syscall: SYSCALL });
  if (loaded === null) return null;
  const { syscall } = loaded;
  const call = (number: number, a = 0, b = 0, c = 0, d = 0): number => Number(syscall(number, a, b, c, d));
  return { call, syscall, numbers };
}

function linuxFiles({ syscall, numbers }: LinuxCalls): FileCalls {
  return {
    open(path, flags) {
      const name = cString(path);
      return Number(syscall(numbers.openat, AT_FDCWD, ffi.ptr(name), flags, 0));
    },
    read: (fd, into) => Number(syscall(numbers.read, fd, ffi.ptr(into), into.length, 0)),
    readAt: (fd, into, at) => Number(syscall(numbers.pread, fd, ffi.ptr(into), into.length, at)),
    write: (fd, bytes) => Number(syscall(numbers.write, fd, ffi.ptr(bytes), bytes.length, 0)),
    end: (fd) => Number(syscall(numbers.lseek, fd, 0, SEEK_END, 0)),
    close: (fd) => void syscall(numbers.close, fd, 0, 0, 0),
    exit: (code) => void syscall(numbers.exit, code, 0, 0, 0),
    stat(path, follow = true) {
      const name = cString(path);
      const buffer = new Uint8Array(256);
      if (Number(syscall(numbers.fstatat, AT_FDCWD, ffi.ptr(name), ffi.ptr(buffer), follow ? 0 : NOFOLLOW)) !== 0)
        return null;
      const view = new DataView(buffer.buffer);
      return {
        mode: view.getUint32(numbers.stat.mode, true),
        uid: view.getUint32(numbers.stat.uid, true),
        dev: Number(view.getBigUint64(STAT.dev, true)),
        inode: Number(view.getBigUint64(STAT.inode, true)),
        size: Number(view.getBigUint64(STAT.size, true)),
        modified:
          Number(view.getBigInt64(STAT.seconds, true)) * 1000 + Number(view.getBigInt64(STAT.nanoseconds, true)) / 1e6,
      };
    },
  };
}

function darwinFiles(): FileCalls | null {
  const c = process.platform === "darwin" ? load(DARWIN_FILES) : null;
  if (c === null) return null;
  return {
    open(path, flags) {
      const name = cString(path);
      return c.open(ffi.ptr(name), flags, 0);
    },
    read: (fd, into) => Number(c.read(fd, ffi.ptr(into), into.length)),
    write: (fd, bytes) => Number(c.write(fd, ffi.ptr(bytes), bytes.length)),
    end: (fd) => Number(c.lseek(fd, 0, SEEK_END)),
    close: (fd) => void c.close(fd),
    exit: c._exit,
    stat: null,
    readAt: null,
  };
}

/** Binds these functions; null where there is no such library, or none of that name in it. */
export function load<T extends Symbols>(calls: T): ReturnType<typeof dlopen<T>>["symbols"] | null {
  for (const library of LIBRARIES[process.platform] ?? []) {
    const loaded = ffi.dlopen(library, calls);
    // Not this library: the next name, or none and the caller falls back.
    if (!(loaded instanceof Error)) return loaded.symbols;
  }
  return null;
}

/** Text as the C library wants it. Whoever passes its address keeps the array alive during the call. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** The whole of a small file; null where it can't be opened, or isn't small. Cheaper than the runtime's readers by half a millisecond. */
export function readSmallFile(c: FileCalls, path: string): string | null {
  const fd = c.open(path, 0);
  if (fd < 0) return null;
  const buffer = new Uint8Array(4096);
  const length = c.read(fd, buffer);
  c.close(fd);
  // A full buffer may be half a file.
  return length < 0 || length === buffer.length ? null : new TextDecoder().decode(buffer.subarray(0, length));
}

/** What an open file is called, as /proc has it; empty where it can't be told. */
export function nameOfDescriptor({ call, numbers }: LinuxCalls, fd: number): string {
  const buffer = new Uint8Array(4096);
  const path = cString(`/proc/self/fd/${fd}`);
  const length = call(numbers.readlinkat, AT_FDCWD, ffi.ptr(path), ffi.ptr(buffer), buffer.length);
  return length > 0 && length < buffer.length ? new TextDecoder().decode(buffer.subarray(0, length)) : "";
}
