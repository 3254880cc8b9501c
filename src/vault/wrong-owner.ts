/** Files of auth's folders that belong to another user: the command that needs one of them would fail. */
import { readdirSync } from "node:fs";
import { isOwnedByOther } from "../platform/owner.ts";
import { kindOf, lstat } from "./files.ts";

/** @param paths files, and folders whose content is looked at too; what isn't there is passed over */
export function wrongOwner(paths: readonly string[]): string[] {
  return paths.flatMap((path) => {
    const stat = lstat(path);
    if (stat === null) return [];
    if (isOwnedByOther(stat)) return [path];
    return kindOf(stat) === "folder" ? wrongOwner(readdirSync(path).map((name) => `${path}/${name}`)) : [];
  });
}
