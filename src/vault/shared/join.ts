/** A home's coming to a vault: for the first time, only to the one that is meant. */
import type { Context } from "../../platform/context.ts";
import { fingerprintOf, parseFingerprint } from "../fingerprint.ts";
import { type Header, type Keys, readHeader } from "../header.ts";
import type { Accepted, AcceptOptions, Comparison } from "../store.ts";
import { type Unlocked, unlock, unlockCurrent } from "../unlock.ts";
import { parseAddress, type SharedAddress } from "./address.ts";
import { absent, notCompared } from "./failures.ts";
import { readVaultPin } from "./home.ts";
import { homeMemory, isMeant } from "./memory.ts";
import { findHeader, openStore } from "./open.ts";
import type { SharedStore } from "./store.ts";
import { warnAtJoining } from "./weaknesses.ts";

/** @param text AUTH_STORE @throws AuthError as `openVault`; nothing is remembered then */
export async function joinShared(
  context: Context,
  text: string,
  { prompt, ...comparison }: AcceptOptions,
): Promise<Accepted> {
  const address = withFingerprint(await parseAddress(text), comparison);
  const store = await openStore(address);
  try {
    const first = await findHeader(context, address, store);
    if (first === null && address.fingerprint !== null) throw absent(address);
    if (first === null) return { store: address.shown, vaultId: null };
    const { header, keys } = await unlockCurrent(
      () => readHeader(store.driver),
      (current) => unlock(context, current, prompt),
      first,
    );
    const isKnown = readVaultPin(context, address, header.vaultId) !== null;
    // One that is given is compared in any case.
    if (!isKnown || address.fingerprint !== null) await requireMeant(address, header, keys, comparison);
    if (isKnown) await homeMemory(context, address, header.vaultId).recognize(header, keys);
    else await joinVault(context, address, store, { header, keys });
    return { store: address.shown, vaultId: header.vaultId };
  } finally {
    store.driver.close();
  }
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

export function withFingerprint(address: SharedAddress, { fingerprint }: Comparison): SharedAddress {
  return fingerprint === undefined ? address : { ...address, fingerprint: parseFingerprint(fingerprint) };
}

/** @param command that takes a fingerprint @throws AuthError where nothing shows it, or it is another one: `notCompared` */
export async function requireMeant(
  address: SharedAddress,
  header: Header,
  keys: Keys,
  { compare }: Comparison,
  command?: string,
): Promise<void> {
  if (await isMeant(address, header, keys)) return;
  if (address.fingerprint === null && (await compare?.(fingerprintOf(keys.data), address.shown))) return;
  throw notCompared(address, command);
}
