/** From a header to its keys: which source to ask, and what to say when its key is the wrong one. */
import type { Context } from "../platform/context.ts";
import { AuthError, errorCode } from "../platform/errors.ts";
import type { Bytes } from "./bytes.ts";
import type { StoreDriver } from "./driver.ts";
import { damagedHeader, type Header, headerVersion, type Keys, readHeader, unwrap } from "./header.ts";
import {
  ASKING,
  ifKeyIsLost,
  locked,
  type Prompt,
  SOURCE_WORDS,
  sourceInEnvironment,
  sourceOf,
  VARIABLES,
  type VariableSource,
} from "./sources/source.ts";

/** How often a passphrase is asked for: it is typed unseen. */
const TRIES = 3;

/** Rekeys that may overtake one reading. */
export const OVERTAKEN = 3;

/** A source's key that fits, and what it opens. */
export interface Opening {
  readonly key: Bytes;
  readonly keys: Keys;
}

export interface Unlocked {
  readonly header: Header;
  readonly keys: Keys;
}

/**
 * Unlocks the header that the vault has now. A rekey that ends in between takes the old key away, so the header is read
 * again before a key is reported as missing or wrong.
 *
 * @param first the header, where it was read already
 * @throws AuthError what `open` throws for a header that is still there; `busy` where each was replaced meanwhile
 */
export async function unlockCurrent(
  driver: StoreDriver,
  open: (header: Header) => Promise<Keys>,
  first: Header | null = null,
): Promise<Unlocked> {
  for (let tries = 0; ; tries++) {
    const header = tries === 0 && first !== null ? first : await readHeader(driver);
    try {
      return { header, keys: await open(header) };
    } catch (error) {
      if (headerVersion(await readHeader(driver)) === headerVersion(header)) throw error;
      if (tries === OVERTAKEN) throw overtaken();
    }
  }
}

export function overtaken(): AuthError {
  return new AuthError("busy", "The vault was given a new key a moment ago.", { hint: "Try again." });
}

export function replaced(): AuthError {
  return new AuthError("vault_replaced", "Another vault was put in this one's place.", {
    hint: "Run the command again to use the vault that is there now.",
  });
}

/** Whether unlocking it may ask a person, a keychain or a program: never while a connection's lock is held (RULES.md 1.3). */
export function mayAsk(context: Context, { source }: Header): boolean {
  return ASKING.includes(sourceInEnvironment(context, source) ?? source);
}

/**
 * Asks the source that the environment names, else the one on record.
 *
 * @throws AuthError `vault_locked`, `key_invalid`, `vault_corrupt`
 */
export async function unlock(context: Context, header: Header, prompt: Prompt | undefined): Promise<Keys> {
  return (await findKey(context, header, prompt)).keys;
}

/** The same, with the key that did it. */
export function findKey(context: Context, header: Header, prompt: Prompt | undefined): Promise<Opening> {
  const chosen = sourceInEnvironment(context, header.source);
  if (chosen === null || chosen === header.source) return findRecorded(context, header, prompt);
  return findChosen(context, header, chosen);
}

async function findChosen(context: Context, header: Header, chosen: VariableSource): Promise<Opening> {
  // A key that is given in another way than the header records may still be the right one.
  const { vaultId, keyId } = header;
  if (chosen !== "passphrase") {
    const key = await (await sourceOf(chosen)).open({ context, vaultId, keyId, kdf: null });
    const keys = await unwrap(header, key);
    if (keys !== null) return { key, keys };
  }
  const variable = VARIABLES[chosen];
  throw await wrongKey(
    context,
    header,
    variable,
    `${variable} is set, but it doesn't open this vault, whose key comes from ${SOURCE_WORDS[header.source]}.`,
    `Unset ${variable} for this vault, or choose another vault with ${await otherVault(context)}.`,
  );
}

/** @param from what gave the key. @param otherwise what to say where this home knows of no other key */
async function wrongKey(
  context: Context,
  header: Header,
  from: string,
  message: string,
  otherwise: string,
): Promise<AuthError> {
  const { storeAt } = await import("./store.ts");
  return (await storeAt(context).otherKey(header, from)) ?? locked(message, otherwise);
}

/** What chooses another one, in a sentence. */
async function otherVault(context: Context): Promise<string> {
  const [{ storeAt }, { otherVaultBy }] = await Promise.all([import("./store.ts"), import("./giver.ts")]);
  return otherVaultBy(storeAt(context).chosenBy);
}

/**
 * As `unlock`, but from the recorded source before a variable that is set: that one may be meant for a key that the vault
 * is to get.
 */
export async function unlockAsRecorded(context: Context, header: Header, prompt: Prompt | undefined): Promise<Keys> {
  try {
    return (await findRecorded(context, header, prompt)).keys;
  } catch (error) {
    const chosen = sourceInEnvironment(context, header.source);
    const isOther = chosen !== null && chosen !== header.source && chosen !== "passphrase";
    if (!isOther || errorCode(error) !== "vault_locked") throw error;
    try {
      return (await findChosen(context, header, chosen)).keys;
    } catch (other) {
      // On a machine that has the key by the other variable, the recorded one lacks nothing.
      throw header.source === "env" || header.source === "command" ? other : error;
    }
  }
}

async function findRecorded(context: Context, header: Header, prompt: Prompt | undefined): Promise<Opening> {
  const { vaultId, keyId, kdf } = header;
  const source = await sourceOf(header.source);
  const request = { context, vaultId, keyId, kdf, ...(header.team && { envelope: header.team.envelope }) };
  const isTyped = header.source === "passphrase" && prompt !== undefined && !context.env.AUTH_PASSPHRASE;
  for (let tries = 0; tries < (isTyped ? TRIES : 1); tries++) {
    const again: Prompt | undefined = prompt && ((question) => prompt(`That doesn't open the vault. ${question}`));
    const asking = tries === 0 ? prompt : again;
    const key = await source.open({ ...request, ...(asking && { prompt: asking }) });
    const keys = await unwrap(header, key);
    if (keys !== null) return { key, keys };
  }
  const from = SOURCE_WORDS[header.source];
  if (isTyped)
    throw await wrongKey(
      context,
      header,
      from,
      `None of these ${TRIES} passphrases opens the vault.`,
      "Look at the keyboard's layout and Caps Lock, then try again. The vault is as it was.",
    );
  // What the header gives to each member is its key.
  if (header.team !== null) throw damagedHeader();
  throw await wrongKey(
    context,
    header,
    from,
    `This is not the vault's key: what came from ${from} doesn't open it.`,
    `Give the key that the vault was made with, or choose another vault with ${await otherVault(context)}. The vault is as it was.\n${await ifKeyIsLost(context)}`,
  );
}
