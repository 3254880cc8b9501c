/** A private file that is replaced whole: a reader finds all of the old content or all of the new. */
import { closeSync, constants, linkSync, openSync, readdirSync, renameSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { syncFile } from "../platform/disk.ts";
import { errorCode } from "../platform/errors.ts";
import { whileHeld } from "../platform/held-files.ts";
import { random } from "./bytes.ts";
import { createPrivate, ensureFolder, syncFolder, touching, writeAll } from "./files.ts";

/** @param how durable: on the disk when this returns, for what a power cut must not empty @throws AuthError `vault_unwritable` */
export function replaceFile(folder: string, name: string, content: Uint8Array, how = { durable: false }): void {
  ensureFolder(folder);
  const draft = join(folder, `${name}.${random(8).toHex()}.new`);
  try {
    createPrivate(draft);
    touching(draft, () => {
      fill(draft, content, how.durable);
      whileHeld(() => renameSync(draft, join(folder, name)));
      if (how.durable) syncFolder(folder);
    });
  } catch (error) {
    removeDraft(draft);
    throw error;
  }
}

/**
 * Makes a private file with all of its content at once: of several processes, one makes it. On the disk when this returns.
 *
 * @returns false where something has the name already: then nothing was written
 * @throws AuthError `vault_unwritable`
 */
export function createWhole(folder: string, name: string, content: Uint8Array): boolean {
  ensureFolder(folder);
  const path = join(folder, name);
  const draft = join(folder, `${name}.${random(8).toHex()}.new`);
  try {
    createPrivate(draft);
    return touching(path, () => {
      fill(draft, content, true);
      try {
        linkSync(draft, path);
      } catch (error) {
        // Where there are no hard links, another process may find it empty for a moment.
        if (errorCode(error) === "EEXIST" || !createPrivate(path)) return false;
        fill(path, content, true);
      }
      syncFolder(folder);
      return true;
    });
  } finally {
    removeDraft(draft);
  }
}

function fill(path: string, content: Uint8Array, durable: boolean): void {
  const file = openSync(path, constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    writeAll(file, content);
    if (durable) syncFile(file);
  } finally {
    closeSync(file);
  }
}

/** One that can't be removed now is left to `removeDrafts`. */
function removeDraft(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

const DRAFT = /\.[0-9a-f]{16}\.new$/;
/** Milliseconds after which no process is writing a draft any more. */
const ABANDONED = 3_600_000;

/** Removes what killed processes had begun to write. */
export function removeDrafts(folder: string): void {
  for (const name of namesIn(folder)) {
    const path = join(folder, name);
    if (DRAFT.test(name) && Date.now() - changedAt(path) > ABANDONED) removeDraft(path);
  }
}

/** None where there is no such folder, or it can't be read. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return [];
  }
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
}
