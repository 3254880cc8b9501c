/**
 * A swap whose answer was lost. The server may have done it, or may do it later: a connection that broke, or a time limit
 * that passed, tells neither. The very same swap is sent again until there is an answer. One that has done its work once
 * isn't done a second time, since its records are no longer at the versions that it expects.
 */
import { AuthError, errorCode } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { SharedAddress } from "../address.ts";
import type { Bytes } from "../bytes.ts";
import { type StoreDriver, type Swap, UnknownCommit } from "../driver.ts";
import { readSealedHeader } from "../seal.ts";

/** Milliseconds between two tries to reach the server. */
const RETRY_AFTER = 250;

/**
 * @param driver asked for every swap, and again for one whose answer was lost
 * @param time milliseconds for which the server is asked again
 */
export function retryLostSwaps(
  { shown }: Pick<SharedAddress, "shown">,
  driver: StoreDriver,
  time: number = LIMITS.storeCommit,
): StoreDriver {
  async function sendAgain(steps: readonly Swap[], whole: boolean | undefined, lost: unknown): Promise<string[]> {
    const end = performance.now() + time;
    for (let cause = lost; ; ) {
      if (performance.now() >= end) throw unknownCommit(shown, cause);
      await Bun.sleep(RETRY_AFTER);
      try {
        const failed = await driver.swap(steps, whole);
        return failed.length === 0 || (await wasDone(driver, steps)) ? [] : failed;
      } catch (error) {
        if (!(error instanceof AuthError)) throw error;
        cause = error;
      }
    }
  }
  return {
    ...driver,
    async swap(steps, whole) {
      try {
        return await driver.swap(steps, whole);
      } catch (error) {
        const changes = steps.some(({ next }) => next !== undefined);
        if (!changes || errorCode(error) !== "vault_unreachable") throw error;
        return sendAgain(steps, whole, error);
      }
    },
  };
}

/**
 * All steps are done or none, so one value tells of all. No two seals of a record are the same: the very bytes were written by
 * this swap. A new login has an incarnation of its own, which it keeps however often it was refreshed since.
 */
async function wasDone(driver: StoreDriver, steps: readonly Swap[]): Promise<boolean> {
  const written = steps.filter(({ next }) => next);
  for (const { key, expected, next } of written) {
    const there = await driver.getItemRaw?.(key, {});
    if (!(there instanceof Uint8Array) || !next) continue;
    if (Buffer.compare(there, next.value) === 0) return true;
    const incarnation = incarnationIn(next.value);
    const begins = incarnation !== null && !expected?.includes(incarnation);
    if (begins && incarnationIn(there) === incarnation) return true;
  }
  if (written.length > 0) return false;
  for (const { key, next } of steps)
    if (next === null && (await driver.getItemRaw?.(key, {})) instanceof Uint8Array) return false;
  return true;
}

function incarnationIn(value: Uint8Array): string | null {
  return readSealedHeader(value as Bytes)?.version.incarnation ?? null;
}

function unknownCommit(shown: string, cause: unknown): UnknownCommit {
  return new UnknownCommit(
    "vault_unreachable",
    `The shared vault at ${shown} didn't answer when it was to be changed: whether it was changed isn't known.`,
    { hint: "Once the server answers again, see what is there: auth list", cause },
  );
}
