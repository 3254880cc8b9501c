/** The few calls of the C library that Bun has no API for. POSIX only; null where the library can't be loaded. */
import { dlopen, FFIType, type Pointer, ptr, read } from "bun:ffi";
import { leaveBy } from "./leave.ts";

/** By name, since a process can't open itself under Bun: glibc, musl, macOS. */
const LIBRARIES: Partial<Record<NodeJS.Platform, readonly string[]>> = {
  linux: ["libc.so.6", "libc.musl-x86_64.so.1", "libc.musl-aarch64.so.1"],
  darwin: ["libSystem.B.dylib"],
};

/** For reading and appending to files: all that is loaded on the way of a token. Each call costs some 10 µs to bind. */
const FILE_CALLS = {
  open: { args: ["ptr", "i32", "i32"], returns: "i32" },
  read: { args: ["i32", "ptr", "u64"], returns: FFIType.i64_fast },
  write: { args: ["i32", "ptr", "u64"], returns: FFIType.i64_fast },
  lseek: { args: ["i32", FFIType.i64_fast, "i32"], returns: FFIType.i64_fast },
  close: { args: ["i32"], returns: "i32" },
  _exit: { args: ["i32"], returns: "void" },
  syscall: {
    args: [FFIType.i64_fast, FFIType.i64_fast, FFIType.i64_fast, FFIType.i64_fast, FFIType.i64_fast],
    returns: FFIType.i64_fast,
  },
} as const;

/** For becoming another program. */
const PROCESS_CALLS = {
  ...FILE_CALLS,
  execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  signal: { args: ["i32", "ptr"], returns: "ptr" },
  readlink: { args: ["ptr", "ptr", "u64"], returns: FFIType.i64_fast },
  getrlimit: { args: ["i32", "ptr"], returns: "i32" },
  setrlimit: { args: ["i32", "ptr"], returns: "i32" },
} as const;

/** Where the thread's `errno` is. */
const ERRNO = { linux: "__errno_location", darwin: "__error" } as const;

export type FileCalls = ReturnType<typeof dlopen<typeof FILE_CALLS>>["symbols"];
export type Libc = ReturnType<typeof dlopen<typeof PROCESS_CALLS>>["symbols"] & { errno(): number };

let fileCalls: FileCalls | null | undefined;
let processCalls: Libc | null | undefined;

/** Just enough for files; what is loaded already serves too. */
export function libcFiles(): FileCalls | null {
  if (fileCalls === undefined) {
    fileCalls = processCalls ?? load((library) => dlopen(library, FILE_CALLS).symbols);
    if (fileCalls !== null) leaveBy(fileCalls._exit);
  }
  return fileCalls;
}

export function libc(): Libc | null {
  if (processCalls === undefined) processCalls = load(openForProcesses);
  return processCalls;
}

function openForProcesses(library: string): Libc | null {
  const name = ERRNO[process.platform as keyof typeof ERRNO];
  const { symbols } = dlopen(library, { ...PROCESS_CALLS, [name]: { args: [], returns: "ptr" } });
  const location = (symbols as unknown as Record<string, () => Pointer>)[name];
  if (location === undefined) return null;
  return { ...(symbols as unknown as Libc), errno: () => read.i32(location()) };
}

function load<T>(open: (library: string) => T | null): T | null {
  for (const library of LIBRARIES[process.platform] ?? []) {
    try {
      const symbols = open(library);
      if (symbols !== null) return symbols;
    } catch {
      // Not this library: the next name, or none and the caller falls back.
    }
  }
  return null;
}

/** Text as the C library wants it. Whoever passes its address keeps the array alive during the call. */
export function cString(text: string): Uint8Array {
  return new TextEncoder().encode(`${text}\0`);
}

/** A NULL-terminated array of C strings; `memory` must be kept alive as long as `pointers` is used. */
export function cStrings(texts: readonly string[]): { pointers: BigUint64Array; memory: Uint8Array } {
  // One encoding and one address for all of them: an environment has a hundred variables.
  const memory = cString(texts.join("\0"));
  const base = BigInt(ptr(memory));
  const pointers = new BigUint64Array(texts.length + 1);
  for (let i = 0, at = 0; i < texts.length; i++) {
    pointers[i] = base + BigInt(at);
    at = memory.indexOf(0, at) + 1;
  }
  return { pointers, memory };
}

/** The whole of a small file; null where it can't be opened, or isn't small. Cheaper than the runtime's readers by half a millisecond. */
export function readSmallFile(c: FileCalls, path: string): string | null {
  const name = cString(path);
  const fd = c.open(ptr(name), 0, 0);
  if (fd < 0) return null;
  const buffer = new Uint8Array(16_384);
  const length = Number(c.read(fd, ptr(buffer), buffer.length));
  c.close(fd);
  // A full buffer may be half a file.
  return length < 0 || length === buffer.length ? null : new TextDecoder().decode(buffer.subarray(0, length));
}

export { ptr };
