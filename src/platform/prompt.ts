/** Asking a person (the rules are in `terminal.ts`), and reading a secret from standard input. Loaded when needed. */
import { AuthError, usage } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { type LineEnd, TypedLine } from "./line.ts";
import { cutLineEnd, Secret } from "./secret.ts";
import { isTerminal } from "./terminal.ts";

/** Terminals mark pasted text while this is on, so that a pasted line break can be told from Enter. */
const PASTE_MARKS_ON = "\x1b[?2004h";
const PASTE_MARKS_OFF = "\x1b[?2004l";
/** After Enter: what still comes within this time was pasted with it and must not reach the shell. */
const LEFTOVERS_MS = 60;

/**
 * A secret typed or pasted, unseen. From the terminal even where stdin is something else.
 *
 * @throws AuthError `interrupted` on Ctrl-C, `usage` where there is no terminal or the input can't be a secret
 */
export async function askSecret(question: string): Promise<Secret> {
  return new Secret(await ask(question, false));
}

/** Whether a person can be asked at all: at stdin, or at the terminal behind it. */
export async function hasTerminal(): Promise<boolean> {
  if (isTerminal(0)) return true;
  const { openSync, closeSync } = await import("node:fs");
  try {
    closeSync(openSync("/dev/tty", "r+"));
    return true;
  } catch {
    return false; // There is none: that is the answer.
  }
}

/** A line of text, with echo. Empty input gives `fallback`. */
export async function askText(question: string, fallback = ""): Promise<string> {
  const shown = fallback === "" ? question : `${question} [${fallback}]`;
  return (await ask(`${shown}: `, true)).trim() || fallback;
}

/** @throws AuthError `interrupted` on Ctrl-C */
export async function confirm(question: string, initial = false): Promise<boolean> {
  const { createConsola } = await consolaOnStderr();
  return cancellable(createConsola({}).prompt(question, { type: "confirm", initial, cancel: "reject" }));
}

export interface Choice {
  readonly label: string;
  readonly value: string;
  readonly hint?: string;
}

/** @throws AuthError `interrupted` on Ctrl-C */
export async function choose(question: string, choices: readonly Choice[]): Promise<string> {
  const { createConsola } = await consolaOnStderr();
  const chosen = await cancellable(
    createConsola({}).prompt(question, { type: "select", options: [...choices], cancel: "reject" }),
  );
  return typeof chosen === "string" ? chosen : (chosen as Choice).value;
}

/**
 * A secret piped in on standard input: all of it but one line ending, which must be one line.
 *
 * @param what for messages: `token`
 * @throws AuthError `usage`
 */
export async function secretFromStdin(what = "secret"): Promise<Secret> {
  // Typed there it would be seen.
  if (isTerminal(0)) throw usage(`There is no ${what} on standard input.`, "Pipe it in; prompting is switched off.");
  return new Secret(oneLine(await readStdin(what, LIMITS.secretBytes), what));
}

/** All of standard input. @throws AuthError `usage` when there is more than `limit` bytes */
async function readStdin(what: string, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of Bun.stdin.stream()) {
    length += chunk.length;
    if (length > limit)
      throw usage(`The ${what} on standard input is longer than ${limit / 1024} KiB.`, "Is it the right file?");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws AuthError `usage` when the bytes can't be a secret of one line */
function oneLine(bytes: Uint8Array, what: string): string {
  if (bytes.includes(0)) throw usage(`The ${what} on standard input holds NUL bytes.`, "Is it the right file?");
  let text: string;
  try {
    text = cutLineEnd(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw usage(`The ${what} on standard input isn't UTF-8 text.`, "Is it the right file?");
  }
  if (text.trim() === "")
    throw usage(`There is no ${what} on standard input.`, `Pipe it in, or run this in a terminal.`);
  if (/[\r\n]/.test(text)) throw usage(`The ${what} on standard input has several lines.`, "Pass only the one.");
  return text;
}

async function ask(question: string, echo: boolean): Promise<string> {
  const terminal = await openTerminal();
  const line = new TypedLine(LIMITS.secretBytes, !echo);
  terminal.write(PASTE_MARKS_ON + question);
  try {
    const end = await readLine(terminal, line, echo ? question : null);
    if (end === "several lines") throw usage("That has several lines.", "Paste one line.");
    if (end === "too long") throw usage(`That is longer than ${LIMITS.secretBytes / 1024} KiB.`);
    if (end === "cancelled") throw cancelled();
    return text(line);
  } finally {
    terminal.write(`${PASTE_MARKS_OFF}\n`);
    await terminal.close();
  }
}

function text(line: TypedLine): string {
  try {
    return line.text();
  } catch {
    throw usage("That isn't UTF-8 text.");
  }
}

/** @param echo the question, to draw it again with what was typed; null shows nothing */
function readLine(terminal: Terminal, line: TypedLine, echo: string | null): Promise<LineEnd> {
  return new Promise((resolve) => {
    let ended = false;
    terminal.onData((chunk) => {
      if (ended) return;
      const end = chunk === null ? "cancelled" : line.feed(chunk);
      if (echo !== null) terminal.write(`\r\x1b[K${echo}${visible(line)}`);
      if (end === null) return;
      ended = true;
      // Still listening and still raw, so that leftovers are swallowed and not echoed.
      setTimeout(() => resolve(end), LEFTOVERS_MS);
    });
  });
}

function visible(line: TypedLine): string {
  try {
    return line.text();
  } catch {
    return ""; // In the middle of a character: the next byte draws again.
  }
}

interface Terminal {
  write(text: string): void;
  /** null: the terminal is gone. */
  onData(listener: (chunk: Uint8Array | null) => void): void;
  close(): Promise<void>;
}

/** The terminal in raw mode: stdin, or the controlling terminal where stdin is something else. */
async function openTerminal(): Promise<Terminal> {
  const { ReadStream } = await import("node:tty");
  const { openSync, writeSync, closeSync } = await import("node:fs");
  const own = !isTerminal(0);
  let fd = 0;
  if (own) {
    try {
      fd = openSync("/dev/tty", "r+");
    } catch (error) {
      throw new AuthError("usage", "There is no terminal to ask on.", {
        cause: error,
        hint: "Pass it on standard input.",
      });
    }
  }
  const stream = own ? new ReadStream(fd) : process.stdin;
  const out = own || !isTerminal(2) ? fd : 2;
  stream.setRawMode(true);
  const restore = (): void => void stream.setRawMode(false);
  process.on("exit", restore);
  return {
    write: (content) => void writeSync(out, content),
    onData: (listener) => {
      stream.on("data", (chunk: Uint8Array) => listener(chunk));
      stream.on("end", () => listener(null));
      stream.on("error", () => listener(null));
      stream.resume();
    },
    close: async () => {
      restore();
      process.off("exit", restore);
      stream.removeAllListeners("data").pause();
      if (own) {
        stream.destroy();
        try {
          closeSync(fd);
        } catch {
          // The stream closed it already.
        }
      } else stream.unref();
    },
  };
}

/** consola's prompts draw on `process.stdout`, which for us is data (rule 1): they get stderr under that name. */
async function consolaOnStderr(): Promise<typeof import("consola")> {
  Object.defineProperty(process, "stdout", { value: process.stderr, configurable: true });
  return import("consola");
}

async function cancellable<T>(prompt: Promise<T>): Promise<T> {
  try {
    return await prompt;
  } catch (error) {
    throw cancelled(error);
  }
}

function cancelled(cause?: unknown): AuthError {
  return new AuthError("interrupted", "Cancelled.", { cause });
}
