/** Text files of other programs: read whole, within bounds, and only where they are certainly this user's. */
import { constants, type Stats } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { AuthError, errorCode } from "./errors.ts";
import { faultReason } from "./file-faults.ts";
import { isOpenTo, isOwnedByOther } from "./small-file.ts";

/** Why a file isn't read. */
export type ForeignFault =
  | { readonly kind: "link" | "no file" | "of another user" | "writable by all" | "no text" }
  | { readonly kind: "too large"; readonly bytes: number }
  /** `reason` in words: `permission denied`. */
  | { readonly kind: "unreadable"; readonly reason: string };

/** The caller's words for it. */
export type Refuse = (fault: ForeignFault) => AuthError;

/** Bytes. */
const LARGEST = 4 * 1024 * 1024;
/** For others, and for everyone: who can write it decides what it says. */
const WRITABLE_BY_ALL = 0o002;

/**
 * @param keepMark whether a byte order mark at the beginning is part of the text, which is going to be written again
 * @returns null where there is no such file
 * @throws what `refuse` makes of a fault
 */
export async function readForeignFile(
  path: string,
  refuse: Refuse,
  { keepMark = false }: { readonly keepMark?: boolean } = {},
): Promise<{ readonly text: string; readonly stats: Stats } | null> {
  if ((await statForeignFile(path, refuse)) === null) return null;
  // Not through a link that took its place, and not waiting for a pipe's other end.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const handle = await open(path, flags).catch((error: unknown) => {
    throw unreadable(error, refuse);
  });
  try {
    const stats = await handle.stat();
    requireOwnFile(stats, refuse);
    if (stats.size > LARGEST) throw refuse({ kind: "too large", bytes: stats.size });
    const bytes = await handle.readFile().catch((error: unknown) => {
      throw unreadable(error, refuse);
    });
    return { text: textOf(bytes, keepMark, refuse), stats };
  } finally {
    await handle.close();
  }
}

/** Whether it is there, and a file of one's own. @throws what `refuse` makes of a fault */
export async function statForeignFile(path: string, refuse: Refuse): Promise<Stats | null> {
  try {
    const stats = await lstat(path);
    requireOwnFile(stats, refuse);
    return stats;
  } catch (error) {
    if (error instanceof AuthError) throw error;
    if (/^(ENOENT|ENOTDIR)$/.test(errorCode(error) ?? "")) return null;
    throw unreadable(error, refuse);
  }
}

function requireOwnFile(stats: Stats, refuse: Refuse): void {
  if (stats.isSymbolicLink()) throw refuse({ kind: "link" });
  if (!stats.isFile()) throw refuse({ kind: "no file" });
  if (isOwnedByOther(stats)) throw refuse({ kind: "of another user" });
  if (isOpenTo(stats, WRITABLE_BY_ALL)) throw refuse({ kind: "writable by all" });
}

function textOf(bytes: Uint8Array, keepMark: boolean, refuse: Refuse): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: keepMark }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Said below.
  }
  throw refuse({ kind: "no text" });
}

function unreadable(error: unknown, refuse: Refuse): unknown {
  const code = errorCode(error);
  return code === undefined ? error : refuse({ kind: "unreadable", reason: faultReason(code) });
}
