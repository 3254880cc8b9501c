/** A client that proves itself with a key instead of a secret: `private_key_jwt` (RFC 7523 §2.2, OpenID Connect Core §9). */
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import { parseJson } from "./body.ts";
import { type Algorithm, readPrivateKey } from "./key-file.ts";

export interface ClientKey {
  /** PKCS#8 in PEM. */
  readonly pem: Secret;
  readonly algorithm: Algorithm;
  /** By which the issuer finds the key, where a JWK named it. */
  readonly keyId: string | null;
}

const Jwk = v.looseObject({ kty: v.string(), alg: v.optional(v.string()), kid: v.optional(v.string()) });

/**
 * @param file the whole text: PEM, or a JWK, whose own algorithm and id then count
 * @param supported the algorithms that the issuer takes, where it says so
 * @throws AuthError `token_rejected` when it is no private key of a kind that can be used here
 */
export async function readClientKey(file: Secret, supported: readonly string[] | null): Promise<ClientKey> {
  const text = file.reveal();
  const jwk = v.safeParse(Jwk, parseJson(text));
  if (jwk.success) return readJwk(jwk.output, supported);
  const algorithm = algorithmFor(await isRsa(text), undefined, supported);
  return { pem: await readPrivateKey(text, algorithm), algorithm, keyId: null };
}

async function readJwk(jwk: v.InferOutput<typeof Jwk>, supported: readonly string[] | null): Promise<ClientKey> {
  const algorithm = algorithmFor(jwk.kty === "RSA", jwk.alg, supported);
  const { createPrivateKey } = await import("node:crypto");
  let pem: string;
  try {
    pem = createPrivateKey({ key: jwk as never, format: "jwk" }).export({ type: "pkcs8", format: "pem" }) as string;
  } catch {
    throw new AuthError("token_rejected", "The key isn't a private JWK.", {
      hint: "Give the private key: a JWK with its d, or PEM. Nothing was stored.",
    });
  }
  return { pem: await readPrivateKey(pem, algorithm), algorithm, keyId: jwk.kid ?? null };
}

function algorithmFor(rsa: boolean, own: string | undefined, supported: readonly string[] | null): Algorithm {
  if (!rsa) return "ES256";
  if (own === "PS256" || own === "RS256") return own;
  return supported?.includes("RS256") === false && supported.includes("PS256") ? "PS256" : "RS256";
}

/** What can't be read is none: why, `readPrivateKey` says better. */
async function isRsa(pem: string): Promise<boolean> {
  const { createPrivateKey } = await import("node:crypto");
  try {
    return createPrivateKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}
