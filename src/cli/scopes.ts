/** Scopes on the command line. In its own file, since a fresh token doesn't need it. */
import { typed } from "../connections/ref.ts";
import type { Stored } from "../connections/store.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { shellWord } from "../platform/shell-word.ts";
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

/** @throws AuthError `login_required` where its token has not all of them */
export function requireScopes(stored: Stored, wanted: readonly string[]): void {
  const granted = stored.record.tokens?.scopes ?? [];
  const missing = wanted.filter((scope) => !granted.includes(scope));
  if (missing.length === 0) return;
  const all = [...new Set([...granted, ...missing])].join(",");
  throw new AuthError(
    "login_required",
    `The token of ${typed(stored.ref)} doesn't have ${escapeText(missing.join(", "))}.`,
    {
      hint: `Log in for it: auth login ${typed(stored.ref)} --force --scope ${shellWord(all)}`,
      connection: `${stored.ref.provider}:${stored.ref.name}`,
    },
  );
}
