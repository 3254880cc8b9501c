/**
 * Giving a shared vault a new key. No lock is needed: the commit is bound to the header that was opened, so that of two
 * machines that do it at once one is refused. Refreshes that are under way are waited for.
 */
import type { Context, GivenStore } from "../../platform/context.ts";
import { errorCode } from "../../platform/errors.ts";
import {
  newRequest,
  putKey,
  type Rekeyed,
  type RekeyOptions,
  type Resealed,
  rekeyedOf,
  unlockForRekey,
} from "../rekey.ts";
import { forget, SOURCE_WORDS, sourceOf } from "../sources/source.ts";
import { unlockCurrent } from "../unlock.ts";
import { awaitRefreshes } from "./await-refreshes.ts";
import { homeMemory, type SharedMemory } from "./memory.ts";
import { checkedHeader, withStore } from "./open.ts";
import { absent } from "./wrong-vault.ts";

/** @throws AuthError; nothing was changed then, unless it is an `UnknownCommit` */
export function rekeyShared(context: Context, given: GivenStore, options: RekeyOptions): Promise<Rekeyed> {
  return withStore(given, async (address, { driver, leases }) => {
    const first = await checkedHeader(context, address, { driver });
    if (first === null) throw absent(address);
    const memory = homeMemory(context, address, first.vaultId);
    const { header, keys } = await unlockCurrent(
      driver,
      async (found) => {
        const opened = await unlockForRekey(context, found, options.source ?? found.source, options.prompt);
        await memory.recognize(found, opened);
        return opened;
      },
      first,
    );
    const source = options.source ?? header.source;
    const request = await newRequest(context, { header, keys }, source, options);
    const made = await (await sourceOf(source)).create(request);
    const resealed = await putKey(
      driver,
      { header, keys },
      source,
      request,
      made,
      awaitRefreshes(context, leases, keys.index),
    );
    await rememberCommitted(memory, resealed);
    // What the old header was opened with opens nothing any more.
    await forget(header.source, { context, ...header });
    const message = `rekeyed the vault at ${address.shown}, key from ${SOURCE_WORDS[source]}`;
    await context.audit({ event: "vault", status: "success", message });
    return rekeyedOf(resealed);
  });
}

/** Another process of this home may have seen a still later rekey already: this one is made all the same. */
async function rememberCommitted(memory: SharedMemory, { next, keys }: Resealed): Promise<void> {
  try {
    await memory.recognize(next, keys);
  } catch (error) {
    if (errorCode(error) !== "vault_rolled_back") throw error;
  }
}
