/** Messages for people: consola filters them, our reporter writes them to stderr. Loaded when first needed. */
import { createConsola, type LogType } from "consola/core";
import { escapedLines, jsonText } from "../platform/escape.ts";
import { maskHeld, redact } from "../platform/redact.ts";
import type { Colors } from "../platform/terminal.ts";
import { wrapMessage } from "../platform/wrap.ts";
import type { Globals } from "./context.ts";

/**
 * Those that are more than a plain line: marked and coloured. `cause`: what -v adds to an error, which need not be ours.
 * The others are consola's types, of the levels 3, 1, 0 and 4.
 */
export type MessageKind = Extract<LogType, "success" | "warn" | "error" | "debug"> | "cause";
export type Messages = (kind: MessageKind, lines: string | readonly string[]) => Promise<void>;

/** The longest mark in front of a message: `Warning: `. */
const MARK = 9;

const DRESS: Readonly<Record<MessageKind, (text: string, colors: Colors) => string>> = {
  success: (text, { green }) => `${green("✓")} ${text}`,
  warn: (text, { yellow }) => `${yellow("Warning:")} ${text}`,
  error: (text, { red }) => text.replace(/^Error:/, (word) => red(word)),
  debug: (text, { dim }) => dim(text),
  cause: (text, { dim }) => dim(text),
};

/** @param width of the terminal at stderr; null where there is none, and no line is broken */
export function createMessages(
  globals: Globals,
  colors: Colors,
  width: number | null,
  write: (text: string) => Promise<void>,
): Messages {
  const shown: string[] = [];
  const consola = createConsola({
    level: globals.verbose ? 4 : globals.quiet ? 1 : 3,
    // Consola would merge repeated messages.
    throttle: 0,
    reporters: [{ log: ({ args }) => void shown.push(String(args[0])) }],
  });
  return async (kind, lines) => {
    const safe = kind === "cause" ? redact : maskHeld;
    const isHeld = kind === "warn" && globals.output === "json";
    // JSON escapes by itself, and keeps the lines.
    const text = isHeld ? safe(String(lines)) : escapedLines(typeof lines === "string" ? safe(lines) : lines.map(safe));
    consola[kind === "cause" ? "debug" : kind](text);
    for (const message of shown.splice(0)) {
      const fitted = width === null || globals.output === "json" ? message : wrapMessage(message, width - MARK);
      await write(`${isHeld ? jsonText({ warning: { message } }) : DRESS[kind](fitted, colors)}\n`);
    }
  };
}
