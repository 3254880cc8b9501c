/** `auth vault accept`: this home takes what is at the address for its vault, as if it came there for the first time. */
import type { Context } from "../../platform/context.ts";
import { errorCode } from "../../platform/errors.ts";
import type { Bytes } from "../bytes.ts";
import { retryWhileBusy } from "../driver.ts";
import { HEADER_KEY, parseHeader } from "../header.ts";
import type { Accepted, AcceptOptions } from "../store.ts";
import { unlock } from "../unlock.ts";
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
    const value = await retryWhileBusy(() => driver.getItemRaw?.(HEADER_KEY, {}));
    const header = value instanceof Uint8Array ? parseHeader(value as Bytes) : null;
    const keys = header === null ? null : await unlock(context, header, prompt);
    if (header !== null && keys !== null) await requireMeant(address, header, keys, comparison, "auth vault accept");
    const place = addressFolder(context, address);
    if (header === null && (address.fingerprint !== null || !isKnown(place))) throw absent(address);
    for (const vaultId of [vaultAt(place), header?.vaultId ?? null])
      if (vaultId !== null) forgetVault(vaultFolder(context, vaultId));
    forgetVault(place);
    if (header !== null && keys !== null) await joinVault(context, address, store, { header, keys });
    await context.audit({ event: "vault", status: "success", message: `accepted what is at ${address.shown}` });
    return { store: address.shown, vaultId: header?.vaultId ?? null };
  } finally {
    driver.close();
  }
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
