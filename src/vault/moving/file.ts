/** The file of a backup: written whole under another name, then given its own; it replaces no file. */
import { closeSync, constants, openSync, readFileSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { syncFile } from "../../platform/disk.ts";
import { usage } from "../../platform/errors.ts";
import { whileHeld } from "../../platform/held-files.ts";
import { LIMITS } from "../../platform/limits.ts";
import { random, sameBytes } from "../bytes.ts";
import { createPrivate, kindOf, lstat, syncFolder, touching, writeAll } from "../files.ts";
import { damagedBackup, notBackup } from "./failures.ts";

/** @throws AuthError `usage` where there is something of that name */
export function requireFree(path: string): void {
  if (touching(path, () => lstat(path)) !== null)
    throw usage(`${path} is there already.`, "Name a file that isn't there yet. Nothing was changed.");
}

/** On the disk, 0600, and read back when this returns. @throws AuthError `usage`, `vault_unwritable`, `vault_corrupt` */
export function writeBackup(path: string, bytes: Uint8Array): void {
  requireFree(path);
  const draft = `${path}.${random(8).toHex()}.new`;
  touching(path, () => {
    try {
      createPrivate(draft);
      const file = openSync(draft, constants.O_WRONLY);
      try {
        writeAll(file, bytes);
        syncFile(file);
      } finally {
        closeSync(file);
      }
      if (!sameBytes(readFileSync(draft), bytes)) throw damagedBackup(path, "it doesn't read back as it was written");
      whileHeld(() => renameSync(draft, path));
      syncFolder(dirname(path));
    } finally {
      rmSync(draft, { force: true });
    }
  });
}

/** @throws AuthError `usage` where it isn't there, or can't be a backup; `vault_unwritable` */
export function readBackup(path: string): Uint8Array {
  return touching(path, () => {
    const stat = lstat(path);
    if (stat === null) throw usage(`There is no file ${path}.`, "Name the file of the backup.");
    const isBackup = kindOf(stat) === "file" || kindOf(stat) === "link";
    if (!isBackup || stat.size > LIMITS.backupBytes) throw notBackup(path);
    return new Uint8Array(readFileSync(path));
  });
}
