/**
 * One lock for each connection, held by the kernel for as long as its holder lives: the byte that SQLite locks for
 * `BEGIN IMMEDIATE`, in a file of its own. On Linux it is locked plainly, which takes a third of the time; elsewhere
 * SQLite does it, and the two keep each other out. The files are named by keyed hash and never deleted. Only this file
 * opens them (RULES.md 1.1, 1.2).
 */
import { constants, Database } from "bun:sqlite";
import { closeSync, constants as fsConstants, openSync } from "node:fs";
import { errorCode } from "../platform/errors.ts";
import { hasByteLocks, lockByte, unlockByte } from "../platform/file-lock.ts";
import { O } from "../platform/posix.ts";
import { checkPrivate, createPrivate, touching, unwritable } from "./files.ts";
import { OPEN_NOFOLLOW } from "./sqlite.ts";
import type { Lock, Vault } from "./types.ts";

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

/** Waits for a connection's lock, awake: signals, timers and other connections go on meanwhile. */
export async function waitForLock<T>(
  vault: Pick<Vault, "tryLock">,
  name: string,
  waiting: Waiting<T>,
): Promise<Turn<T>> {
  const { watch, timeout, now = () => performance.now(), sleep = Bun.sleep } = waiting;
  const end = now() + timeout;
  for (;;) {
    const value = await watch();
    if (value !== null) return { kind: "seen", value };
    const lock = await vault.tryLock(name);
    if (lock !== null) return { kind: "locked", lock };
    if (now() >= end) return { kind: "timeout" };
    await sleep(5 + Math.random() * 10);
  }
}
