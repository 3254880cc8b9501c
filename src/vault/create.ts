/** Making a vault: under a lock, complete under another name, and only then given its own (RULES.md 1.9). */
import { renameSync } from "node:fs";
import type { Context } from "../platform/context.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { folderOf, lstat } from "../platform/files.ts";
import { LIMITS } from "../platform/limits.ts";
import { type Bytes, random } from "./bytes.ts";
import { locksFolder } from "./connection-lock.ts";
import { createPrivate, ensureFolder, realPlace, refuseNetwork, syncFolder, touching } from "./files.ts";
import { HEADER_KEY, headerVersion, newKey, newKeyId, wrap } from "./header.ts";
import { draftOf, removeDrafts } from "./leftovers.ts";
import { openLockFile } from "./lock.ts";
import { vaultPath } from "./place.ts";
import { forget } from "./sources/forget.ts";
import type { Kdf } from "./sources/kdf.ts";
import {
  type KeyRequest,
  SOURCE_WORDS,
  type SourceName,
  STORED,
  sourceInEnvironment,
  sourceOf,
  VARIABLES,
} from "./sources/source.ts";
import { createSqlite } from "./sqlite.ts";
import type { VaultOptions } from "./vault.ts";

export interface Created {
  readonly source: SourceName;
  /** Where the key went and what that means, where nobody chose it. */
  readonly announcement: string | null;
}

/**
 * `auth vault init`.
 *
 * @returns null when there is a vault already
 * @throws AuthError
 */
export function initVault(context: Context, options: VaultOptions & { source?: SourceName }): Promise<Created | null> {
  return createVault(context, vaultPath(context, options.store), options);
}

/** @returns null when there is a vault already, perhaps since a moment ago: then that one is to be used */
export async function createVault(
  context: Context,
  path: string,
  { source: wanted, prompt }: VaultOptions & { source?: SourceName },
): Promise<Created | null> {
  if (lstat(path) !== null) return null;
  const source = chosen(context, wanted);
  const request: KeyRequest = {
    context,
    vaultId: random(16).toHex(),
    keyId: newKeyId(),
    kdf: null,
    ...(prompt && { prompt }),
  };
  // Asked for before the lock is taken and anything is made: a person or a program may take its time, or refuse.
  const given = source === null || STORED.includes(source) ? null : await (await sourceOf(source)).create(request);
  const real = prepareFolder(path);
  return underVaultLock(real, async () => {
    if (lstat(real) !== null) return null;
    removeDrafts(context, real);
    const made =
      source !== null && given !== null ? { source, ...given, announcement: null } : await storeKey(source, request);
    try {
      await place(real, request, made);
    } catch (error) {
      await forget(made.source, request);
      removeDrafts(context, real);
      throw error;
    }
    // From here on it is a vault: whatever fails, its key is kept.
    touching(real, () => syncFolder(folderOf(real)));
    await context.audit({ event: "vault", status: "success", message: `made, key from ${SOURCE_WORDS[made.source]}` });
    return { source: made.source, announcement: made.announcement };
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

type Made = Created & { readonly key: Bytes; readonly kdf: Kdf | null };

async function storeKey(wanted: SourceName | null, request: KeyRequest): Promise<Made> {
  const made = async (source: SourceName, announcement: string | null): Promise<Made> => ({
    source,
    announcement,
    ...(await (await sourceOf(source)).create(request)),
  });
  if (wanted !== null) return made(wanted, null);
  try {
    return await made("keychain", "Made a new vault. Its key is in the system's keychain.");
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "vault_locked") throw error;
    request.context.debug(`keychain: ${error.message}`);
    const { key } = request.context.paths;
    return made(
      "file",
      `Made a new vault. No keychain can be used here, so its key is in the file ${key}: whoever takes the disk, or a backup of both, can open it. Another choice: auth vault rekey --key passphrase`,
    );
  }
}

function prepareFolder(path: string): string {
  ensureFolder(folderOf(path));
  return touching(path, () => {
    const real = realPlace(path);
    refuseNetwork(folderOf(real));
    return real;
  });
}

/**
 * The whole vault in a file of another name, which then gets its own. A rename leaves no second name behind, whatever
 * keeps the first from being removed. The vault lock is held, so nothing has taken the place meanwhile.
 */
async function place(real: string, request: KeyRequest, made: Made): Promise<void> {
  const { vaultId, keyId } = request;
  const identity = { vaultId, epoch: 1, keyId, source: made.source, kdf: made.kdf };
  const header = await wrap(identity, made.key, { raw: newKey(), index: newKey() }, []);
  const draft = draftOf(real);
  createPrivate(draft);
  const next = { version: headerVersion(header), value: header.bytes };
  await createSqlite(draft, [{ key: HEADER_KEY, expected: null, next }]);
  touching(real, () => renameSync(draft, real));
}

/** One process at a time makes or rekeys a vault. @throws AuthError `busy` */
export async function underVaultLock<T>(real: string, work: () => Promise<T>): Promise<T> {
  const lock = openLockFile(`${locksFolder(real)}/vault.lock`);
  try {
    const end = performance.now() + LIMITS.lockWait;
    while (!lock.take()) {
      if (performance.now() >= end)
        throw new AuthError("busy", "Another process is making or rekeying this vault.", { hint: "Try again." });
      await Bun.sleep(5 + Math.random() * 10);
    }
    return await work();
  } finally {
    lock.close();
  }
}
