/**
 * Private keys as people have them in files, turned into the one form that is kept (PKCS#8 in PEM, RFC 5958). What is
 * no such key is refused with what it is instead, and what to do.
 */
import type { KeyObject } from "node:crypto";
import { AuthError } from "../platform/errors.ts";
import { Secret } from "../platform/secret.ts";

export type Algorithm = "RS256" | "PS256" | "ES256";

/** What WebCrypto calls them (RFC 7518 §3.1). */
const PARAMETERS = {
  RS256: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  PS256: { name: "RSA-PSS", hash: "SHA-256" },
  ES256: { name: "ECDSA", namedCurve: "P-256" },
} as const;

const WANTED: Readonly<Record<Algorithm, string>> = {
  RS256: "an RSA key",
  PS256: "an RSA key",
  ES256: "an EC P-256 key",
};

/** PEM labels that aren't a key we can use: what they are, and what helps. */
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
export async function readPrivateKey(text: string, algorithm: Algorithm, what = "The key"): Promise<Secret> {
  const block = privateKeyIn(text, what);
  const { createPrivateKey } = await import("node:crypto");
  let key: KeyObject;
  try {
    key = createPrivateKey(block);
  } catch {
    throw refused(what, "is cut off or damaged", "Pass the whole file.");
  }
  refuseOtherKind(key, algorithm, what);
  return new Secret(String(key.export({ type: "pkcs8", format: "pem" })));
}

/** @param pem as `readPrivateKey` gives it */
export function importPrivateKey(pem: Secret, algorithm: Algorithm): Promise<CryptoKey> {
  const [der] = blocks(pem.reveal(), "PRIVATE KEY");
  return crypto.subtle.importKey("pkcs8", der ?? new Uint8Array(), PARAMETERS[algorithm], false, ["sign"]);
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
  const [certificate] = blocks(text, "CERTIFICATE");
  if (certificate === undefined)
    throw refused(what, "holds a private key, but no certificate", "Put both into one file: cat key.pem cert.pem");
  await refuseOthersCertificate(certificate, key, what);
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", certificate));
  return { key, thumbprint: digest.toBase64({ alphabet: "base64url", omitPadding: true }) };
}

async function refuseOthersCertificate(certificate: Uint8Array, key: Secret, what: string): Promise<void> {
  const { createPrivateKey, X509Certificate } = await import("node:crypto");
  let matches: boolean;
  try {
    matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key.reveal()));
  } catch {
    throw refused(what, "has a damaged certificate", "Take it from where it was made once more.");
  }
  if (!matches) throw refused(what, "has a certificate of another key", "Put the two that belong together into it.");
}

/** PEM labels of a private key: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017 §A.1.2), SEC1 (RFC 5915). */
const LABELS = ["PRIVATE KEY", "RSA PRIVATE KEY", "EC PRIVATE KEY"];

/** The private key's own block of a PEM file (RFC 7468). */
function privateKeyIn(text: string, what: string): string {
  if (/^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw refused(what, "is encrypted", "Decrypt it first: openssl pkcs8 -topk8 -nocrypt -in <file> -out key.pem");
  const label = LABELS.find((one) => text.includes(`-----BEGIN ${one}-----`));
  if (label !== undefined) {
    const [begin, end] = [`-----BEGIN ${label}-----`, `-----END ${label}-----`];
    const rest = text.slice(text.indexOf(begin));
    if (!rest.includes(end)) throw refused(what, "is cut off or damaged", "Pass the whole file.");
    return rest.slice(0, rest.indexOf(end) + end.length);
  }
  for (const [other, is, remedy] of OTHERS)
    if (text.includes(`-----BEGIN ${other}-----`)) throw refused(what, is, remedy);
  throw refused(what, "isn't a private key in PEM form", "It begins with -----BEGIN PRIVATE KEY-----.");
}

/** Every block of a label, decoded; one that is cut off or no base64 is left out. */
function blocks(text: string, label: string): Uint8Array<ArrayBuffer>[] {
  const found = text.matchAll(new RegExp(`-----BEGIN ${label}-----([^-]*)-----END ${label}-----`, "g"));
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
  throw refused(what, `holds ${is}; ${WANTED[algorithm]} is needed`);
}

function refused(what: string, is: string, remedy = "Give the key that was made for this app."): AuthError {
  return new AuthError("token_rejected", `${what} ${is}.`, { hint: `${remedy} Nothing was stored.` });
}
