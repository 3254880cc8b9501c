/** The way into the vault. The first lines of every command that needs a token, so nothing heavy is loaded here. */
import type { Context } from "../platform/context.ts";
import { foreign, isOpenTo, isOwnedByOther, modeText } from "../platform/owner.ts";
import { shellWord } from "../platform/shell-word.ts";
import { type Ownership, ownershipOf } from "../platform/small-file.ts";
import { createVault } from "./opened.ts";
import { vaultPath } from "./place.ts";
import type { Prompt } from "./sources/source.ts";
import { openSqlite } from "./sqlite.ts";
import type { Vault } from "./types.ts";

export interface VaultOptions {
  /** Where the vault is, in the form of AUTH_STORE; by default the value of AUTH_STORE. */
  readonly store?: string;
  /** Asks for a passphrase; left out where no person can be asked. */
  readonly prompt?: Prompt;
}

/**
 * Opens the vault; null where there is none.
 *
 * @throws AuthError `usage` (AUTH_STORE), `vault_locked`, `key_invalid`, `vault_corrupt`, `vault_unwritable`
 */
export async function openVault(context: Context, options: VaultOptions = {}): Promise<Vault | null> {
  const path = vaultPath(context, options.store);
  // WebCrypto works on a thread of its own, which this starts: it is there by the time SQLite is open. Less than 64
  // bytes would be digested at once, without it.
  void crypto.subtle.digest("SHA-256", new Uint8Array(1024));
  const driver = await openSqlite(path);
  if (driver === null) return null;
  try {
    await checkOwner(context, path, await ownershipOf(path));
    return await createVault(context, path, driver, options.prompt);
  } catch (error) {
    driver.close();
    throw error;
  }
}

async function checkOwner(context: Context, path: string, stat: Ownership): Promise<void> {
  if (isOwnedByOther(stat)) throw foreign(path);
  if (stat.nlink > 1) throw (await import("./files.ts")).hardLinked(path, stat.nlink);
  if (isOpenTo(stat, 0o077))
    context.warn(
      `Other users can reach the vault file ${path} (mode ${modeText(stat)}). To mend it: chmod 600 ${shellWord(path)}`,
    );
}
