/** Making the folders of a home: private whatever the umask, and only where their owner will be able to use them. */
import { lstatSync, mkdirSync, realpathSync, type Stats } from "node:fs";
import { dirname } from "node:path";
import { AuthError, errorCode } from "./errors.ts";
import { isOwnedByOther, ownerHint } from "./small-file.ts";
import { windowsFiles } from "./windows-files.ts";

/**
 * Makes a folder and those above it, mode 0700. Not in a folder of another user: what root makes in a user's home, that
 * user can't use, and another user's folder can be exchanged under our hands. Root's own folders are all right.
 *
 * @throws AuthError `vault_unwritable`, or the system's error
 */
export function makeFolder(path: string): void {
  requireOwnPlace(path);
  // A umask can take away what the owner needs, and with it the way into what is made first.
  const umask = process.umask(0o077);
  try {
    const first = mkdirSync(path, { recursive: true, mode: 0o700 });
    if (first !== undefined) windowsFiles()?.protect(first);
  } catch (error) {
    const left = errorCode(error) === "EACCES" ? leftBySudo(path) : null;
    throw left === null ? error : othersPlace(path, left, error);
  } finally {
    process.umask(umask);
  }
}

/** What `makeFolder` would refuse. @throws AuthError `vault_unwritable` */
export function requireOwnPlace(path: string): void {
  const [place, stat] = nearestExisting(path);
  if (isOwnedByOther(stat) && stat.uid !== 0) throw othersPlace(path, place);
}

/**
 * A folder at or above `path` that is another user's inside one of mine, as sudo leaves them; null where there is none, or
 * where that can't be looked at.
 */
export function leftBySudo(path: string): string | null {
  try {
    const [place, stat] = nearestExisting(path);
    return isOwnedByOther(stat) && !isOwnedByOther(lstatSync(dirname(place))) ? place : null;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return null;
  }
}

/** What keeps a file from being used: itself where it is another user's, else a folder above that sudo left; or null. */
export function othersAt(path: string): string | null {
  try {
    const stat = lstatSync(path, { throwIfNoEntry: false });
    if (stat !== undefined && isOwnedByOther(stat)) return path;
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
  return leftBySudo(dirname(path));
}

/** The folder at or above `path` that exists, links resolved. */
export function nearestExisting(path: string): [string, Stats] {
  for (let at = path; ; at = dirname(at)) {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined && at !== dirname(at)) continue;
    const real = realpathSync(at);
    return [real, lstatSync(real)];
  }
}

function othersPlace(path: string, place: string, cause?: unknown): AuthError {
  const why =
    process.getuid?.() === 0
      ? "belongs to another user, who could not use what root makes in it"
      : "belongs to another user";
  return new AuthError("vault_unwritable", `${path} can't be made: ${place} ${why}.`, {
    hint: ownerHint(place),
    cause,
  });
}
