/** Where programs keep their files, by the rules that they share. */
import { posix, win32 } from "node:path";
import { absolutePath } from "../platform/paths.ts";
import type { Where } from "./source.ts";

/** A file in the home; none where no variable names it. */
export function inHome(where: Where, ...parts: readonly string[]): string[] {
  return where.home === null ? [] : [joined(where, where.home, ...parts)];
}

/** A file in the folder that a variable names; else in the one given. */
export function inFolder(
  where: Where,
  variable: string,
  usual: readonly string[],
  ...parts: readonly string[]
): string[] {
  const named = where.env[variable];
  if (named) return [joined(where, absolutePath(named, where.platform, where.folder), ...parts)];
  return usual.map((folder) => joined(where, folder, ...parts));
}

/** `~/.config/<name>`, or where the XDG variable says; on Windows in `%APPDATA%`. */
export function configFolder(where: Where, name: string, windowsName = name): string[] {
  const { env, platform } = where;
  const named = platform === "win32" ? env.APPDATA : env.XDG_CONFIG_HOME;
  if (platform === "win32") return named ? [joined(where, named, windowsName)] : [];
  return named?.startsWith("/") ? [joined(where, named, name)] : inHome(where, ".config", name);
}

export function joined({ platform }: Where, ...parts: readonly string[]): string {
  return platform === "win32" ? win32.join(...parts) : posix.join(...parts);
}
