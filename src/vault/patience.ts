/** A store that others are using just now: tried again for a while, asleep in between so that signals and timers go on. */
import { AuthError, errorCode } from "../platform/errors.ts";

/** Milliseconds. A commit syncs five times, which on a disk under load takes seconds, and readers wait for it too. */
const PATIENCE = 15_000;

/** Tries again while others are in the way. */
export async function patiently<T>(work: () => T | Promise<T>): Promise<T> {
  const end = performance.now() + PATIENCE;
  for (;;) {
    try {
      return await work();
    } catch (error) {
      if (errorCode(error) !== "busy" || performance.now() >= end) throw error;
      await Bun.sleep(5 + Math.random() * 10);
    }
  }
}

/** SQLite's codes for it, at opening as at writing: a commit or a recovery is going on. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(errorCode(error) ?? "");
}

export function busy(cause: unknown): AuthError {
  return new AuthError("busy", "The vault is being used by other processes.", { hint: "Try again.", cause });
}
