/** JWTs that we sign ourselves (RFC 7519): assertions of who we are, or tokens that a provider takes as they are. */
import { Secret } from "../platform/secret.ts";
import { type Algorithm, importPrivateKey } from "./key-file.ts";

export interface JwtContent {
  readonly algorithm: Algorithm;
  /** Besides `alg`. `typ` is JWT unless it is here. */
  readonly header: Readonly<Record<string, string>>;
  /** Besides `iat`, `exp` and `jti`. */
  readonly claims: Readonly<Record<string, string>>;
  /** Seconds from `iat` to `exp`. */
  readonly lifetime: number;
  /** Seconds that `iat` lies back, for clocks that go behind ours. */
  readonly backdate: number;
  /** With a `jti`, so that it works once (RFC 7523 §3). */
  readonly unique: boolean;
}

/**
 * @param key as `readPrivateKey` gives it
 * @param now milliseconds, by the clock of whoever will check it
 */
export async function signJwt(content: JwtContent, key: Secret, now: number): Promise<Secret> {
  const { SignJWT } = await import("jose");
  const issuedAt = Math.floor(now / 1000) - content.backdate;
  const jwt = new SignJWT({ ...content.claims, ...(content.unique && { jti: crypto.randomUUID() }) })
    .setProtectedHeader({ typ: "JWT", ...content.header, alg: content.algorithm })
    .setIssuedAt(issuedAt)
    .setExpirationTime(issuedAt + content.lifetime);
  return new Secret(await jwt.sign(await importPrivateKey(key, content.algorithm)));
}
