/** The address of a shared vault, AUTH_STORE, for others to see: without its password. */

/** An address of a shared vault: scheme, user, server, database, options. No '@' stands where a password may have gone astray. */
const STORE = /^((?:rediss?|postgres(?:ql)?):\/\/)(?:([^/?#@:]*)(?::[^/?#]*)?@)?([^/?#@]+)(\/[^/?#@]*)?(\?[^#@]*)?$/i;
const STORE_OPTIONS = [
  "prefix",
  "schema",
  "ca",
  "sslmode",
  "sslrootcert",
  "accept-loss",
  "accept-cleartext",
  "cache",
  "fingerprint",
];

/**
 * AUTH_STORE for others to see: `redis://user:secret@host` → `redis://user@host`.
 *
 * @returns null where a password that wasn't encoded may be anywhere in it: `redis://user:se?cret@host`
 */
export function withoutPassword(store: string): string | null {
  if (/^sqlite:/i.test(store)) return store;
  const parts = STORE.exec(store);
  if (parts === null) return null;
  const [, scheme = "", user, server = "", database = "", options = ""] = parts;
  for (const name of new URLSearchParams(options).keys()) if (!STORE_OPTIONS.includes(name)) return null;
  return `${scheme}${user === undefined ? "" : `${user}@`}${server}${database}${options}`;
}
