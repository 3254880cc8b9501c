/**
 * What the rest of the program may ask of the vault. Nothing here assumes SQLite: the same interface
 * fits Redis and PostgreSQL.
 */
import type { AuthError } from "../platform/errors.ts";

/** The kinds of sealed record. */
export type RecordType = "connection" | "client" | "plugin" | "settings" | "folder";

/** Which state of a record it is: a random number drawn at each login, and a count of its commits since. */
export interface Version {
  /** 32 hex digits. */
  readonly incarnation: string;
  readonly generation: number;
}

/** null: of a record that isn't there. */
export function sameVersion(one: Version | null, other: Version | null): boolean {
  return one?.incarnation === other?.incarnation && one?.generation === other?.generation;
}

export interface Entry {
  readonly type: RecordType;
  /** Canonical, case-folded: `github:work`. */
  readonly name: string;
  readonly version: Version;
  /** JSON text, as it was given to `commit`. */
  readonly body: string;
}

/** One step of an atomic commit. `expected: null` means "must not exist"; `next: null` erases. */
export interface Change {
  readonly type: RecordType;
  readonly name: string;
  /** `any`: replaced whatever it is, for a record that doesn't open any more. One of a newer format is refused. */
  readonly expected: Version | null | "any";
  readonly next: { readonly version: Version; readonly body: string } | null;
}

/** What a kept reply was kept for, and its raw bytes. */
export interface Kept {
  readonly version: Version;
  readonly bytes: Uint8Array;
}

/**
 * Keeps the raw bytes of a connection's refresh replies from the instant they arrive (RULES.md 2.1, 2.2): in a file of this
 * home, and for a shared vault in its database as well.
 */
export interface ReplyKeeper {
  /** Makes sure that a reply can be kept: 64 KiB of written zeros, fsynced, 0600. Throws `vault_unwritable`. */
  prepare(): Promise<void>;
  /** Seals the bytes into the file in place and fdatasyncs. `version` is the record's as noted before sending. */
  keep(version: Version, bytes: Uint8Array): Promise<void>;
  /** The kept bytes of exactly that version, or null. Opens with retired keys too. */
  read(version: Version): Promise<Uint8Array | null>;
  /** All that is kept, whatever it was kept for: a vault that is copied takes it along. */
  kept(): Promise<readonly Kept[]>;
  /**
   * Blanks what is kept for exactly that version: it was committed, or is of no more use. Another machine's reply may lie
   * beside it, or have taken its place.
   *
   * @param version `all`: of the login that has ended
   */
  blank(version: Version | "all"): Promise<void>;
}

/**
 * A lock on one connection, which ends with its holder: by the kernel, or, where machines share a vault, by time. `reply`
 * may be touched only by its holder.
 */
export interface Lock {
  readonly reply: ReplyKeeper;
  /**
   * To be called immediately before what must be sent once, since a lock that ends by time may have ended. Absent: it can't.
   *
   * @returns milliseconds for which it certainly lasts: at least two thirds of its time, or 0 where it is another's
   */
  confirm?(): Promise<number>;
  /**
   * Milliseconds since the epoch by the clock of the vault's server, which is one for all machines; also after `release`.
   * null where the server doesn't tell. Absent: no other machine uses the vault.
   */
  serverTime?(): number | null;
  release(): void;
}

/** How old what is read may be. Absent: of now. */
export type Age = "cached";

/** Milliseconds. A quarter of what was waited so far, within these bounds, and half as much more or less. */
export interface LockInterval {
  readonly shortest: number;
  readonly longest: number;
}

export interface Vault {
  readonly id: string;
  /**
   * null when there is no such record. Throws `vault_corrupt` naming the record when it does not open.
   *
   * @param age `cached`: what was read moments ago may do, where asking takes long. Not for what is to be changed
   */
  read(type: RecordType, name: string, age?: Age): Promise<Entry | null>;
  /**
   * Every record of a type, in order of name.
   *
   * @param passOver takes the error of a record that doesn't open, which is left out then; absent: it is thrown
   */
  list(type: RecordType, passOver?: (error: AuthError) => void): Promise<Entry[]>;
  /**
   * Compare-and-set of all changes at once. `conflict`: a record is not at the version expected, nothing was stored.
   * `rekeyed`: the vault got a new key meanwhile; let go of locks, `reload()`, then commit again (RULES.md 1.4).
   */
  commit(changes: readonly Change[]): Promise<"committed" | "conflict" | "rekeyed">;
  /** false while there is none yet, and the first commit makes it. */
  isMade(): Promise<boolean>;
  /**
   * Finds out whether a connection could be stored now, before a person or a provider is asked for what is to be stored:
   * permissions, its lock, and the room that it takes. Clears away what killed processes left.
   *
   * @throws AuthError `vault_unwritable`
   */
  requireWritable(connection: string): Promise<void>;
  /** Reads the header again and gets the key from its source, which may ask a keychain or run a command. */
  reload(): Promise<void>;
  /** Whether its file was moved, removed, or replaced by another since it was opened. One look at the file's name. */
  isReplaced(): boolean;
  /** Takes the lock if it is free, without waiting; null when another process holds it. */
  tryLock(name: string): Promise<Lock | null>;
  /** What this home keeps a reply of the connection for, as far as a look at one file tells; null: none is kept. */
  keptVersion(connection: string): Promise<Version | null>;
  /** A keyed HMAC (hex) of a secret, to compare credentials without showing them. */
  fingerprint(secret: string): Promise<string>;
  /** Between two tries for a lock, where each is a question to a server. Absent: a few milliseconds. */
  readonly lockInterval?: LockInterval;
  /** Closes files and connections, and sees to it that released locks are free for others. */
  close(): void | Promise<void>;
}
