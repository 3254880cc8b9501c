/** A request may be under way although its sender's lock is gone: one that ends by time, or was lost by the server. */
import { feature } from "bun:bundle";
import { mutated } from "../platform/faults.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Lock, Vault } from "../vault/types.ts";
import { vaultName } from "./ref.ts";
import type { Services } from "./services.ts";
import type { Stored } from "./store.ts";

/** Milliseconds from the note on. A request ends within the lock that its sender made sure of; what is left is for the note's commit. */
const LONGEST = LIMITS.lease;

/**
 * The vault's locks, but that one which ends by time is left alone while the last note is so fresh that its sender may have
 * the reply yet: that one stores it without a lock. Nothing is waited for where the reply is kept in this home, or where the
 * token is served: nothing is sent then that does harm.
 *
 * @param latest the record as it was just read
 * @param isServed whether its token is given although a refresh is in doubt (RULES.md 2.4)
 */
export function locksWhenAnswered(
  { vault, context }: Pick<Services, "vault" | "context">,
  latest: () => Stored,
  isServed: (stored: Stored) => boolean,
): Pick<Vault, "tryLock" | "lockInterval"> {
  if (feature("AUTH_TEST") && mutated("lock-off")) return vault;
  const isFresh = requestWatch(() => context.now());
  /** Of the lock that was let go of while a request may be under way. */
  let held: Lock | null = null;
  const isUnderWay = (stored: Stored, lock: Lock): boolean => !isServed(stored) && isFresh(stored, lock);
  const tryLock = async (name: string): Promise<Lock | null> => {
    if (held !== null && isUnderWay(latest(), held)) return null;
    const lock = await vault.tryLock(name);
    if (lock?.confirm === undefined || !isUnderWay(latest(), lock)) return lock;
    held = lock;
    let isAnswered = false;
    try {
      isAnswered = await isAnsweredHere(vault, latest(), lock);
    } finally {
      if (!isAnswered) lock.release();
    }
    return isAnswered ? lock : null;
  };
  return { tryLock, ...(vault.lockInterval !== undefined && { lockInterval: vault.lockInterval }) };
}

/**
 * Whether this home keeps the reply to what the note says, or to a refresh that came after all that the vault has. A reply
 * to an earlier refresh tells nothing of this one; nor does one that doesn't open, whatever its file says.
 */
async function isAnsweredHere(
  vault: Pick<Vault, "keptVersion">,
  { ref, version, record: { note } }: Stored,
  { reply }: Lock,
): Promise<boolean> {
  const at = await vault.keptVersion(vaultName(ref));
  if (at === null || at.incarnation !== version.incarnation) return false;
  if (at.generation !== note?.generation && at.generation <= version.generation) return false;
  return (await reply.read(at)) !== null;
}

/**
 * The note is fresh if the server's clock or the machines' say so: two machines' clocks may be apart by more than its age, and
 * the server may be another one since. Where the server tells no time, as in what an older version noted, the machines' have
 * to do. All of them may be wrong: no more is waited by this machine's own clock than a request may take.
 */
function requestWatch(now: () => number): (stored: Stored, lock: Lock) => boolean {
  let first: { readonly generation: number; readonly at: number } | null = null;
  return ({ record: { note } }, lock) => {
    if (note === null || note.ended) return false;
    if (first?.generation !== note.generation) first = { generation: note.generation, at: performance.now() };
    if (performance.now() - first.at >= LONGEST) return false;
    const serverTime = lock.serverTime?.() ?? null;
    const age = now() - note.sentAt;
    if (note.serverTime === undefined || serverTime === null) return age < LONGEST;
    return serverTime - note.serverTime < LONGEST || Math.abs(age) < LONGEST;
  };
}
