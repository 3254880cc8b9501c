/** `auth vault accept`: this home takes what is at the address for its vault, as if it came there for the first time. */
import type { Context } from "../../platform/context.ts";
import { errorCode } from "../../platform/errors.ts";
import type { Bytes } from "../bytes.ts";
import { retryWhileBusy, type StoreDriver } from "../driver.ts";
import { HEADER_KEY, type Header, parseHeader, readHeader } from "../header.ts";
import type { Prompt } from "../sources/source.ts";
import type { Accepted, AcceptOptions } from "../store.ts";
import { type Unlocked, unlock, unlockCurrent } from "../unlock.ts";
import { parseAddress } from "./address.ts";
import { absent } from "./failures.ts";
import { addressFolder, forgetVault, isKnown, readPin, vaultFolder } from "./home.ts";
import { joinVault, requireMeant, withFingerprint } from "./join.ts";
import { openStore } from "./open.ts";

/**
 * What this home knows is given up only where the server answers, and for a vault that its key opens.
 *
 * @param text AUTH_STORE
 * @throws AuthError as `openVault`
 */
export async function acceptShared(
  context: Context,
  text: string,
  { prompt, ...comparison }: AcceptOptions,
): Promise<Accepted> {
  const address = withFingerprint(await parseAddress(text), comparison);
  const store = await openStore(address);
  const { driver } = store;
  try {
    const found = await unlocked(context, driver, prompt);
    if (found !== null) await requireMeant(address, found.header, found.keys, comparison, "auth vault accept");
    const place = addressFolder(context, address);
    if (found === null && (address.fingerprint !== null || !isKnown(place))) throw absent(address);
    const vaultId = found?.header.vaultId ?? null;
    for (const known of [vaultAt(place), vaultId]) if (known !== null) forgetVault(vaultFolder(context, known));
    forgetVault(place);
    if (found !== null) await joinVault(context, address, store, found);
    await context.audit({ event: "vault", status: "success", message: `accepted what is at ${address.shown}` });
    return { store: address.shown, vaultId };
  } finally {
    driver.close();
  }
}

/** null where nothing is there. Whatever this home knows isn't looked at. */
async function unlocked(context: Context, driver: StoreDriver, prompt: Prompt | undefined): Promise<Unlocked | null> {
  const value = await retryWhileBusy(() => driver.getItemRaw?.(HEADER_KEY, {}));
  if (!(value instanceof Uint8Array)) return null;
  const read = (): Promise<Header> => readHeader(driver);
  return unlockCurrent(read, (header) => unlock(context, header, prompt), parseHeader(value as Bytes));
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
