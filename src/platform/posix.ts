/**
 * System calls for which Bun has no API, or one that takes a millisecond to load. All numbers of the system are here.
 *
 * On Linux every call goes through syscall(2), so that one function is bound, which takes 20 µs; on macOS the few that
 * are needed to become another program are bound by name. Where C functions can't be called, `posix()` is null and each
 * caller falls back on Bun's own API: FFI needs the JIT, which `MemoryDenyWriteExecute` or a memory limit takes away.
 */
import type { dlopen, FFIType, Pointer, ptr, read, Symbols } from "bun:ffi";

/** What the module `bun:ffi` is built on. The module takes a quarter of a millisecond to load, for classes not used here. */
const ffi = (
  Bun as unknown as {
    readonly FFI: {
      /** Returns the error instead of throwing it, but for a missing JIT. */
      dlopen<T extends Symbols>(library: string, calls: T): ReturnType<typeof dlopen<T>> | Error;
      readonly ptr: typeof ptr;
      readonly read: typeof read;
    };
  }
).FFI;

/** Linux's numbers: arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h. */
const LINUX_CALLS = {
  x64: {
    ...{ openat: 257, read: 0, write: 1, lseek: 8, close: 3, statx: 332, readlinkat: 267, getdents64: 217 },
    ...{ fcntl: 72, pipe2: 293, execve: 59, rt_sigaction: 13, prlimit64: 302, close_range: 436, prctl: 157 },
  },
  arm64: {
    ...{ openat: 56, read: 63, write: 64, lseek: 62, close: 57, statx: 291, readlinkat: 78, getdents64: 61 },
    ...{ fcntl: 25, pipe2: 59, execve: 221, rt_sigaction: 134, prlimit64: 261, close_range: 436, prctl: 167 },
  },
} as const;

export type LinuxCall = keyof (typeof LINUX_CALLS)["x64"];

const isArm = process.arch === "arm64";
const isMac = process.platform === "darwin";

/** <fcntl.h>, for open(2). */
export const O = {
  WRONLY: 1,
  APPEND: isMac ? 0x8 : 0x400,
  NONBLOCK: isMac ? 0x4 : 0x800,
  CLOEXEC: isMac ? 0x1000000 : 0x80000,
  NOFOLLOW: isMac ? 0x100 : isArm ? 0x8000 : 0x20000,
  DIRECTORY: isMac ? 0x100000 : isArm ? 0x4000 : 0x10000,
} as const;

/** <fcntl.h>, for fcntl(2). The locks and SETPIPE_SZ are Linux's alone, FULLFSYNC is macOS's. */
export const F = {
  DUPFD: 0,
  SETFD: 2,
  GETFL: 3,
  SETFL: 4,
  OFD_GETLK: 36,
  OFD_SETLK: 37,
  WRLCK: 1,
  UNLCK: 2,
  FULLFSYNC: 51,
  SETPIPE_SZ: 1031,
} as const;

export const AT_FDCWD = -100;
export const AT_SYMLINK_NOFOLLOW = 0x100;
export const AT_EMPTY_PATH = 0x1000;
export const SEEK_END = 2;

/** <errno.h>: the same on Linux and macOS, but for the two that say it. */
export const ERRNO = {
  ENOENT: 2,
  EINTR: 4,
  E2BIG: 7,
  ENOEXEC: 8,
  EACCES: 13,
  EINVAL: 22,
  EAGAIN: isMac ? 35 : 11,
  ENOLCK: isMac ? 77 : 37,
} as const;

export interface Posix {
  /** Returns only where it failed. @returns `errno` */
  execve(path: string, args: CStrings, environment: CStrings): number;
  /** @returns the result, or a negative `errno` */
  fcntl(fd: number, command: number, argument: number): number;
  /** Back to what the system does with this signal. */
  resetSignal(signal: number): void;
  ignoreSignal(signal: number): void;
  /** `NAME=value` of those that are set, as the system holds them: Bun leaves some out of its own. ASCII. */
  entriesOf(names: readonly string[]): string[];
  /** Linux's own: any call by its name. null on macOS. */
  readonly linux: Linux | null;
}

export interface Linux {
  /** Numbers, or memory to be passed by its address. @returns the result, or a negative `errno` */
  call(name: LinuxCall, a?: Word, b?: Word, c?: Word, d?: Word, e?: Word): number;
}

type Word = number | Uint8Array | BigUint64Array;

/** A NULL-terminated array of C strings; `memory` must be kept alive as long as `pointers` is used. */
export interface CStrings {
  readonly pointers: BigUint64Array;
  readonly memory: Uint8Array;
}

let loaded: Posix | null | undefined;

/** null where the C library's functions can't be called. */
export function posix(): Posix | null {
  if (loaded === undefined) loaded = isMac ? loadDarwin() : process.platform === "linux" ? loadLinux() : null;
  return loaded;
}

/** As a type of an argument: a number where it is small enough for one. */
const WORD = 15 as FFIType.i64_fast;

