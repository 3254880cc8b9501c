/** Scopes as the command line gives them. By itself in a file: a fresh token needs none of it. */
import { usage } from "../platform/errors.ts";
import { syntaxFault } from "../platform/syntax.ts";
import { list } from "./command.ts";

/** `-s a,b -s 'c d'` → a, b, c, d; null where none was given. */
export function scopes(joined: string | undefined, flag = "--scope"): string[] | null {
  if (joined === undefined) return null;
  const all = list(joined)
    .flatMap((text) => text.split(/[\s,]+/))
    .filter((scope) => scope !== "");
  if (all.length === 0) throw usage(`${flag} can't be empty.`);
  for (const scope of all) {
    const fault = syntaxFault("scope", scope);
    if (fault !== null) throw usage(`${fault}.`, "Write it anew: a character that isn't seen may have been pasted.");
  }
  return [...new Set(all)];
}
