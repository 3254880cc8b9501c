/** The vault's key from one process to another: the agent has it from whoever starts or unlocks it, and from nowhere else. */
import type { Context } from "../platform/context.ts";
import { Secret } from "../platform/secret.ts";
import type { StoreDriver } from "./driver.ts";
import { type Header, readHeader, unwrap } from "./header.ts";
import { type Prompt, parseKey } from "./sources/source.ts";
import { storeAt } from "./store.ts";
import { findKey, type Opening, unlockCurrent } from "./unlock.ts";

/**
 * The key that opens the vault now, from wherever this process has it, in the form of AUTH_KEY; null where there is no vault.
 *
 * @param prompt asks for a passphrase; left out where no person can be asked
 * @throws AuthError `vault_locked`, `key_invalid`, `vault_corrupt`
 */
export async function vaultKey(context: Context, prompt: Prompt | undefined): Promise<Secret | null> {
  const opening = await currentOpening(context, (header) => findKey(context, header, prompt));
  return opening && new Secret(opening.key.toBase64());
}

/** What opens the vault now; null where there is none. @param find as `findKey` */
export function currentOpening(context: Context, find: (header: Header) => Promise<Opening>): Promise<Opening | null> {
  return withDriver(context, async (driver) => {
    let opening: Opening | null = null;
    await unlockCurrent(driver, async (header) => {
      opening = await find(header);
      return opening.keys;
    });
    return opening;
  });
}

/** @param key in the form of AUTH_KEY @throws AuthError `key_invalid` where it is no key at all */
export async function isVaultKey(context: Context, key: Secret): Promise<boolean> {
  const bytes = parseKey(key.reveal(), "What was given");
  return (
    (await withDriver(context, async (driver) => (await unwrap(await readHeader(driver), bytes)) !== null)) ?? false
  );
}

/** For what needs no more than the header. null where there is no vault. */
export async function withDriver<T>(context: Context, work: (driver: StoreDriver) => Promise<T>): Promise<T | null> {
  const driver = await storeAt(context).openDriver();
  if (driver === null) return null;
  try {
    return await work(driver);
  } finally {
    driver.close();
  }
}
