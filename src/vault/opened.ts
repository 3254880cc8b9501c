/** A vault whose keys are in memory. Reading is in `records.ts`; what a fresh token doesn't need is loaded when it is used. */
import type { Context } from "../platform/context.ts";
import { hmac, utf8 } from "./bytes.ts";
import type { StoreDriver } from "./driver.ts";
import { type Header, type Keys, readHeader, retiredKeys } from "./header.ts";
import type { VaultPlace } from "./place.ts";
import { type Opened, readRecord } from "./records.ts";
import type { Prompt } from "./sources/source.ts";
import type { Lock, Vault } from "./types.ts";
import { unlock, unlockCurrent } from "./unlock.ts";

/**
 * @param first its header, where it was read already
 * @throws AuthError `vault_locked`, `key_invalid`, `vault_corrupt`
 */
export async function openedVault(
  context: Context,
  place: VaultPlace,
  driver: StoreDriver,
  prompt: Prompt | undefined,
  first: Header | null = null,
): Promise<Vault> {
  const openHeader = async (header: Header): Promise<Keys> => {
    const keys = await unlock(context, header, prompt);
    await place.memory?.recognize(header, keys);
    return keys;
  };
  const unlocked = await unlockCurrent(driver, openHeader, first);
  const opened: Opened = {
    ...unlocked,
    context,
    place,
    driver,
    openHeader,
    replyKeys: {
      current: () => opened.keys.data,
      async find(id) {
        const { header, keys } = opened;
        return id === keys.data.id
          ? keys.data
          : ((await retiredKeys(header, keys)).find((key) => key.id === id) ?? null);
      },
    },
    entries: new Map(),
    locksHeld: 0,
    isChecked: false,
  };
  return {
    id: opened.header.vaultId,
    isMade: async () => true,
    read: (type, name, age) => readRecord(opened, type, name, age),
    list: async (type, passOver) => (await import("./listing.ts")).listRecords(opened, type, passOver),
    commit: async (changes) => (await import("./commit.ts")).commit(opened, changes),
    async requireWritable(connection) {
      await driver.requireWritable();
      (await tryLock(opened, connection))?.release();
      await place.clearLeftovers(() => readHeader(driver));
    },
    reload: async () => (await import("./key-reload.ts")).reload(opened),
    tryLock: (name) => tryLock(opened, name),
    keptVersion: (connection) => place.keptVersion(connection, opened.keys.index),
    isReplaced: place.isReplaced,
    ...(place.lockInterval !== undefined && { lockInterval: place.lockInterval }),
    fingerprint: async (secret) => hmac(hmac(opened.keys.index, utf8("auth fingerprint")), utf8(secret)).toHex(),
    close() {
      opened.entries.clear();
      const closing = place.close();
      return closing instanceof Promise ? closing.finally(driver.close) : driver.close();
    },
  };
}

async function tryLock(opened: Opened, name: string): Promise<Lock | null> {
  const lock = await opened.place.tryLock(name, opened.keys.index, opened.replyKeys);
  if (lock === null) return null;
  opened.locksHeld++;
  let isHeld = true;
  return {
    ...lock,
    release() {
      if (!isHeld) return;
      isHeld = false;
      opened.locksHeld--;
      lock.release();
    },
  };
}
