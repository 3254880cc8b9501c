/** JWTs that auth signs (RFC 7519): client assertions, or tokens that a provider accepts directly. */
import { Secret } from "../platform/secret.ts";
import type { Algorithm, ClientKey } from "./key-file.ts";
import type { Server } from "./types.ts";

export interface JwtContent {
  readonly algorithm: Algorithm;
  /** Besides `alg`. `typ` is JWT unless it is here. */
  readonly header: Readonly<Record<string, string>>;
  /** Besides `iat`, `exp` and `jti`. */
  readonly claims: Readonly<Record<string, string>>;
  /** Seconds from `iat` to `exp`. */
  readonly lifetime: number;
  /** Seconds that `iat` is in the past, for clocks that are behind ours. */
  readonly backdate: number;
  /** With a `jti`, so that it works once (RFC 7523 §3). */
  readonly unique: boolean;
}

/**
 * @param key in PEM, as `readPrivateKey` gives it
 * @param now milliseconds, by the clock of the server that will check it
 */
export async function signJwt(content: JwtContent, key: Secret, now: number): Promise<Secret> {
  const { importPKCS8, SignJWT } = await import("jose");
  const issuedAt = Math.floor(now / 1000) - content.backdate;
  const jwt = new SignJWT({ ...content.claims, ...(content.unique && { jti: crypto.randomUUID() }) })
    .setProtectedHeader({ typ: "JWT", ...content.header, alg: content.algorithm })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + content.lifetime);
  return new Secret(await jwt.sign(await importPKCS8(key.reveal(), content.algorithm)));
}

/** Seconds that the assertion of a client lives. */
const ASSERTION_LIFETIME = 60;

/**
 * Puts into a form the JWT by which a client authenticates (RFC 7523 §2.2). As RFC 10070 has it, it is typed, and for the
 * issuer alone, so that no other server can use it. Where the issuer isn't known, or the description wants it, it is for
 * the endpoint.
 *
 * @param url the endpoint
 */
export async function addAssertion(
  form: URLSearchParams,
  clientId: string,
  { pem, algorithm, keyId }: ClientKey,
  { dialect, issuer }: Server,
  url: string,
): Promise<void> {
  const { audience, typ } = dialect.client.assertion;
  const content = {
    algorithm,
    header: { typ, ...(keyId !== null && { kid: keyId }) },
    claims: { iss: clientId, sub: clientId, aud: audience === "issuer" && issuer !== null ? issuer : url },
    lifetime: ASSERTION_LIFETIME,
    backdate: 0,
    unique: true,
  };
  form.set("client_id", clientId);
  form.set("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  form.set("client_assertion", (await signJwt(content, pem, Date.now())).reveal());
}
