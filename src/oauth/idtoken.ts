/**
 * Identity tokens. They come straight from the token endpoint over TLS, so their signature need not be checked (OpenID
 * Connect Core §3.1.3.7, 6); whose they are and for whom is checked all the same.
 */
import * as v from "valibot";
import { Secret } from "../platform/secret.ts";
import { parseJson } from "./body.ts";
import type { Json } from "./paths.ts";
import type { Client, Server } from "./types.ts";

export interface Jwt {
  readonly header: Json;
  readonly claims: Json;
}

const JsonObject = v.record(v.string(), v.unknown());

/** The readable parts of a signed JWT, unverified; null for anything else. */
export function decodeJwt(text: string): Jwt | null {
  const parts = text.trim().split(".");
  if (parts.length !== 3) return null;
  const [header, claims] = parts.slice(0, 2).map(decodePart);
  return header && claims ? { header, claims } : null;
}

function decodePart(part: string): Json | null {
  let bytes: Uint8Array;
  try {
    bytes = Uint8Array.fromBase64(part, { alphabet: "base64url" });
  } catch {
    return null;
  }
  const value = parseJson(new TextDecoder().decode(bytes));
  return v.is(JsonObject, value) && !Array.isArray(value) ? value : null;
}

export type CheckedIdToken =
  /** Good, or there is none. */
  | { readonly verdict: "fine"; readonly token: Secret | null; readonly claims: Json | null }
  /** Garbage or expired: left out, the tokens beside it are as good as without it. */
  | { readonly verdict: "dropped"; readonly token: null; readonly claims: null }
  /** Of another issuer, client, login or account: the whole reply is not for us. */
  | { readonly verdict: "foreign"; readonly fault: string };

const Claims = v.object({
  iss: v.string(),
  sub: v.pipe(v.string(), v.nonEmpty()),
  aud: v.union([v.string(), v.array(v.string())]),
  azp: v.optional(v.string()),
  exp: v.number(),
  nonce: v.optional(v.string()),
});

/** A clock may be this wrong, in seconds. */
const SKEW = 300;

export function checkIdToken(
  server: Server,
  client: Client,
  text: string | null,
  expected: { readonly subject: string | null; readonly nonce?: string | null; readonly now: number },
): CheckedIdToken {
  if (text === null) return { verdict: "fine", token: null, claims: null };
  const jwt = decodeJwt(text);
  const claims = v.safeParse(Claims, jwt?.claims);
  if (jwt === null || !claims.success) return { verdict: "dropped", token: null, claims: null };
  const { iss, sub, aud, azp, exp, nonce } = claims.output;

  const audiences = typeof aud === "string" ? [aud] : aud;
  if (server.issuer !== null && !isIssuer(server.issuer, iss))
    return { verdict: "foreign", fault: "the identity token is another issuer's" };
  if (!audiences.includes(client.id) || (azp !== undefined && audiences.length > 1 && azp !== client.id))
    return { verdict: "foreign", fault: "the identity token is for another client" };
  if (expected.nonce && nonce !== expected.nonce)
    return { verdict: "foreign", fault: "the identity token is of another login" };
  if (expected.subject !== null && comparesSub(server) && sub !== expected.subject)
    return { verdict: "foreign", fault: "the identity token is about another account" };

  if (exp + SKEW < expected.now / 1000) return { verdict: "dropped", token: null, claims: null };
  return { verdict: "fine", token: new Secret(text), claims: jwt.claims };
}

/** Whether an account's stored id is its `sub` (OpenID Connect Core §5.3.2, §12.2). */
function comparesSub({ dialect }: Server): boolean {
  return dialect.account.from !== "reply" && dialect.account.id[0] === "sub";
}

/**
 * Whether `issuer` names itself as `expected`. Metadata for many tenants holds a template, `https://host/{tenant}/v2`,
 * where one part of the path stands for any.
 */
export function isIssuer(expected: string, issuer: string): boolean {
  const wanted = withoutSlash(expected).split("/");
  const given = withoutSlash(issuer).split("/");
  return (
    wanted.length === given.length &&
    wanted.every((part, i) => {
      const isHost = i < 3;
      if (!isHost && /^\{[A-Za-z]+\}$/.test(part)) return /^[A-Za-z0-9._~-]+$/.test(given[i] ?? "");
      return part === given[i];
    })
  );
}

/** `https://issuer.example` and `https://issuer.example/` are one. */
function withoutSlash(issuer: string): string {
  return issuer.endsWith("/") ? issuer.slice(0, -1) : issuer;
}
