/**
 * Reads private keys from files, and converts them to one form (PKCS#8 in PEM, RFC 5958). Errors say what the file is
 * instead, and what to do.
 */
import type { JsonWebKeyInput, KeyObject } from "node:crypto";
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import { parseJson } from "../platform/json.ts";
import { Secret } from "../platform/secret.ts";

export type Algorithm = "RS256" | "PS256" | "ES256";

/** For client authentication by a key: `private_key_jwt` (OpenID Connect Core §9). */
export interface ClientKey {
  /** PKCS#8 in PEM. */
  readonly pem: Secret;
  readonly algorithm: Algorithm;
  /** By which the issuer finds the key, where a JWK named it. */
  readonly keyId: string | null;
  /** In PEM, with those of its authorities: it is shown when the connection is made, and nothing is signed (RFC 8705 §2). */
  readonly certificate?: string;
}

const WANTED: Readonly<Record<Algorithm, string>> = {
  RS256: "an RSA key",
  PS256: "an RSA key",
  ES256: "an EC P-256 key",
};

/** PEM labels of other content: what it is, and what helps. */
const OTHERS: readonly (readonly [label: string, what: string, remedy: string])[] = [
  ["ENCRYPTED PRIVATE KEY", "is encrypted", "Decrypt it first: openssl pkcs8 -in <file> -out key.pem"],
  ["OPENSSH PRIVATE KEY", "is an SSH key", "Give the key that was made for this app."],
  ["PUBLIC KEY", "is a public key", "Give the private one."],
  ["RSA PUBLIC KEY", "is a public key", "Give the private one."],
  ["CERTIFICATE REQUEST", "is a certificate request", "Give the private key."],
  ["CERTIFICATE", "holds a certificate, but no private key", "Give a file with the private key in it."],
];

/**
 * @param text the whole file
 * @param what for messages: `The key`
 * @throws AuthError `token_rejected` when it isn't a private key for this algorithm
 */
export async function readPrivateKey(text: string, algorithm: Algorithm, what = THE_KEY): Promise<Secret> {
  return storedForm(await keyIn(text, what), algorithm, what);
}

const Jwk = v.looseObject({ kty: v.string(), alg: v.optional(v.string()), kid: v.optional(v.string()) });

/**
 * @param file the whole text: PEM, or a JWK, whose own algorithm and id then count
 * @param supported the algorithms that the issuer takes, where it lists them
 * @throws AuthError `token_rejected` when it is no private key of a kind that can be used here
 */
export async function readClientKey(file: Secret, supported: readonly string[] | null): Promise<ClientKey> {
  const text = file.reveal();
  const jwk = v.safeParse(Jwk, parseJson(text));
  const { alg = null, kid = null } = jwk.success ? jwk.output : {};
  const key = await (jwk.success ? keyOfJwk(jwk.output) : keyIn(text, THE_KEY));
  const algorithm = algorithmFor(key, alg, supported);
  return { pem: storedForm(key, algorithm, THE_KEY), algorithm, keyId: kid };
}

const THE_KEY = "The key";

async function keyIn(text: string, what: string): Promise<KeyObject> {
  const block = privateKeyIn(text, what);
  const { createPrivateKey } = await import("node:crypto");
  try {
    return createPrivateKey(block);
  } catch {
    throw keyRefused(what, "is cut off or damaged", "Pass the whole file.");
  }
}

async function keyOfJwk(jwk: v.InferOutput<typeof Jwk>): Promise<KeyObject> {
  const { createPrivateKey } = await import("node:crypto");
  try {
    return createPrivateKey({ key: jwk, format: "jwk" } as JsonWebKeyInput);
  } catch {
    throw keyRefused(THE_KEY, "isn't a private JWK", "Give the private key: a JWK with its d, or PEM.");
  }
}

function algorithmFor(key: KeyObject, own: string | null, supported: readonly string[] | null): Algorithm {
  if (key.asymmetricKeyType !== "rsa") return "ES256";
  if (own === "PS256" || own === "RS256") return own;
  return supported?.includes("RS256") === false && supported.includes("PS256") ? "PS256" : "RS256";
}

function storedForm(key: KeyObject, algorithm: Algorithm, what: string): Secret {
  refuseOtherKind(key, algorithm, what);
  return new Secret(String(key.export({ type: "pkcs8", format: "pem" })));
}

/**
 * A certificate and its key in one PEM file.
 * @returns with the thumbprint by which the provider knows the certificate (`x5t#S256`, RFC 7515 §4.1.8)
 * @throws AuthError `token_rejected`
 */
