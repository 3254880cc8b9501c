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
  return checked(all, flag);
}

/** Those on standard input, with white space between them: a comma is part of one there. */
export async function scopesFromStdin(flag: string): Promise<string[]> {
  const [{ readStdin }, { isTerminal }] = await Promise.all([
    import("../platform/stdin.ts"),
    import("../platform/terminal.ts"),
  ]);
  if (isTerminal(0))
    throw usage("There are no scopes on standard input.", `Pipe them in, or name them: ${flag} <scope>`);
  const text = new TextDecoder().decode(await readStdin("scopes"));
  return checked(
    text.split(/\s+/).filter((scope) => scope !== ""),
    flag,
  );
}

function checked(all: readonly string[], flag: string): string[] {
  if (all.length === 0) throw usage(`${flag} can't be empty.`);
  for (const scope of all) {
    const fault = syntaxFault("scope", scope);
    if (fault !== null) throw usage(`${fault}.`, "Write it anew: a character that isn't seen may have been pasted.");
  }
  return [...new Set(all)];
}
