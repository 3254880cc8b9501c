/** The header with a token for an API, by the provider's description. */
import { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import type { Dialect } from "../providers/defaults.ts";
import type { Server } from "./types.ts";

/** @param header over `{token}` and `{basic}` @param basic what `{basic}` is the Base64 of (RFC 7617 §2), over `{token}` */
export function headerLine(header: string, basic: string | null | undefined, token: Secret): string {
  const shown = (template: string): string => template.replaceAll("{token}", () => token.reveal());
  return header.replaceAll(/\{(token|basic)\}/g, (_, name) =>
    name === "token" ? token.reveal() : new TextEncoder().encode(shown(basic ?? "")).toBase64(),
  );
}

/** The provider's own header (`X-Api-Key: {token}`), else RFC 6750's. @throws AuthError `token_rejected` */
function tokenHeader(dialect: Dialect, token: Secret): Record<string, string> {
  const line = headerLine(dialect.header, dialect.basic, token);
  const [, name, value] = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):\s*(.+)$/s.exec(line) ?? [];
  if (name === undefined || value === undefined) return { authorization: `Bearer ${token.reveal()}` };
  // A pasted token may hold anything; a header may not.
  if (/[^\x20-\x7e]/.test(value))
    throw new AuthError("token_rejected", "This token has characters that no header can carry.", {
      hint: "Check that nothing but the token was pasted.",
    });
  return { [name.toLowerCase()]: value };
}

/** The headers of a request with a token, companions included; names in lower case. @throws AuthError `token_rejected` */
export function tokenHeaders({ dialect, companions = {} }: Server, token: Secret): Record<string, string> {
  const beside = Object.entries(companions).map(([name, value]) => [name.toLowerCase(), value.reveal()]);
  return { ...Object.fromEntries(beside), ...tokenHeader(dialect, token) };
}
