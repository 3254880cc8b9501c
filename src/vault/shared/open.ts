/** Opening a vault that machines share. */
import type { Context } from "../../platform/context.ts";
import type { Bytes } from "../bytes.ts";
import { retryWhileBusy, type StoreDriver } from "../driver.ts";
import { HEADER_KEY, type Header, parseHeader } from "../header.ts";
import { createVault } from "../opened.ts";
import type { Vault } from "../types.ts";
import { mayAsk } from "../unlock.ts";
import type { VaultOptions } from "../vault.ts";
import { parseAddress, type SharedAddress } from "./address.ts";
import { notOurs, replaced } from "./failures.ts";
import { homeFolder, readPin } from "./home.ts";
import { homeMemory } from "./memory.ts";
import { sharedPlace } from "./place.ts";
import type { SharedStore } from "./store.ts";

/** Connects when it is first asked for something. Only the client that is needed is loaded. */
export async function openStore(address: SharedAddress): Promise<SharedStore> {
  return address.backend === "redis"
    ? (await import("./redis.ts")).openRedis(address)
    : (await import("./postgres.ts")).openPostgres(address);
}

/**
 * null where there is none yet, and this home has never seen one there.
 *
 * @param text AUTH_STORE
 * @throws AuthError as `openVault`; `vault_replaced`, `vault_rolled_back`, `vault_unreachable`
 */
export async function openShared(context: Context, text: string, options: VaultOptions): Promise<Vault | null> {
  const address = await parseAddress(text);
  const store = await openStore(address);
  const { driver } = store;
  try {
    const header = await findHeader(context, address, store);
    const held = header && options.elsewhere && mayAsk(context, header) ? await options.elsewhere(header) : null;
    if (header === null || held !== null) {
      driver.close();
      return held;
    }
    const folder = homeFolder(context, address);
    const place = sharedPlace(context, folder, store, homeMemory(context, address, folder));
    return await createVault(context, place, driver, options.prompt, header);
  } catch (error) {
    driver.close();
    throw error;
  }
}

/** For what needs no more than the header. null where there is no vault. @param text AUTH_STORE */
export async function openSharedDriver(context: Context, text: string): Promise<StoreDriver | null> {
  const address = await parseAddress(text);
  const store = await openStore(address);
  try {
    if ((await findHeader(context, address, store)) !== null) return store.driver;
  } catch (error) {
    store.driver.close();
    throw error;
  }
  store.driver.close();
  return null;
}

/**
 * The header of the vault that this home knows there, or of one that it doesn't know yet.
 *
 * @throws AuthError `vault_replaced` where another vault is there than the one this home knows, or none any more
 */
export async function findHeader(
  context: Context,
  address: SharedAddress,
  { driver }: SharedStore,
): Promise<Header | null> {
  const pin = readPin(homeFolder(context, address));
  const value = await retryWhileBusy(() => driver.getItemRaw?.(HEADER_KEY, {}));
  if (value instanceof Uint8Array) {
    const header = parseHeader(value as Bytes);
    if (pin !== null && pin.vaultId !== header.vaultId) throw replaced(address, "is another one");
    return header;
  }
  if (pin !== null) throw replaced(address, "is empty");
  if ((await retryWhileBusy(() => driver.getKeys("", {}))).length > 0)
    throw notOurs(address, "it has records, and no header");
  return null;
}
