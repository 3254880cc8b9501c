/**
 * Certificates as Java takes them: PKCS #12 (RFC 7292) without a password. Java reads no PEM, and trusts only those
 * certificates of such a file that have an attribute of its own. Written by hand: the libraries for it take a tenth of a
 * second and more for what the system trusts, at each start.
 */

/** @param certificates in PEM */
export function javaTrustStore(certificates: readonly string[]): Uint8Array {
  const trusted = sequence(TRUSTED_KEY_USAGE, der(SET, ANY_USAGE));
  const bags = certificates.map((pem) => {
    const certificate = sequence(X509_CERTIFICATE, der(FIELD, der(OCTETS, bytesOf(pem))));
    return sequence(CERT_BAG, der(FIELD, certificate), der(SET, trusted));
  });
  return sequence(VERSION, data(sequence(data(sequence(...bags)))));
}

const SEQUENCE = 0x30;
const SET = 0x31;
const OCTETS = 0x04;
/** `[0] EXPLICIT` */
const FIELD = 0xa0;

const VERSION = Uint8Array.fromHex("020103");
/** PKCS #7's `data`: 1.2.840.113549.1.7.1 */
const DATA = Uint8Array.fromHex("06092a864886f70d010701");
/** 1.2.840.113549.1.12.10.1.3 */
const CERT_BAG = Uint8Array.fromHex("060b2a864886f70d010c0a0103");
/** 1.2.840.113549.1.9.22.1 */
const X509_CERTIFICATE = Uint8Array.fromHex("060a2a864886f70d01091601");
/** Java's attribute, 2.16.840.1.113894.746875.1.1, and `anyExtendedKeyUsage`, 2.5.29.37.0: trusted whatever for. */
const TRUSTED_KEY_USAGE = Uint8Array.fromHex("060c6086480186f966adca7b0101");
const ANY_USAGE = Uint8Array.fromHex("0604551d2500");

function data(content: Uint8Array): Uint8Array {
  return sequence(DATA, der(FIELD, der(OCTETS, content)));
}

function sequence(...parts: readonly Uint8Array[]): Uint8Array {
  return der(SEQUENCE, ...parts);
}

/** A value of ASN.1 in DER (X.690 §8.1). */
function der(tag: number, ...parts: readonly Uint8Array[]): Uint8Array {
  const content = Buffer.concat(parts);
  const { length } = content;
  if (length < 0x80) return Buffer.concat([Uint8Array.of(tag, length), content]);
  const digits = length.toString(16);
  const bytes = Uint8Array.fromHex(digits.padStart(digits.length + (digits.length % 2), "0"));
  return Buffer.concat([Uint8Array.of(tag, 0x80 | bytes.length), bytes, content]);
}

function bytesOf(pem: string): Uint8Array {
  return Uint8Array.fromBase64(pem.replace(/-----[^-]*-----/g, ""));
}
