/** What a database must offer to hold a vault for many machines. */
import type { StoreDriver } from "../driver.ts";

export interface SharedStore {
  readonly driver: StoreDriver;
  readonly leases: Leases;
  readonly replies: Replies;
  /** @throws AuthError `vault_unwritable` where no vault may be made there: a replica, or what forgets what it has confirmed */
  requireDurable(): Promise<void>;
  /** Makes what the records need there. What is there already stays. @throws AuthError `vault_unwritable` */
  prepare(): Promise<void>;
  /** What of its settings may cost a login. What the server doesn't tell, or this user may not ask, is left out. */
  weaknesses(): Promise<readonly Weakness[]>;
  /** By the server's clock, milliseconds since the epoch; null where it doesn't tell. */
  time(): Promise<number | null>;
}

export interface Weakness {
  /** A sentence. */
  readonly text: string;
  readonly remedy: string;
}

/**
 * Locks that end by themselves, timed by the database's own clock. A lease can always be outlived (a pause, a partition):
 * what it protects is fenced by `swap` besides.
 */
export interface Leases {
  /** @param milliseconds how long it lasts @returns null where another has it */
  take(name: string, owner: string, milliseconds: number): Promise<Taken | null>;
  /** From now on for as long again. @returns false where it has ended, or is another's */
  renew(name: string, owner: string, milliseconds: number): Promise<boolean>;
  /** Which of these someone has now. */
  held(names: readonly string[]): Promise<string[]>;
  /** Another's lease stays. */
  release(name: string, owner: string): Promise<void>;
}

export interface Taken {
  /** By the server's clock, milliseconds since the epoch; null where it doesn't tell. */
  readonly at: number | null;
}

/** Sealed replies to refreshes, kept where other machines find them. Changed only by who has the lease of that name. */
export interface Replies {
  get(name: string): Promise<Uint8Array | null>;
  /** @returns false where `owner` no longer has the lease: nothing was changed */
  put(name: string, owner: string, value: Uint8Array): Promise<boolean>;
  /** @param value left out: whatever is there; else that alone */
  drop(name: string, owner: string, value?: Uint8Array): Promise<boolean>;
}
