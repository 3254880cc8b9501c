/** Making a vault: under a lock, complete under another name, and only then given its own (RULES.md 1.9). */
import { accessSync, constants, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Context } from "../platform/context.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { removeCommand } from "../platform/file-commands.ts";
import { whileHeld } from "../platform/held-files.ts";
import { LIMITS } from "../platform/limits.ts";
import { type Bytes, random } from "./bytes.ts";
import { retryWhileBusy } from "./driver.ts";
import { refuseNetwork } from "./file-systems.ts";
import { checkPrivate, createPrivate, ensureFolder, lstat, realPlace, syncFolder, touching } from "./files.ts";
import { HEADER_KEY, headerVersion, type Kdf, newKey, newKeyId, wrap } from "./header.ts";
import { draftOf, removeDrafts, requireRoom } from "./leftovers.ts";
import { locksFolder, openLockFile } from "./lock.ts";
import {
  forget,
  type KeyRequest,
  SOURCE_WORDS,
  type SourceName,
  STORED,
  sourceInEnvironment,
  sourceOf,
  VARIABLES,
} from "./sources/source.ts";
import { createSqlite, SIDE_FILES } from "./sqlite.ts";
import { sharedStore, type VaultOptions, vaultPath } from "./vault.ts";

export interface Created {
  readonly source: SourceName;
  /** Whether a person or the environment chose it. */
  readonly chosen: boolean;
}

/**
 * `auth vault init`.
 *
 * @returns null when there is a vault already
 * @throws AuthError
 */
export async function initVault(
  context: Context,
  options: VaultOptions & { source?: SourceName } = {},
): Promise<Created | null> {
  const shared = sharedStore(context, options.store);
  if (shared !== null) {
    if (await (await import("./shared/create.ts")).isThere(context, shared)) return null;
  } else {
    const path = vaultPath(context, options.store);
    if (touching(path, () => lstat(path)) !== null) return null;
  }
  return (await prepareVault(context, options)).make();
}

/** A vault to be made, with everyone asked who has to be. Nothing is stored yet. */
export interface Preparation {
  /** @returns null when there is a vault already, perhaps since a moment ago: then that one is to be used */
  make(): Promise<Created | null>;
}

/** All that a vault file is made from. */
interface FilePreparation {
  readonly request: KeyRequest;
  /** The vault's path, links resolved. */
  readonly real: string;
  /** null: the keychain where it works, else a key file. */
  readonly source: SourceName | null;
  /** null: the key is made with the vault. */
  readonly given: { readonly key: Bytes; readonly kdf: Kdf | null } | null;
  /** Of the new vault. */
  readonly index: Bytes;
}

/**
 * Asks for the key where a person or a program gives it, and finds out whether the vault can be made where it goes.
 *
 * @param options.index the index key of the vault that it is to be a copy of; by default a new one
 * @throws AuthError `usage`, `vault_locked`, `key_invalid`, `vault_unwritable`
 */
export async function prepareVault(
  context: Context,
  { store, source: wanted, prompt, index = newKey() }: VaultOptions & { source?: SourceName; index?: Bytes } = {},
): Promise<Preparation> {
  const source = chosen(context, wanted);
  const request: KeyRequest = {
    context,
    vaultId: random(16).toHex(),
    keyId: newKeyId(),
    kdf: null,
    ...(prompt && { prompt }),
  };
  const shared = sharedStore(context, store);
  if (shared !== null) return (await import("./shared/create.ts")).prepareShared(shared, source, request, index);
  const path = vaultPath(context, store);
  // Asked for before the lock is taken and anything is made: a person or a program may take its time, or refuse.
  const given = source === null || STORED.includes(source) ? null : await (await sourceOf(source)).create(request);
  const real = prepareFolder(path);
  await refuseLeftJournal(real);
  requireRoom(real);
  if (source === "file" || source === null) await requireKeyPlace(context, source);
  return { make: () => makeFile({ request, real, source, given, index }) };
}

function makeFile({ request, real, source, given, index }: FilePreparation): Promise<Created | null> {
  const { context } = request;
  return underVaultLock(real, async () => {
    if (lstat(real) !== null) return null;
    removeDrafts(context, real);
    const made = source !== null && given !== null ? { source, ...given } : await storeKey(source, request);
    try {
      await placeVault(real, request, made, index);
    } catch (error) {
      await forget(made.source, request);
      removeDrafts(context, real);
      throw error;
    }
    // From here on it is a vault: whatever fails, its key is kept.
    touching(real, () => syncFolder(dirname(real)));
    await context.audit({ event: "vault", status: "success", message: `made, key from ${SOURCE_WORDS[made.source]}` });
    return { source: made.source, chosen: source !== null };
  });
}

/** null: the keychain where it works, else a key file. */
function chosen(context: Context, wanted: SourceName | undefined): SourceName | null {
  const insisted = sourceInEnvironment(context, wanted ?? null);
  if (wanted === undefined || insisted === null) return insisted ?? wanted ?? null;
  if (wanted === insisted) return wanted;
  throw usage(
    `${VARIABLES[insisted]} is set, so a vault whose key comes from ${SOURCE_WORDS[wanted]} could not be opened.`,
    `Unset ${VARIABLES[insisted]}, or use it: auth vault init --key ${insisted}`,
  );
}

export interface Made {
  readonly source: SourceName;
  readonly key: Bytes;
  readonly kdf: Kdf | null;
}

export async function storeKey(wanted: SourceName | null, request: KeyRequest): Promise<Made> {
  const made = async (source: SourceName): Promise<Made> => ({
    source,
    ...(await (await sourceOf(source)).create(request)),
  });
  if (wanted !== null) return made(wanted);
  try {
    return await made("keychain");
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "vault_locked") throw error;
    request.context.debug(`keychain: ${error.message}`);
    return made("file");
  }
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
  const identity = { vaultId, epoch: 1, keyId, source: made.source, kdf: made.kdf };
  const header = await wrap(identity, made.key, { raw: newKey(), index }, []);
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
