/** A vault file that other processes are using: the work is tried again, and signals and timers go on in between. */
import { AuthError, errorCode } from "../platform/errors.ts";

/** Milliseconds. A commit syncs five times, which on a disk under load takes seconds, and readers wait for it too. */
const BUSY_TIMEOUT = 15_000;

/**
 * @param work throws `busy` where it is to be tried again
 * @param timeout milliseconds
 */
export async function retryWhileBusy<T>(work: () => T | Promise<T>, timeout = BUSY_TIMEOUT): Promise<T> {
  const end = performance.now() + timeout;
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
