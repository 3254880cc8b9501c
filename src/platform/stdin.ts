/** Standard input: a secret on one line, a key of several, or line by line while something else is being waited for. */
import { usage } from "./errors.ts";
import { LIMITS } from "./limits.ts";
import { cutLineEnd, Secret } from "./secret.ts";
import { readCapped } from "./streams.ts";
import { isTerminal } from "./terminal.ts";

const RIGHT_FILE = "Is it the right file?";

/**
 * All of standard input.
 *
 * @param what for messages: `token`
 * @throws AuthError `usage` when there is more than a secret may have
 */
export async function readStdin(what: string): Promise<Uint8Array> {
  const longest = LIMITS.secretBytes;
  return readCapped(Bun.stdin.stream(), longest, () =>
    usage(`The ${what} on standard input is longer than ${longest / 1024} KiB.`, RIGHT_FILE),
  );
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
  return new Secret(oneLine(await readStdin(what), what));
}

/** @throws AuthError `usage` when the bytes can't be a secret of one line */
function oneLine(bytes: Uint8Array, what: string): string {
  if (bytes.includes(0)) throw usage(`The ${what} on standard input holds NUL bytes.`, RIGHT_FILE);
  let text: string;
  try {
    text = cutLineEnd(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    throw usage(`The ${what} on standard input isn't UTF-8 text.`, RIGHT_FILE);
  }
  if (text.trim() === "")
    throw usage(`There is no ${what} on standard input.`, "Pipe it in, or run this in a terminal.");
  if (/[\r\n]/.test(text)) throw usage(`The ${what} on standard input has several lines.`, "Pass only the one.");
  return text;
}

/** Lines that aren't empty, trimmed. One that is longer than `limit` characters comes cut. */
export async function* inputLines(limit: number): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of Bun.stdin.stream()) {
    const [last = "", ...more] = (text + decoder.decode(chunk, { stream: true })).split("\n").reverse();
    for (const line of more.reverse()) if (line.trim() !== "") yield line.trim().slice(0, limit);
    text = last.slice(0, limit);
  }
  if (text.trim() !== "") yield text.trim();
}

/**
 * Lines as they come, without their ends; empty ones are passed over. null: one of more than `limit` bytes, which are
 * thrown away.
 */
export async function* inputMessages(limit: number): AsyncGenerator<Uint8Array | null> {
  let held: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of Bun.stdin.stream()) {
    let at = 0;
    for (let end = chunk.indexOf(LF); end >= 0; end = chunk.indexOf(LF, at)) {
      const last = chunk.subarray(at, end);
      at = end + 1;
      if (size + last.length > limit) yield null;
      else if (size + last.length > 0) yield held.length === 0 ? last : Buffer.concat([...held, last]);
      held = [];
      size = 0;
    }
    const rest = chunk.subarray(at);
    size += rest.length;
    if (size > limit) held = [];
    else if (rest.length > 0) held.push(rest);
  }
  if (size > limit) yield null;
  else if (size > 0) yield Buffer.concat(held);
}

const LF = 10;
