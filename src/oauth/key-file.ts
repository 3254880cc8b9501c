/**
 * Private keys as people have them in files, turned into the one form that is kept (PKCS#8 in PEM, RFC 5958). What is
 * no such key is refused with what it is instead, and what to do.
 */
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
  ["EC PRIVATE KEY", "is in the old EC form", "Convert it: openssl pkcs8 -topk8 -nocrypt -in <file> -out key.pem"],
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
  const der = await privateKeyIn(text, what);
  refuseOtherKind(der, algorithm, what);
  const pem = new Secret(`-----BEGIN PRIVATE KEY-----\n${der.toBase64()}\n-----END PRIVATE KEY-----\n`);
  try {
    await importPrivateKey(pem, algorithm);
  } catch {
    throw refused(what, "is damaged", "Take the file from where it was made once more.");
  }
  return pem;
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

/** The DER bytes of the private key in a PEM file (RFC 7468). */
async function privateKeyIn(text: string, what: string): Promise<Uint8Array<ArrayBuffer>> {
  if (/^Proc-Type: 4,ENCRYPTED/m.test(text))
    throw refused(what, "is encrypted", "Decrypt it first: openssl pkcs8 -topk8 -nocrypt -in <file> -out key.pem");
  for (const label of ["PRIVATE KEY", "RSA PRIVATE KEY"]) {
    if (!text.includes(`-----BEGIN ${label}-----`)) continue;
    const [der] = blocks(text, label);
    if (der === undefined || !isWhole(der)) throw refused(what, "is cut off or damaged", "Pass the whole file.");
    return label === "PRIVATE KEY" ? der : wrapped(der);
  }
  for (const [label, is, remedy] of OTHERS)
    if (text.includes(`-----BEGIN ${label}-----`)) throw refused(what, is, remedy);
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

/** A SEQUENCE as long as it says (X.690 §8.1.3). */
function isWhole(der: Uint8Array): boolean {
  if (der[0] !== 0x30) return false;
  const first = der[1] ?? 0;
  if (first < 0x80) return der.length === 2 + first;
  const octets = first & 0x7f;
  const length = der.subarray(2, 2 + octets).reduce((sum, octet) => sum * 256 + octet, 0);
  return octets > 0 && octets < 5 && der.length === 2 + octets + length;
}

const RSA = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
const EC_OID = [0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const P256_OID = [0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];

/** `RSA PRIVATE KEY` (RFC 8017 §A.1.2) inside of PKCS#8. */
function wrapped(pkcs1: Uint8Array): Uint8Array<ArrayBuffer> {
  const body = [0x02, 0x01, 0x00, ...RSA, 0x04, ...lengthOf(pkcs1.length), ...pkcs1];
  return new Uint8Array([0x30, ...lengthOf(body.length), ...body]);
}

function lengthOf(length: number): number[] {
  if (length < 0x80) return [length];
  const octets = length < 0x100 ? [length] : [length >> 8, length & 0xff];
  return [0x80 | octets.length, ...octets];
}

function refuseOtherKind(der: Uint8Array, algorithm: Algorithm, what: string): void {
  // The algorithm stands within the first bytes (RFC 5958 §2).
  const head = der.subarray(0, 64);
  const isEc = holds(head, EC_OID);
  const fits = algorithm === "ES256" ? isEc && holds(head, P256_OID) : holds(head, RSA);
  if (fits) return;
  const is = holds(head, RSA) ? "an RSA key" : isEc ? "an EC key of another curve" : "a key of another kind";
  throw refused(what, `holds ${algorithm !== "ES256" && isEc ? "an EC key" : is}; ${WANTED[algorithm]} is needed`);
}

function holds(bytes: Uint8Array, part: readonly number[]): boolean {
  return bytes.some((_, start) => part.every((byte, i) => bytes[start + i] === byte));
}

function refused(what: string, is: string, remedy = "Give the key that was made for this app."): AuthError {
  return new AuthError("token_rejected", `${what} ${is}.`, { hint: `${remedy} Nothing was stored.` });
}
