/** Waiting for refreshes on other machines before a shared vault is given a new key. */
import type { Context } from "../../platform/context.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Bytes } from "../bytes.ts";
import { lockHash } from "../lock.ts";
import type { Settled } from "../rekey.ts";
import type { Leases } from "./store.ts";

/** Milliseconds between two questions to the server. */
const INTERVAL = 250;
/** Of leases that are asked for at once. */
const MANY = 1_000;

/**
 * A machine that isn't given the new key can't store what a refresh brings, nor can others open its reply: the login would be
 * lost. Who refreshes has a lease, so those are waited for, all in all for as long as one refresh may take. Then the new key
 * goes first: else a member could put off being removed for ever.
 *
 * A record is read before its lease is asked for: a refresh that begins later changes it, and the new key isn't stored then.
 */
export function awaitRefreshes({ warn }: Pick<Context, "warn">, leases: Leases, indexKey: Bytes): Settled {
  let end: number | null = null;
  let isOver = false;
  return async (connections) => {
    if (isOver) return true;
    let waited = false;
    for (;;) {
      const held = await underRefresh(leases, indexKey, connections);
      if (held.length === 0) return !waited;
      if (end === null) {
        end = performance.now() + LIMITS.lockWait;
        warn(
          `Being refreshed: ${held.join(", ")}. Waiting for the outcome before the vault is given a new key, so that no login is lost.`,
        );
      }
      if (performance.now() >= end) {
        isOver = true;
        warn(
          `Still being refreshed: ${held.join(", ")}. The vault is given its new key now: if the machine that refreshes doesn't get that key, the others lose that login.`,
        );
        return !waited;
      }
      waited = true;
      await Bun.sleep(INTERVAL);
    }
  };
}

async function underRefresh(leases: Leases, indexKey: Bytes, connections: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  for (let from = 0; from < connections.length; from += MANY) {
    const names = new Map(connections.slice(from, from + MANY).map((name) => [lockHash(indexKey, name), name]));
    for (const hash of await leases.held([...names.keys()])) found.push(names.get(hash) ?? hash);
  }
  return found.sort();
}
