/** The calls of the system by which a process becomes another program. */
import type { Pointer } from "bun:ffi";
import { ffi } from "./ffi.ts";
import { cString, type LinuxCalls, linuxCalls, load } from "./libc.ts";

const DARWIN_PROCESSES = {
  execve: { args: ["ptr", "ptr", "ptr"], returns: "i32" },
  fcntl: { args: ["i32", "i32", "i32"], returns: "i32" },
  signal: { args: ["i32", "ptr"], returns: "ptr" },
  __error: { args: [], returns: "ptr" },
} as const;

export interface ProcessCalls {
  /** Returns only where it failed. @returns `errno` */
  execve(path: string, args: CStrings, environment: CStrings): number;
  fcntl(fd: number, command: number, value: number): number;
  /** Back to what the system does with it. */
  resetSignal(signal: number): void;
}

/** A NULL-terminated array of C strings; `memory` must be kept alive as long as `pointers` is used. */
export interface CStrings {
  readonly pointers: BigUint64Array;
  readonly memory: Uint8Array;
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

export function processCalls(): ProcessCalls | null {
  const l = linuxCalls();
  return l === null ? darwinProcesses() : linuxProcesses(l);
}

function linuxProcesses({ call, numbers }: LinuxCalls): ProcessCalls | null {
  const errno = load({ __errno_location: { args: [], returns: "ptr" } });
  if (errno === null) return null;
  return {
    execve(path, args, environment) {
      const name = cString(path);
      call(numbers.execve, ffi.ptr(name), ffi.ptr(args.pointers), ffi.ptr(environment.pointers));
      return ffi.read.i32(errno.__errno_location() as Pointer);
    },
    fcntl: (fd, command, value) => call(numbers.fcntl, fd, command, value),
    resetSignal(signal) {
      // All zeros: SIG_DFL, no flags, nothing blocked. The kernel's set of signals has eight bytes.
      const action = new Uint8Array(32);
      call(numbers.sigaction, signal, ffi.ptr(action), 0, 8);
    },
  };
}

function darwinProcesses(): ProcessCalls | null {
  const c = process.platform === "darwin" ? load(DARWIN_PROCESSES) : null;
  if (c === null) return null;
  return {
    execve(path, args, environment) {
      const name = cString(path);
      c.execve(ffi.ptr(name), ffi.ptr(args.pointers), ffi.ptr(environment.pointers));
      return ffi.read.i32(c.__error() as Pointer);
    },
    fcntl: (fd, command, value) => c.fcntl(fd, command, value),
    resetSignal: (signal) => void c.signal(signal, null),
  };
}
