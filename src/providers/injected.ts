/**
 * AUTH_INJECTED: the variables that `run` and `export` have set. One that still has its value is answered from its
 * connection, refreshed as needed (CLI.md §1, RULES.md 3.4).
 *
 * Entries are `variable connection hash`, joined by `;`. The hash binds all three, so a stale or foreign entry
 * makes its variable an ordinary environment token.
 */
import { sameText } from "../platform/secret.ts";

/** @param connection as `provider:name` */
export function injectedEntry(variable: string, connection: string, token: string): string {
  return `${variable} ${connection} ${hash(variable, connection, token)}`;
}

/** Adds entries to those of an outer `auth run`; a variable set again replaces its older entry. */
export function withEntries(outer: string | undefined, entries: readonly string[]): string {
  const variables = new Set(entries.map((entry) => entry.split(" ")[0]));
  const kept = (outer ?? "").split(";").filter((entry) => entry !== "" && !variables.has(entry.split(" ")[0]));
  return [...kept, ...entries].join(";");
}

/** The connection of `provider` whose token `run` put into `variable`; null where the variable has another value. */
export function injectedConnection(
  injected: string,
  provider: string,
  variable: string,
  token: string,
): { provider: string; name: string } | null {
  for (const entry of injected.split(";")) {
    const [name, connection, sum] = entry.split(" ");
    if (name !== variable || connection === undefined || sum === undefined) continue;
    if (!connection.startsWith(`${provider}:`)) continue;
    if (sameText(sum, hash(variable, connection, token)))
      return { provider, name: connection.slice(provider.length + 1) };
  }
  return null;
}

/** SHA-256, synchronously: WebCrypto's would use another thread. */
function hash(variable: string, connection: string, token: string): string {
  return Bun.SHA256.hash(`${variable}\0${connection}\0${token}`, "hex");
}
