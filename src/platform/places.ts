/** Where programs keep their files, by the rules that they share. */
import { posix, win32 } from "node:path";
import type { Environment } from "./context.ts";
import { absolutePath } from "./paths.ts";

/** What tells where a program's files are. */
export interface Surroundings {
  readonly env: Environment;
  readonly platform: NodeJS.Platform;
  /** Absolute; null where no variable names one. */
  readonly home: string | null;
  /** The current folder. */
  readonly folder: string;
}

export function surroundingsOf(env: Environment): Surroundings {
  const { platform } = process;
  const home = (platform === "win32" ? env.USERPROFILE : env.HOME) || null;
  return { env, platform, home, folder: currentFolder() ?? home ?? "/" };
}

/** null where it has been deleted. */
function currentFolder(): string | null {
  try {
    return process.cwd();
  } catch {
    return null;
  }
}

/** A file in the home; none where no variable names it. */
export function inHome(where: Surroundings, ...parts: readonly string[]): string[] {
  return where.home === null ? [] : [joined(where, where.home, ...parts)];
}

/** A file in the folder that a variable names; else in the one given. */
export function inFolder(
  where: Surroundings,
  variable: string,
  usual: readonly string[],
  ...parts: readonly string[]
): string[] {
  const named = where.env[variable];
  if (named) return [joined(where, absolutePath(named, where.platform, where.folder), ...parts)];
  return usual.map((folder) => joined(where, folder, ...parts));
}

/** `~/.config/<name>`, or where the XDG variable says; on Windows in `%APPDATA%`. */
export function configFolder(where: Surroundings, name: string, windowsName = name): string[] {
  const { env, platform } = where;
  const named = platform === "win32" ? env.APPDATA : env.XDG_CONFIG_HOME;
  if (platform === "win32") return named ? [joined(where, named, windowsName)] : [];
  return named?.startsWith("/") ? [joined(where, named, name)] : inHome(where, ".config", name);
}

export function joined({ platform }: Surroundings, ...parts: readonly string[]): string {
  return platform === "win32" ? win32.join(...parts) : posix.join(...parts);
}
