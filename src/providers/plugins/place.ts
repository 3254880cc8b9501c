/**
 * Where a plugin is: `<id>.toml`, `.json`, `.ts` or `.js` in the configuration's folder. Its id is its file's name, so
 * that looking for one looks at four names, however many there are. Needed for every token once there is a plugin: nothing heavy here.
 */
import { AuthError } from "../../platform/errors.ts";
import { isThere } from "../../platform/small-file.ts";
import { isProviderId } from "../names.ts";

export const PLUGIN_KINDS = ["toml", "json", "ts", "js"] as const;
export type PluginKind = (typeof PLUGIN_KINDS)[number];

/** By the ending of its name. null: it is no plugin. */
export function kindOf(name: string): PluginKind | null {
  return PLUGIN_KINDS.find((kind) => name.toLowerCase().endsWith(`.${kind}`)) ?? null;
}

/** The ids of the plugins in the folder, sorted. */
export async function installedIds(folder: string): Promise<string[]> {
  if (!(await isThere(folder))) return [];
  const { readdirSync } = await import("node:fs");
  const ids = readdirSync(folder)
    .filter((name) => kindOf(name) !== null)
    .map((name) => name.slice(0, name.lastIndexOf(".")))
    .filter(isProviderId);
  return [...new Set(ids)].sort();
}

/** The file of that id, or null. @throws AuthError `plugin_invalid` where there are several */
export async function installedFile(folder: string, id: string): Promise<string | null> {
  const paths = PLUGIN_KINDS.map((kind) => placeOf(folder, id, kind));
  const there = await Promise.all(paths.map(isThere));
  const [path, other] = paths.filter((_, i) => there[i]);
  if (other === undefined) return path ?? null;
  throw new AuthError("plugin_invalid", `Two plugins have the id ${id}: ${path} and ${other}.`, {
    hint: `Delete the file that you don't want, or remove both: auth provider remove ${id}`,
  });
}

export function placeOf(folder: string, id: string, kind: string): string {
  return `${folder}/${id}.${kind}`;
}
