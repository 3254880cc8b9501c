/** Where every file is (CLI.md §7). Key and vault are in different folders, unless AUTH_HOME puts them in one. */
import type { Environment } from "./context.ts";
import { AuthError } from "./errors.ts";
import { withoutEnd } from "./escape.ts";
import { isThere, ownershipIfThere, realFolder } from "./small-file.ts";

export interface Paths {
  /** The vault file as named, before links are resolved. */
  readonly vault: string;
  readonly key: string;
  /** This home's own key, as a member of vaults that have some. */
  readonly identity: string;
  /** Where another vault is that this home uses. */
  readonly store: string;
  readonly providers: string;
  /** Copies of other programs' files, as they were before an import. */
  readonly backups: string;
  readonly audit: string;
  readonly requests: string;
  readonly log: string;
  /** A folder. */
  readonly setup: string;
  /** The folder of the agent's socket: beside the vault, since who finds the one must find the other. */
  readonly agent: string;
  /** A folder of marks: whom a person was told of. */
  readonly told: string;
  /** A folder for what one command needs while it runs. It may be another one for each session: nothing is looked for there. */
  readonly runtime: string;
}

/** The four kinds of folder every platform knows under its own names. */
interface Folders {
  readonly config: string;
  readonly data: string;
  readonly state: string;
  readonly runtime: string;
}

/**
 * @param options.cwd what a relative AUTH_HOME is relative to; absent: the current folder
 * @param options.exists where the key is depends on it, on Windows
 * @throws AuthError `vault_unwritable` when no variable names the user's folders
 */
export function pathsFor(
  env: Environment,
  platform: NodeJS.Platform,
  { cwd, exists = isThere }: { cwd?: string; exists?: (path: string) => boolean } = {},
): Paths {
  const at = platform === "win32" ? windowsPaths().join : (...parts: string[]): string => parts.join("/");

  if (env.AUTH_HOME) {
    requireUtf8("AUTH_HOME", env.AUTH_HOME);
    const home = absolutePath(env.AUTH_HOME, platform, cwd);
    return layout({ config: home, data: home, state: home, runtime: at(home, "run") }, at);
  }
  const { config, data, state, runtime } = foldersOf(env, platform, at);
  const places = layout(
    { config: at(config, "auth"), data: at(data, "auth"), state: at(state, "auth"), runtime: at(runtime, "auth") },
    at,
  );
  // What roams is copied to other machines: a key stays on its own, but where an earlier version put it.
  if (platform !== "win32") return places;
  const local = (name: string): string => at(data, "auth-key", name);
  const key = exists(places.key) ? places.key : local("key");
  return { ...places, key, identity: local("identity"), store: local("store") };
}

function layout(folders: Folders, at: (...parts: string[]) => string): Paths {
  return {
    vault: at(folders.data, "vault.db"),
    key: at(folders.config, "key"),
    identity: at(folders.config, "identity"),
    store: at(folders.config, "store"),
    providers: at(folders.config, "providers"),
    backups: at(folders.data, "backups"),
    audit: at(folders.state, "audit.jsonl"),
    requests: at(folders.state, "requests.jsonl"),
    log: at(folders.state, "logs", "auth.log"),
    setup: at(folders.data, "setup"),
    agent: at(folders.data, "agent"),
    told: at(folders.state, "told"),
    runtime: folders.runtime,
  };
}

function foldersOf(env: Environment, platform: NodeJS.Platform, at: (...parts: string[]) => string): Folders {
  /** A folder named by a variable counts only when it is absolute (XDG Base Directory Specification, "Basics"). */
  const named = (variable: string): string | undefined => {
    const value = env[variable];
    if (value) requireUtf8(variable, value);
    return value && isAbsolute(value, platform) ? absolutePath(value, platform) : undefined;
  };
  const home = (...parts: string[]): string => {
    const root = named("HOME");
    if (root === undefined) throw homeless("HOME");
    return at(root, ...parts);
  };
  switch (platform) {
    case "win32": {
      const local = named("LOCALAPPDATA");
      const roaming = named("APPDATA");
      if (local === undefined || roaming === undefined)
        throw homeless("APPDATA and LOCALAPPDATA", "C:\\Users\\me\\.auth");
      return { config: roaming, data: local, state: local, runtime: named("TEMP") ?? at(local, "Temp") };
    }
    case "darwin": {
      const support = home("Library", "Application Support");
      return {
        config: home("Library", "Preferences"),
        data: support,
        state: support,
        runtime: named("TMPDIR") ?? home("Library", "Caches"),
      };
    }
    default: {
      const state = named("XDG_STATE_HOME") ?? home(".local", "state");
      return {
        config: named("XDG_CONFIG_HOME") ?? home(".config"),
        data: named("XDG_DATA_HOME") ?? home(".local", "share"),
        state,
        runtime: named("XDG_RUNTIME_DIR") ?? at(state, "auth", "run"),
      };
    }
  }
}

/** Bytes that aren't UTF-8 have become U+FFFD by now: another folder would be used than the one that was named. */
export function requireUtf8(variable: string, path: string): void {
  if (!path.includes("\uFFFD")) return;
  throw new AuthError("vault_unwritable", `${variable} is not valid UTF-8, so the folder it names can't be used.`, {
    hint: "Set AUTH_HOME to a folder whose path is UTF-8 text, for example AUTH_HOME=/home/me/.auth.",
  });
}

function homeless(variables: string, example = "/home/me/.auth"): AuthError {
  return new AuthError("vault_unwritable", `There is no place for the files of auth: ${variables} is not set.`, {
    hint: `Set AUTH_HOME to a folder of your own, for example AUTH_HOME=${example}.`,
  });
}

/** @param cwd absent: the current folder */
export function absolutePath(path: string, platform: NodeJS.Platform, cwd?: string): string {
  if (platform === "win32") return windowsPaths().resolve(cwd ?? process.cwd(), path);
  return isAbsolute(path, platform) ? trimmed(path) : trimmed(`${cwd ?? process.cwd()}/${path}`);
}

/** Knows what is rooted (`\x`), relative to a drive (`C:x`) or a share, and slashes of either kind. Loaded there only. */
function windowsPaths(): typeof import("node:path").win32 {
  return process.getBuiltinModule("node:path").win32;
}

function isAbsolute(path: string, platform: NodeJS.Platform): boolean {
  return platform === "win32" ? /^([A-Za-z]:[\\/]|[\\/]{2})/.test(path) : path.startsWith("/");
}

/** Without the separators at its end; a root stays a root. */
function trimmed(path: string): string {
  let end = path.length;
  while (end > 1 && path[end - 1] === "/") end--;
  return path.slice(0, end);
}

/** What says which connections a folder uses. Where there is none, that takes a few system calls, and nothing is read or loaded. */
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
