/** "Did you mean", as a line for a hint. */
import { suggestion } from "../providers/suggest.ts";

/** `Did you mean 'x'? Formats: x, y.` */
export function oneOf(typed: string, known: readonly string[], what: string): string {
  const word = suggestion(typed, [...known]);
  return `${word === null ? "" : `Did you mean '${word}'? `}${what}: ${known.join(", ")}.`;
}

/** No line when nothing known is near. */
export function didYouMean(typed: string, known: Iterable<string>): string[] {
  const word = suggestion(typed, [...known]);
  return word === null ? [] : [`Did you mean '${word}'?`];
}
