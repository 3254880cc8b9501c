/** The commands in the messages that the program prints: each has to be one that a person can paste as it is. */

/** A command in a text, and what kind of text it was found in. */
export interface Printed {
  /** From `auth` to its end, as a shell would be given it. */
  readonly command: string;
  /** Whether the text marks it as a command: in quotes, in brackets, on a line of its own, or after a colon. */
  readonly marked: boolean;
}

/** `auth`, and a word after it that may be a command, a flag or a placeholder. */
const START = /(?<![\w./@:-])auth (?=[a-z<-])/g;
/** What ends a command that no quote encloses: the line, a remark in brackets, the next clause or sentence. */
const END = /\n| +\(|, (?:then|or|and|to)\b|[,;] |\.(?= |$)|: |\)| [|>#] /;

/**
 * Every `auth …` of a text, read as a person reads it: in quotes or brackets up to the closing one, else up to the end of
 * the line or of the clause.
 */
export function commandsIn(text: string): Printed[] {
  return [...text.matchAll(START)].map(({ index }) => {
    const before = text.slice(0, index);
    const rest = text.slice(index);
    const opened = before.at(-1);
    if (opened === "'" || opened === "`") return { command: unredirected(upTo(rest, opened)), marked: true };
    if (opened === "(") return { command: upTo(rest, ")"), marked: true };
    return { command: unquoted(rest), marked: /(?:^ *|\n *|: | \| |then | run | use | or )$/i.test(before) };
  });
}

/** Without what a shell does with its output. */
function unredirected(command: string): string {
  return command.split(/ [|>] /, 1)[0] ?? "";
}

function upTo(text: string, close: string): string {
  const end = text.indexOf(close);
  return end < 0 ? text : text.slice(0, end);
}

/** Ends only outside a shell's quotes. */
function unquoted(text: string): string {
  const hidden = text.replace(/'[^'\n]*'|"[^"\n]*"/g, (quoted) => "_".repeat(quoted.length));
  const end = END.exec(hidden)?.index ?? text.length;
  return text.slice(0, end).trim();
}

/** The words of a command as a POSIX shell splits them, without `auth`. */
export function wordsOf(command: string): string[] {
  const words = command.match(/(?:'[^']*'|"[^"]*"|\\.|[^\s'"\\])+/g) ?? [];
  return words.slice(1).map((word) => word.replaceAll(/'([^']*)'|"([^"]*)"|\\(.)/g, (_, a, b, c) => a ?? b ?? c));
}
