/** The slow way of `journal.ts`: makes the file and its folder, rotates, and explains failures. */
import {
  closeSync,
  constants,
  existsSync,
  fchmodSync,
  fstatSync,
  lstatSync,
  openSync,
  renameSync,
  type Stats,
  statSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { AuthError, errorCode } from "./errors.ts";
import { fileFault } from "./file-faults.ts";
import { hasByteLocks, lockByte } from "./file-lock.ts";
import { makeFolder } from "./folders.ts";
import { whileHeld } from "./held-files.ts";
import { isOwnedByOther } from "./small-file.ts";

/** O_NONBLOCK: a pipe without a reader is refused, not waited for. */
const FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

/** @returns null when the line is written, else why it couldn't be; on a second line, what helps, where that is known */
export function appendByFiles(path: string, line: string, rotateBytes: number): string | null {
  try {
    const folder = dirname(path);
    if (!existsSync(folder)) makeFolder(folder);
    // Made by root in a user's folder, it would keep that user out.
    else if (!existsSync(path) && isOthers(folder)) return `${folder} belongs to another user`;
    let fd = openSync(path, FLAGS, 0o600);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) return `${path} is no file`;
      if (stat.size > rotateBytes && !isOthers(folder)) {
        const full = fd;
        if (isMineToRotate(full, path, stat)) whileHeld(() => renameSync(path, `${path}.1`));
        fd = openSync(path, FLAGS, 0o600);
        closeSync(full);
      }
      const now = fstatSync(fd);
      if (now.uid === process.getuid?.() && (now.mode & 0o777) !== 0o600) fchmodSync(fd, 0o600);
      writeSync(fd, `${line}\n`);
    } finally {
      closeSync(fd);
    }
    return null;
  } catch (error) {
    return error instanceof AuthError ? error.message.replace(/\.$/, "") : reason(path, error);
  }
}

/**
 * One process at a time sets a full file aside, under a lock on the file itself, and only while it still has its name:
 * another may have done so since it was opened, and the fresh file must not replace the full one.
 */
function isMineToRotate(fd: number, path: string, { ino, dev }: Stats): boolean {
  if (hasByteLocks(fd) && !lockByte(fd, 0)) return false;
  const named = lstatSync(path, { throwIfNoEntry: false });
  return named?.ino === ino && named.dev === dev;
}

function isOthers(folder: string): boolean {
  const stat = statSync(folder);
  return isOwnedByOther(stat) && stat.uid !== 0;
}

function reason(path: string, error: unknown): string {
  const code = errorCode(error) ?? "unknown error";
  if (code === "EISDIR" || code === "ENXIO") return `${path} is no file`;
  const { place, reason, hint } = fileFault(path, code);
  const [, command = null] = /: (chmod .*|sudo .*)/.exec(hint) ?? [];
  return `${reason}: ${place}${command === null ? "" : `\nTo mend it: ${command}`}`;
}
