/**
 * Where the file is that says which connections a folder uses. Looked for by every command that wasn't given a connection
 * in full: a few system calls, and nothing is read or loaded where there is none.
 */
import type { Environment } from "./context.ts";
import { withoutEnd } from "./escape.ts";
import { ownershipIfThere, realFolder } from "./small-file.ts";

export const FOLDER_FILE = ".auth.toml";

const SEPARATOR = process.platform === "win32" ? "\\" : "/";

/**
 * Every file of that name from the current folder up to the user's home, the nearest first. Links count as files: what may
 * be used of it is another question.
 */
export function folderFiles(env: Environment): string[] {
  const cwd = currentFolder();
  if (cwd === null) return [];
  return foldersUpwards(cwd, env)
    .map(fileIn)
    .filter((path) => ownershipIfThere(path, "link") !== null);
}

export function fileIn(folder: string): string {
  return folder.endsWith(SEPARATOR) ? folder + FOLDER_FILE : folder + SEPARATOR + FOLDER_FILE;
}

/**
 * A folder and those above it, up to the user's home. None where it isn't in there: nothing is looked for elsewhere.
 *
 * @param folder its path without links
 */
export function foldersUpwards(folder: string, env: Environment, platform = process.platform): string[] {
  const windows = platform === "win32";
  const home = windows ? env.USERPROFILE : env.HOME;
  if (!home || !(windows ? /^[A-Za-z]:[\\/]/ : /^\//).test(home)) return [];
  return between(folder, home, windows) ?? between(folder, realFolder(home), windows) ?? [];
}

/** null where the one isn't in the other. A home whose path has no links in it is found by its name alone. */
function between(folder: string, home: string | null, windows: boolean): string[] | null {
  if (home === null) return null;
  const separator = windows ? "\\" : "/";
  const path = withoutEnd(windows ? folder.replaceAll("/", "\\") : folder, separator);
  const top = withoutEnd(windows ? home.replaceAll("/", "\\") : home, separator);
  const start = path.slice(0, top.length);
  if (windows ? start.toLowerCase() !== top.toLowerCase() : start !== top) return null;
  if (path.length > top.length && path[top.length] !== separator) return null;
  const found: string[] = [];
  for (let end = path.length; end >= top.length; end = path.lastIndexOf(separator, end - 1)) {
    found.push(path.slice(0, end) || separator);
    if (end === 0) break;
  }
  return found;
}

/** null where it was removed under our feet. */
function currentFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}
