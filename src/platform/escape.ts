/**
 * Text from outside (a provider's words, an account's name) made fit for a terminal line or a page: nothing in it can
 * move the cursor, start a line of its own, or change the direction in which its surroundings are read.
 */

/**
 * Control characters (C0, DEL, C1), line separators, marks that set direction or join, byte order marks, invisible
 * tags, and halves of surrogate pairs.
 */
const UNFIT =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what must not get through
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb\ud800-\udfff\u{e0000}-\u{e007f}]/gu;

/** The text on one line, each unfit character shown as its escape: `\x1b`, `\u202e`. */
export function escapeText(text: string): string {
  return text.replace(UNFIT, escaped);
}

/** Lines of a message, each made fit. */
export function escapedLines(lines: string | readonly string[]): string {
  return typeof lines === "string" ? escapeText(lines) : lines.map(escapeText).join("\n");
}

/**
 * JSON that is as harmless on a screen, and means the same: what JSON allows unescaped in a text, and a terminal may
 * obey, is written as an escape.
 */
export function jsonText(value: unknown, indent?: number): string {
  return JSON.stringify(value, null, indent).replace(UNFIT, (character) =>
    // The line breaks between JSON's own parts; in its texts they are escaped already.
    character === "\n"
      ? character
      : [...units(character)].map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join(""),
  );
}

function* units(character: string): Generator<number> {
  for (let i = 0; i < character.length; i++) yield character.charCodeAt(i);
}

const SHORT: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function escaped(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  const short = SHORT[character];
  if (short !== undefined) return short;
  if (code < 0x100) return `\\x${code.toString(16).padStart(2, "0")}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, "0")}` : `\\u{${code.toString(16)}}`;
}

export function withoutEnd(text: string, characters: string): string {
  let end = text.length;
  while (end > 0 && characters.includes(text[end - 1] as string)) end--;
  return text.slice(0, end);
}
