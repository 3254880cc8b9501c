/**
 * The address that `auth vault use` keeps for this home, in a file of its own (0600): it may have the password of a database
 * in it, as the key file has a key. AUTH_STORE wins over it.
 */
import type { Context } from "../platform/context.ts";
import { type AuthError, errorCode, isOutOfFiles, RAISE_FILE_LIMIT, usage } from "../platform/errors.ts";
import { moveCommand, permitCommand, shellWord } from "../platform/shell-word.ts";
import { accessHint, isNamed, ownershipIfThere, readOwned } from "../platform/small-file.ts";
import { utf8 } from "./bytes.ts";
import { requireOwn } from "./sources/file.ts";
import { locked } from "./sources/source.ts";

const MAX_BYTES = 4096;
const WHAT = "file with the vault's address";
const GIVE_ANEW = "Give it anew: auth vault use <address>\nOr go back to this home's own vault: auth vault use --local";

type Home = Pick<Context, "paths">;

/**
 * The address that `auth vault use` keeps. A file that can't be read is an error: logins would go to another vault than the
 * one that was chosen.
 *
 * @returns null only if there is no such file, which takes one system call
 * @throws AuthError `vault_locked`, `usage`
 */
export function keptStore({ paths }: Home): string | null {
  const path = paths.store;
  const text = textIfNamed(path);
  if (text === null) return null;
  const [line = "", ...rest] = text.split("\n");
  if (text.length <= MAX_BYTES && line !== "" && rest.join("") === "") return line;
  throw noAddress(path);
}

function noAddress(path: string): AuthError {
  return usage(`${path} holds no address of a vault.`, GIVE_ANEW);
}

function textIfNamed(path: string): string | null {
  try {
    if (!isNamed(path)) return null;
    const file = readOwned(path);
    requireOwn(path, file, WHAT, GIVE_ANEW);
    return file.text;
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, error: unknown): unknown {
  const code = errorCode(error);
  const cannot = `The ${WHAT} ${path} can't be read`;
  if (isOutOfFiles(error)) return locked(`${cannot}: too many open files.`, RAISE_FILE_LIMIT);
  switch (code) {
    case "ENOENT":
    case "ELOOP":
      return locked(`${cannot}: it is a link that leads to no file.`, `Put back what it leads to.\n${GIVE_ANEW}`);
    case "EACCES":
    case "EPERM":
      return locked(`${cannot}: permission denied.`, permission(path));
    case "EISDIR":
      return isFolder(path) ? folder(path) : noAddress(path);
    case "ENXIO":
      return noAddress(path);
    case "EIO":
    case "ESTALE":
    case "ENOTCONN":
      return locked(`${cannot}: the disk reports an error (${code}).`, `Check the disk.\n${GIVE_ANEW}`);
    default:
      return error;
  }
}

function permission(path: string): string {
  const stat = ownershipIfThere(path);
  if (stat !== null) return accessHint(path, stat, `Make it readable: ${permitCommand(path)}`);
  const above = path.replace(/[/\\][^/\\]*$/, "");
  return `Its folder, or one above that, is closed to this user. To open it: chmod u+rwx ${shellWord(above)}`;
}

function isFolder(path: string): boolean {
  return ((ownershipIfThere(path, "link")?.mode ?? 0) & 0o170000) === 0o040000;
}

/** Something of a person's may be in it, so that nothing here removes it. */
function folder(path: string): AuthError {
  return usage(
    `${path} is a folder, and holds no address of a vault.`,
    `Move it away: ${moveCommand(path, `${path}.old`)}`,
  );
}

/** On the disk when this returns. @throws AuthError `usage`, `vault_unwritable` */
export async function keepStore({ paths }: Home, address: string): Promise<void> {
  if (address.length >= MAX_BYTES || /[\r\n]/.test(address)) throw usage("This is no address of a vault.", FORM);
  const { store } = paths;
  if (isFolder(store)) throw folder(store);
  const [{ basename, dirname }, { removeDrafts, replaceFile }] = await Promise.all([
    import("node:path"),
    import("./replace-file.ts"),
  ]);
  removeDrafts(dirname(store));
  replaceFile(dirname(store), basename(store), utf8(`${address}\n`), { durable: true });
}

const FORM = "For example: auth vault use rediss://user@host:6379/0?prefix=team";

/** @returns whether there was one. @throws AuthError `vault_unwritable`, `usage` */
export async function dropStore({ paths }: Home): Promise<boolean> {
  const { store } = paths;
  const [{ rmSync }, { dirname }, { lstat, touching }, { removeDrafts }] = await Promise.all([
    import("node:fs"),
    import("node:path"),
    import("./files.ts"),
    import("./replace-file.ts"),
  ]);
  removeDrafts(dirname(store));
  if (isFolder(store)) throw folder(store);
  return touching(store, () => {
    if (lstat(store) === null) return false;
    rmSync(store);
    return true;
  });
}
