/**
 * Files that hold a token for as long as a command runs (`run --fresh`). Each run has a folder (0700) of its own in the
 * runtime folder, with files of 0600. A file is replaced by renaming: a reader finds the old token or the new one. The next
 * run removes the files of a killed run, whose lock the kernel has released.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../platform/errors.ts";
import { whileHeld } from "../platform/held-files.ts";
import { createPrivate, ensureFolder, ensureOwnFolder, lstat, touching } from "../vault/files.ts";
import { openLockFile } from "../vault/lock.ts";

export interface TokenFiles {
  /** The path of a variable's file. */
  pathOf(variable: string): string;
  /** Replaces the content atomically. @throws AuthError `vault_unwritable` */
  write(variable: string, content: string | Uint8Array): void;
  remove(): void;
}

const FOLDER = /^fresh-[0-9a-f]{16}$/;
const LOCK = "lock";
/** Milliseconds: a folder that is younger may be one whose lock isn't taken yet. */
const SETTLED_MS = 60_000;

/** @param runtime the runtime folder of this home @throws AuthError `vault_unwritable` */
export function openTokenFiles(runtime: string): TokenFiles {
  ensureFolder(runtime);
  removeLeftovers(runtime);
  const folder = join(runtime, `fresh-${crypto.getRandomValues(new Uint8Array(8)).toHex()}`);
  touching(folder, () => mkdirSync(folder, { mode: 0o700 }));
  ensureOwnFolder(folder);
  const lock = openLockFile(join(folder, LOCK));
  lock.take();
  const pathOf = (variable: string): string => join(folder, variable);
  return {
    pathOf,
    write: (variable, content) => writeWhole(pathOf(variable), content),
    remove() {
      lock.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function writeWhole(path: string, content: string | Uint8Array): void {
  const next = `${path}.next`;
  touching(path, () => {
    rmSync(next, { force: true });
    createPrivate(next);
    const file = openSync(next, "r+");
    try {
      writeFileSync(file, content);
      // A full disk may be reported only now, while the old file still has the token before.
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    whileHeld(() => renameSync(next, path));
  });
}

function removeLeftovers(runtime: string): void {
  for (const name of readdirSync(runtime)) {
    const folder = join(runtime, name);
    const stat = FOLDER.test(name) ? lstat(folder) : null;
    if (stat === null || !stat.isDirectory() || Date.now() - stat.mtimeMs < SETTLED_MS) continue;
    if (isInUse(join(folder, LOCK))) continue;
    rmSync(folder, { recursive: true, force: true });
  }
}

function isInUse(path: string): boolean {
  try {
    const lock = openLockFile(path);
    const taken = lock.take();
    lock.close();
    return !taken;
  } catch (error) {
    // Unknown, or another run is removing it at this moment.
    if (errorCode(error) === undefined) throw error;
    return true;
  }
}
