/**
 * One lock for each connection, held by the kernel for as long as its holder lives: the byte that SQLite locks for
 * `BEGIN IMMEDIATE`, in a file of its own. On Linux it is locked plainly, which takes a third of the time; elsewhere
 * SQLite does it, and the two keep each other out. The files are named by keyed hash and never deleted. Only this file
 * opens them (RULES.md 1.1, 1.2).
 */
import { feature } from "bun:bundle";
import { constants, Database } from "bun:sqlite";
import { closeSync, constants as fsConstants, openSync } from "node:fs";
import { dirname, join } from "node:path";
import { errorCode } from "../platform/errors.ts";
import { mutated } from "../platform/faults.ts";
import { hasByteLocks, lockByte, unlockByte } from "../platform/file-lock.ts";
import { O } from "../platform/posix.ts";
import { type Bytes, hmac, pack } from "./bytes.ts";
import { checkPrivate, createPrivate, ensureOwnFolder, realPlace, touching, unwritable } from "./files.ts";
import { keptVersion, type ReplyKeys, replyFile } from "./reply-file.ts";
import { OPEN_NOFOLLOW } from "./sqlite.ts";
import type { Lock, LockInterval, Vault, Version } from "./types.ts";

/** RESERVED_BYTE of SQLite's file format ("The lock-byte page"): one writer at a time holds it. */
const RESERVED_BYTE = 0x40000001;

/** Held locks, kept from the garbage collector: it would close the handle, and the lock would be gone. */
const held = new Set<Database>();

/** A lock file, opened once and tried as often as needed. */
export interface LockFile {
  /** Takes the lock if it is free, without waiting. */
  take(): boolean;
  release(): void;
  close(): void;
}

/** @throws AuthError `vault_unwritable` */
export function openLockFile(path: string): LockFile {
  return touching(path, () => {
    if (!createPrivate(path)) checkPrivate(path);
    return byKernel(path) ?? bySqlite(path);
  });
}

/** null where there are no such locks. */
function byKernel(path: string): LockFile | null {
  if (process.platform !== "linux") return null;
  // Not inherited by a program that is started meanwhile: it would hold the lock too.
  const fd = openSync(path, fsConstants.O_RDWR | O.NOFOLLOW | O.CLOEXEC);
  if (!hasByteLocks(fd)) {
    closeSync(fd);
    return null;
  }
  let isOpen = true;
  return {
    take: () => touching(path, () => lockByte(fd, RESERVED_BYTE)),
    // Once it is closed, the number may be another file's.
    release() {
      if (isOpen) unlockByte(fd, RESERVED_BYTE);
    },
    close() {
      if (isOpen) closeSync(fd);
      isOpen = false;
    },
  };
}

/** Where the kernel has no such lock. */
export function bySqlite(path: string): LockFile {
  const database = new Database(path, constants.SQLITE_OPEN_READWRITE | OPEN_NOFOLLOW);
  database.run("PRAGMA busy_timeout=0");
  return {
    take() {
      try {
        database.run("BEGIN IMMEDIATE");
      } catch (error) {
        if (errorCode(error)?.startsWith("SQLITE_BUSY")) return false;
        throw unwritable(path, error);
      }
      held.add(database);
      return true;
    },
    release() {
      if (!held.delete(database)) return;
      database.run("ROLLBACK");
    },
    close() {
      held.delete(database);
      // Ends the transaction, and with it the lock.
      database.close();
    },
  };
}

/** A lock that was found taken: its open file, and where that is. Found out once, not at each try. */
export interface TriedLock {
  readonly file: LockFile;
  readonly folder: string;
  readonly hash: string;
}

/**
 * Takes the lock if it is free.
 *
 * @param vault the vault file as it was named
 * @param waiting locks found taken before, by name; one that stays taken is left there for the next try
 * @returns null when another holds it
 */
export function lockIn(
  vault: string,
  name: string,
  indexKey: Bytes,
  waiting: Map<string, TriedLock>,
  keys: ReplyKeys,
): Lock | null {
  const found = waiting.get(name) ?? find(vault, name, indexKey);
  const { file, folder, hash } = found;
  // Out of the map while it is held: the handle must not be taken a second time.
  waiting.delete(name);
  if (!file.take() && !(feature("AUTH_TEST") && mutated("lock-off"))) {
    waiting.set(name, found);
    return null;
  }
  const reply = replyFile(join(folder, `${hash}.reply`), `reply ${hash}`, name, keys);
  return {
    reply,
    release() {
      reply.close();
      file.close();
    },
  };
}

/** As `Vault.keptVersion`, without the lock. @param vault the vault file as it was named */
export function keptIn(vault: string, name: string, indexKey: Bytes): Version | null {
  try {
    return keptVersion(join(dirname(realPlace(vault)), "vault.locks", `${lockHash(indexKey, name)}.reply`));
  } catch (error) {
    // Who takes the lock finds out what is wrong there.
    if (errorCode(error) === undefined) throw error;
    return null;
  }
}

/** What a connection's lock is called, where others see the name. */
export function lockHash(indexKey: Bytes, name: string): string {
  return hmac(indexKey, pack("lock", name)).toHex();
}

function find(vault: string, name: string, indexKey: Bytes): TriedLock {
  const hash = lockHash(indexKey, name);
  const folder = locksFolder(vault);
  return { file: openLockFile(join(folder, `${hash}.lock`)), folder, hash };
}

/** `vault.locks` beside the file itself, so that all who reach it by any link meet at the same locks. */
export function locksFolder(vault: string): string {
  const folder = touching(vault, () => join(dirname(realPlace(vault)), "vault.locks"));
  ensureOwnFolder(folder);
  return folder;
}

export type Turn<T> =
  | { readonly kind: "locked"; readonly lock: Lock }
  /** `watch` saw what we were waiting for: no lock is needed. */
  | { readonly kind: "seen"; readonly value: T }
  | { readonly kind: "timeout" };

export interface Waiting<T> {
  /** Called before each try; anything but null ends the wait. */
  watch(): Promise<T | null>;
  /** Milliseconds. */
  readonly timeout: number;
  /** Milliseconds on any clock that only goes forward. */
  now?(): number;
  sleep?(milliseconds: number): Promise<void>;
}

/** On one machine a try costs next to nothing, however long it goes on. */
const LOCAL_INTERVAL: LockInterval = { shortest: 10, longest: 10 };

/** Waits for a connection's lock, awake: signals, timers and other connections go on meanwhile. */
export async function waitForLock<T>(
  vault: Pick<Vault, "tryLock" | "lockInterval">,
  name: string,
  waiting: Waiting<T>,
): Promise<Turn<T>> {
  const { watch, timeout, now = () => performance.now(), sleep = Bun.sleep } = waiting;
  const begun = now();
  for (;;) {
    const value = await watch();
    if (value !== null) return { kind: "seen", value };
    const lock = await vault.tryLock(name);
    if (lock !== null) return { kind: "locked", lock };
    const waited = now() - begun;
    if (waited >= timeout) return { kind: "timeout" };
    const { shortest, longest } = vault.lockInterval ?? LOCAL_INTERVAL;
    const interval = Math.min(Math.max(waited / 4, shortest), longest);
    await sleep(interval * (0.5 + Math.random()));
  }
}