export async function readCertificate(
  text: string,
  algorithm: Algorithm,
): Promise<{ readonly key: Secret; readonly thumbprint: string }> {
  const what = "The certificate file";
  const key = await readPrivateKey(text, algorithm, what);
  const certificate = await certificateOf(key, text, what);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", certificate));
  return { key, thumbprint: digest.toBase64({ alphabet: "base64url", omitPadding: true }) };
}

/**
 * A certificate with its key, of whatever kind, for a client that shows it to the server (`tls_client_auth`).
 * @param file the whole text, in PEM
 * @throws AuthError `token_rejected`
 */
export async function readClientCertificate(file: Secret): Promise<ClientKey> {
  const what = "The certificate file";
  const text = file.reveal();
  const key = await keyIn(text, what);
  const pem = new Secret(String(key.export({ type: "pkcs8", format: "pem" })));
  await certificateOf(pem, text, what);
  const chain = text.match(blockOf("CERTIFICATE")) ?? [];
  return { pem, algorithm: algorithmFor(key, null, null), keyId: null, certificate: `${chain.join("\n")}\n` };
}

/** The first certificate of the file, in DER: it has to be that of the key. */
async function certificateOf(key: Secret, text: string, what: string): Promise<Uint8Array<ArrayBuffer>> {
  const [certificate] = blocks(text, "CERTIFICATE");
  if (certificate === undefined)
    throw keyRefused(what, "holds a private key, but no certificate", "Put both into one file: cat key.pem cert.pem");
  const { createPrivateKey, X509Certificate } = await import("node:crypto");
  let matches: boolean;
  try {
    matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key.reveal()));
  } catch {
    throw keyRefused(what, "has a damaged certificate", "Take it from where it was made once more.");
  }
  if (!matches) throw keyRefused(what, "has a certificate of another key", "Put the two that belong together into it.");
  return certificate;
}

/** PEM labels of a private key: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 §A.1.2), SEC1 (RFC 5915). */
const LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/** The private key's own block of a PEM file (RFC 7468). */
function privateKeyIn(text: string, what: string): string {
  if (/^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw keyRefused(what, "is encrypted", "Decrypt it first: openssl pkcs8 -topk8 -nocrypt -in <file> -out key.pem");
  const label = LABELS.find((one) => text.includes(`-----BEGIN ${one}-----`));
  if (label !== undefined) {
    const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
    const rest = text.slice(text.indexOf(begin));
    if (!rest.includes(end)) throw keyRefused(what, "is cut off or damaged", "Pass the whole file.");
    return rest.slice(0, rest.indexOf(end) + end.length);
  }
  for (const [other, is, remedy] of OTHERS)
    if (text.includes(`-----BEGIN ${other}-----`)) throw keyRefused(what, is, remedy);
  throw keyRefused(what, "isn't a private key in PEM form", "It begins with -----BEGIN PRIVATE KEY-----.");
}

/** A block of PEM (RFC 7468), with what is in it. */
function blockOf(label: string): RegExp {
  return new RegExp(`-----BEGIN ${label}-----([^-]*)-----END ${label}-----`, "g");
}

/** Every block of a label, decoded, without truncated or invalid ones. */
function blocks(text: string, label: string): Uint8Array<ArrayBuffer>[] {
  const found = text.matchAll(blockOf(label));
  return [...found].flatMap(([, body = ""]) => {
    try {
      return [Uint8Array.fromBase64(body)];
    } catch {
      return [];
    }
  });
}

function refuseOtherKind(
  { asymmetricKeyType, asymmetricKeyDetails }: KeyObject,
  algorithm: Algorithm,
  what: string,
): void {
  const isRsa = asymmetricKeyType === "rsa";
  const isEc = asymmetricKeyType === "ec";
  // prime256v1 is OpenSSL's name for P-256.
  if (algorithm === "ES256" ? isEc && asymmetricKeyDetails?.namedCurve === "prime256v1" : isRsa) return;
  const ec = algorithm === "ES256" ? "an EC key of another curve" : "an EC key";
  const is = isRsa ? "an RSA key" : isEc ? ec : "a key of another kind";
  throw keyRefused(what, `holds ${is}; ${WANTED[algorithm]} is needed`);
}

function keyRefused(what: string, is: string, remedy = "Give the key that was made for this app."): AuthError {
  return new AuthError("token_rejected", `${what} ${is}.`, { hint: `${remedy} Nothing was stored.` });
}
