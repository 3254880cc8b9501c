/**
 * Files of lines that only grow: each line is one O_APPEND write, so that lines of many processes never mix. Private,
 * never through a link, and set aside when they have grown large. On the way of every token: by libc where that can
 * be loaded, which spares half a millisecond of `node:fs`.
 */
import { type FileCalls, libcFiles, ptr } from "./libc.ts";

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
const SEEK_END = 2;

function openFlags(): OpenFlags {
  if (process.platform === "darwin") return { append: 0x8, nonBlock: 0x4, noFollow: 0x100, closeOnExec: 0x1000000 };
  const noFollow = process.arch === "arm64" ? 0x8000 : 0x20000;
  return { append: 0x400, nonBlock: 0x800, noFollow, closeOnExec: 0x80000 };
}

/** @returns null when the line is written, else why it couldn't be */
export async function appendLine(path: string, line: string): Promise<string | null> {
  const c = libcFiles();
  const written = c === null ? "slow" : appendByLibc(c, path, line);
  if (written === "done") return null;
  return (await import("./journal-files.ts")).appendByFiles(path, line, ROTATE_BYTES);
}

/** `slow`: something is out of the ordinary (no file yet, a link, time to rotate, a full disk); the other way says what. */
function appendByLibc(c: FileCalls, path: string, line: string): "done" | "slow" {
  const { append, nonBlock, noFollow, closeOnExec } = openFlags();
  const name = new TextEncoder().encode(`${path}\0`);
  const fd = c.open(ptr(name), WRITE_ONLY | append | nonBlock | noFollow | closeOnExec, 0);
  if (fd < 0) return "slow";
  try {
    if (Number(c.lseek(fd, 0, SEEK_END)) > ROTATE_BYTES) return "slow";
    const bytes = new TextEncoder().encode(`${line}\n`);
    return Number(c.write(fd, ptr(bytes), bytes.length)) === bytes.length ? "done" : "slow";
  } finally {
    c.close(fd);
  }
}
