/**
 * Small files and their owners, looked at without the runtime's threads. On the way of every token: what `Bun.file`
 * takes a millisecond for, most of it to start a thread and to hear of its end, takes libc some microseconds.
 */
import { fileCalls, readSmallFile } from "./libc.ts";

export interface Ownership {
  readonly mode: number;
  readonly uid: number;
}

export type OwnedText = Ownership & { readonly text: string };

/** Who may do what with a file, told at once where libc can. @throws the system's error, with its `code`, where it can't be looked at */
export function ownershipOf(path: string): Ownership | Promise<Ownership> {
  return fileCalls()?.stat?.(path) ?? Bun.file(path).stat();
}

/** Whether there is anything of that name, whatever it is. */
export function isThere(path: string): boolean | Promise<boolean> {
  const stat = fileCalls()?.stat;
  if (stat) return stat(path) !== null;
  return Bun.file(path)
    .stat()
    .then(
      () => true,
      () => false,
    );
}

/** A text file and whose it is. @throws the system's error, with its `code` */
export function readOwned(path: string): OwnedText | Promise<OwnedText> {
  const c = fileCalls();
  const stat = c?.stat?.(path) ?? null;
  // Only what is a file may be opened here: opening a pipe would wait for its other end.
  const text = c !== null && stat !== null && isFile(stat) ? readSmallFile(c, path) : null;
  return stat !== null && text !== null ? { mode: stat.mode, uid: stat.uid, text } : readByRuntime(path);
}

async function readByRuntime(path: string): Promise<OwnedText> {
  const file = Bun.file(path);
  const [{ mode, uid }, text] = await Promise.all([file.stat(), file.text()]);
  return { mode, uid, text };
}

function isFile({ mode }: Pick<Ownership, "mode">): boolean {
  return (mode & 0o170000) === 0o100000;
}
