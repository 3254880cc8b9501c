/** Opening a vault that machines share. */

import type { Context, GivenStore } from "../../platform/context.ts";
import type { AuthError } from "../../platform/errors.ts";
import { parseAddress, type SharedAddress } from "../address.ts";
import { sameBytes } from "../bytes.ts";
import { retryWhileBusy, type StoreDriver } from "../driver.ts";
import { findHeader, HEADER_KEY, type Header } from "../header.ts";
import { openedVault } from "../opened.ts";
import type { VaultOptions } from "../store.ts";
import type { Vault } from "../types.ts";
import { mayAsk } from "../unlock.ts";
import { cachedHeader, recordCache } from "./cache.ts";
import { cachingDriver } from "./caching-driver.ts";
import { notOurs } from "./failures.ts";
import { addressFolder, readPin, readVaultPin, vaultFolder } from "./home.ts";
import { retryLostSwaps } from "./lost-answers.ts";
import { homeMemory } from "./memory.ts";
import { sharedPlace } from "./place.ts";
import type { SharedStore } from "./store.ts";
import { newerKey, olderKey, replaced } from "./wrong-vault.ts";

/** Connects when it is first asked for something. Only the client that is needed is loaded. */
export async function openStore(address: SharedAddress): Promise<SharedStore> {
  const store =
    address.backend === "redis"
      ? (await import("./redis.ts")).openRedis(address)
      : (await import("./postgres.ts")).openPostgres(address);
  return { ...store, driver: retryLostSwaps(address, store.driver) };
}

/** Opens the store at an address, and closes it after the work. @throws AuthError `usage` */
export async function withStore<T>(
  given: GivenStore,
  work: (address: SharedAddress, store: SharedStore) => Promise<T>,
): Promise<T> {
  const address = await parseAddress(given.text, given.givenBy);
  const store = await openStore(address);
  try {
    return await work(address, store);
  } finally {
    store.driver.close();
  }
}

/**
 * null where there is none yet, and this home has never seen one there.
 *
 * @throws AuthError as `openVault`; `vault_replaced`, `vault_rolled_back`, `vault_unreachable`
 */
export async function openShared(context: Context, given: GivenStore, options: VaultOptions): Promise<Vault | null> {
  const address = await parseAddress(given.text, given.givenBy);
  const store = await openStore(address);

  /** @param beforeFirst done before the server is asked anything */
  const openWith = async (header: Header, beforeFirst: () => Promise<unknown>): Promise<Vault> => {
    const remote = options.throughHolder && mayAsk(context, header) ? await options.throughHolder(header) : null;
    if (remote !== null) {
      store.driver.close();
      return remote;
    }
    const isNew = readPin(addressFolder(context, address)) === null;
    const { vaultId } = header;
    const cache = recordCache(context, address, vaultId, homeMemory(context, address, vaultId));
    const known = { memory: cache.memory, readCached: cache.readCached };
    const place = sharedPlace(context, vaultFolder(context, vaultId), store, known);
    const driver = cachingDriver(store.driver, cache, beforeFirst);
    const vault = await openedVault(context, place, driver, options.prompt, header);
    if (isNew) await (await import("./weaknesses.ts")).warnAtJoining(context, address, store);
    return vault;
  };

  try {
    const known = options.allowCached ? cachedHeader(context, address) : null;
    let fault: unknown = null;
    if (known !== null)
      try {
        return await openWith(known, () => checkedHeader(context, address, store, 0));
      } catch (error) {
        fault = error;
      }
    const header = await checkedHeader(context, address, store);
    // The copy was as the server has it: no reason to ask a person again.
    if (known !== null && header !== null && sameBytes(known.bytes, header.bytes)) throw fault;
    if (header !== null) return await openWith(header, async () => {});
    store.driver.close();
    return null;
  } catch (error) {
    store.driver.close();
    throw error;
  }
}

/** For what needs no more than the header. null where there is no vault. */
export async function openSharedDriver(context: Context, given: GivenStore): Promise<StoreDriver | null> {
  const address = await parseAddress(given.text, given.givenBy);
  const store = await openStore(address);
  try {
    if ((await checkedHeader(context, address, store)) !== null) return store.driver;
  } catch (error) {
    store.driver.close();
    throw error;
  }
  store.driver.close();
  return null;
}

/**
 * The header of the vault that is there, checked against what this home knows of it. null where there is none yet.
 *
 * @param timeout as `retryWhileBusy`; 0: the caller tries again
 * @throws AuthError `vault_replaced` where another vault is there than the one this home knows, or none any more;
 * `vault_rolled_back` where it has an older key than this home has seen
 */
export async function checkedHeader(
  context: Context,
  address: SharedAddress,
  { driver }: Pick<SharedStore, "driver">,
  timeout?: number,
): Promise<Header | null> {
  const pin = readPin(addressFolder(context, address));
  const header = await findHeader(driver, timeout);
  if (header !== null) {
    if (pin !== null && pin.vaultId !== header.vaultId) throw replaced(address, "is another one");
    const known = readVaultPin(context, address, header.vaultId);
    // Known without any key: the one that this machine has may be the later one, which opens nothing here.
    if (known !== null && header.epoch < known.epoch) throw olderKey(address, header);
    return header;
  }
  if (pin !== null) throw replaced(address, "is empty");
  const keys = await retryWhileBusy(() => driver.getKeys("", {}), timeout);
  // Another machine has just made it.
  if (keys.includes(HEADER_KEY)) return checkedHeader(context, address, { driver });
  if (keys.length > 0) throw notOurs(address, "it has records, and no header");
  return null;
}

/** As `VaultStore.otherKey`: by the epoch that this home has seen. */
export async function otherKey(
  context: Context,
  given: GivenStore,
  header: Header,
  from: string,
): Promise<AuthError | null> {
  const address = await parseAddress(given.text, given.givenBy);
  const pin = readVaultPin(context, address, header.vaultId);
  if (pin === null || pin.epoch === header.epoch) return null;
  return header.epoch < pin.epoch ? olderKey(address, header) : newerKey(address, header, from);
}
