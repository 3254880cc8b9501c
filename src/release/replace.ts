/**
 * Another program in the place of this one, which is kept as the previous one. At every moment there is a whole program at
 * the place (on Windows, where a running one can't be replaced, but for the instant between two renames). What fails, or is
 * interrupted, leaves both as they were. Precondition of all: no other upgrade is under way (`lock.ts`).
 */
import { randomBytes } from "node:crypto";
import {
  chmodSync,
  chownSync,
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { AuthError, errorCode } from "../platform/errors.ts";
import { faultReason } from "../platform/file-faults.ts";
import { whileHeld } from "../platform/held-files.ts";
import { heldSignal } from "../platform/signals.ts";
import { previousPath, unavailable } from "./place.ts";

const isWindows = process.platform === "win32";

/**
 * @param check runs the new one where it will be; what it throws leaves everything as it was
 * @throws AuthError `upgrade_unavailable`
 */
export function replaceOwn(path: string, bytes: Uint8Array, check: (program: string) => Promise<void>): Promise<void> {
  return changing(path, async () => {
    const fresh = draftPath(path);
    write(fresh, bytes);
    setAccess(fresh, path);
    await check(fresh);
    return fresh;
  });
}

/** Exchanges the program and its previous one, which was found to be right. @throws AuthError `upgrade_unavailable` */
export function restorePrevious(path: string, previous: string): Promise<void> {
  return changing(path, async () => {
    if (isWindows) return previous;
    const fresh = draftPath(path);
    secondName(previous, fresh);
    setAccess(fresh, path);
    return fresh;
  });
}

/** @param prepare returns the program that gets the place */
async function changing(path: string, prepare: () => Promise<string>): Promise<void> {
  try {
    removeDrafts(path);
    const fresh = await prepare();
    if (heldSignal()?.aborted) throw new AuthError("interrupted", "The upgrade was interrupted: nothing was changed.");
    (isWindows ? swapOnWindows : swap)(path, fresh);
  } catch (error) {
    const code = errorCode(error);
    if (error instanceof AuthError || code === undefined) throw error;
    throw unavailable(`${path} can't be replaced: ${faultReason(code)}.`, undefined, error);
  } finally {
    removeDrafts(path);
  }
}

function draftPath(path: string): string {
  // Windows runs only what ends so.
  return join(dirname(path), `.auth-${randomBytes(6).toString("hex")}${isWindows ? ".exe" : ""}`);
}

/** Those of upgrades that were killed, too. */
function removeDrafts(path: string): void {
  for (const name of readdirSync(dirname(path))) {
    if (!/^\.auth-[0-9a-f]{12}(\.exe)?$/.test(name)) continue;
    try {
      rmSync(join(dirname(path), name));
    } catch {
      // Windows keeps a program that still runs, a shared folder what is another user's: the next upgrade tries again.
    }
  }
}

function write(path: string, bytes: Uint8Array): void {
  const fd = openSync(path, "wx", 0o700);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** Whoever may run the one at the place may run the new one, whatever the umask is. */
function setAccess(fresh: string, path: string): void {
  if (isWindows) return;
  const { mode, uid, gid } = statSync(path);
  if (statSync(fresh).gid !== gid) chownSync(fresh, uid, gid);
  chmodSync(fresh, mode & 0o777);
}

/** `fresh` becomes the program, the program becomes the previous one: first what is likelier to fail. */
function swap(path: string, fresh: string): void {
  const kept = draftPath(path);
  secondName(path, kept);
  renameSync(fresh, path);
  try {
    renameSync(kept, previousPath(path));
  } catch (error) {
    renameSync(kept, path);
    throw error;
  }
}

/** A file system without hard links gets a copy. */
function secondName(path: string, name: string): void {
  try {
    linkSync(path, name);
  } catch {
    copyFileSync(path, name);
    setAccess(name, path);
  }
}

/** A program that runs can be renamed there, and not removed: the previous one may still be at work. */
function swapOnWindows(path: string, fresh: string): void {
  const previous = previousPath(path);
  const aside = draftPath(path);
  const moves: (readonly [from: string, to: string])[] = [
    [path, previous],
    [fresh === previous ? aside : fresh, path],
  ];
  if (existsSync(previous)) moves.unshift([previous, aside]);
  const done: typeof moves = [];
  try {
    for (const move of moves) {
      whileHeld(() => renameSync(...move));
      done.unshift(move);
    }
  } catch (error) {
    for (const [from, to] of done) whileHeld(() => renameSync(to, from));
    throw error;
  }
}
