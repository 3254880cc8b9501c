/** Files that are written beside another and then take its place, so that no one ever sees half of one. */
import { constants } from "node:fs";
import { lstat, open, readdir, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { errorCode } from "./errors.ts";
import { isOwnedByOther } from "./small-file.ts";

/** A name beside a file for its next text. @param mark whose it is: `auth-setup` */
export function draftOf(path: string, mark: string): string {
  return `${path}.${mark}-${crypto.randomUUID()}`;
}

/**
 * Drafts beside a file that were never finished: files of this user's under a name that `draftOf` gives. Precondition: none
 * is being made.
 */
export async function draftsOf(path: string, mark: string): Promise<string[]> {
  const start = `${basename(path)}.${mark}-`;
  const isDraft = (name: string): boolean => name.startsWith(start) && UUID.test(name.slice(start.length));
  const names = await unlessGone(readdir(dirname(path)));
  const found: string[] = [];
  for (const draft of (names ?? []).filter(isDraft).map((name) => join(dirname(path), name))) {
    const stats = await unlessGone(lstat(draft));
    if (stats?.isFile() && !isOwnedByOther(stats)) found.push(draft);
  }
  return found;
}

/** As `draftsOf`. One that can't be removed now harms nothing, and is left for the next time. */
export async function removeDrafts(path: string, mark: string): Promise<void> {
  for (const draft of await draftsOf(path, mark)) await unlessGone(rm(draft));
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

/** null where the system refuses. */
async function unlessGone<T>(work: Promise<T>): Promise<T | null> {
  return work.catch((error) => {
    if (errorCode(error) === undefined) throw error;
    return null;
  });
}

/** On the disk when this returns. @throws the system's error, `EEXIST` where there is one */
export async function createFile(path: string, text: string, mode = 0o600): Promise<void> {
  const handle = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  try {
    await handle.writeFile(text);
    if (mode !== 0o600) await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** That a file has this name, or no longer, is on the disk when this returns. */
export async function syncFolderOf(path: string): Promise<void> {
  // Windows has no such thing, and its folders can't be opened.
  if (process.platform === "win32") return;
  const folder = await open(dirname(path), constants.O_RDONLY);
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
