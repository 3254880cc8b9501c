/** The documents in which `token` prints a token for programs. */
import type { Acquired } from "./acquire.ts";
import { type Headers, revealed } from "./headers.ts";

/** RFC 6749 §5.1's names; `expires_in` counts from now. */
export function tokenDocument(acquired: Acquired, now: number, showSecret: boolean): Record<string, unknown> {
  const { token_type, scope, expires_in, expires_at } = factsOf(acquired, now);
  const refreshToken = acquired.stored?.record.tokens?.refreshToken?.reveal() ?? null;
  return {
    token_type,
    scope,
    expires_in,
    access_token: acquired.token.reveal(),
    expires_at,
    ...(showSecret && refreshToken !== null ? { refresh_token: refreshToken } : {}),
  };
}

/** Everything that a program may need, in one document (CLI.md §4). Later versions only add fields. */
export function credentialDocument(acquired: Acquired, headers: Headers, now: number): Record<string, unknown> {
  const { token_type, expires_at, expires_in, scope } = factsOf(acquired, now);
  const token = acquired.token.reveal();
  return { version: 1, token, token_type, expires_at, expires_in, scope, headers: revealed(headers) };
}

function factsOf(
  acquired: Acquired,
  now: number,
): Record<"token_type" | "scope" | "expires_in" | "expires_at", unknown> {
  const tokens = acquired.stored?.record.tokens;
  const expiresAt = tokens?.expiresAt ?? null;
  return {
    token_type: tokenType(tokens?.tokenType),
    scope: (tokens?.scopes ?? []).join(" "),
    expires_in: expiresAt === null ? null : Math.max(0, Math.floor((expiresAt - now) / 1000)),
    expires_at: expiresAt === null ? null : new Date(expiresAt).toISOString().replace(/\.\d+Z$/, "Z"),
  };
}

/** Token types are compared case-insensitively (RFC 6749 §7.1); shown as RFC 6750 writes it. */
function tokenType(type: string | undefined): string {
  switch (type?.toLowerCase()) {
    case undefined:
    case "bearer":
      return "Bearer";
    case "dpop":
      return "DPoP";
    default:
      return type ?? "Bearer";
  }
}
