/** The slow way of `journal.ts`: makes the file and its folder, rotates, and says what is wrong. */
import { closeSync, constants, fchmodSync, fstatSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { errorCode } from "./errors.ts";

/** O_NONBLOCK: a pipe that nobody reads from is refused, not waited for. */
const FLAGS =
  constants.O_WRONLY |
  constants.O_APPEND |
  constants.O_CREAT |
  (constants.O_NOFOLLOW ?? 0) |
  (constants.O_NONBLOCK ?? 0);

/** @returns null when the line is written, else why it couldn't be */
export function appendByFiles(path: string, line: string, rotateBytes: number): string | null {
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    let fd = openSync(path, FLAGS, 0o600);
    try {
      const stat = fstatSync(fd);
      if (!stat.isFile()) return `${path} is no file`;
      if (stat.size > rotateBytes) {
        closeSync(fd);
        renameSync(path, `${path}.1`);
        fd = openSync(path, FLAGS, 0o600);
      } else if ((stat.mode & 0o077) !== 0 && stat.uid === process.getuid?.()) fchmodSync(fd, 0o600);
      writeSync(fd, `${line}\n`);
    } finally {
      closeSync(fd);
    }
    return null;
  } catch (error) {
    return reason(path, error);
  }
}

function reason(path: string, error: unknown): string {
  switch (errorCode(error)) {
    case "ELOOP":
      return `${path} is a link`;
    case "EISDIR":
    case "ENXIO":
      return `${path} is no file`;
    case "ENOSPC":
      return `no space is left for ${path}`;
    case "EACCES":
    case "EPERM":
      return `permission denied: ${path}`;
    case "EROFS":
      return `${path} is on a read-only file system`;
    default:
      return `${path}: ${errorCode(error) ?? "unknown error"}`;
  }
}
