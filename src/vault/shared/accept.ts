/** `auth vault accept`: this home takes what is at the address for its vault, as if it came there for the first time. */
import type { Context } from "../../platform/context.ts";
import { usage } from "../../platform/errors.ts";
import type { Bytes } from "../bytes.ts";
import { retryWhileBusy } from "../driver.ts";
import { HEADER_KEY, parseHeader } from "../header.ts";
import { unlock } from "../unlock.ts";
import { sharedStore, type VaultOptions } from "../vault.ts";
import { parseAddress } from "./address.ts";
import { forgetVault, homeFolder } from "./home.ts";
import { homeMemory } from "./memory.ts";
import { openStore } from "./open.ts";

export interface Accepted {
  /** The address, without a password. */
  readonly store: string;
  /** null: nothing is there, and the next login may make a vault. */
  readonly vaultId: string | null;
}

/**
 * What this home knows is given up only where the server answers, and for a vault that its key opens.
 *
 * @throws AuthError `usage` where the vault is a file; as `openVault`
 */
export async function acceptVault(context: Context, { store: given, prompt }: VaultOptions): Promise<Accepted> {
  const text = sharedStore(context, given);
  if (text === null)
    throw usage("Only a vault that machines share is accepted.", "AUTH_STORE must name it: redis://… or postgres://…");
  const address = await parseAddress(text);
  const { driver } = await openStore(address);
  try {
    const value = await retryWhileBusy(() => driver.getItemRaw?.(HEADER_KEY, {}));
    const header = value instanceof Uint8Array ? parseHeader(value as Bytes) : null;
    const keys = header === null ? null : await unlock(context, header, prompt);
    const folder = homeFolder(context, address);
    forgetVault(folder);
    if (header !== null && keys !== null) await homeMemory(context, address, folder).recognize(header, keys);
    await context.audit({ event: "vault", status: "success", message: `accepted what is at ${address.shown}` });
    return { store: address.shown, vaultId: header?.vaultId ?? null };
  } finally {
    driver.close();
  }
}
