/** `auth vault accept`: this home takes what is at the address for its vault, as if it came there for the first time. */
import type { Context } from "../../platform/context.ts";
import type { Bytes } from "../bytes.ts";
import { retryWhileBusy } from "../driver.ts";
import { fingerprintOf, parseFingerprint } from "../fingerprint.ts";
import { HEADER_KEY, type Header, type Keys, parseHeader } from "../header.ts";
import type { Accepted, AcceptOptions, Comparison } from "../store.ts";
import { unlock } from "../unlock.ts";
import { parseAddress, type SharedAddress } from "./address.ts";
import { notCompared } from "./failures.ts";
import { forgetVault, homeFolder } from "./home.ts";
import { homeMemory, isMeant } from "./memory.ts";
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
  const { driver } = await openStore(address);
  try {
    const value = await retryWhileBusy(() => driver.getItemRaw?.(HEADER_KEY, {}));
    const header = value instanceof Uint8Array ? parseHeader(value as Bytes) : null;
    const keys = header === null ? null : await unlock(context, header, prompt);
    if (header !== null && keys !== null) await requireMeant(address, header, keys, comparison);
    const folder = homeFolder(context, address);
    forgetVault(folder);
    if (header !== null && keys !== null) await homeMemory(context, address, folder).join(header, keys);
    await context.audit({ event: "vault", status: "success", message: `accepted what is at ${address.shown}` });
    return { store: address.shown, vaultId: header?.vaultId ?? null };
  } finally {
    driver.close();
  }
}

function withFingerprint(address: SharedAddress, { fingerprint }: Comparison): SharedAddress {
  return fingerprint === undefined ? address : { ...address, fingerprint: parseFingerprint(fingerprint) };
}

/** @throws AuthError where nothing shows it, or it is another one: `notCompared` */
async function requireMeant(
  address: SharedAddress,
  header: Header,
  keys: Keys,
  { compare }: Comparison,
): Promise<void> {
  if (await isMeant(address, header, keys)) return;
  if (address.fingerprint === null && (await compare?.(fingerprintOf(keys.data), address.shown))) return;
  throw notCompared(address);
}
