/** A connection's lock in the hand of the one who refreshes it, with the time that may be spent under it. */
import { LIMITS } from "../platform/limits.ts";
import type { Lock } from "../vault/types.ts";

export interface RefreshLease extends Lock {
  /** False once it was let go: what only a holder may do is over. */
  readonly held: boolean;
  /** Milliseconds left of the holder's budget, by a clock that nobody sets (RULES.md 2.5). */
  left(): number;
}

export function leaseFrom(lock: Lock): RefreshLease {
  const until = performance.now() + LIMITS.holder;
  let held = true;
  return {
    reply: lock.reply,
    get held() {
      return held;
    },
    left: () => until - performance.now(),
    release() {
      held = false;
      lock.release();
    },
  };
}
