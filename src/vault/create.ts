/** Making a vault: where its key comes from, and who is asked for it. */
import type { Context } from "../platform/context.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { type Bytes, random } from "./bytes.ts";
import { newKey, newKeyId } from "./header.ts";
import {
  type KeyRequest,
  type NewKey,
  SOURCE_WORDS,
  type SourceName,
  sourceInEnvironment,
  sourceOf,
  VARIABLES,
} from "./sources/source.ts";
import { storeAt, type VaultOptions } from "./store.ts";

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
  if (await storeAt(context).isTaken()) return null;
  return (await prepareVault(context, options)).make();
}

/** A vault to be made, with everyone asked who has to be. Nothing is stored yet. */
export interface Preparation {
  /** @returns null when there is a vault already, perhaps since a moment ago: then that one is to be used */
  make(): Promise<Created | null>;
}

/**
 * Asks for the key where a person or a program gives it, and finds out whether the vault can be made where it goes.
 *
 * @param options.index the index key of the vault that it is to be a copy of; by default a new one
 * @throws AuthError `usage`, `vault_locked`, `key_invalid`, `vault_unwritable`
 */
export async function prepareVault(
  context: Context,
  { source: wanted, prompt, index = newKey() }: VaultOptions & { source?: SourceName; index?: Bytes } = {},
): Promise<Preparation> {
  const source = chooseSource(context, wanted);
  const request: KeyRequest = {
    context,
    vaultId: random(16).toHex(),
    keyId: newKeyId(),
    kdf: null,
    ...(prompt && { prompt }),
  };
  return storeAt(context).prepare(source, request, index);
}

/** null: the keychain where it works, else a key file. */
function chooseSource(context: Context, wanted: SourceName | undefined): SourceName | null {
  const chosen = sourceInEnvironment(context, wanted ?? null);
  if (wanted === undefined || chosen === null) return chosen ?? wanted ?? null;
  if (wanted === chosen) return wanted;
  throw usage(
    `${VARIABLES[chosen]} is set, so a vault whose key comes from ${SOURCE_WORDS[wanted]} could not be opened.`,
    `Unset ${VARIABLES[chosen]}, or use it: auth vault init --key ${chosen}`,
  );
}

export interface Made extends NewKey {
  readonly source: SourceName;
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
