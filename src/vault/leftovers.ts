/** Temporary files beside a vault. What a killed process leaves is removed by the next one that holds the vault lock. */

import { closeSync, constants, fsyncSync, openSync, readdirSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Context } from "../platform/context.ts";
import { messageOf } from "../platform/errors.ts";
import { whileHeld } from "../platform/held-files.ts";
import { random } from "./bytes.ts";
import { realPlace, touching, writeAll } from "./files.ts";
import type { Header } from "./header.ts";
import { locksFolder, openLockFile } from "./lock.ts";
import { forgetStale } from "./sources/source.ts";

const DRAFT = /^\.[0-9a-f]{16}\.new(-wal|-shm|-journal)?$/;

/** The name under which a vault is made before it gets its own. @param real the vault's path, links resolved */
export function draftOf(real: string): string {
  return `${real}.${random(8).toHex()}.new`;
}

/** More than a login takes: its record, the client's, SQLite's journal. */
const ROOM = 128 * 1024;

/** Finds out whether there is room beside the vault, by using it. @throws AuthError `vault_unwritable` */
export function requireRoom(real: string): void {
  const scratch = `${real}.${random(8).toHex()}.room`;
  const { O_CREAT, O_EXCL, O_WRONLY } = constants;
  touching(real, () => {
    try {
      const file = openSync(scratch, O_CREAT | O_EXCL | O_WRONLY, 0o600);
      try {
        // Without a name, it is gone however this process ends.
        if (process.platform !== "win32") rmSync(scratch, { force: true });
        // Not zeros: a file system that compresses would find room for any number of them.
        writeAll(file, random(ROOM));
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
    } finally {
      whileHeld(() => rmSync(scratch, { force: true }));
    }
  });
}

/**
 * Removes vaults that were never finished. One that can't be removed now harms nothing and is left for the next time.
 * The vault lock must be held: another process's draft would be removed while it is being made.
 */
export function removeUnfinishedVaults({ debug }: Pick<Context, "debug">, real: string): void {
  const folder = dirname(real);
  const remove = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      debug(`a vault that was never finished stays in ${folder}: ${messageOf(error)}`);
    }
  };
  remove(() => {
    for (const name of readdirSync(folder))
      if (name.startsWith(basename(real)) && DRAFT.test(name.slice(basename(real).length)))
        remove(() => rmSync(join(folder, name), { force: true }));
  });
}

/**
 * Clears away what killed processes left beside a vault, and in its key file. Does nothing while another process makes or
 * rekeys the vault.
 *
 * @param readHeader under the lock: the header as it is then
 */
export async function clearLeftovers(context: Context, path: string, readHeader: () => Promise<Header>): Promise<void> {
  const real = realPlace(path);
  const lock = openLockFile(join(locksFolder(real), "vault.lock"));
  try {
    if (!lock.take()) return;
    removeUnfinishedVaults(context, real);
    await forgetStale(context, await readHeader());
  } finally {
    lock.close();
  }
}
