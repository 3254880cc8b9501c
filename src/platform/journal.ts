/**
 * Files of lines that only grow: each line is one O_APPEND write, so that lines of many processes never mix. Private,
 * never through a link, and set aside when they have grown large. Every command adds one: on Linux by system calls,
 * which spares the millisecond that `node:fs` takes to load.
 */
import { AT_FDCWD, cString, type Linux, O, posix, SEEK_END } from "./posix.ts";

/** A file larger than this is renamed to `<name>.1` before the next line; the older `.1` goes. */
const ROTATE_BYTES = 5 * 1024 * 1024;

/** @returns null when the line is written, else why it couldn't be; on a second line, what helps, where that is known */
export function appendLine(path: string, line: string): null | Promise<string | null> {
  const linux = posix()?.linux;
  return linux && appendNow(linux, path, line) ? null : appendByNode(path, line);
}

async function appendByNode(path: string, line: string): Promise<string | null> {
  const { appendByFiles } = await import("./journal-files.ts");
  return appendByFiles(path, line, ROTATE_BYTES);
}

/** O_NONBLOCK: a pipe without a reader is refused, not waited for. */
const FLAGS = O.WRONLY | O.APPEND | O.NONBLOCK | O.NOFOLLOW | O.CLOEXEC;

/** false: something is out of the ordinary (no file yet, a link, time to rotate, a full disk); `journal-files.ts` finds out what. */
function appendNow({ call }: Linux, path: string, line: string): boolean {
  const fd = call("openat", AT_FDCWD, cString(path), FLAGS);
  if (fd < 0) return false;
  try {
    if (call("lseek", fd, 0, SEEK_END) > ROTATE_BYTES) return false;
    const bytes = new TextEncoder().encode(`${line}\n`);
    return call("write", fd, bytes, bytes.length) === bytes.length;
  } finally {
    call("close", fd);
  }
}
