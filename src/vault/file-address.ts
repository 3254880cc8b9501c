/** The address of a vault that is a file, as AUTH_STORE holds it: `sqlite:<path>`. */
import { usage } from "../platform/errors.ts";
import { absolutePath, requireUtf8 } from "../platform/paths.ts";

/**
 * @param store an address of no shared vault
 * @returns the file's full path; a relative one is relative to the current folder
 * @throws AuthError `usage`
 */
export function parseFileAddress(store: string, platform: NodeJS.Platform = process.platform): string {
  const colon = store.indexOf(":");
  const scheme = colon < 0 ? "" : store.slice(0, colon).toLowerCase();
  // Never the rest of it: it may hold a password, also before a colon that was left out.
  const named = /^[a-z][a-z+]*$/.test(scheme) ? `: ${scheme}` : "";
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(store))
    throw usage(
      "AUTH_STORE is a path, and no store.",
      `For a vault file: AUTH_STORE=sqlite:<path of the file>\n${FORM}`,
    );
  if (scheme !== "sqlite") throw usage(`AUTH_STORE names no store that this version knows${named}.`, FORM);
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
