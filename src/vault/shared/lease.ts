/**
 * A lock that ends by time. Two thirds of that are for what is sent: `confirm`, immediately before, sees to it that no more
 * than one third is used, by a clock that can't be set and by one that goes on while the machine sleeps (RULES.md §5).
 */
import { feature } from "bun:bundle";
import { mutated } from "../../platform/faults.ts";
import { LIMITS } from "../../platform/limits.ts";
import { random } from "../bytes.ts";
import type { Leases } from "./store.ts";

export interface Lease {
  /** The random text that tells its holder from all others. */
  readonly owner: string;
  /** As `Lock.confirm`. */
  confirm(): Promise<number>;
  /** As `Lock.serverTime`. */
  serverTime(): number | null;
  release(): Promise<void>;
}

/** Milliseconds. */
export interface Clocks {
  monotonic(): number;
  wall(): number;
}

const CLOCKS: Clocks = { monotonic: () => performance.now(), wall: () => Date.now() };

/** @returns null where another has it */
export async function takeLease(leases: Leases, name: string, clocks: Clocks = CLOCKS): Promise<Lease | null> {
  const owner = random(16).toHex();
  const lasts = LIMITS.lease;
  // Before the question goes out: the server may count from any moment until its answer is here.
  let since = readings(clocks);
  const taken = await leases.take(name, owner, lasts);
  if (taken === null) {
    if (feature("AUTH_TEST") && mutated("lock-off"))
      return { owner, confirm: async () => lasts, serverTime: () => null, release: async () => {} };
    return null;
  }
  const answered = clocks.monotonic();

  const left = (): number => {
    const now = readings(clocks);
    const used = [now.monotonic - since.monotonic, now.wall - since.wall];
    // A clock that was set back tells nothing.
    return used.some((one) => one < 0) ? 0 : lasts - Math.max(...used);
  };
  const isFresh = (): boolean => left() > (lasts * 2) / 3;

  return {
    owner,
    async confirm() {
      for (let tries = 0; tries < 2; tries++) {
        if (isFresh()) return left();
        const asked = readings(clocks);
        if (!(await leases.renew(name, owner, lasts))) return 0;
        since = asked;
      }
      return isFresh() ? left() : 0;
    },
    // A little less than it is, by the time that the answer took.
    serverTime: () => (taken.at === null ? null : taken.at + clocks.monotonic() - answered),
    release: () => leases.release(name, owner),
  };
}

function readings({ monotonic, wall }: Clocks): { monotonic: number; wall: number } {
  return { monotonic: monotonic(), wall: wall() };
}
