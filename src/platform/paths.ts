/** Where every file is (CLI.md §7). Key and vault are in different folders, unless AUTH_HOME puts them in one. */
import type { Environment } from "./context.ts";
import { AuthError } from "./errors.ts";

export interface Paths {
  /** The vault file as named, before links are resolved. */
  readonly vault: string;
  readonly key: string;
  readonly providers: string;
  readonly audit: string;
  readonly log: string;
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
 * @param cwd what a relative AUTH_HOME is relative to; absent: the current folder
 * @throws AuthError `vault_unwritable` when no variable names the user's folders
 */
export function pathsFor(env: Environment, platform: NodeJS.Platform, cwd?: string): Paths {
  const slash = platform === "win32" ? "\\" : "/";
  const at = (...parts: string[]): string => parts.join(slash);

  if (env.AUTH_HOME) {
    requireUtf8("AUTH_HOME", env.AUTH_HOME);
    const home = absolute(env.AUTH_HOME, cwd, platform);
    return layout({ config: home, data: home, state: home, runtime: at(home, "run") }, at);
  }
  const { config, data, state, runtime } = foldersOf(env, platform, at);
  return layout(
    { config: at(config, "auth"), data: at(data, "auth"), state: at(state, "auth"), runtime: at(runtime, "auth") },
    at,
  );
}

function layout(folders: Folders, at: (...parts: string[]) => string): Paths {
  return {
    vault: at(folders.data, "vault.db"),
    key: at(folders.config, "key"),
    providers: at(folders.config, "providers"),
    audit: at(folders.state, "audit.jsonl"),
    log: at(folders.state, "logs", "auth.log"),
    runtime: folders.runtime,
  };
}

function foldersOf(env: Environment, platform: NodeJS.Platform, at: (...parts: string[]) => string): Folders {
  /** A folder named by a variable counts only when it is absolute (XDG Base Directory Specification, "Basics"). */
  const named = (variable: string): string | undefined => {
    const value = env[variable];
    if (value) requireUtf8(variable, value);
    return value && isAbsolute(value, platform) ? trimmed(value) : undefined;
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
      if (local === undefined || roaming === undefined) throw homeless("APPDATA and LOCALAPPDATA");
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

function homeless(variables: string): AuthError {
  return new AuthError("vault_unwritable", `There is no place for the vault: ${variables} is not set.`, {
    hint: "Set AUTH_HOME to a folder of your own, for example AUTH_HOME=/home/me/.auth.",
  });
}

function absolute(path: string, cwd: string | undefined, platform: NodeJS.Platform): string {
  if (isAbsolute(path, platform)) return trimmed(path);
  return trimmed(`${cwd ?? process.cwd()}${platform === "win32" ? "\\" : "/"}${path}`);
}

function isAbsolute(path: string, platform: NodeJS.Platform): boolean {
  return platform === "win32" ? /^([A-Za-z]:[\\/]|\\\\)/.test(path) : path.startsWith("/");
}

const SEPARATORS = "/\\";

/** Without the separators at its end; a root stays a root. */
function trimmed(path: string): string {
  let end = path.length;
  while (end > 1 && SEPARATORS.includes(path.charAt(end - 1))) end--;
  return path.slice(0, end);
}
