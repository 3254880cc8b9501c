/** What the system has against the use of a file, in words, and what helps; by the error's code. */
import { isOutOfFiles, RAISE_FILE_LIMIT } from "./errors.ts";

const FAULTS: Readonly<Record<string, readonly [reason: string, remedy?: string]>> = {
  EACCES: ["permission denied", "Set its permissions right"],
  EPERM: ["permission denied", "Set its permissions right"],
  EROFS: ["the file system is read-only", "No permission changes that: mount it writable"],
  ENOSPC: ["the disk is full", "Make room"],
  EDQUOT: ["the disk quota is used up", "Make room"],
  ENOTDIR: ["a part of the path is not a folder"],
  ELOOP: ["it is a symbolic link"],
  ENOENT: ["its folder doesn't exist"],
  EIO: ["the disk reports an error", "Check the disk"],
  EMFILE: ["too many open files"],
  ENFILE: ["too many open files"],
  ENOLCK: ["the system has no lock left for it"],
};

/** `the disk is full`; a code that isn't known, as it is. */
export function faultReason(code: string): string {
  return FAULTS[code]?.[0] ?? code;
}

/** A sentence: what helps, and the way round it. */
export function faultRemedy(code: string): string {
  if (isOutOfFiles({ code })) return RAISE_FILE_LIMIT;
  const remedy = FAULTS[code]?.[1] ?? "Make room or set its permissions right";
  return `${remedy}, or set AUTH_HOME to a folder of your own on a local disk.`;
}
