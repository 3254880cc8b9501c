/** Opening the two vaults of a move. Copies of one vault have ids and keys of their own, and the same index key. */

import type { Context } from "../../platform/context.ts";
import { errorCode } from "../../platform/errors.ts";
import type { Secret } from "../../platform/secret.ts";
import { type Bytes, sameBytes } from "../bytes.ts";
import { type Created, prepareVault } from "../create.ts";
import { currentOpening } from "../handover.ts";
import type { Header } from "../header.ts";
import {
  IDENTITY_VARIABLE,
  type Prompt,
  type SourceName,
  sourceInEnvironment,
  VARIABLES,
  type VariableSource,
  withoutKeys,
} from "../sources/source.ts";
import { openVault } from "../store.ts";
import type { Vault } from "../types.ts";
import { findKey, type Opening } from "../unlock.ts";
import { otherVault } from "./failures.ts";

export interface OpenedVault {
  readonly vault: Vault;
  /** What storage keys and fingerprints derive from: records that hold fingerprints mean something only under it. */
  readonly index: Bytes;
}

/**
 * The vault that is to be copied. Its key comes from the source on record where the environment has another's: that one
 * may be meant for the copy.
 *
 * @returns null where there is none
 * @throws AuthError as `openVault`
 */
export function openToRead(context: Context, prompt: Prompt | undefined): Promise<OpenedVault | null> {
  return openWith(context, (header) => findEither(context, header, prompt));
}

async function findEither(context: Context, header: Header, prompt: Prompt | undefined): Promise<Opening> {
  try {
    return await findKey(context, header, prompt);
  } catch (error) {
    const chosen = sourceInEnvironment(context, header.source);
    if (errorCode(error) !== "vault_locked" || chosen === null || chosen === header.source) throw error;
    return findKey(withOnly(context, null), header, prompt);
  }
}

/** Of the variables that open a vault, only this source's, and a member's own key. */
function withOnly(context: Context, source: SourceName | null): Context {
  const variables = [IDENTITY_VARIABLE, ...(isVariable(source) ? [VARIABLES[source]] : [])];
  const kept = variables.map((name) => [name, context.env[name]]);
  return { ...context, env: { ...withoutKeys(context.env), ...Object.fromEntries(kept) } };
}

function isVariable(source: SourceName | null): source is VariableSource {
  return source !== null && Object.hasOwn(VARIABLES, source);
}

export interface Target {
  /** Whose store is the copy's, as are the keys in its environment. */
  readonly context: Context;
  /** Those are the other vault's: they may open this one too, and keep its own source from nothing. */
  readonly keysAreOther?: boolean;
  /** For messages. */
  readonly shown: string;
  /** Does what concerns this vault, and says what is wrong with its key in the words of whoever gave that. */
  readonly named?: <T>(work: () => Promise<T>) => Promise<T>;
  /** Where the key of a new vault comes from. */
  readonly source?: SourceName;
  readonly prompt?: Prompt;
}

/**
 * The vault that takes the records; null where there is none and none is to be made.
 *
 * @param index the index key of the vault that the records are from
 * @throws AuthError `usage` where another vault is there; as `openVault` and `prepareVault`
 */
export async function openTarget(
  { context, keysAreOther = false, shown, source, prompt }: Target,
  index: Bytes,
  make: boolean,
): Promise<{ readonly vault: Vault | null; readonly made: Created | null }> {
  const checked = ({ vault, index: found }: OpenedVault): Vault => {
    if (sameBytes(found, index)) return vault;
    void vault.close();
    throw otherVault(shown);
  };
  const find = keysAreOther ? findEither : findKey;
  const there = await openWith(context, (header) => find(context, header, prompt));
  if (there !== null || !make) return { vault: there && checked(there), made: null };
  // A new passphrase was typed twice: that is enough.
  let typed: Secret | null = null;
  const asking: Prompt | undefined = prompt && (async (question) => (typed = await prompt(question)));
  const maker = keysAreOther && source !== undefined ? withOnly(context, source) : context;
  const preparation = await prepareVault(maker, {
    index,
    ...(source !== undefined && { source }),
    ...(asking && { prompt: asking }),
  });
  const made = await preparation.make();
  const again: Prompt | undefined = prompt && (async (question) => typed ?? prompt(question));
  const opened = await openWith(maker, (header) => findKey(maker, header, again));
  return { vault: opened && checked(opened), made };
}

/** The key is asked for once, and then handed to whatever opens the vault. */
async function openWith(context: Context, find: (header: Header) => Promise<Opening>): Promise<OpenedVault | null> {
  const opening = await currentOpening(context, find);
  if (opening === null) return null;
  const env = { ...withoutKeys(context.env), AUTH_KEY: opening.key.toBase64() };
  const vault = await openVault({ ...context, env });
  return vault === null ? null : { vault, index: opening.keys.index };
}
