/** Whose a file is and who else may use it. Free of node:fs: it is asked on the way of every token. */
import { AuthError } from "../platform/errors.ts";

export function isStranger(stat: { uid: number }): boolean {
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
  return new AuthError("vault_unwritable", `${path} belongs to another user.`, {
    hint: "Run auth as that user, or set AUTH_HOME to a folder of your own.",
  });
}
