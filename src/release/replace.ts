/**
 * Replaces this program by another, and keeps it as the previous one. There is a complete program at the path at every
 * moment (except, on Windows, between two renames). A failure or an interruption leaves both as they were. Precondition of
 * all functions: no other upgrade is under way (`lock.ts`).
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
 * @param check runs the new one in its folder; where it throws, nothing is changed
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

/** Exchanges the program and its previous one, which was checked. @throws AuthError `upgrade_unavailable` */
export function restorePrevious(path: string, previous: string): Promise<void> {
  return changing(path, async () => {
    if (isWindows) return previous;
    const fresh = draftPath(path);
    secondName(previous, fresh);
    setAccess(fresh, path);
    return fresh;
  });
}

/** @param prepare returns the path of the new program */
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
  // Windows runs only files that end with .exe.
  return join(dirname(path), `.auth-${randomBytes(6).toString("hex")}${isWindows ? ".exe" : ""}`);
}

/** Also those of killed upgrades. */
function removeDrafts(path: string): void {
  for (const name of readdirSync(dirname(path))) {
    if (!/^\.auth-[0-9a-f]{12}(\.exe)?$/.test(name)) continue;
    try {
      rmSync(join(dirname(path), name));
    } catch {
      // It still runs (Windows), or belongs to another user: the next upgrade tries again.
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

/** Gives the new program the old one's mode and group, whatever the umask is. */
function setAccess(fresh: string, path: string): void {
  if (isWindows) return;
  const { mode, uid, gid } = statSync(path);
  if (statSync(fresh).gid !== gid) chownSync(fresh, uid, gid);
  chmodSync(fresh, mode & 0o777);
}

/** `fresh` becomes the program, and the program the previous one: the step that is likelier to fail comes first. */
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

/** A hard link; a copy where the file system has none. */
function secondName(path: string, name: string): void {
  try {
    linkSync(path, name);
  } catch {
    copyFileSync(path, name);
    setAccess(name, path);
  }
}

/** On Windows a running program can be renamed, but not removed, and the previous one may still run. */
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
