/** A request may be under way although its sender's lock is gone: one that ends by time, or was lost by the server. */
import { feature } from "bun:bundle";
import { mutated } from "../platform/faults.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Lock, Vault } from "../vault/types.ts";
import { vaultName } from "./ref.ts";
import type { Services } from "./services.ts";
import type { Stored } from "./store.ts";

/** Milliseconds. As long as a request may take: no longer than its sender's lock lasts. */
const LONGEST = Math.min(LIMITS.exchange, LIMITS.lease);

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
  const isUnderWay = (stored: Stored): boolean => !isServed(stored) && isFresh(stored);
  let endsByTime = false;
  const tryLock = async (name: string): Promise<Lock | null> => {
    if (endsByTime && isUnderWay(latest())) return null;
    const lock = await vault.tryLock(name);
    if (lock?.confirm === undefined || !isUnderWay(latest())) return lock;
    endsByTime = true;
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

/** The note is dated by its sender's clock, which may be wrong: no more is waited by this machine's own either. */
function requestWatch(now: () => number): (stored: Stored) => boolean {
  let first: { readonly generation: number; readonly at: number } | null = null;
  return ({ record: { note } }) => {
    if (note === null || note.ended) return false;
    if (first?.generation !== note.generation) first = { generation: note.generation, at: performance.now() };
    return now() - note.sentAt < LONGEST && performance.now() - first.at < LONGEST;
  };
}
