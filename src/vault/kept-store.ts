/**
 * The address that `auth vault use` keeps for this home, in a file of its own (0600): it may have the password of a database
 * in it, as the key file has a key. AUTH_STORE wins over it.
 */
import type { Context } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { isThere, ownershipIfThere } from "../platform/small-file.ts";
import { utf8 } from "./bytes.ts";
import { requireOwn } from "./sources/file.ts";

const MAX_BYTES = 4096;
const GIVE_ANEW = "Give it anew: auth vault use <address>\nOr go back to this home's own vault: auth vault use --local";

/** null where there is none: that is one look at the file's name. @throws AuthError `vault_locked`, `usage` */
export function keptStore({ paths }: Pick<Context, "paths">): string | null {
  const path = paths.store;
  const stat = ownershipIfThere(path);
  if (stat === null) return null;
  requireOwn(path, stat, "file with the vault's address", GIVE_ANEW);
  // Of no other kind, and of no other size, is what this made: opening a pipe would wait for its other end.
  const text = (stat.mode & 0o170000) === 0o100000 && stat.size <= MAX_BYTES ? read(path) : "";
  const [line = "", ...rest] = text.split("\n");
  if (/^(rediss?|postgres(ql)?|sqlite):./i.test(line) && rest.join("") === "") return line;
  throw usage(`${path} holds no address of a vault.`, GIVE_ANEW);
}

function read(path: string): string {
  return process.getBuiltinModule("node:fs").readFileSync(path, "utf8");
}

/** On the disk when this returns. @throws AuthError `usage`, `vault_unwritable` */
export async function keepStore({ paths }: Pick<Context, "paths">, address: string): Promise<void> {
  if (address.length >= MAX_BYTES || /[\r\n]/.test(address)) throw usage("This is no address of a vault.", FORM);
  const [{ basename, dirname }, { replaceFile }] = await Promise.all([
    import("node:path"),
    import("./replace-file.ts"),
  ]);
  const { store } = paths;
  replaceFile(dirname(store), basename(store), utf8(`${address}\n`), { durable: true });
}

const FORM = "For example: auth vault use rediss://user@host:6379/0?prefix=team";

/** @returns whether there was one. @throws AuthError `vault_unwritable` */
export async function dropStore({ paths }: Pick<Context, "paths">): Promise<boolean> {
  if (!isThere(paths.store)) return false;
  const [{ rmSync }, { touching }] = await Promise.all([import("node:fs"), import("./files.ts")]);
  touching(paths.store, () => rmSync(paths.store));
  return true;
}
