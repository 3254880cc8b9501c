/** Making a vault file: under a lock, complete under another name, and only then given its own (RULES.md 1.9). */

import { accessSync, constants, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { nearestExisting } from "../platform/folders.ts";
import { whileHeld } from "../platform/held-files.ts";
import { LIMITS } from "../platform/limits.ts";
import { removeCommand } from "../platform/shell-word.ts";
import type { Bytes } from "./bytes.ts";
import { type Created, type Made, type Preparation, storeKey } from "./create.ts";
import { retryWhileBusy } from "./driver.ts";
import { refuseNetwork } from "./file-systems.ts";
import { checkPrivate, createPrivate, ensureFolder, lstat, realPlace, syncFolder, touching } from "./files.ts";
import { HEADER_KEY, headerVersion, newKey, wrap } from "./header.ts";
import { draftOf, removeUnfinishedVaults, requireRoom } from "./leftovers.ts";
import { locksFolder, openLockFile } from "./lock.ts";
import {
  forget,
  type KeyRequest,
  type NewKey,
  SOURCE_WORDS,
  type SourceName,
  STORED,
  sourceOf,
} from "./sources/source.ts";
import { SIDE_FILES } from "./sqlite.ts";
import { createSqlite } from "./sqlite-writing.ts";

/** All that a vault file is made from. */
interface FilePreparation {
  readonly request: KeyRequest;
  /** The vault's path, links resolved. */
  readonly real: string;
  /** null: the keychain where it works, else a key file. */
  readonly source: SourceName | null;
  /** null: the key is made with the vault. */
  readonly given: NewKey | null;
  /** Of the new vault. */
  readonly index: Bytes;
}

/** Whether the place is taken, by a vault or anything else. */
export function isFileTaken(path: string): boolean {
  return touching(path, () => lstat(path)) !== null;
}

/** As `prepareVault`. @param source null: neither a person nor the environment has chosen one @param index of the new vault */
export async function prepareFile(
  path: string,
  source: SourceName | null,
  request: KeyRequest,
  index: Bytes,
): Promise<Preparation> {
  // Asked for before the lock is taken and anything is made: a person or a program may take its time, or refuse.
  const given = source === null || STORED.includes(source) ? null : await (await sourceOf(source)).create(request);
  const real = prepareFolder(path);
  await refuseLeftJournal(real);
  requireRoom(real);
  if (source === "file" || source === null) await requireKeyPlace(request.context, source);
  return { make: () => makeFile({ request, real, source, given, index }) };
}

function makeFile({ request, real, source, given, index }: FilePreparation): Promise<Created | null> {
  const { context } = request;
  return underVaultLock(real, async () => {
    if (lstat(real) !== null) return null;
    removeUnfinishedVaults(context, real);
    const made = source !== null && given !== null ? { source, ...given } : await storeKey(source, request);
    try {
      await placeVault(real, request, made, index);
    } catch (error) {
      await forget(made.source, request);
      removeUnfinishedVaults(context, real);
      throw error;
    }
    // From here on it is a vault: whatever fails, its key is kept.
    touching(real, () => syncFolder(dirname(real)));
    await context.audit({ event: "vault", status: "success", message: `made, key from ${SOURCE_WORDS[made.source]}` });
    return { source: made.source, chosen: source !== null };
  });
}

/** A key file that can't be written is refused before a person is asked for what the vault is to hold. */
async function requireKeyPlace({ paths }: Context, source: SourceName | null): Promise<void> {
  try {
    ensureFolder(dirname(paths.key));
    touching(paths.key, () => {
      if (lstat(paths.key) === null) return accessSync(dirname(paths.key), constants.W_OK);
      checkPrivate(paths.key);
      accessSync(paths.key, constants.R_OK | constants.W_OK);
    });
  } catch (error) {
    if (source === "file" || !(await (await import("./sources/keychain.ts")).isInReach())) throw error;
  }
}

/** SQLite would play the journal or log of a vault that was moved away back into the new one. */
async function refuseLeftJournal(real: string): Promise<void> {
  if (lstat(real) !== null) return;
  for (const side of SIDE_FILES) {
    const path = `${real}${side}`;
    const stat = lstat(path);
    if (stat === null) continue;
    (await import("./sqlite-diagnosis.ts")).checkSideFile(path);
    // What shared memory holds is made anew.
    if (stat.size === 0 || side === "-shm") continue;
    throw new AuthError("vault_unwritable", `${path} is left from another vault, and would damage a new one.`, {
      hint: `Move it to where that vault is now: it holds a part of it. Or remove it: ${removeCommand(path)}`,
    });
  }
}

function prepareFolder(path: string): string {
  ensureFolder(dirname(path));
  return touching(path, () => {
    const real = realPlace(path);
    refuseNetwork(dirname(real));
    return real;
  });
}

/**
 * The whole vault in a file of another name, which then gets its own. A rename leaves no second name behind, whatever
 * keeps the first from being removed. The vault lock is held, so nothing has taken the place meanwhile.
 */
async function placeVault(real: string, request: KeyRequest, made: Made, index: Bytes): Promise<void> {
  const { vaultId, keyId } = request;
  const header = await wrap({ ...made, vaultId, epoch: 1, keyId }, made.key, { raw: newKey(), index }, []);
  const draft = draftOf(real);
  createPrivate(draft);
  const next = { version: headerVersion(header), value: header.bytes };
  await createSqlite(draft, [{ key: HEADER_KEY, expected: null, next }]);
  touching(real, () => whileHeld(() => renameSync(draft, real)));
}

/** One process at a time makes or rekeys a vault. @throws AuthError `busy` */
export async function underVaultLock<T>(real: string, work: () => Promise<T>): Promise<T> {
  const lock = openLockFile(join(locksFolder(real), "vault.lock"));
  try {
    await retryWhileBusy(() => {
      if (lock.take()) return;
      throw new AuthError("busy", "Another process is making or rekeying this vault.", { hint: "Try again." });
    }, LIMITS.lockWait);
    return await work();
  } finally {
    lock.close();
  }
}

/** Whether a vault and its key file could be made. Makes nothing. @throws AuthError `vault_unwritable` */
export function requirePlace({ paths }: Context, vault: string): void {
  for (const path of [vault, paths.key])
    touching(path, () => accessSync(nearestExisting(dirname(path))[0], constants.W_OK | constants.X_OK));
}
