/**
 * The two streams (CLI.md §1). stdout is data: every write is awaited, so that a full disk is an error and not a
 * lost token. stderr is for people: messages in the order they were given, behind a queue that `done()` empties.
 *
 * With JSON, stderr is one JSON object a line: progress isn't shown, and warnings wait until it is known how the command
 * ended. Then each is a line of its own, or part of the error.
 */

import type { Environment } from "../platform/context.ts";
import { AuthError, errorCode } from "../platform/errors.ts";
import { jsonText } from "../platform/escape.ts";
import type { Colors } from "../platform/terminal.ts";
import type { Globals } from "./context.ts";
import type { MessageKind } from "./messages.ts";
import type { Stderr } from "./stderr.ts";

/**
 * One line, or several. A message may hold names, paths and words from anywhere: all in it that could move the cursor,
 * colour what follows or begin another line is shown as its escape, and secrets that this process holds are masked. So a
 * line of its own is an item of its own.
 */
export type Lines = string | readonly string[];

export interface Output {
  /** `text`, `json`, or one of the command's own (`-o`). */
  readonly format: string;
  readonly isJson: boolean;
  /** A line of data on stdout. Throws AuthError `internal` when it can't be written; a closed pipe is no error. */
  text(line: string): Promise<void>;
  /** Data on stdout as it stands, without a line end of ours. @returns whether it still has a reader */
  raw(data: string | Uint8Array): Promise<boolean>;
  /** Several lines of data, written at once. */
  lines(lines: readonly string[]): Promise<void>;
  /** The command's one JSON document on stdout. */
  json(document: unknown): Promise<void>;
  /** One line of NDJSON on stdout. */
  event(event: unknown): Promise<void>;
  /**
   * What happens or has happened, for a person. Silent with `-q` and with JSON.
   * @param fit false: a line that isn't broken where it is wider than the terminal
   */
  say(message: string, fit?: boolean): void;
  /** `✓ message`; otherwise as `say`. */
  success(message: string): void;
  /** What was done: as a JSON document where that is wanted, else as `success`. */
  result(document: unknown, message: string): Promise<void>;
  /** What a person must see to go on (a device code, a URL): shown even with `-q`. JSON has it in the error, if any. */
  notice(message: Lines, fit?: boolean): void;
  /**
   * As `notice`, for text that is laid out and coloured already, and in which what is foreign is escaped. It isn't searched
   * for secrets: in the address of a page there may have to be one (RFC 7636 §4.2, `plain`).
   */
  drawn(text: string): void;
  /** Shown even with `-q`. JSON: `{"warning":{"message":"…"}}` after success, else in the error. */
  warn(message: Lines): void;
  /** Only with `-v`. */
  debug(message: string): void;
  /** The end of a command that failed. */
  error(error: AuthError, exitCode: number): void;
  /** How to colour what goes to stderr (2), or to stdout (1). */
  colors(fd?: 1 | 2): Promise<Colors>;
  /** Every message is written. Must be awaited before the process ends or becomes another. */
  done(): Promise<void>;
}

export function createOutput(env: Environment, globals: Globals): Output {
  const isJson = globals.output === "json";
  /** With JSON: what was said and is not shown yet. */
  const waiting: { readonly kind: "warning" | "notice"; readonly text: string }[] = [];
  let loading: Promise<Stderr> | undefined;
  /** Loaded when something is first said: a fresh token says nothing. */
  const stderr = (): Promise<Stderr> => {
    loading ??= import("./stderr.ts").then(({ createStderr }) => createStderr(env, globals));
    return loading;
  };
  const queue = new Queue();

  const raw = (data: string | Uint8Array): Promise<boolean> => queue.add(() => toStdout(data));
  const text = async (line: string): Promise<void> => void (await raw(`${line}\n`));
  const json = (document: unknown): Promise<void> => text(jsonText(document, 2));
  const line = (text: Lines, fit?: boolean): void => void queue.add(async () => (await stderr()).line(text, fit));
  const show = (kind: MessageKind, text: Lines): void => void queue.add(async () => (await stderr()).show(kind, text));
  const success = (message: string): void => {
    if (!isJson) show("success", message);
  };

  return {
    format: globals.output,
    isJson,
    text,
    raw,
    lines: async (lines) => {
      if (lines.length > 0) await text(lines.join("\n"));
    },
    json,
    event: (event) => text(jsonText(event)),
    say: (text, fit) => {
      if (!isJson && !globals.quiet) line(text, fit);
    },
    success,
    result: async (document, message) => {
      if (isJson) await json(document);
      else success(message);
    },
    notice: (text, fit) => {
      if (isJson) waiting.push({ kind: "notice", text: joined(text) });
      else line(text, fit);
    },
    drawn: (text) => void queue.add(async () => (await stderr()).write(text)),
    warn: (text) => {
      if (isJson) waiting.push({ kind: "warning", text: joined(text) });
      else show("warn", text);
    },
    debug: (text) => {
      if (globals.verbose) show("debug", text);
    },
    error: (error, exitCode) => {
      const messages = waiting.splice(0).map(({ text }) => text);
      void queue.add(async () => {
        const { errorJson, errorLines } = await import("./exit.ts");
        await (await stderr()).show("error", isJson ? errorJson(error, exitCode, messages) : errorLines(error));
      });
      const more = globals.verbose ? explained(error) : null;
      if (more !== null) show("cause", more.split("\n"));
    },
    colors: async (fd) => (await stderr()).colors(fd),
    done: () => {
      for (const { kind, text } of waiting.splice(0)) if (kind === "warning") show("warn", text);
      return queue.last;
    },
  };
}

/** Runs jobs one after the other. */
class Queue {
  /** Fulfilled after the job that was added last. */
  last: Promise<void> = Promise.resolve();

  /** A job's failure is its caller's. */
  add<T>(job: () => Promise<T>): Promise<T> {
    const done = this.last.then(job);
    this.last = done.then(
      () => {},
      () => {},
    );
    return done;
  }
}

function joined(lines: Lines): string {
  return typeof lines === "string" ? lines : lines.join("\n");
}

/** What `-v` adds to an error: where an unexpected one came from, and of any other what caused it. */
function explained({ code, cause, stack }: AuthError): string | null {
  if (code === "internal") return String((cause as Error | undefined)?.stack ?? stack);
  if (!(cause instanceof Error)) return null;
  // What a provider's error looked like, of a request that it refused.
  const { shape } = cause as { readonly shape?: string | null };
  return `Cause: ${cause.message}${shape ? `\nThe reply's fields: ${shape}` : ""}`;
}

/** The reader has closed the pipe: what follows is dropped, as `head` expects. */
let closed = false;

async function toStdout(data: string | Uint8Array): Promise<boolean> {
  if (closed) return false;
  try {
    await Bun.write(Bun.stdout, data);
  } catch (error) {
    if (errorCode(error) === "EPIPE") closed = true;
    else
      throw new AuthError("internal", `Standard output can't be written: ${writeFault(error)}.`, {
        cause: error,
        hint: "Make room, or send the output elsewhere. What was done is done: ask for it again.",
      });
  }
  return !closed;
}

/** Why an output can't be written, in words. */
export function writeFault(error: unknown): string {
  return errorCode(error) === "ENOSPC" ? "no space left on the device" : (errorCode(error) ?? "unknown error");
}
