/**
 * Files, looked at and written at once. On Linux by the system's own calls, which are bound anyway: `node:fs` takes two
 * milliseconds to load, a twentieth of a refresh. What doesn't go well that way, node:fs does, or says why it can't.
 */
import type * as NodeFs from "node:fs";
import { ffi } from "./ffi.ts";
import { AT_FDCWD, cString, type FileStat, fileCalls, type LinuxCalls, linuxCalls, nameOfDescriptor } from "./libc.ts";

export type Stat = Pick<FileStat, "mode" | "uid" | "size" | "dev">;

const O_PATH = 0x200000;
const O_CLOEXEC = 0x80000;
const O_RDWR = 2;
const O_NOFOLLOW = process.arch === "arm64" ? 0x8000 : 0x20000;
const R_OK = 4;
const W_OK = 2;

/** For what is done once in a vault's life. */
export function nodeFs(): typeof NodeFs {
  return process.getBuiltinModule("node:fs");
}

/** What lies there, a link as a link; null where nothing does. */
export function lstat(path: string): Stat | null {
  return fileCalls()?.stat?.(path, false) ?? nodeFs().lstatSync(path, { throwIfNoEntry: false }) ?? null;
}

export function kindOf({ mode }: Pick<Stat, "mode">): "file" | "folder" | "link" | "other" {
  switch (mode & 0o170000) {
    case 0o100000:
      return "file";
    case 0o040000:
      return "folder";
    case 0o120000:
      return "link";
    default:
      return "other";
  }
}

/** The path without links. */
export function realpath(path: string): string {
  const linux = linuxCalls();
  return (linux === null ? null : realpathOnLinux(linux, path)) ?? nodeFs().realpathSync(path);
}

function realpathOnLinux(linux: LinuxCalls, path: string): string | null {
  const name = cString(path);
  const fd = linux.call(linux.numbers.openat, AT_FDCWD, ffi.ptr(name), O_PATH | O_CLOEXEC);
  if (fd < 0) return null;
  const real = nameOfDescriptor(linux, fd);
  linux.call(linux.numbers.close, fd);
  return real.startsWith("/") ? real : null;
}

/** A file that is there, and no link. */
export function open(path: string, writing: boolean): number {
  const linux = linuxCalls();
  const name = cString(path);
  const flags = (writing ? O_RDWR : 0) | O_NOFOLLOW | O_CLOEXEC;
  const fd = linux === null ? -1 : linux.call(linux.numbers.openat, AT_FDCWD, ffi.ptr(name), flags);
  if (fd >= 0) return fd;
  const { constants, openSync } = nodeFs();
  return openSync(path, (writing ? constants.O_RDWR : constants.O_RDONLY) | (constants.O_NOFOLLOW ?? 0));
}

export function close(fd: number): void {
  const linux = linuxCalls();
  if (linux === null) nodeFs().closeSync(fd);
  else linux.call(linux.numbers.close, fd);
}

export function sizeOf(fd: number): number {
  const size = linuxCalls() === null ? -1 : (fileCalls()?.end(fd) ?? -1);
  return size < 0 ? nodeFs().fstatSync(fd).size : size;
}

/** From the beginning of the file, however many calls it takes. */
export function writeAll(fd: number, bytes: Uint8Array): void {
  const linux = linuxCalls();
  for (let at = 0; at < bytes.length; ) {
    const left = bytes.subarray(at);
    const written = linux === null ? -1 : linux.call(linux.numbers.pwrite, fd, ffi.ptr(left), left.length, at);
    at += written > 0 ? written : nodeFs().writeSync(fd, left, 0, left.length, at);
  }
}

/** From the beginning of the file. @returns how many bytes there were */
export function readInto(fd: number, bytes: Uint8Array): number {
  const length = fileCalls()?.readAt?.(fd, bytes, 0) ?? -1;
  return length < 0 ? nodeFs().readSync(fd, bytes, 0, bytes.length, 0) : length;
}

/** On the disk when it returns. */
export function sync(fd: number): void {
  const linux = linuxCalls();
  if (linux === null || linux.call(linux.numbers.fsync, fd) !== 0) nodeFs().fsyncSync(fd);
}

/** The same for what is in it, without its times. */
export function syncData(fd: number): void {
  const linux = linuxCalls();
  if (linux === null || linux.call(linux.numbers.fdatasync, fd) !== 0) nodeFs().fdatasyncSync(fd);
}

/** @throws the system's error where it may not be */
export function requireAccess(path: string, mode: "write" | "read and write"): void {
  const bits = mode === "write" ? W_OK : R_OK | W_OK;
  const linux = linuxCalls();
  const name = cString(path);
  if (linux === null || linux.call(linux.numbers.faccessat, AT_FDCWD, ffi.ptr(name), bits) !== 0)
    nodeFs().accessSync(path, bits);
}

/** The number that statfs(2) gives to a kind of file system. Linux only. */
export function fileSystemOf(path: string): number {
  const linux = linuxCalls();
  const name = cString(path);
  // struct statfs: 120 bytes, the type first.
  const buffer = new Uint8Array(256);
  if (linux === null || linux.call(linux.numbers.statfs, ffi.ptr(name), ffi.ptr(buffer)) !== 0)
    return Number(nodeFs().statfsSync(path).type);
  return new DataView(buffer.buffer).getUint32(0, true);
}

const SEPARATORS = process.platform === "win32" ? "/\\" : "/";

/** The folder that a full path is in. */
export function folderOf(path: string): string {
  const end = lastSeparator(path);
  return end <= 0 ? path.slice(0, end + 1) : path.slice(0, end);
}

/** The last part of a full path. */
export function nameIn(path: string): string {
  return path.slice(lastSeparator(path) + 1);
}

function lastSeparator(path: string): number {
  let at = path.length - 1;
  while (at >= 0 && !SEPARATORS.includes(path.charAt(at))) at--;
  return at;
}
