/** The file of the running program: who installed it, and putting another in its place. */
import { randomBytes } from "node:crypto";
import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  linkSync,
  openSync,
  readFileSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from "node:fs";
import { basename, dirname, join } from "node:path";
import { AuthError, errorCode } from "./errors.ts";
import { faultReason } from "./file-faults.ts";
import { whileHeld } from "./held-files.ts";
import { shellWord } from "./shell-word.ts";

/** Its real path: links that lead to it stay as they are. */
export function ownPath(): string {
  return realpathSync(process.execPath);
}

/** Beside the program: `auth.previous`, `auth.previous.exe`. */
export function previousPath(path: string): string {
  const [, stem, end] = /^(.*?)(\.exe)?$/i.exec(basename(path)) ?? [];
  return join(dirname(path), `${stem}.previous${end ?? ""}`);
}

/** What a package manager's files look like, and how it gets a newer one. */
const MANAGERS: readonly [pattern: RegExp, name: string, command: string][] = [
  [/^\/nix\/store\//, "Nix", "nix profile upgrade auth"],
  [/\/Cellar\//, "Homebrew", "brew upgrade auth"],
  [/[\\/]scoop[\\/]apps[\\/]/i, "Scoop", "scoop update auth"],
  [/[\\/]node_modules[\\/]/, "npm", "npm install --global auth-cli@latest"],
];

/** The package manager that the file belongs to; null where it is the user's own. */
export function managerOf(path: string): { readonly name: string; readonly command: string } | null {
  const found = MANAGERS.find(([pattern]) => pattern.test(path));
  if (found !== undefined) return { name: found[1], command: found[2] };
  return isOfDpkg(path) ? { name: "dpkg", command: "sudo apt-get install ./auth_<version>_<architecture>.deb" } : null;
}

/** dpkg's list of the package's files; where /usr is merged, /bin and /usr/bin are one folder. */
function isOfDpkg(path: string): boolean {
  try {
    return readFileSync("/var/lib/dpkg/info/auth.list", "utf8").split("\n").includes(path);
  } catch {
    // There is no dpkg, or no such package.
    return false;
  }
}

/**
 * Puts a program in the place of this one, which is kept as the previous one. At every moment there is a whole program
 * at the place (on Windows, where a running one can't be replaced, but for the instant between two renames).
 *
 * @param check runs the new one where it will be; what it throws leaves everything as it was
 * @throws AuthError `upgrade_unavailable` where the folder or the file is not ours to change
 */
export async function replaceOwn(
  path: string,
  bytes: Uint8Array,
  check: (program: string) => Promise<void>,
): Promise<void> {
  const fresh = beside(path);
  await changing(path, fresh, async () => {
    write(fresh, bytes, statSync(path).mode & 0o777);
    await check(fresh);
    swap(path, fresh);
  });
}

/** Exchanges the program and its previous one. @throws AuthError as `replaceOwn` does, and where there is no previous one */
export async function restorePrevious(path: string, check: (program: string) => Promise<void>): Promise<void> {
  const previous = previousPath(path);
  if (!existsSync(previous))
    throw new AuthError("upgrade_unavailable", `There is no previous version: ${previous} is not there.`, {
      hint: "'auth upgrade' keeps the version that it replaces.",
    });
  const fresh = beside(path);
  await changing(path, fresh, async () => {
    await check(previous);
    secondName(previous, fresh);
    swap(path, fresh);
  });
}

function beside(path: string): string {
  // Windows runs only what ends so.
  return join(dirname(path), `.auth-${randomBytes(6).toString("hex")}${/\.exe$/i.test(path) ? ".exe" : ""}`);
}

function write(path: string, bytes: Uint8Array, mode: number): void {
  const fd = openSync(path, "wx", mode | 0o700);
  try {
    for (let done = 0; done < bytes.length; ) done += writeSync(fd, bytes, done);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
}

/** `fresh` becomes the program, the program becomes the previous one. */
function swap(path: string, fresh: string): void {
  const previous = previousPath(path);
  if (process.platform === "win32") {
    whileHeld(() => rmSync(previous, { force: true }));
    whileHeld(() => renameSync(path, previous));
    try {
      whileHeld(() => renameSync(fresh, path));
    } catch (error) {
      whileHeld(() => renameSync(previous, path));
      throw error;
    }
    return;
  }
  const kept = beside(path);
  try {
    secondName(path, kept);
    renameSync(kept, previous);
    renameSync(fresh, path);
  } finally {
    rmSync(kept, { force: true });
  }
}

/** A file system without hard links gets a copy. */
function secondName(path: string, name: string): void {
  try {
    linkSync(path, name);
  } catch {
    copyFileSync(path, name);
  }
}

/** @param draft is gone afterwards, whatever happens */
async function changing(path: string, draft: string, change: () => Promise<void>): Promise<void> {
  const { uid } = statSync(path);
  const me = process.getuid?.();
  if (me !== undefined && me !== uid)
    throw new AuthError("upgrade_unavailable", `${path} belongs to another user.`, {
      hint: uid === 0 ? `Run it as root: sudo ${shellWord(path)} upgrade` : "Let its owner run: auth upgrade",
    });
  try {
    await change();
  } catch (error) {
    const code = errorCode(error);
    if (error instanceof AuthError || code === undefined) throw error;
    throw new AuthError("upgrade_unavailable", `${path} can't be replaced: ${faultReason(code)}.`, {
      cause: error,
      hint: "Nothing was changed.",
    });
  } finally {
    rmSync(draft, { force: true });
  }
}
