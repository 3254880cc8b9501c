/** A request may be under way although its sender's lock is gone: one that ends by time, or was lost by the server. */
import { feature } from "bun:bundle";
import { mutated } from "../platform/faults.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Lock, Vault } from "../vault/types.ts";
import type { Services } from "./services.ts";
import type { Stored } from "./store.ts";

/** Milliseconds. As long as a request may take: no longer than its sender's lock lasts. */
const LONGEST = Math.min(LIMITS.exchange, LIMITS.lease);

/**
 * The vault's locks, but that one which ends by time is left alone while the last note is so fresh that its sender may have
 * the reply yet: that one stores it without a lock.
 *
 * @param latest the record as it was just read
 */
export function locksWhenAnswered(
  { vault, context }: Pick<Services, "vault" | "context">,
  latest: () => Stored,
): Pick<Vault, "tryLock" | "lockInterval"> {
  if (feature("AUTH_TEST") && mutated("lock-off")) return vault;
  const isUnderWay = requestWatch(() => context.now());
  let endsByTime = false;
  const tryLock = async (name: string): Promise<Lock | null> => {
    if (endsByTime && isUnderWay(latest())) return null;
    const lock = await vault.tryLock(name);
    if (lock?.confirm === undefined || !isUnderWay(latest())) return lock;
    endsByTime = true;
    lock.release();
    return null;
  };
  return { tryLock, ...(vault.lockInterval !== undefined && { lockInterval: vault.lockInterval }) };
}

/** The note is dated by its sender's clock, which may be wrong: no more is waited by this machine's own either. */
function requestWatch(now: () => number): (stored: Stored) => boolean {
  let first: { readonly generation: number; readonly at: number } | null = null;
  return ({ record: { note } }) => {
    if (note === null || note.ended) return false;
    if (first?.generation !== note.generation) first = { generation: note.generation, at: performance.now() };
    return now() - note.sentAt < LONGEST && performance.now() - first.at < LONGEST;
  };
}
