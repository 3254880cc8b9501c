/**
 * Identity tokens, checked by the rules of OpenID Connect Core §3.1.3.7, whose numbers are beside them. They come straight
 * from the token endpoint over TLS, so their signature need not be checked (rule 6). Rules 1, 12 and 13 are about what is
 * never requested here: encryption, acr, max_age.
 */
import * as v from "valibot";
import { asObject, type Json, parseJson } from "../platform/json.ts";
import { outsideWords } from "../platform/redact.ts";
import { Secret } from "../platform/secret.ts";
import type { Client, Server } from "./types.ts";

export interface Jwt {
  readonly header: Json;
  readonly claims: Json;
}

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
  return asObject(parseJson(new TextDecoder().decode(bytes)));
}

export type CheckedIdToken =
  /** Valid, or absent. */
  | { readonly verdict: "fine"; readonly token: Secret | null; readonly claims: Json | null }
  /** It breaks a rule, in a refresh: it is dropped, and the other tokens are used. */
  | { readonly verdict: "dropped"; readonly token: null; readonly claims: null }
  /** The whole reply is not for us: in a login, any broken rule; in a refresh, another issuer, client or account. */
  | {
      readonly verdict: "refused";
      readonly fault: string;
      /** It may be this machine's clock that is wrong. */
      readonly byClock: boolean;
    };

export interface ExpectedIdToken {
  /** The account's id at login; null where it isn't known. */
  readonly subject: string | null;
  /** Of the authorization request; null where none was sent. */
  readonly nonce?: string | null;
  /** The access token that a refresh was sent for. */
  readonly current?: Secret | null;
  /** The reply brings a login's first tokens. */
  readonly login?: boolean;
  /** Milliseconds since the epoch, by the issuer's clock where it shows one. */
  readonly now: number;
}

/** What §2 requires to be there, and of which type. */
const Claims = v.object({
  iss: v.string(),
  sub: v.pipe(v.string(), v.nonEmpty(), v.maxLength(255)),
  aud: v.union([v.string(), v.array(v.string())]),
  azp: v.optional(v.string()),
  exp: v.number(),
  iat: v.unknown(),
  nonce: v.optional(v.string()),
});
type Claims = v.InferOutput<typeof Claims>;

/** A clock may be this wrong, in seconds. */
const SKEW = 300;

interface Fault {
  /** After "the identity token". */
  readonly what: string;
  /** The token belongs to another account, issuer or client, and isn't merely invalid. */
  readonly foreign: boolean;
  readonly byClock?: boolean;
}

/** @param given the reply's `id_token`, as it came */
export function checkIdToken(
  server: Server,
  client: Client,
  given: unknown,
  expected: ExpectedIdToken,
): CheckedIdToken {
  // Many servers ignore the scope `openid`: no claims then, and PKCE has bound the tokens to this login.
  if (given === undefined || given === null || given === "") return { verdict: "fine", token: null, claims: null };
  const text = typeof given === "string" ? given : "";
  const jwt = decodeJwt(text);
  const claims = v.safeParse(Claims, jwt?.claims);
  const fault =
    jwt === null || !claims.success
      ? { what: jwt === null ? "can't be read" : `has no valid ${claimIn(claims.issues)}`, foreign: false }
      : faultIn(server, client, jwt.header, claims.output, expected);
  if (fault === null) return { verdict: "fine", token: new Secret(text), claims: jwt?.claims ?? null };
  if (fault.foreign || expected.login === true)
    return { verdict: "refused", fault: `the identity token ${fault.what}`, byClock: fault.byClock === true };
  return { verdict: "dropped", token: null, claims: null };
}

function claimIn(issues: readonly v.BaseIssue<unknown>[] | undefined): string {
  const [issue] = issues ?? [];
  return String(issue?.path?.[0]?.key ?? "claim");
}

function faultIn(
  server: Server,
  client: Client,
  header: Json,
  claims: Claims,
  expected: ExpectedIdToken,
): Fault | null {
  const { iss, sub, aud, azp, exp, iat, nonce } = claims;
  const audiences = typeof aud === "string" ? [aud] : aud;
  const now = expected.now / 1000;
  // 2.
  if (server.issuer !== null && !isIssuer(server.issuer, iss)) return foreign("is another issuer's");
  // 3. Further audiences are trusted only where `azp` names this client as the one that it was issued to.
  if (!audiences.includes(client.id)) return foreign("is for another client");
  if (audiences.length > 1 && azp === undefined) return foreign("is for further audiences, with no azp");
  // 4, 5.
  if (azp !== undefined && azp !== client.id) return foreign("was issued to another client");
  if (expected.subject !== null && comparesSub(server) && sub !== expected.subject)
    return foreign("is about another account");
  // 7, 8.
  const algorithm = algorithmFault(server, client, header.alg);
  if (algorithm !== null) return bad(algorithm);
  // 9.
  if (exp + SKEW <= now) return { ...bad("has expired"), byClock: true };
  // 10.
  if (typeof iat !== "number") return bad("doesn't say when it was issued");
  if (iat - SKEW > now) return { ...bad("was issued in the future"), byClock: true };
  // 11.
  if (expected.nonce && nonce !== expected.nonce) return foreign("is of another login");
  return null;
}

/** An unsigned one never (§2); one signed with a secret only for a client that has a secret to check it by. */
function algorithmFault({ idTokenAlgorithms }: Server, client: Client, algorithm: unknown): string | null {
  if (typeof algorithm !== "string" || algorithm.toLowerCase() === "none") return "is not signed";
  if (algorithm.startsWith("HS") && client.secret === null)
    return `is signed by ${outsideWords(algorithm, 20)}, without a shared secret`;
  const listed = idTokenAlgorithms === undefined || idTokenAlgorithms.includes(algorithm);
  return listed ? null : `is signed by ${outsideWords(algorithm, 20)}, which the issuer doesn't list`;
}

function foreign(what: string): Fault {
  return { what, foreign: true };
}

function bad(what: string): Fault {
  return { what, foreign: false };
}

/** Whether an account's stored id is its `sub` (OpenID Connect Core §5.3.2, §12.2). */
function comparesSub({ dialect }: Server): boolean {
  return dialect.account.from !== "reply" && dialect.account.id[0] === "sub";
}

/**
 * Whether `issuer` is `expected`, character by character (§3.1.3.7, 2; RFC 9207 §2.4). Metadata for many tenants holds a
 * template, `https://host/{tenant}/v2`, where one part of the path can be anything.
 */
export function isIssuer(expected: string, issuer: string): boolean {
  const wanted = expected.split("/");
  const given = issuer.split("/");
  return (
    wanted.length === given.length &&
    wanted.every((part, i) => {
      const isHost = i < 3;
      if (!isHost && /^\{[A-Za-z]+\}$/.test(part)) return /^[A-Za-z0-9._~-]+$/.test(given[i] ?? "");
      return part === given[i];
    })
  );
}
