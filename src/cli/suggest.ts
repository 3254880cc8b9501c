/** Values that must be one of a few words, and "Did you mean" for others. */
import { usage } from "../platform/errors.ts";
import { suggestion } from "../providers/suggest.ts";
import { shown } from "./flags.ts";

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
