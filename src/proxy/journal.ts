/**
 * A line for each request: who asked which API for what, and the outcome; never a query, header or body. It has its own file,
 * since a command waits until its line of the audit log is on the disk, which is too slow for thousands of requests a second.
 * Lines are written together, after at most a quarter of a second, and at the end.
 */
import { appendLine } from "../platform/journal.ts";

export interface Entry {
  /** null: none is concerned. */
  readonly connection: string | null;
  readonly via: "reverse" | "forward" | "tunnel";
  readonly method: string;
  readonly origin: string | null;
  /** Without its query. */
  readonly path: string | null;
  /** As the program got it; null: it closed the connection before. */
  readonly status: number | null;
  /** Why it wasn't sent. */
  readonly refused?: string;
}

export interface Journal {
  write(entry: Entry): void;
  /** Resolves once all that was written is in the file. */
  flush(): Promise<void>;
}

const WAIT_MS = 250;
/** Characters of a path: a program must not fill the disk. */
const LONGEST = 500;
/** Lines that wait; with more, they are written at once. */
const MOST_WAITING = 500;

/** @param who the command of `run --proxy`, and the process @param failed called with the reason if lines can't be written */
export function openJournal(
  path: string,
  who: { program: string | null; pid: number },
  failed: (why: string) => void,
): Journal {
  let waiting: string[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  let written: Promise<unknown> = Promise.resolve();
  const flush = async (): Promise<void> => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (waiting.length > 0) {
      const lines = waiting.join("\n");
      waiting = [];
      written = Promise.all([written, appendLine(path, lines)]).then(([, why]) => why !== null && failed(why));
    }
    await written;
  };
  return {
    write(entry) {
      const line = { time: new Date().toISOString(), ...entry, path: entry.path?.slice(0, LONGEST) ?? null, ...who };
      waiting.push(JSON.stringify(line));
      if (waiting.length >= MOST_WAITING) return void flush();
      timer ??= setTimeout(() => void flush(), WAIT_MS);
    },
    flush,
  };
}
