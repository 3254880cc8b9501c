/**
 * A home's first coming to a shared vault: by `auth vault use`, or by `auth vault accept`, for which it forgets the vault that
 * it knew. Either way only to the one that is meant.
 */
import type { Context, GivenStore } from "../../platform/context.ts";
import { errorCode } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import { fingerprintOf, parseFingerprint } from "../fingerprint.ts";
import { findHeader, type Header } from "../header.ts";
import type { Accepted, AcceptOptions, Comparison } from "../store.ts";
import { type Unlocked, unlock, unlockCurrent } from "../unlock.ts";
import { addressFolder, forgetVault, isKnown, readPin, readVaultPin, vaultFolder } from "./home.ts";
import { homeMemory, isMeant } from "./memory.ts";
import { checkedHeader, withStore } from "./open.ts";
import type { SharedStore } from "./store.ts";
import { warnAtJoining } from "./weaknesses.ts";
import { absent, notCompared } from "./wrong-vault.ts";

/** @throws AuthError as `openVault`; nothing is remembered then */
export function joinShared(context: Context, given: GivenStore, options: AcceptOptions): Promise<Accepted> {
  return comingTo(given, options, async (address, store) => {
    const found = await unlockFound(context, store, await checkedHeader(context, address, store), options);
    if (found === null && address.fingerprint !== null) throw absent(address);
    if (found === null) return null;
    const { header, keys } = found;
    const known = readVaultPin(context, address, header.vaultId) !== null;
    // A fingerprint that is given is compared in any case.
    if (!known || address.fingerprint !== null) await requireMeant(address, found, options);
    if (known) await homeMemory(context, address, header.vaultId).recognize(header, keys);
    else await joinVault(context, address, store, found);
    return header.vaultId;
  });
}

/**
 * Takes what is at the address, whatever this home knows. That is forgotten only where the server answers, and for a vault
 * that this home's key opens.
 *
 * @throws AuthError as `openVault`
 */
export function acceptShared(context: Context, given: GivenStore, options: AcceptOptions): Promise<Accepted> {
  return comingTo(given, options, async (address, store) => {
    const found = await unlockFound(context, store, await findHeader(store.driver), options);
    if (found !== null) await requireMeant(address, found, options, "auth vault accept");
    const place = addressFolder(context, address);
    if (found === null && (address.fingerprint !== null || !isKnown(place))) throw absent(address);
    const vaultId = found?.header.vaultId ?? null;
    for (const known of [vaultAt(place), vaultId]) if (known !== null) forgetVault(vaultFolder(context, known));
    forgetVault(place);
    if (found !== null) await joinVault(context, address, store, found);
    await context.audit({ event: "vault", status: "success", message: `accepted what is at ${address.shown}` });
    return vaultId;
  });
}

/** From here on this home knows the vault, and was told what weakens it. */
export async function joinVault(
  context: Context,
  address: SharedAddress,
  store: SharedStore,
  { header, keys }: Unlocked,
): Promise<void> {
  await homeMemory(context, address, header.vaultId).join(header, keys);
  await warnAtJoining(context, address, store);
}

/** @param work gives the id of the vault that is there; null: there is none */
function comingTo(
  given: GivenStore,
  { fingerprint }: Comparison,
  work: (address: SharedAddress, store: SharedStore) => Promise<string | null>,
): Promise<Accepted> {
  return withStore(given, async (found, store) => {
    const address = fingerprint === undefined ? found : { ...found, fingerprint: parseFingerprint(fingerprint) };
    return { store: address.shown, vaultId: await work(address, store) };
  });
}

async function unlockFound(
  context: Context,
  { driver }: SharedStore,
  header: Header | null,
  { prompt }: AcceptOptions,
): Promise<Unlocked | null> {
  if (header === null) return null;
  return unlockCurrent(driver, (current) => unlock(context, current, prompt), header);
}

/** @param command that takes a fingerprint @throws AuthError where nothing shows it, or it is another one: `notCompared` */
async function requireMeant(
  address: SharedAddress,
  { header, keys }: Unlocked,
  { compare }: Comparison,
  command?: string,
): Promise<void> {
  if (await isMeant(address, header, keys)) return;
  if (address.fingerprint === null && (await compare?.(fingerprintOf(keys.data), address.shown))) return;
  throw notCompared(address, command);
}

/** null too where what the home knows is damaged: what is there is accepted all the same. */
function vaultAt(place: string): string | null {
  try {
    return readPin(place)?.vaultId ?? null;
  } catch (error) {
    if (errorCode(error) !== "vault_replaced") throw error;
    return null;
  }
}
