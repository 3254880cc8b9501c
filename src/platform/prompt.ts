/** Asking a person (the rules are in `terminal.ts`). Loaded when needed. */
import type { Environment } from "./context.ts";
import { AuthError, usage } from "./errors.ts";
import { escapedLines } from "./escape.ts";
import { LIMITS } from "./limits.ts";
import { type LineEnd, TypedLine } from "./line.ts";
import { openTerminal, TERMINAL, type Terminal } from "./raw-terminal.ts";
import { Secret } from "./secret.ts";
import { canDraw, columns, isTerminal } from "./terminal.ts";
import { wrapMessage } from "./wrap.ts";

/** Terminals mark pasted text while this is on, so that a pasted line break can be told from Enter. */
const PASTE_MARKS_ON = "\x1b[?2004h";
const PASTE_MARKS_OFF = "\x1b[?2004l";
const AFTER_A_KEY_MS = 250;
/** After Enter: what still comes within this time was pasted with it and must not reach the shell. */
const LEFTOVERS_MS = 60;

/**
 * A secret typed or pasted, unseen. From the terminal even where stdin is something else.
 *
 * @throws AuthError `interrupted` on Ctrl-C, `usage` where there is no terminal or the input can't be a secret
 */
export async function askSecret(question: string, env: Environment): Promise<Secret> {
  return new Secret(await askLine(question, false, canDraw(env)));
}

/** Whether a person can be asked at all: at stdin, or at the terminal behind it. */
export async function hasTerminal(): Promise<boolean> {
  if (isTerminal(0)) return true;
  const { openSync, closeSync } = await import("node:fs");
  try {
    closeSync(openSync(TERMINAL.input, "r+"));
    return true;
  } catch {
    return false; // There is none: that is the answer.
  }
}

/** A line of text, with echo. Empty input gives `fallback`. */
export async function askText(question: string, env: Environment, fallback = ""): Promise<string> {
  const shown = fallback === "" ? question : `${question} [${fallback}]`;
  return (await askLine(`${shown}: `, true, canDraw(env))).trim() || fallback;
}

/**
 * A question answered by one key: y, n, or Enter for the answer in capitals.
 *
 * @throws AuthError `interrupted` on Ctrl-C
 */
export async function confirm(question: string, initial = false): Promise<boolean> {
  const terminal = await openTerminal();
  terminal.write(`${asLines(`${question} [${initial ? "Y/n" : "y/N"}]`, ONE_KEY).join("\r\n")} `);
  try {
    const answer = await new Promise<boolean | null>((resolve) => {
      terminal.onData((chunk) => {
        const found = chunk === null ? null : answerIn(chunk, initial);
        if (found !== undefined) resolve(found);
      });
    });
    if (answer === null) throw cancelled();
    terminal.write(answer ? "yes" : "no");
    // Who is used to it presses Enter, too: that must not answer what comes next.
    await Bun.sleep(AFTER_A_KEY_MS);
    return answer;
  } finally {
    terminal.write("\n");
    await terminal.close();
  }
}

/** @returns null for Ctrl-C and Ctrl-D, undefined where no key is an answer */
function answerIn(chunk: Uint8Array, initial: boolean): boolean | null | undefined {
  for (const key of new TextDecoder().decode(chunk)) {
    if (key === "y" || key === "Y") return true;
    if (key === "n" || key === "N") return false;
    if (key === "\r" || key === "\n") return initial;
    if (key === "\x03" || key === "\x04") return null;
  }
  return undefined;
}

/** @param drawn whether the line can be drawn again; else the terminal itself echoes what may be seen */
async function askLine(question: string, echo: boolean, drawn: boolean): Promise<string> {
  const terminal = await openTerminal(drawn || !echo);
  const line = new TypedLine(LIMITS.secretBytes, !echo);
  const lines = asLines(question, FIRST_WORDS);
  // Only the last line is drawn again with what is typed.
  const prompt = `${lines.pop()?.trimEnd() ?? ""} `;
  terminal.write(`${drawn ? PASTE_MARKS_ON : ""}${[...lines, prompt].join(drawn ? "\r\n" : "\n")}`);
  try {
    const end = await readLine(terminal, line, echo && drawn ? prompt : null);
    if (end === "several lines") throw usage("That has several lines.", "Paste one line.");
    if (end === "too long") throw usage(`That is longer than ${LIMITS.secretBytes / 1024} KiB.`);
    if (end === "cancelled") throw cancelled();
    if (line.text.includes("\ufffd")) throw usage("That isn't UTF-8 text.");
    return line.text;
  } finally {
    // Where the terminal echoes, it has echoed Enter, too.
    terminal.write(drawn ? `${PASTE_MARKS_OFF}\n` : echo ? "" : "\n");
    await terminal.close();
  }
}

/** Columns that an answer needs behind its question. */
const ONE_KEY = 4;
const FIRST_WORDS = 8;

/** A question as lines that fit the terminal, with room for the answer. */
function asLines(question: string, room: number): string[] {
  return wrapMessage(escapedLines(question.split("\n")), Math.max(20, columns() - room)).split("\n");
}

/** @param echo the question, to draw it again with what was typed; null shows nothing */
function readLine(terminal: Terminal, line: TypedLine, echo: string | null): Promise<LineEnd> {
  return new Promise((resolve) => {
    let ended = false;
    terminal.onData((chunk) => {
      if (ended) return;
      const end = chunk === null ? "cancelled" : line.feed(chunk);
      // A line that wraps can't be drawn again: the end of a long one is shown.
      const drawn = echo === null ? "" : Bun.sliceAnsi(`${echo}${line.text}`, 1 - columns(), undefined, "…");
      if (echo !== null) terminal.write(`\r\x1b[K${drawn}`);
      if (end === null) return;
      ended = true;
      // Still listening and still raw, so that leftovers are swallowed and not echoed.
      setTimeout(() => resolve(end), LEFTOVERS_MS);
    });
  });
}

function cancelled(): AuthError {
  return new AuthError("interrupted", "Cancelled.");
}
