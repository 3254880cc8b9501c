/** A login at an MCP server, as other programs store it. */
import { type Json, textAt } from "../platform/json.ts";
import { Secret } from "../platform/secret.ts";
import { numberAt } from "./json-text.ts";
import type { Credential, Found } from "./source.ts";

/** The names of an entry's fields. */
export interface EntryNames {
  readonly url: string;
  readonly issuer: string;
  readonly access: string;
  readonly refresh: string;
  readonly client: string;
  readonly secret: string;
  readonly expires: string;
}

/** @returns null where it holds no token */
export function serverLogin(entry: Json, names: EntryNames): Omit<Found, "removal"> | null {
  const text = (name: string): string | null => textAt(entry, name);
  const [access, refresh, client, secret] = [names.access, names.refresh, names.client, names.secret].map(text);
  const url = text(names.url);
  if (url === null || (access == null && refresh == null)) return null;
  const target = { by: "server", url, issuer: text(names.issuer) } as const;
  if (refresh == null) return { account: null, target, credential: null, stays: "it has no refresh token" };
  if (client == null) return { account: null, target, credential: null, stays: "its client isn't recorded" };
  const expiresAt = numberAt(entry, names.expires);
  const scopes = Array.isArray(entry.scopes)
    ? entry.scopes.map(String)
    : (text("scope") ?? "").split(" ").filter(Boolean);
  const credential: Credential = {
    kind: "login",
    // Without a time it may have expired: it is refreshed before it is used.
    expiresAt: expiresAt ?? 0,
    refreshToken: new Secret(refresh),
    clientId: client,
    flow: "browser",
    ...(access != null && { accessToken: new Secret(access) }),
    ...(secret != null && { clientSecret: new Secret(secret) }),
    ...(scopes.length > 0 && { scopes }),
  };
  return { account: null, target, credential };
}
