/** "Did you mean", as a line for a hint. */
import { suggestion } from "../providers/suggest.ts";

export { suggestion as nearest };

/** No line when nothing known is near. */
export function didYouMean(typed: string, known: Iterable<string>): string[] {
  const word = suggestion(typed, [...known]);
  return word === null ? [] : [`Did you mean '${word}'?`];
}
