/** What the system has against the use of a file, in words, and what helps; by the error's code. */
import { accessSync, constants, lstatSync } from "node:fs";
import { homedir } from "node:os";
import { dirname } from "node:path";
import { errorCode, isOutOfFiles, RAISE_FILE_LIMIT } from "./errors.ts";
import { othersAt } from "./folders.ts";
import { permitCommand, shellWord } from "./shell-word.ts";
import { isOwnedByOther, ownerHint } from "./small-file.ts";

const FAULTS: Readonly<Record<string, readonly [reason: string, remedy?: string]>> = {
  EACCES: ["permission denied", "Set its permissions right"],
  EPERM: ["permission denied", "Set its permissions right"],
  EROFS: ["the file system is read-only", "No permission changes that: mount it writable"],
  ENOSPC: ["the disk is full", "Make room"],
  EDQUOT: ["the disk quota is used up", "Make room"],
  ENOTDIR: ["a part of the path is not a folder"],
  ELOOP: ["it is a symbolic link"],
  EISDIR: ["it is a folder", "Move it away"],
  ENXIO: ["it isn't a file", "Move it away"],
  ENOENT: ["its folder doesn't exist"],
  EIO: ["the disk reports an error", "Check the disk"],
  EMFILE: ["too many open files"],
  ENFILE: ["too many open files"],
  EBUSY: ["another program uses it, or it is mounted by itself"],
  ETXTBSY: ["it is a program that runs"],
  ENOLCK: ["the system has no lock left for it"],
};

/** `the disk is full`; a code that isn't known, as it is. */
export function faultReason(code: string): string {
  return FAULTS[code]?.[0] ?? code;
}

/** A sentence: what helps, and the way round it. */
function faultRemedy(code: string): string {
  if (isOutOfFiles({ code })) return RAISE_FILE_LIMIT;
  const remedy = FAULTS[code]?.[1] ?? "Make room or set its permissions right";
  return `${remedy}, or set AUTH_HOME to a folder of your own on a local disk.`;
}

/** What keeps a file from being written, and what to do. */
export interface FileFault {
  /** The file, or the folder at or above it, that is at fault. It exists, where permissions are the reason. */
  readonly place: string;
  readonly reason: string;
  readonly hint: string;
}

/** @param code the system's, of the failed call */
export function fileFault(path: string, code: string): FileFault {
  const closed = /^(EACCES|EPERM|EROFS)$/.test(code) ? closedPlace(path) : null;
  const { place, code: why } = closed ?? { place: path, code };
  return { place, reason: faultReason(why), hint: hintFor(path, place, why, closed !== null) };
}

function hintFor(path: string, place: string, code: string, isClosed: boolean): string {
  if (code !== "EACCES" && code !== "EPERM") return faultRemedy(code);
  const left = othersAt(path);
  if (left !== null) return ownerHint(left);
  if (!isClosed) return faultRemedy(code);
  const stat = lstatSync(place);
  if (!isOwnedByOther(stat)) {
    const chmod = stat.isDirectory() ? `chmod u+rwx ${shellWord(place)}` : `chmod u+rw ${shellWord(place)}`;
    const command = process.platform === "win32" ? permitCommand(place) : chmod;
    return `Make it writable: ${command}\nOr set AUTH_HOME to a folder of your own on a local disk.`;
  }
  // A folder of the system, such as /, is not to be given away.
  return place === homedir()
    ? ownerHint(place)
    : "It belongs to another user. Use a folder of your own: export AUTH_HOME=<folder>";
}

/** The first part of a path that this user may not go through, or the last that exists and can't be written. */
function closedPlace(path: string): { place: string; code: string } | null {
  const parts = [path];
  for (let at = path; at !== dirname(at); at = dirname(at)) parts.unshift(dirname(at));
  let last = "/";
  for (const at of parts) {
    const stat = lstatSync(at, { throwIfNoEntry: false });
    if (stat === undefined) break;
    last = at;
    const code = stat.isDirectory() ? refusalOf(at, constants.X_OK) : null;
    if (code !== null) return { place: at, code };
  }
  // Beside a file that is there, others are made: a journal, a new version of it.
  for (const place of last === path ? [path, dirname(path)] : [last]) {
    const code = refusalOf(place, constants.W_OK);
    if (code !== null) return { place, code };
  }
  return null;
}

function refusalOf(path: string, mode: number): string | null {
  try {
    accessSync(path, mode);
    return null;
  } catch (error) {
    return errorCode(error) ?? "unknown error";
  }
}
