/** The vault's key from one process to another: the agent has it from whoever starts or unlocks it, and from nowhere else. */
import type { Context } from "../platform/context.ts";
import { Secret } from "../platform/secret.ts";
import type { Bytes } from "./bytes.ts";
import { type Header, readHeader, unwrap } from "./header.ts";
import { type Prompt, parseKey } from "./sources/source.ts";
import { storeAt } from "./store.ts";
import { findKey, unlockCurrent } from "./unlock.ts";

/**
 * The key that opens the vault now, from wherever this process has it, in the form of AUTH_KEY; null where there is no vault.
 *
 * @param prompt asks for a passphrase; left out where no person can be asked
 * @throws AuthError `vault_locked`, `key_invalid`, `vault_corrupt`
 */
export function vaultKey(context: Context, prompt: Prompt | undefined): Promise<Secret | null> {
  return withHeader(context, async (read) => {
    let found: Bytes | null = null;
    await unlockCurrent(read, async (header) => {
      const { key, keys } = await findKey(context, header, prompt);
      found = key;
      return keys;
    });
    return found === null ? null : new Secret((found as Bytes).toBase64());
  });
}

/** @param key in the form of AUTH_KEY @throws AuthError `key_invalid` where it is no key at all */
export async function isVaultKey(context: Context, key: Secret): Promise<boolean> {
  const bytes = parseKey(key.reveal(), "What was given");
  return (await withHeader(context, async (read) => (await unwrap(await read(), bytes)) !== null)) ?? false;
}

/** null where there is no vault. @param work gets what reads the header as it is then */
export async function withHeader<T>(
  context: Context,
  work: (read: () => Promise<Header>) => Promise<T>,
): Promise<T | null> {
  const driver = await storeAt(context).openDriver();
  if (driver === null) return null;
  try {
    return await work(() => readHeader(driver));
  } finally {
    driver.close();
  }
}
