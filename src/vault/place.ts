/** Where an opened vault is, beyond its records: what locks a connection, and what this home knows of the vault. */
import type { Bytes } from "./bytes.ts";
import type { Header, Keys } from "./header.ts";
import type { ReplyKeys } from "./reply-file.ts";
import type { Label } from "./seal.ts";
import type { Entry, Lock, LockInterval, Version } from "./types.ts";

export interface VaultPlace {
  /** Takes a connection's lock if it is free; null when another holds it. @param indexKey what locks are named by */
  tryLock(name: string, indexKey: Bytes, keys: ReplyKeys): Promise<Lock | null>;
  /** As `Vault.keptVersion`. */
  keptVersion(name: string, indexKey: Bytes): Promise<Version | null>;
  /** Clears away what killed processes left. @param readHeader the header as it is then */
  clearLeftovers(readHeader: () => Promise<Header>): Promise<void>;
  /** As `Vault.isReplaced`. */
  isReplaced(): boolean;
  /** As `Vault.lockInterval`. */
  readonly lockInterval?: LockInterval;
  /** Absent: nothing is remembered. A file that someone can put an older one in place of is the person's own. */
  readonly memory?: HomeMemory;
  /**
   * What this home has read moments ago, else `current`. Absent: each read is of now.
   *
   * @param place the record's key in the store
   * @param current reads the store
   */
  readCached?(label: Label, place: string, current: () => Promise<Entry | null>): Promise<Entry | null>;
  close(): void | Promise<void>;
}

/** What a state of a record is to the latest that this home has seen. `unseen`: it has seen none. */
export type ComparedToSeen = "unseen" | "older" | "same" | "later";

/** What a home remembers of a vault that others can change: enough to notice another one, or an older state of it. */
export interface HomeMemory {
  /** Once its keys are known, and after each change of them. @throws AuthError `vault_replaced`, `vault_rolled_back` */
  recognize(header: Header, keys: Keys): Promise<void>;
  /** @param version of a state of the record; null: that there is none */
  compareToSeen(place: string, version: Version | null, keys: ReplyKeys): Promise<ComparedToSeen>;
  /** Remembers the latest state of a record. */
  remember(place: string, version: Version, keys: ReplyKeys): Promise<void>;
  /**
   * Where a record was found to be absent: the login that was seen there has ended, and never comes back.
   *
   * @param isAbsent reads the store again
   */
  rememberAbsent(place: string, keys: ReplyKeys, isAbsent: () => Promise<boolean>): Promise<void>;
  /** As `rememberAbsent`, of every record that was seen. @param present all that the store has @param isAbsent reads one again */
  rememberOnly(
    present: ReadonlySet<string>,
    keys: ReplyKeys,
    isAbsent: (place: string) => Promise<boolean>,
  ): Promise<void>;
}
