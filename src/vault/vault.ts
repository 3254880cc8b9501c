/** The way into the vault. The first lines of every command that needs a token, so nothing heavy is loaded here. */
import type { Context } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { absolutePath, requireUtf8 } from "../platform/paths.ts";
import { shellWord } from "../platform/shell-word.ts";
import { foreign, isOpenTo, isOwnedByOther, modeText, type Ownership, ownershipOf } from "../platform/small-file.ts";
import { type Header, readHeader } from "./header.ts";
import { localPlace } from "./local.ts";
import { createVault } from "./opened.ts";
import type { Prompt } from "./sources/source.ts";
import { openSqlite } from "./sqlite.ts";
import type { Vault } from "./types.ts";
import { mayAsk } from "./unlock.ts";

export interface VaultOptions {
  /** Where the vault is, in the form of AUTH_STORE; by default the value of AUTH_STORE. */
  readonly store?: string;
  /** Asks for a passphrase; left out where no person can be asked. */
  readonly prompt?: Prompt;
  /** Nothing is to be changed, as a rule: as the vault was moments ago is good enough, where asking takes long. */
  readonly recent?: boolean;
  /** A process that has this vault's key, asked before a source that takes long or asks a person. null: there is none. */
  readonly elsewhere?: (header: Header) => Promise<Vault | null>;
}

/**
 * Opens the vault; null where there is none.
 *
 * @throws AuthError `usage` (AUTH_STORE), `vault_locked`, `key_invalid`, `vault_corrupt`, `vault_unwritable`
 */
export async function openVault(context: Context, options: VaultOptions = {}): Promise<Vault | null> {
  const shared = sharedStore(context, options.store);
  if (shared !== null) return (await import("./shared/open.ts")).openShared(context, shared, options);
  const path = vaultPath(context, options.store);
  // WebCrypto works on a thread of its own, which this starts: it is there by the time SQLite is open. Less than 64
  // bytes would be digested at once, without it.
  void crypto.subtle.digest("SHA-256", new Uint8Array(1024));
  const driver = await openSqlite(path);
  if (driver === null) return null;
  try {
    await checkOwner(context, path, await ownershipOf(path));
    const header = await readHeader(driver);
    const held = options.elsewhere && mayAsk(context, header) ? await options.elsewhere(header) : null;
    if (held === null) return await createVault(context, localPlace(context, path), driver, options.prompt, header);
    driver.close();
    return held;
  } catch (error) {
    driver.close();
    throw error;
  }
}

async function checkOwner(context: Context, path: string, stat: Ownership): Promise<void> {
  if (isOwnedByOther(stat)) throw foreign(path);
  if (stat.nlink > 1) throw (await import("./files.ts")).hardLinked(path, stat.nlink);
  if (isOpenTo(stat, 0o077))
    context.warn(
      `Other users can reach the vault file ${path} (mode ${modeText(stat)}). To mend it: chmod 600 ${shellWord(path)}`,
    );
}

/**
 * The address of a vault that machines share, with its password; null for one that is a file. Pure text.
 *
 * @param store in the form of AUTH_STORE
 */
export function sharedStore({ env }: Pick<Context, "env">, store = env.AUTH_STORE): string | null {
  return store !== undefined && /^(rediss?|postgres(ql)?):/i.test(store) ? store : null;
}

/**
 * Where the vault file is: AUTH_STORE, else its place in the user's folders. Pure text: the file is not looked at.
 *
 * @param store in the form of AUTH_STORE: `sqlite:<path>`, absolute or relative to the current folder
 * @throws AuthError `usage`
 */
export function vaultPath(
  context: Pick<Context, "env" | "paths">,
  store = context.env.AUTH_STORE,
  platform: NodeJS.Platform = process.platform,
): string {
  if (store === undefined || store === "") return context.paths.vault;
  const colon = store.indexOf(":");
  const scheme = colon < 0 ? "" : store.slice(0, colon).toLowerCase();
  // Never the rest of it: it may hold a password.
  if (scheme !== "sqlite")
    throw usage(`AUTH_STORE names no store that this version knows${scheme && `: ${scheme}`}.`, FORM);
  const path = store.slice(colon + 1);
  if (path === "" || path.endsWith("/") || (platform === "win32" && path.endsWith("\\")))
    throw usage("AUTH_STORE names no file.", FORM);
  if (path.startsWith("//")) throw usage("AUTH_STORE=sqlite: takes a plain path, not a URL.", FORM);
  if (path.startsWith("~")) throw usage("AUTH_STORE=sqlite: doesn't know '~'.", FORM);
  requireUtf8("AUTH_STORE", path);
  if (path.includes("\0")) throw usage("AUTH_STORE holds a NUL byte.", FORM);
  return absolutePath(path, platform);
}

const FORM =
  "Write AUTH_STORE=sqlite:/full/path/to/vault.db, redis://… or postgres://… for one that machines share, or unset it.";
