/** A vault that isn't there yet: it reads like an empty one, and is made when there is something to store. */

import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { type Created, type Preparation, prepareVault } from "./create.ts";
import { openVault, type VaultOptions } from "./store.ts";
import type { Vault } from "./types.ts";

/** @param onCreated called once, where the vault was made by this process */
export function pendingVault(context: Context, options: VaultOptions, onCreated: (created: Created) => void): Vault {
  let opened: Vault | null = null;
  let preparation: Promise<Preparation> | null = null;

  const prepared = (): Promise<Preparation> => {
    preparation ??= prepareVault(context, options);
    return preparation;
  };
  /** Another process may have made it meanwhile. */
  const existing = async (): Promise<Vault | null> => {
    opened ??= await openVault(context, options);
    return opened;
  };
  const made = async (): Promise<Vault> => {
    const there = await existing();
    if (there !== null) return there;
    const created = await (await prepared()).make();
    if (created !== null) onCreated(created);
    const vault = await existing();
    if (vault === null) throw new AuthError("vault_unwritable", "The new vault is gone.", { hint: "Try again." });
    return vault;
  };

  return {
    get id() {
      return opened?.id ?? "";
    },
    isMade: async () => (await existing()) !== null,
    read: async (type, name, age) => (await existing())?.read(type, name, age) ?? null,
    list: async (type, passOver) => (await existing())?.list(type, passOver) ?? [],
    commit: async (changes) => (await made()).commit(changes),
    get lockInterval() {
      return opened?.lockInterval ?? { shortest: 10, longest: 10 };
    },
    reload: async () => (await existing())?.reload(),
    isReplaced: () => opened?.isReplaced() ?? false,
    tryLock: async (name) => (await made()).tryLock(name),
    keptVersion: async (name) => (await existing())?.keptVersion(name) ?? null,
    fingerprint: async (secret) => (await made()).fingerprint(secret),
    async requireWritable(connection) {
      const there = await existing();
      await (there === null ? prepared() : there.requireWritable(connection));
    },
    close: () => opened?.close(),
  };
}
