/**
 * The place of a shared vault: a connection's lock is the home's own, by which its processes wait for each other without a
 * question to the server, and then a lease, by which homes do.
 */

import { join } from "node:path";
import type { Context } from "../../platform/context.ts";
import { messageOf } from "../../platform/errors.ts";
import { ensureFolder } from "../files.ts";
import { keptIn, lockHash, lockIn, type TriedLock } from "../lock.ts";
import type { HomeMemory, VaultPlace } from "../place.ts";
import type { LockInterval } from "../types.ts";
import { clearHome, requireHome } from "./home.ts";
import { type Lease, takeLease } from "./lease.ts";
import { sharedReplies } from "./reply-keeper.ts";
import type { SharedStore } from "./store.ts";

/** Many wait at once, and each try is two questions to the server: the longer it takes, the less often they ask. */
const LOCK_INTERVAL: LockInterval = { shortest: 60, longest: 600 };

/** @param folder the home's, for this vault */
export function sharedPlace(
  context: Context,
  folder: string,
  store: SharedStore,
  known: { readonly memory: HomeMemory; readonly readCached: NonNullable<VaultPlace["readCached"]> },
): VaultPlace {
  const waiting = new Map<string, TriedLock>();
  /** Leases that are being given back: who waits for one should not wait until it ends. */
  const releases = new Set<Promise<void>>();
  let isClear = false;

  const giveBack = (lease: Lease): void => {
    const done = lease
      .release()
      .catch((error: unknown) => context.debug(`a lease is left to end by itself: ${messageOf(error)}`))
      .finally(() => releases.delete(done));
    releases.add(done);
  };

  return {
    ...known,
    lockInterval: LOCK_INTERVAL,
    async tryLock(name, indexKey, keys) {
      requireHome(context);
      ensureFolder(folder);
      const local = lockIn(join(folder, "vault"), name, indexKey, waiting, keys);
      if (local === null) return null;
      let lease: Lease | null = null;
      try {
        const hash = lockHash(indexKey, name);
        lease = await takeLease(store.leases, hash);
        if (lease === null) return null;
        if (!isClear) clearHome(context, folder);
        isClear = true;
        const held = lease;
        const { owner } = held;
        const place = { local: local.reply, replies: store.replies, hash, owner, name };
        return {
          reply: sharedReplies(context, place, keys),
          confirm: held.confirm,
          serverTime: held.serverTime,
          release() {
            giveBack(held);
            local.release();
          },
        };
      } finally {
        if (lease === null) local.release();
      }
    },
    keptVersion: async (name, indexKey) => keptIn(join(folder, "vault"), name, indexKey),
    // Who takes a lock does it.
    clearLeftovers: async () => {},
    // Every commit is bound to the header that was opened.
    isReplaced: () => false,
    async close() {
      for (const { file } of waiting.values()) file.close();
      waiting.clear();
      await Promise.all(releases);
    },
  };
}