function loadLinux(): Posix | null {
  const numbers = LINUX_CALLS[process.arch as keyof typeof LINUX_CALLS] as Record<LinuxCall, number> | undefined;
  // As a pointer, Bun takes memory by its address and a number as it is, below zero too (its src/bun.js/api/FFI.h).
  const bound = load({ syscall: { args: [WORD, "ptr", "ptr", "ptr", "ptr", "ptr"], returns: WORD } });
  if (numbers === undefined || bound === null) return null;
  const syscall = bound.syscall as (number: number, ...words: Word[]) => number | bigint;
  const call: Linux["call"] = (name, a = 0, b = 0, c = 0, d = 0, e = 0) => {
    const result = Number(syscall(numbers[name], a, b, c, d, e));
    return result === -1 ? -errno() : result;
  };
  return {
    execve: (path, args, environment) => -call("execve", cString(path), args.pointers, environment.pointers),
    fcntl: (fd, command, argument) => call("fcntl", fd, command, argument),
    resetSignal: (signal) => setAction(call, signal, SIG_DFL),
    ignoreSignal: (signal) => setAction(call, signal, SIG_IGN),
    entriesOf,
    linux: { call },
  };
}

const SIG_DFL = 0;
const SIG_IGN = 1;

/** The kernel's `struct sigaction`: the handler, then no flags and nothing blocked. Its set of signals has eight bytes. */
function setAction(call: Linux["call"], signal: number, handler: number): void {
  const action = new Uint8Array(32);
  action[0] = handler;
  call("rt_sigaction", signal, action, 0, 8);
}

/**
 * The arguments of fcntl(2) on macOS. It is variadic, and on arm64 variadic arguments are on the stack, in eight bytes each
 * ("Writing ARM64 code for Apple platforms"): the fillers take up the registers that are left.
 */
export function darwinFcntl(fd: number, command: number, argument: number, arch = process.arch): number[] {
  return [fd, command, ...(arch === "arm64" ? [0, 0, 0, 0, 0, 0] : []), argument];
}

function loadDarwin(): Posix | null {
  const c = load({
    execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
    fcntl: { args: darwinFcntl(0, 0, 0).map(() => WORD), returns: "i32" },
    signal: { args: ["i32", "ptr"], returns: "ptr" },
  });
  if (c === null) return null;
  return {
    execve(path, args, environment) {
      const name = cString(path);
      c.execve(ffi.ptr(name), ffi.ptr(args.pointers), ffi.ptr(environment.pointers));
      return errno();
    },
    fcntl(fd, command, argument) {
      const result = c.fcntl(...darwinFcntl(fd, command, argument));
      return result === -1 ? -errno() : result;
    },
    resetSignal: (signal) => void c.signal(signal, null),
    ignoreSignal: (signal) => void c.signal(signal, SIG_IGN as Pointer),
    entriesOf,
    linux: null,
  };
}

function entriesOf(names: readonly string[]): string[] {
  const c = load({ getenv: { args: ["ptr"], returns: "ptr" } });
  return names.flatMap((name) => {
    const value = c?.getenv(ffi.ptr(cString(name))) ?? null;
    return value === null ? [] : `${name}=${textAt(value as Pointer)}`;
  });
}

function textAt(address: Pointer): string {
  let text = "";
  for (let byte = ffi.read.u8(address); byte !== 0; byte = ffi.read.u8(address, text.length))
    text += String.fromCharCode(byte);
  return text;
}

let errnoAt: (() => Pointer) | undefined;

/** Where it is, is asked when a call has failed for the first time: most never do. */
function errno(): number {
  const location = { args: [], returns: "ptr" } as const;
  errnoAt ??= (isMac ? load({ __error: location })?.__error : load({ __errno_location: location })?.__errno_location) as
    | (() => Pointer)
    | undefined;
  return errnoAt === undefined ? ERRNO.EINVAL : ffi.read.i32(errnoAt());
}

/** By name, since a process can't open itself under Bun: glibc, musl, macOS. */
const LIBRARIES = isMac ? ["libSystem.B.dylib"] : ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"];

/** Binds these functions; null where there is no such library, none of that name in it, or no JIT. */
export function load<T extends Symbols>(
  calls: T,
  libraries: readonly string[] = LIBRARIES,
): ReturnType<typeof dlopen<T>>["symbols"] | null {
  try {
    for (const library of libraries) {
      const found = ffi.dlopen(library, calls);
      // Not this library: the next name, or none.
      if (!(found instanceof Error)) return found.symbols;
    }
  } catch {
    // "bun:ffi requires the JIT": what is needed of these calls is done in another way.
  }
  return null;
}

/** What a C function has left at an address. */
export function uint16At(address: Pointer, offset: number): number {
  return ffi.read.u16(address, offset);
}

/** Text as the C library wants it. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

export function cStrings(texts: readonly string[]): CStrings {
  // One encoding and one address for all of them: an environment has a hundred variables.
  const memory = cString(texts.join("\0"));
  const base = BigInt(ffi.ptr(memory));
  const pointers = new BigUint64Array(texts.length + 1);
  for (let i = 0, at = 0; i < texts.length; i++) {
    pointers[i] = base + BigInt(at);
    at = memory.indexOf(0, at) + 1;
  }
  return { pointers, memory };
}
