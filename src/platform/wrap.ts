/** Text that fits a terminal. Widths are in columns. */

/** Lines of at most `width` columns, broken at spaces. */
export function wrapped(text: string, width: number): string[] {
  return packed(text.split(" "), width);
}

/**
 * A message of several lines: what is too wide is broken at spaces, under its indentation. A command stays on one line
 * with the words that say what it is for, so that it can be copied.
 */
export function wrapMessage(text: string, width: number): string {
  return text
    .split("\n")
    .flatMap((line) => (Bun.stringWidth(line) <= width ? [line] : brokenLine(line, width)))
    .join("\n");
}

/** A command that is printed, but for one that is quoted within a sentence: 'auth list'. */
const COMMAND = /(?<!['\w/.-])(?:auth|sudo|chmod|chown|mv|ssh|ulimit) [\w'"/~-]/;
/** Words, and commands within a sentence, which aren't broken. */
const WORDS = /'auth [^']*'\S*|\S+/g;

function brokenLine(line: string, width: number): string[] {
  const indent = /^ */.exec(line)?.[0] ?? "";
  const at = line.search(COMMAND);
  const sentence = line.lastIndexOf(". ", at);
  const whole = at < 0 ? line.length : Math.max(sentence < 0 ? 0 : sentence + 2, indent.length);
  const words = line.slice(0, whole).match(WORDS) ?? [];
  const command = line.slice(whole);
  const hanging = /^\d+\. /.exec(line.trimStart())?.[0].length ?? 0;
  const packedLines = packed(command === "" ? words : [...words, command], width - indent.length - hanging);
  return packedLines.map((one, i) => `${indent}${i === 0 ? "" : " ".repeat(hanging)}${one}`);
}

function packed(words: readonly string[], width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of words) {
    if (line !== "" && Bun.stringWidth(line) + 1 + Bun.stringWidth(word) > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
