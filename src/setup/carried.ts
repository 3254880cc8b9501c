/** Words that others set, and that go on in a line of ours. */
import { refused } from "./refused.ts";

/** Names and paths: they need no quotes, mean nothing else to a parser, and hold no secret, since our lines are recorded. */
const PLAIN = /^[\w.~/:\\@+][\w.~/:\\@+-]{0,199}$/;

/**
 * @param items each with its words
 * @param what whose they are: `GOAUTH in /home/me/.config/go/env`
 * @throws AuthError `setup_refused` where one isn't made of names and paths alone
 */
export function requirePlain(items: readonly string[], what: string): readonly string[] {
  if (items.every((item) => item.split(/\s+/).every((word) => PLAIN.test(word)))) return items;
  throw refused(
    `${what} has something else than names and paths, which isn't carried over.`,
    "To put auth alone in its place, until --undo: --replace",
  );
}
