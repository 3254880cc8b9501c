/** Where the vault is: AUTH_STORE, else its place in the user's folders. Pure text: the file is not looked at. */
import type { Context } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { requireUtf8 } from "../platform/paths.ts";

/**
 * @param store in the form of AUTH_STORE: `sqlite:<path>`, absolute or relative to the current folder
 * @throws AuthError `usage`
 */
export function vaultPath(context: Context, store = context.env.AUTH_STORE): string {
  if (store === undefined || store === "") return context.paths.vault;
  const colon = store.indexOf(":");
  const scheme = colon < 0 ? "" : store.slice(0, colon).toLowerCase();
  // Never the rest of it: it may hold a password.
  if (scheme !== "sqlite")
    throw usage(`AUTH_STORE names no store that this version knows${scheme && `: ${scheme}`}.`, FORM);
  const path = store.slice(colon + 1);
  if (path === "" || path.endsWith("/")) throw usage("AUTH_STORE names no file.", FORM);
  if (path.startsWith("//")) throw usage("AUTH_STORE=sqlite: takes a plain path, not a URL.", FORM);
  if (path.startsWith("~")) throw usage("AUTH_STORE=sqlite: doesn't know '~'.", FORM);
  requireUtf8("AUTH_STORE", path);
  if (path.includes("\0")) throw usage("AUTH_STORE holds a NUL byte.", FORM);
  return isAbsolute(path) ? path : `${process.cwd()}/${path}`;
}

const FORM = "Write AUTH_STORE=sqlite:/full/path/to/vault.db, or unset it.";

function isAbsolute(path: string): boolean {
  return path.startsWith("/") || (process.platform === "win32" && /^[A-Za-z]:[\\/]/.test(path));
}
