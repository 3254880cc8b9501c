/** The terminal that a person is asked on: each key as it is pressed, and left as it was found. Loaded when needed. */
import { AuthError } from "./errors.ts";
import { heldSignal } from "./signals.ts";
import { isTerminal } from "./terminal.ts";

/** The controlling terminal; on Windows a console has an end for each direction ("Console Handles"). */
export const TERMINAL =
  process.platform === "win32"
    ? { input: "\\\\.\\CONIN$", output: "\\\\.\\CONOUT$" }
    : { input: "/dev/tty", output: "/dev/tty" };

export interface Terminal {
  write(text: string): void;
  /** null: the terminal is gone, or a signal came that is held back (nothing was sent yet, so the question ends). */
  onData(listener: (chunk: Uint8Array | null) => void): void;
  close(): Promise<void>;
}

/**
 * Stdin, or the controlling terminal where stdin is something else.
 *
 * @param raw false leaves echo and line editing to the terminal: for those that can't be drawn on
 * @throws AuthError `usage` where there is no terminal
 */
export async function openTerminal(raw = true): Promise<Terminal> {
  const { ReadStream } = await import("node:tty");
  const { openSync, writeSync, closeSync } = await import("node:fs");
  const own = !isTerminal(0);
  const opened = new Map<string, number>();
  const open = (path: string): number => {
    const fd = opened.get(path) ?? openSync(path, "r+");
    opened.set(path, fd);
    return fd;
  };
  let fd = 0;
  let out = 2;
  try {
    if (own) fd = open(TERMINAL.input);
    if (own || !isTerminal(2)) out = open(TERMINAL.output);
  } catch (error) {
    throw new AuthError("usage", "There is no terminal to ask on.", {
      cause: error,
      hint: "Pass it on standard input.",
    });
  }
  const stream = own ? new ReadStream(fd) : process.stdin;
  if (raw) stream.setRawMode(true);
  const restore = (): void => void (raw && stream.setRawMode(false));
  process.on("exit", restore);
  return {
    write: (content) => void writeSync(out, content),
    onData: (listener) => {
      stream.on("data", (chunk: Uint8Array) => listener(chunk));
      stream.on("end", () => listener(null));
      stream.on("error", () => listener(null));
      stream.resume();
      // Let go of by `close`: it is read, and keeps the process, only where it is held again.
      if (!own) stream.ref();
      const held = heldSignal();
      if (held?.aborted) listener(null);
      else held?.addEventListener("abort", () => listener(null), { once: true });
    },
    close: async () => {
      restore();
      process.off("exit", restore);
      stream.removeAllListeners("data").pause();
      if (own) stream.destroy();
      else stream.unref();
      for (const one of opened.values()) {
        try {
          closeSync(one);
        } catch {
          // The stream closed it already.
        }
      }
    },
  };
}
