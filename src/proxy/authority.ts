/**
 * A certificate authority for one run, and the certificate that the proxy uses in place of the APIs'. The authority's key
 * signs once and is dropped; no key touches the disk.
 */
import "reflect-metadata";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  PemConverter,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509CertificateGenerator,
} from "@peculiar/x509";

export interface Identity {
  /** In PEM: what the program is to trust. */
  readonly authority: string;
  /** In PEM, for the server alone. */
  readonly cert: string;
  readonly key: string;
}

const ALGORITHM = { name: "ECDSA", namedCurve: "P-256", hash: "SHA-256" };
/** Apple's limit for a server's certificate is 825 days; nothing runs that long. Milliseconds. */
const LIFETIME = 180 * 86_400_000;
/** Milliseconds before now: clocks of containers differ. */
const BEFORE = 86_400_000;

/** @param hosts names and addresses, as `URL.hostname` writes them @param now milliseconds */
export async function createIdentity(hosts: readonly string[], now: number): Promise<Identity> {
  const [root, leaf] = await Promise.all([keyPair(false), keyPair(true)]);
  const dates = { notBefore: new Date(now - BEFORE), notAfter: new Date(now + LIFETIME) };
  const name = `CN=Proxy of auth ${crypto.getRandomValues(new Uint8Array(4)).toHex()}`;
  const authority = await X509CertificateGenerator.createSelfSigned({
    ...dates,
    serialNumber: serial(),
    name,
    keys: root,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(true, 0, true),
      new KeyUsagesExtension(KeyUsageFlags.keyCertSign, true),
      await SubjectKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  const certificate = await X509CertificateGenerator.create({
    ...dates,
    serialNumber: serial(),
    subject: "CN=Proxy of auth",
    issuer: authority.subject,
    publicKey: leaf.publicKey,
    signingKey: root.privateKey,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new BasicConstraintsExtension(false, undefined, true),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
      new ExtendedKeyUsageExtension([ExtendedKeyUsage.serverAuth]),
      new SubjectAlternativeNameExtension(hosts.map(alternativeName)),
      await AuthorityKeyIdentifierExtension.create(root.publicKey),
    ],
  });
  const key = await crypto.subtle.exportKey("pkcs8", leaf.privateKey);
  return {
    authority: authority.toString("pem"),
    cert: certificate.toString("pem"),
    key: PemConverter.encode(key, PemConverter.PrivateKeyTag),
  };
}

function keyPair(canBeRead: boolean): Promise<CryptoKeyPair> {
  return crypto.subtle.generateKey(ALGORITHM, canBeRead, ["sign", "verify"]);
}

/** RFC 5280 §4.1.2.2: positive, and of this authority alone. */
function serial(): string {
  return `01${crypto.getRandomValues(new Uint8Array(15)).toHex()}`;
}

function alternativeName(host: string): { type: "dns" | "ip"; value: string } {
  const bare = host.replace(/^\[|\]$/g, "");
  return { type: bare.includes(":") || /^\d+(\.\d+){3}$/.test(bare) ? "ip" : "dns", value: bare };
}
