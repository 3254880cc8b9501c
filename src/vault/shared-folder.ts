/** The refusal of a folder that other users may write to, with the way out of it. */
import { existsSync, type Stats } from "node:fs";
import { basename } from "node:path";
import { AuthError } from "../platform/errors.ts";
import { isOwnedByOther } from "../platform/owner.ts";
import { shellWord } from "../platform/shell-word.ts";

/**
 * A folder like /tmp, in which users can't remove each other's files, is no place either: others can make a journal there
 * that SQLite would play back (RULES 1.7).
 *
 * @param vault a vault that is in it already: the remedy moves it, and nothing else that may be another user's
 */
export function writableByOthers(path: string, stat: Stats, vault?: string): AuthError {
  return new AuthError("vault_unwritable", `Other users may write to ${path}, so auth keeps nothing there.`, {
    hint: isSharedByDesign(stat) ? moveHint(path, vault) : `Make it yours alone: chmod go-w ${shellWord(path)}`,
  });
}

/** One that `chmod` would take away from others, who need it. */
function isSharedByDesign(stat: Stats): boolean {
  return isOwnedByOther(stat) || (stat.mode & 0o1000) !== 0;
}

function moveHint(path: string, vault?: string): string {
  const folder = `${path === "/" ? "" : path}/auth-${process.getuid?.() ?? "own"}`;
  const make = `Use a folder of your own: mkdir -m 700 ${shellWord(folder)}`;
  if (vault === undefined) return `${make}\nThen set AUTH_HOME=${shellWord(folder)}`;
  const all = [vault, `${path}/vault.locks`].filter((file) => existsSync(file));
  const move = `mv ${all.map((file) => shellWord(file)).join(" ")} ${shellWord(folder)}`;
  return `${make} && ${move}\nThen set AUTH_STORE=${shellWord(`sqlite:${folder}/${basename(vault)}`)}`;
}
