/** Making a vault in a database that machines share. */
import type { Context, GivenStore } from "../../platform/context.ts";
import { AuthError, errorCode } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import type { Bytes } from "../bytes.ts";
import { type Created, type Made, type Preparation, storeKey } from "../create.ts";
import { retryWhileBusy } from "../driver.ts";
import { HEADER_KEY, headerVersion, newKey, wrap } from "../header.ts";
import { forget, type KeyRequest, SOURCE_WORDS, type SourceName, STORED, sourceOf } from "../sources/source.ts";
import { notOurs } from "./failures.ts";
import { joinVault } from "./join.ts";
import { checkedHeader, withStore } from "./open.ts";
import type { SharedStore } from "./store.ts";
import { absent } from "./wrong-vault.ts";

/** Whether one could be made there, as far as that shows without making anything. @throws AuthError as `prepareShared` */
export async function requirePlace(given: GivenStore): Promise<void> {
  await withStore(given, async (_, store) => retryWhileBusy(() => store.requireDurable()));
}

/** Whether there is a vault at the address. @throws AuthError as `openShared` */
export async function isThere(context: Context, given: GivenStore): Promise<boolean> {
  return withStore(given, async (address, store) => (await checkedHeader(context, address, store)) !== null);
}

/**
 * Asks for the key where a person or a program gives it, and makes the tables that the vault needs.
 *
 * @param index its index key
 * @param source null: neither a person nor the environment has chosen one
 * @throws AuthError `connection_not_found` where the address has a fingerprint; `usage`, `vault_replaced`, `vault_unwritable`, `vault_unreachable`
 */
export async function prepareShared(
  given: GivenStore,
  source: SourceName | null,
  request: KeyRequest,
  index: Bytes,
): Promise<Preparation> {
  await withStore(given, (address, store) => requireNoneMeant(request.context, address, store));
  if (source === null) throw keyNotChosen();
  const brought = STORED.includes(source) ? null : await (await sourceOf(source)).create(request);
  await withStore(given, async (address, store) => {
    await checkedHeader(request.context, address, store);
    await retryWhileBusy(() => store.prepare());
    await retryWhileBusy(() => store.driver.requireWritable());
  });
  return {
    make: async () => {
      const made = brought === null ? await storeKey(source, request) : { source, ...brought };
      try {
        const created = await withStore(given, (address, store) => putHeader(address, store, request, made, index));
        if (created === null) await forget(made.source, request);
        return created;
      } catch (error) {
        // A server that was cut off in between may have the vault all the same: its key is kept.
        if (errorCode(error) !== "vault_unreachable") await forget(made.source, request);
        throw error;
      }
    },
  };
}

/** A new vault would have another fingerprint than the one that the address names. */
async function requireNoneMeant(context: Context, address: SharedAddress, store: SharedStore): Promise<void> {
  if (address.fingerprint !== null && (await checkedHeader(context, address, store)) === null) throw absent(address);
}

/** @returns null where another machine was faster */
async function putHeader(
  address: SharedAddress,
  store: SharedStore,
  { context, vaultId, keyId }: KeyRequest,
  made: Made,
  index: Bytes,
): Promise<Created | null> {
  const raw = newKey();
  const header = await wrap({ ...made, vaultId, epoch: 1, keyId }, made.key, { raw, index }, []);
  const next = { version: headerVersion(header), value: header.bytes };
  const failed = await retryWhileBusy(() => store.driver.swap([{ key: HEADER_KEY, expected: null, next }], true));
  if (failed.includes(HEADER_KEY)) return null;
  if (failed.length > 0) throw notOurs(address, "it has records, and no header");
  // No one has to be asked whether it is the one that is meant.
  const keys = { data: { vaultId, epoch: 1, id: keyId, raw }, index };
  await joinVault(context, address, store, { header, keys });
  const message = `made at ${address.shown}, key from ${SOURCE_WORDS[made.source]}`;
  await context.audit({ event: "vault", status: "success", message });
  return { source: made.source, chosen: true };
}

/** A key that is made here and kept here would leave every other machine outside. */
function keyNotChosen(): AuthError {
  return new AuthError(
    "usage",
    "There is no vault yet at this address, and no key for one that other machines can have too.",
    {
      hint: 'Make one, keep it for the other machines, and run this again: export AUTH_KEY="$(openssl rand -base64 32)"\nOr have a command print it: AUTH_KEY_COMMAND',
    },
  );
}
