/** The account that logs in during a contract test, told as the description says that its provider tells it. */
import { firstText } from "../oauth/paths.ts";
import type { Dialect } from "../providers/defaults.ts";
import { type Body, put } from "./bodies.ts";

const ACCOUNT = { id: "4711", label: "ada@example.com", organization: "Analytical Engines" };

/** Puts the account where the description looks for it first. One field may stand for several. */
export function accountBody({ account }: Pick<Dialect, "account">, body: Body): void {
  for (const field of ["id", "label", "organization"] as const) {
    const [path] = account[field];
    if (path !== undefined && firstText(body, [path]) === null) put(body, path, ACCOUNT[field], `account.${field}.0`);
  }
}

/** OpenID Connect Core §2. Nobody looks at the signature: it came from the token endpoint itself. */
export function idToken(dialect: Dialect, issuer: string | null, clientId: string, nonce: string | null): string {
  const now = Math.floor(Date.now() / 1000);
  const claims: Body = { iss: issuer ?? "https://issuer.example", aud: clientId, iat: now, exp: now + 3600 };
  if (nonce !== null) claims.nonce = nonce;
  if (dialect.account.from !== "reply") accountBody(dialect, claims);
  claims.sub ??= ACCOUNT.id;
  const part = (value: unknown): string =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
  return `${part({ alg: "ES256", typ: "JWT" })}.${part(claims)}.${part("nobody checks this")}`;
}
