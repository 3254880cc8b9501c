/** What a place must be able to do to hold a vault: an unstorage driver, and one atomic way to write. */
import type { Driver } from "unstorage";
import { AuthError, errorCode } from "../platform/errors.ts";

/** One step of a swap. Versions are texts, `epoch.incarnation.generation`, compared for equality only. */
export interface Swap {
  readonly key: string;
  /** null: must not exist. Left out: whatever it is. */
  readonly expected?: string | null;
  /** null erases; left out, the key is only checked. */
  readonly next?: { readonly version: string; readonly value: Uint8Array } | null;
}

/**
 * unstorage's own ways to write are refused (`PLAIN_WRITES`): `setItem` overwrites whatever is there, so a process that
 * was held up could put an older token over a newer one, and several records would not change together.
 */
export interface StoreDriver extends Omit<Driver, "getInstance"> {
  /**
   * All steps or none, durable when it returns. Nothing is left to be found of a value that was erased or replaced.
   *
   * @param whole the store must hold no other keys than these
   * @returns the keys that were not as expected; none: it is done
   * @throws AuthError `busy` when others are writing: try again. `UnknownCommit`; after any other, nothing was changed
   */
  swap(steps: readonly Swap[], whole?: boolean): Promise<string[]>;
  /** Finds out whether it can be written now, by writing as much as a login takes. @throws AuthError `vault_unwritable` */
  requireWritable(): Promise<void>;
  /** Looks through the whole store for damage. @throws AuthError `vault_corrupt` */
  check(): Promise<void>;
  close(): void;
}

const refuse = (): never => {
  throw new Error("A vault is written by swap alone.");
};

/** For every driver: what unstorage offers for writing, and how. */
export const PLAIN_WRITES = {
  setItem: refuse,
  setItemRaw: refuse,
  setItems: refuse,
  removeItem: refuse,
  clear: refuse,
};

/** Milliseconds. A commit syncs five times, which on a disk under load takes seconds, and readers wait for it too. */
const BUSY_TIMEOUT = 15_000;
/** Between two tries, half as much more or less. Another process has soon done its commit. */
const PAUSE = 10;
/** A server that is full is kept from its work by each try: PostgreSQL makes a process for it. */
const LONGEST_PAUSE = 1_000;

/**
 * Other processes may be using the vault file: the work is tried again, and signals and timers go on in between.
 *
 * @param work throws `busy` where it is to be tried again
 * @param timeout milliseconds
 */
export async function retryWhileBusy<T>(work: () => T | Promise<T>, timeout = BUSY_TIMEOUT): Promise<T> {
  const end = performance.now() + timeout;
  for (let pause = PAUSE; ; ) {
    try {
      return await work();
    } catch (error) {
      if (errorCode(error) !== "busy" || performance.now() >= end) throw error;
      pause = error instanceof ServerFull ? Math.min(pause * 2, LONGEST_PAUSE) : PAUSE;
      await Bun.sleep(pause * (0.5 + Math.random()));
    }
  }
}

/** SQLite's codes for it, at opening as at writing: a commit or a recovery is going on. */
export function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED|PROTOCOL)/.test(errorCode(error) ?? "");
}

/** A change was sent, and whether it was made can't be found out: what it would have put in the vault may be there. */
export class UnknownCommit extends AuthError {}

export function busy(cause: unknown): AuthError {
  return new AuthError("busy", "The vault is being used by other processes.", { hint: "Try again.", cause });
}

/** Of the vault's server: all its places for clients are taken. */
export class ServerFull extends AuthError {
  constructor(cause: unknown) {
    const hint = "Try again, later, or let the server take more clients at once.";
    super("busy", "The server of the shared vault has as many clients as it takes.", { hint, cause });
  }
}
