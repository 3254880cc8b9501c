/**
 * Patterns in descriptions: literals, classes and one quantifier of variable length, matched against at most 8 KB.
 * A regular expression of that shape can't backtrack more than once over its text, so no description (and no
 * `--pattern`) can make the program hang.
 */

const LONGEST_TEXT = 8 * 1024;
const LONGEST_PATTERN = 512;
const MOST_REPEATS = 1000;

/** One character: an escape of punctuation, a class, or a literal. */
const ATOM = /\\[dws]|\\[^A-Za-z0-9\s]|\[\^?(?:\\[dws]|\\[^A-Za-z0-9\s]|[^\]\\[])+\]|[^\\[\](){}|^$*+?]/y;
const QUANTIFIER = /[*+?]|\{(\d{1,4})(,(\d{0,4}))?\}/y;

/** Why a pattern isn't allowed, as a clause; null where it is. */
export function patternFault(pattern: string): string | null {
  if (pattern === "" || pattern.length > LONGEST_PATTERN) return `must have 1 to ${LONGEST_PATTERN} characters`;
  let variable = 0;
  for (let at = 0; at < pattern.length; ) {
    ATOM.lastIndex = at;
    if (!ATOM.test(pattern))
      return `has '${pattern[at]}' at ${at + 1}: only literals, classes like [a-z0-9], and a quantifier are allowed`;
    at = QUANTIFIER.lastIndex = ATOM.lastIndex;
    const quantifier = QUANTIFIER.exec(pattern);
    if (quantifier === null) continue;
    at = QUANTIFIER.lastIndex;
    const [, least, range, most] = quantifier;
    if (Math.max(Number(least ?? 0), Number(most ?? 0)) > MOST_REPEATS)
      return `repeats more than ${MOST_REPEATS} times`;
    if ((least === undefined || range !== undefined) && ++variable > 1)
      return "has two quantifiers of variable length: only one is allowed";
  }
  try {
    new RegExp(pattern);
  } catch {
    return "is not a regular expression";
  }
  return null;
}

/** The only text that a pattern without class or quantifier is for: `github\\.com`, and `github.com` too. null: it has one. */
export function literalOf(pattern: string): string | null {
  const isLiteral = /^(\\[^A-Za-z0-9\s]|[^\\[\](){}|^$*+?])+$/.test(pattern);
  return isLiteral ? pattern.replace(/\\(.)/g, "$1") : null;
}

/** The text that each match ends with: `[a-z]+\\.acme\\.example` always with `.acme.example`. The pattern must be without fault. */
export function endingOf(pattern: string): string {
  let ending = "";
  for (let at = 0; at < pattern.length; ) {
    ATOM.lastIndex = at;
    const [atom = ""] = ATOM.exec(pattern) ?? [];
    QUANTIFIER.lastIndex = at + atom.length;
    const [quantifier = ""] = QUANTIFIER.exec(pattern) ?? [];
    const isLiteral = quantifier === "" && !/^(\\[dws]|\[.*|\.)$/s.test(atom);
    ending = isLiteral ? ending + atom.replace(/^\\(.)/, "$1") : "";
    at += Math.max(1, atom.length + quantifier.length);
  }
  return ending;
}

/** Whether the whole text matches. A text longer than 8 KB doesn't. The pattern must be without fault. */
export function matches(pattern: string, text: string): boolean {
  return text.length <= LONGEST_TEXT && new RegExp(`^(?:${pattern})$`).test(text);
}
