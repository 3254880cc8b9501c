/** Values that must be one of a few words, and "Did you mean" for others. */
import { usage } from "../platform/errors.ts";
import { suggestion } from "../providers/suggest.ts";

/**
 * @param what what it is one of: `key source`
 * @returns the word, where it is known
 * @throws AuthError `usage`: `There is no flow 'devise'.` `Did you mean 'device'? Flows: device, browser.`
 */
export function oneOf<T extends string>(what: string, given: string, known: readonly T[]): T {
  const found = known.find((word) => word === given);
  if (found !== undefined) return found;
  const all = `${what[0]?.toUpperCase()}${what.slice(1)}s: ${known.join(", ")}.`;
  throw usage(`There is no ${what} '${shown(given)}'.`, [...didYouMean(given, known), all].join(" "));
}

/** A line for a hint; none where no known word is similar. */
export function didYouMean(given: string, known: Iterable<string>): string[] {
  const word = suggestion(given, [...known]);
  return word === null ? [] : [`Did you mean '${word}'?`];
}

/** What was typed, fit to be repeated in one line of a message. */
export function shown(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: those are what must not reach the terminal
  const plain = text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, "?");
  return plain.length > 60 ? `${plain.slice(0, 57)}…` : plain;
}
