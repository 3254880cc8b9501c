/** Whose a file is and who else may use it. Free of node:fs, since it is on the hot path. */
import { AuthError } from "./errors.ts";
import { shellWord } from "./shell-word.ts";

export function isOwnedByOther(stat: { uid: number }): boolean {
  return process.getuid !== undefined && stat.uid !== process.getuid();
}

/** Whether users other than the owner may do what `bits` say (0o077: anything). Windows has other means. */
export function isOpenTo(stat: { mode: number }, bits: number): boolean {
  return process.platform !== "win32" && (stat.mode & bits) !== 0;
}

export function modeText(stat: { mode: number }): string {
  return (stat.mode & 0o7777).toString(8).padStart(4, "0");
}

export function foreign(path: string): AuthError {
  return new AuthError("vault_unwritable", `${path} belongs to another user.`, { hint: ownerHint(path) });
}

/** What makes a file usable. Only its owner can `chmod` it: for one of another user it is the `chown` line. */
export function accessHint(path: string, stat: { uid: number } | null, chmod: string): string {
  return stat !== null && isOwnedByOther(stat) ? ownerHint(path) : chmod;
}

/** How something that belongs to another user can be used: by whom, or after which command. */
export function ownerHint(path: string): string {
  const me = process.getuid?.() ?? 0;
  if (me === 0)
    return "Run auth as the user who owns it (without sudo), or give root a folder of its own: AUTH_HOME=/root/.auth";
  return `If it should be yours (sudo leaves such files): sudo chown -R ${me} ${shellWord(path)}\nElse set AUTH_HOME to a folder of your own.`;
}
