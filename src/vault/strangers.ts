/** Files of a home that are someone else's: each would stop the one command that needs it, at the worst moment. */
import { readdirSync } from "node:fs";
import { isStranger } from "../platform/owner.ts";
import { kindOf, lstat } from "./files.ts";

/** @param paths files, and folders whose content is looked at too; what isn't there is nobody's */
export function strangers(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const stat = lstat(path);
    if (stat === null) return [];
    if (isStranger(stat)) return [path];
    return kindOf(stat) === "folder" ? strangers(readdirSync(path).map((name) => `${path}/${name}`)) : [];
  });
}
