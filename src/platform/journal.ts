/**
 * Files of lines that only grow: each line is one O_APPEND write, so that lines of many processes never mix. Private,
 * never through a link, and set aside when they have grown large. On the way of every token: by libc where that can
 * be loaded, which spares half a millisecond of `node:fs`.
 */
import { type FileCalls, fileCalls } from "./libc.ts";

/** A file larger than this is renamed to `<name>.1` before the next line; the older `.1` goes. */
const ROTATE_BYTES = 5 * 1024 * 1024;

interface OpenFlags {
  readonly append: number;
  /** A pipe that nobody reads from is refused, not waited for. */
  readonly nonBlock: number;
  readonly noFollow: number;
  readonly closeOnExec: number;
}

const WRITE_ONLY = 1;

function openFlags(): OpenFlags {
  if (process.platform === "darwin") return { append: 0x8, nonBlock: 0x4, noFollow: 0x100, closeOnExec: 0x1000000 };
  const noFollow = process.arch === "arm64" ? 0x8000 : 0x20000;
  return { append: 0x400, nonBlock: 0x800, noFollow, closeOnExec: 0x80000 };
}

/** @returns null when the line is written, else why it couldn't be */
export function appendLine(path: string, line: string): null | Promise<string | null> {
  const c = fileCalls();
  return c !== null && appendByLibc(c, path, line) ? null : appendByRuntime(path, line);
}

async function appendByRuntime(path: string, line: string): Promise<string | null> {
  const { appendByFiles } = await import("./journal-files.ts");
  return appendByFiles(path, line, ROTATE_BYTES);
}

/** false: something is out of the ordinary (no file yet, a link, time to rotate, a full disk); the other way says what. */
function appendByLibc(c: FileCalls, path: string, line: string): boolean {
  const { append, nonBlock, noFollow, closeOnExec } = openFlags();
  const fd = c.open(path, WRITE_ONLY | append | nonBlock | noFollow | closeOnExec);
  if (fd < 0) return false;
  try {
    if (c.end(fd) > ROTATE_BYTES) return false;
    const bytes = new TextEncoder().encode(`${line}\n`);
    return c.write(fd, bytes) === bytes.length;
  } finally {
    c.close(fd);
  }
}
