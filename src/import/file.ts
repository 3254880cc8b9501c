/** Text files of other programs: read whole, within bounds, and only where they are certainly this user's. */
import { constants, type Stats } from "node:fs";
import { lstat, open } from "node:fs/promises";
import { AuthError, errorCode } from "../platform/errors.ts";
import { faultReason } from "../platform/file-faults.ts";
import { shellWord } from "../platform/shell-word.ts";
import { isOpenTo, isOwnedByOther } from "../platform/small-file.ts";
import { refused } from "./refused.ts";

export interface ForeignFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** How many names it has. */
  readonly names: number;
}

const LARGEST = 4 * 1024 * 1024;
/** For others, and for everyone: who can write it decides what it says. */
const WRITABLE_BY_ALL = 0o002;

/** @returns null where there is no such file. @throws AuthError `import_refused` */
export async function readForeign(path: string): Promise<ForeignFile | null> {
  if ((await statForeign(path)) === null) return null;
  // Not through a link that took its place, and not waiting for a pipe's other end.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const handle = await open(path, flags).catch((error: unknown) => {
    throw unreadable(path, error);
  });
  try {
    const stats = await handle.stat();
    requireOwnFile(path, stats);
    if (stats.size > LARGEST) throw refused(`${path} is too large: ${stats.size} bytes.`, "Is it the right file?");
    const bytes = await handle.readFile().catch((error: unknown) => {
      throw unreadable(path, error);
    });
    return { path, text: textOf(path, bytes), mode: stats.mode & 0o777, names: stats.nlink };
  } finally {
    await handle.close();
  }
}

/** Whether it is there, and a file of one's own. @throws AuthError `import_refused` */
export async function statForeign(path: string): Promise<Stats | null> {
  try {
    const stats = await lstat(path);
    requireOwnFile(path, stats);
    return stats;
  } catch (error) {
    if (error instanceof AuthError) throw error;
    if (/^(ENOENT|ENOTDIR)$/.test(errorCode(error) ?? "")) return null;
    throw unreadable(path, error);
  }
}

function requireOwnFile(path: string, stats: Stats): void {
  if (stats.isSymbolicLink()) throw refused(`${path} is a link.`, "Name what it leads to: --file <path>");
  if (!stats.isFile()) throw refused(`${path} is no file.`, "Name another: --file <path>");
  if (isOwnedByOther(stats))
    throw refused(`${path} belongs to another user.`, "Run auth as that user: a login belongs to one person.");
  if (isOpenTo(stats, WRITABLE_BY_ALL))
    throw refused(
      `Other users of this machine can write to ${path}.`,
      `If what it says is yours: chmod o-w ${shellWord(path)}`,
    );
}

function textOf(path: string, bytes: Uint8Array): string {
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    if (!text.includes("\0")) return text;
  } catch {
    // Said below.
  }
  throw refused(`${path} isn't text.`, "It may be damaged, or encrypted by its program.");
}

function unreadable(path: string, error: unknown): AuthError {
  const code = errorCode(error);
  if (code === undefined) throw error;
  return refused(`${path} can't be read: ${faultReason(code)}.`, "Set its permissions right.");
}
