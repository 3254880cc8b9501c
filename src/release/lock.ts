/** One upgrade of a program at a time. */
import { constants, Database } from "bun:sqlite";
import { closeSync, lstatSync, openSync, rmSync } from "node:fs";
import { join } from "node:path";
import { errorCode } from "../platform/errors.ts";
import { deferSignals } from "../platform/signals.ts";
import { isOwnedByOther } from "../platform/small-file.ts";
import { unavailable } from "./place.ts";

/** SQLite's SQLITE_OPEN_NOFOLLOW, which bun:sqlite doesn't name. */
const OPEN_NOFOLLOW = 0x01000000;

/** Milliseconds to wait for the other upgrade: what is done under the lock takes seconds. */
const WAIT = 30_000;

/**
 * Runs the work while no other upgrade runs in this folder. No signal interrupts it. SQLite locks the file with the
 * system's own locks, which end with their process.
 *
 * @throws AuthError `upgrade_unavailable` where another upgrade doesn't end
 */
export async function whileLocked<T>(folder: string, work: () => Promise<T>): Promise<T> {
  const path = join(folder, ".auth-upgrade.lock");
  const end = performance.now() + WAIT;
  let unlock = tryLock(path);
  for (; unlock === null; unlock = tryLock(path)) {
    if (performance.now() > end)
      throw unavailable("Another upgrade of this program is under way.", "Nothing was changed. Wait for its end.");
    await Bun.sleep(100);
  }
  const signals = deferSignals();
  try {
    return await work();
  } finally {
    unlock();
    signals.release();
  }
}

/** @returns the function that unlocks it; null while another process holds it */
function tryLock(path: string): (() => void) | null {
  create(path);
  const before = lstatSync(path, { throwIfNoEntry: false });
  if (before === undefined) return null;
  if (!before.isFile() || isOwnedByOther(before))
    throw unavailable(`${path} belongs to another user, or is no file.`, "Nothing was changed. Remove it.");
  const database = new Database(path, constants.SQLITE_OPEN_READWRITE | OPEN_NOFOLLOW);
  const unlock = (): void => {
    // Removed while it is locked; on Windows, where an open file can't be removed, afterwards.
    if (process.platform !== "win32") rmSync(path, { force: true });
    database.close();
    if (process.platform === "win32") removeIfFree(path);
  };
  try {
    // No file of its own for a journal: nothing is written.
    database.run("PRAGMA journal_mode=MEMORY; BEGIN EXCLUSIVE");
  } catch (error) {
    if (errorCode(error)?.startsWith("SQLITE_BUSY")) {
      database.close();
      return null;
    }
    // A file system without locks: the program is checked again before it is replaced.
  }
  // If the holder before has removed it, another file has that name now, or none.
  if (lstatSync(path, { throwIfNoEntry: false })?.ino === before.ino) return unlock;
  database.close();
  return null;
}

function create(path: string): void {
  try {
    closeSync(openSync(path, "wx", 0o600));
  } catch (error) {
    if (errorCode(error) !== "EEXIST") throw error;
  }
}

function removeIfFree(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {
    // Another upgrade has it open, and removes it.
  }
}
