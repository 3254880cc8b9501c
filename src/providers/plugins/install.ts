/** Adds plugins to the configuration's folder, and removes them: private files, written atomically. */
import { closeSync, constants, existsSync, fsyncSync, openSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { AuthError, errorCode } from "../../platform/errors.ts";
import { fileFault } from "../../platform/file-faults.ts";
import { makeFolder } from "../../platform/folders.ts";
import { whileHeld } from "../../platform/held-files.ts";
import type { PluginFile } from "./file.ts";
import { PLUGIN_KINDS, placeOf } from "./place.ts";
import { forgetIndex } from "./stamps.ts";

const { O_CREAT, O_EXCL, O_WRONLY, O_NOFOLLOW = 0 } = constants;

/** @returns its path. @throws AuthError `vault_unwritable` */
export function installPlugin(folder: string, id: string, file: PluginFile): string {
  const path = placeOf(folder, id, file.kind);
  return touching(path, () => {
    if (!existsSync(folder)) makeFolder(folder);
    const temporary = `${folder}/.${id}.${crypto.randomUUID()}`;
    const out = openSync(temporary, O_CREAT | O_EXCL | O_WRONLY | O_NOFOLLOW, 0o600);
    try {
      writeFileSync(out, file.text);
      fsyncSync(out);
    } finally {
      closeSync(out);
    }
    whileHeld(() => renameSync(temporary, path));
    forgetIndex(folder);
    for (const kind of PLUGIN_KINDS) if (kind !== file.kind) rmSync(placeOf(folder, id, kind), { force: true });
    return path;
  });
}

/** @returns whether there was one. @throws AuthError `vault_unwritable` */
export function removePlugin(folder: string, id: string): boolean {
  let found = false;
  for (const kind of PLUGIN_KINDS) {
    const path = placeOf(folder, id, kind);
    touching(path, () => {
      try {
        rmSync(path);
        found = true;
      } catch (error) {
        if (errorCode(error) !== "ENOENT") throw error;
      }
    });
  }
  return found;
}

function touching<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof AuthError) throw error;
    const code = errorCode(error) ?? "unknown error";
    const { place, reason, hint } = fileFault(path, code);
    throw new AuthError("vault_unwritable", `${place} can't be written: ${reason}.`, { hint, cause: error });
  }
}
