/** Reads text files of other programs. */
import type { Stats } from "node:fs";
import type { AuthError } from "../platform/errors.ts";
import { type ForeignFault, readForeignFile, statForeignFile } from "../platform/foreign-file.ts";
import { shellWord } from "../platform/shell-word.ts";
import { refused } from "./refused.ts";

export interface ForeignFile {
  readonly path: string;
  readonly text: string;
  readonly mode: number;
  /** Hard links. */
  readonly names: number;
}

/** @returns null where there is no such file. @throws AuthError `import_refused` */
export async function readForeign(path: string): Promise<ForeignFile | null> {
  const file = await readForeignFile(path, (fault) => refusalOf(path, fault));
  return file === null ? null : { path, text: file.text, mode: file.stats.mode & 0o777, names: file.stats.nlink };
}

/** @returns null where there is no such file. @throws AuthError `import_refused` where it isn't a file of this user */
export function statForeign(path: string): Promise<Stats | null> {
  return statForeignFile(path, (fault) => refusalOf(path, fault));
}

function refusalOf(path: string, fault: ForeignFault): AuthError {
  switch (fault.kind) {
    case "link":
      return refused(`${path} is a link.`, "Name what it leads to: --file <path>");
    case "no file":
      return refused(`${path} is no file.`, "Name another: --file <path>");
    case "of another user":
      return refused(`${path} belongs to another user.`, "Run auth as that user: a login belongs to one person.");
    case "writable by all":
      return refused(
        `Other users of this machine can write to ${path}.`,
        `If what it says is yours: chmod o-w ${shellWord(path)}`,
      );
    case "too large":
      return refused(`${path} is too large: ${fault.bytes} bytes.`, "Is it the right file?");
    case "no text":
      return refused(`${path} isn't text.`, "It may be damaged, or encrypted by its program.");
    case "unreadable":
      return refused(`${path} can't be read: ${fault.reason}.`, "Set its permissions right.");
  }
}
