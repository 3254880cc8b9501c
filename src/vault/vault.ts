/** The way into the vault. The first lines of every command that needs a token, so nothing heavy is loaded here. */
import type { Context } from "../platform/context.ts";
import type { Header } from "./header.ts";
import type { Prompt } from "./sources/source.ts";
import { storeAt } from "./store.ts";
import type { Vault } from "./types.ts";

export interface VaultOptions {
  /** Asks for a passphrase; left out where no person can be asked. */
  readonly prompt?: Prompt;
  /** Nothing is to be changed, as a rule: as the vault was moments ago is good enough, where asking takes long. */
  readonly recent?: boolean;
  /** A process that has this vault's key, asked before a source that takes long or asks a person. null: there is none. */
  readonly elsewhere?: (header: Header) => Promise<Vault | null>;
}

/**
 * Opens the vault; null where there is none.
 *
 * @throws AuthError `usage` (AUTH_STORE), `vault_locked`, `key_invalid`, `vault_corrupt`, `vault_unwritable`
 */
export async function openVault(context: Context, options: VaultOptions = {}): Promise<Vault | null> {
  return storeAt(context).open(options);
}
