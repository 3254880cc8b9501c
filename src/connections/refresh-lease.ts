/** A connection's lock while it is refreshed, with the time that may be spent under it. */
import { LIMITS } from "../platform/limits.ts";
import type { Lock } from "../vault/types.ts";

export interface RefreshLease extends Lock {
  /** False once it was released: then nothing may be done that needs the lock. */
  readonly held: boolean;
  /** Milliseconds left of the holder's budget, by a clock that can't be set (RULES.md 2.5). */
  left(): number;
  /** As `Lock.confirm`; without an end where the lock has none. */
  confirm(): Promise<number>;
  /** As `Lock.serverTime`; null where there is no server. */
  serverTime(): number | null;
  /** Whether the lock may end, or be lost by the server, while its holder goes on. */
  readonly endsByTime: boolean;
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
    confirm: async () => (await lock.confirm?.()) ?? Number.POSITIVE_INFINITY,
    serverTime: () => lock.serverTime?.() ?? null,
    endsByTime: lock.confirm !== undefined,
    release() {
      held = false;
      lock.release();
    },
  };
}
