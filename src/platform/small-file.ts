/**
 * Small files and their owners, looked at without the runtime's threads. On the way of every token: what `Bun.file`
 * takes a millisecond for, most of it to start a thread and to hear of its end, takes libc some microseconds.
 */
import { type FileCalls, libcFiles, ptr, readSmallFile } from "./libc.ts";

export interface Ownership {
  readonly mode: number;
  readonly uid: number;
}

/** @throws the system's error, with its `code`, where the file isn't there or can't be looked at */
export async function ownershipOf(path: string): Promise<Ownership> {
  const c = libcFiles();
  return (c === null ? null : statByLibc(c, path)) ?? Bun.file(path).stat();
}

/** Whether there is anything of that name, whatever it is. */
export async function isThere(path: string): Promise<boolean> {
  const c = libcFiles();
  if (c !== null && layoutHere() !== undefined) return statByLibc(c, path) !== null;
  return Bun.file(path)
    .stat()
    .then(
      () => true,
      () => false,
    );
}

/** A text file and whose it is. @throws the system's error, with its `code` */
export async function readOwned(path: string): Promise<Ownership & { readonly text: string }> {
  const c = libcFiles();
  const stat = c === null ? null : statByLibc(c, path);
  // Only what is a file may be opened here: opening a pipe would wait for its other end.
  const text = c !== null && stat !== null && isFile(stat) ? readSmallFile(c, path) : null;
  if (stat !== null && text !== null) return { mode: stat.mode, uid: stat.uid, text };
  const file = Bun.file(path);
  const [{ mode, uid }, whole] = await Promise.all([file.stat(), file.text()]);
  return { mode, uid, text: whole };
}

function isFile({ mode }: Ownership): boolean {
  return (mode & 0o170000) === 0o100000;
}

/** newfstatat(2) and where its `struct stat` has what, by architecture. */
const STAT = {
  x64: { call: 262, mode: 24, uid: 28 },
  arm64: { call: 79, mode: 16, uid: 24 },
} as const;
const AT_FDCWD = -100;

function layoutHere(): (typeof STAT)[keyof typeof STAT] | undefined {
  return process.platform === "linux" ? STAT[process.arch as keyof typeof STAT] : undefined;
}

/** null where it can't be told this way: the runtime's own way then tells, or says why not. */
function statByLibc(c: FileCalls, path: string): Ownership | null {
  const layout = layoutHere();
  if (layout === undefined) return null;
  const name = new TextEncoder().encode(`${path}\0`);
  const buffer = new Uint8Array(256);
  if (Number(c.syscall(layout.call, AT_FDCWD, ptr(name), ptr(buffer), 0)) !== 0) return null;
  const view = new DataView(buffer.buffer);
  return { mode: view.getUint32(layout.mode, true), uid: view.getUint32(layout.uid, true) };
}
