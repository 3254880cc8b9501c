/** What a process that was killed leaves beside a vault. Removed by the next one that holds the vault lock. */
import { readdirSync, rmSync } from "node:fs";
import type { Context } from "../platform/context.ts";
import { folderOf, nameIn } from "../platform/files.ts";
import { random } from "./bytes.ts";

const DRAFT = /^\.[0-9a-f]{16}\.new(-wal|-shm|-journal)?$/;

/** The name under which a vault is made before it gets its own. @param real the vault's path, links resolved */
export function draftOf(real: string): string {
  return `${real}.${random(8).toHex()}.new`;
}

/**
 * Removes vaults that were never finished. One that can't be removed now harms nothing and is left for the next time.
 * The vault lock must be held: another process's draft would be removed while it is being made.
 */
export function removeDrafts({ debug }: Pick<Context, "debug">, real: string): void {
  const folder = folderOf(real);
  const remove = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      debug(`a vault that was never finished stays in ${folder}: ${messageOf(error)}`);
    }
  };
  remove(() => {
    for (const name of readdirSync(folder))
      if (name.startsWith(nameIn(real)) && DRAFT.test(name.slice(nameIn(real).length)))
        remove(() => rmSync(`${folder}/${name}`, { force: true }));
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
