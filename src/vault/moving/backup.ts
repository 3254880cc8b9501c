/** `auth vault backup` and `auth vault restore`: a whole vault in one encrypted file, and back. */
import type { Context } from "../../platform/context.ts";
import type { AuthError } from "../../platform/errors.ts";
import { noVault } from "../no-vault.ts";
import type { Prompt } from "../sources/source.ts";
import { decrypt, encrypt, openedBy, type Sealing, type Unsealing } from "./age.ts";
import { contentBytes, parseContent } from "./content.ts";
import { readBackup, requireFree, writeBackup } from "./file.ts";
import { type Moved, type MoveOptions, moveInto } from "./into.ts";
import { openToRead, type Target } from "./open.ts";
import { entriesIn, type Held, take } from "./records.ts";

export interface BackedUp {
  readonly records: number;
  /** Of the file. */
  readonly bytes: number;
  /** Errors of records that don't open: they are not in it. */
  readonly unreadable: readonly AuthError[];
}

/**
 * @param sealing asked for once it is plain that the file can be written and the vault opens
 * @param prompt asks for the passphrase of this vault
 * @throws AuthError `usage` where the file is there already; as `openVault`
 */
export async function backupVault(
  context: Context,
  path: string,
  sealing: () => Promise<Sealing>,
  prompt?: Prompt,
): Promise<BackedUp> {
  requireFree(path);
  const from = await openToRead(context, prompt);
  if (from === null) throw await noVault(context);
  const { vault, index } = from;
  try {
    const how = await sealing();
    const { entries, unreadable } = await entriesIn(vault);
    const records: Held[] = [];
    for (const entry of entries) {
      const held = await take(vault, entry);
      if (held !== null) records.push(held);
    }
    const content = contentBytes({ vaultId: vault.id, made: context.now(), index, records });
    const file = await encrypt(content, how);
    writeBackup(path, file);
    await context.audit({
      event: "vault",
      status: "success",
      message: `backed up ${records.length} records to ${path}`,
    });
    return { records: records.length, bytes: file.length, unreadable };
  } finally {
    await vault.close();
  }
}

export interface Restored extends Moved {
  /** When the backup was made: milliseconds since the epoch. */
  readonly backupTime: number;
}

/**
 * @param unsealing gets what the file is to be opened by
 * @throws AuthError as `decrypt`, `parseContent` and `moveInto`
 */
export async function restoreVault(
  target: Target,
  path: string,
  unsealing: (by: "passphrase" | "identity") => Promise<Unsealing>,
  options: MoveOptions,
): Promise<Restored> {
  const file = readBackup(path);
  const content = parseContent(await decrypt(file, path, await unsealing(openedBy(file, path))), path);
  const { index, records, made } = content;
  const moved = await moveInto(
    target,
    { vaultId: null, index, count: records.length, records: () => records },
    options,
  );
  if (!options.dryRun) {
    const count = moved.records.new.length + moved.records.updated.length;
    const message = `restored ${count} records from ${path}`;
    await target.context.audit({ event: "vault", status: "success", message });
  }
  return { ...moved, unreadable: [], backupTime: made };
}
