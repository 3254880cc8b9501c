/** Whether a JWT is genuine, by the keys that its issuer publishes (RFC 7515, RFC 7517, RFC 7519 §7.2). */
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import type { Http } from "../platform/http.ts";
import { fetchDocument, WEB_PAGE } from "./discovery.ts";
import { decodeJwt, isIssuer } from "./idtoken.ts";

export interface Verification {
  readonly verified: boolean;
  /** In words: the first thing that is wrong. */
  readonly fault: string | null;
  readonly signature: boolean;
  readonly issuer: boolean;
  /** Whom it is for: ourselves, or an API that has to know its own name. Absent in many access tokens. */
  readonly audience: "client" | "other" | null;
  readonly algorithm: string | null;
  readonly keyId: string | null;
}

const KeySet = v.object({ keys: v.array(v.looseObject({ kty: v.string() })) });

/** A clock may be this wrong, in seconds. */
const SKEW = 300;

/**
 * @param token a JWT
 * @param expected of the login that it came with; `now`: milliseconds since the epoch
 * @throws AuthError `network`, `provider_unavailable` when the keys can't be had
 */
export async function verifyJwt(
  http: Http,
  token: string,
  expected: {
    readonly issuer: string;
    readonly jwksUri: string;
    readonly clientId: string | null;
    readonly now: number;
  },
): Promise<Verification> {
  const { header = {}, claims = {} } = decodeJwt(token) ?? {};
  const { iss, aud, exp, nbf } = claims;
  const signature = await isSigned(token, await fetchKeys(http, expected.jwksUri));
  const issuer = typeof iss === "string" && isIssuer(expected.issuer, iss);
  const seconds = expected.now / 1000;
  const fault = !signature
    ? "the signature is not its issuer's"
    : !issuer
      ? `it does not come from ${expected.issuer}`
      : typeof exp === "number" && exp <= seconds
        ? "it has expired"
        : typeof nbf === "number" && nbf > seconds + SKEW
          ? "it is not valid yet"
          : null;
  const audiences = Array.isArray(aud) ? aud : [aud];
  return {
    verified: fault === null,
    fault,
    signature,
    issuer,
    audience: aud === undefined ? null : audiences.includes(expected.clientId) ? "client" : "other",
    algorithm: typeof header.alg === "string" ? header.alg : null,
    keyId: typeof header.kid === "string" ? header.kid : null,
  };
}

type Keys = v.InferOutput<typeof KeySet>;

/** By a public key of the set: `none` and shared secrets are no signatures here. */
async function isSigned(token: string, keys: Keys): Promise<boolean> {
  const { compactVerify, createLocalJWKSet, errors } = await import("jose");
  const find = createLocalJWKSet(keys);
  try {
    await compactVerify(token, find);
    return true;
  } catch (error) {
    if (error instanceof errors.JWKSMultipleMatchingKeys)
      for await (const key of error)
        try {
          await compactVerify(token, key);
          return true;
        } catch (other) {
          if (!(other instanceof errors.JOSEError)) throw other;
        }
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

async function fetchKeys(http: Http, url: string): Promise<Keys> {
  const answer = await fetchDocument(http, url, "keys");
  const keys = v.safeParse(KeySet, answer);
  if (keys.success) return keys.output;
  if (answer === WEB_PAGE)
    throw new AuthError("provider_unavailable", `A web page answered in the place of the issuer's keys at ${url}.`, {
      hint: "If it is this network's sign-in page, sign in to the network, and try again.",
    });
  throw new AuthError("provider_unavailable", `The issuer publishes no key set at ${url}.`, {
    hint: `Check the address that the issuer names in its metadata: ${url}`,
  });
}
