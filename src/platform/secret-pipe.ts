/** Handing a secret to the program that we become: by a pipe, which is in no file, argument or variable. */
import { closeSync, writeSync } from "node:fs";
import { F, load, O, posix } from "./posix.ts";

/**
 * @returns the descriptor from which the text can be read, once; null where there is no such way, or the text is more
 *   than a pipe holds
 */
export function secretPipe(text: string): number | null {
  const system = posix();
  const ends = system === null ? null : openPipe();
  if (system === null || ends === null) return null;
  const [reading, writing] = ends;
  // No one reads yet: a pipe that is full would wait for ever.
  system.fcntl(writing, F.SETFL, O.WRONLY | O.NONBLOCK);
  const bytes = new TextEncoder().encode(text);
  if (writtenAtOnce(writing, bytes) === bytes.length) {
    closeSync(writing);
    return reading;
  }
  closeSync(writing);
  closeSync(reading);
  return null;
}

function writtenAtOnce(fd: number, bytes: Uint8Array): number {
  try {
    return writeSync(fd, bytes);
  } catch {
    return -1; // EAGAIN: not even a part fits.
  }
}

/** @returns the ends to read and to write; null where there is no such way */
export function openPipe(): [reading: number, writing: number] | null {
  const ends = new Int32Array(2);
  const memory = new Uint8Array(ends.buffer);
  const linux = posix()?.linux ?? null;
  if (linux !== null) {
    if (linux.call("pipe2", memory, O.CLOEXEC) !== 0) return null;
  } else {
    const bound = load({ pipe: { args: ["ptr"], returns: "i32" } });
    if (bound === null || bound.pipe(memory) !== 0) return null;
  }
  return [ends[0] ?? -1, ends[1] ?? -1];
}
