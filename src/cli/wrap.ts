/** Text that fits a terminal. */

/** Lines of at most `width` characters, broken at spaces. */
export function wrapped(text: string, width: number): string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === "" ? word : `${line} ${word}`;
  }
  return [...lines, line];
}

/** A command or an address: it must stay on one line to be copied. */
const WHOLE = /\b(?:auth|chmod|chown) [a-z0-9-]|https?:\/\//;

/** A message of several lines: prose is broken at spaces, a line with a command or an address stays whole. */
export function wrapMessage(text: string, width: number): string {
  const lines = text
    .split("\n")
    .flatMap((line) => (line.length <= width || WHOLE.test(line) ? [line] : wrapped(line, width)));
  return lines.join("\n");
}
