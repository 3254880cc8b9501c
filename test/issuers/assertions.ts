/** How an issuer checks a JWT that a client signed for it (RFC 7515, RFC 7523 §3): by WebCrypto alone, with no library. */

export interface Assertion {
  readonly header: Readonly<Record<string, unknown>>;
  readonly claims: Readonly<Record<string, unknown>>;
}

const ALGORITHMS = {
  RS256: [{ name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" }, "RSASSA-PKCS1-v1_5"],
  PS256: [
    { name: "RSA-PSS", hash: "SHA-256" },
    { name: "RSA-PSS", saltLength: 32 },
  ],
  ES256: [
    { name: "ECDSA", namedCurve: "P-256" },
    { name: "ECDSA", hash: "SHA-256" },
  ],
} as const;

/** @param publicKey SPKI in PEM. @returns null where the signature isn't its */
export async function verified(
  jwt: string | null,
  publicKey: string,
  algorithm: keyof typeof ALGORITHMS,
): Promise<Assertion | null> {
  const [header, claims, signature, ...more] = (jwt ?? "").split(".");
  if (header === undefined || claims === undefined || signature === undefined || more.length > 0) return null;
  if (json(header).alg !== algorithm) return null;
  const der = Uint8Array.fromBase64(publicKey.replace(/-----[^-]+-----/g, ""));
  const [importing, verifying] = ALGORITHMS[algorithm];
  const key = await crypto.subtle.importKey("spki", der, importing, false, ["verify"]);
  const signed = new TextEncoder().encode(`${header}.${claims}`);
  const bytes = Uint8Array.fromBase64(signature, { alphabet: "base64url" });
  if (!(await crypto.subtle.verify(verifying, key, bytes, signed))) return null;
  return { header: json(header), claims: json(claims) };
}

function json(part: string): Record<string, unknown> {
  return JSON.parse(new TextDecoder().decode(Uint8Array.fromBase64(part, { alphabet: "base64url" })));
}

/** A replayed `jti` is refused (RFC 7523 §3). */
export class Seen {
  readonly #ids = new Set<unknown>();

  isNew(id: unknown): boolean {
    if (id === undefined || this.#ids.has(id)) return false;
    this.#ids.add(id);
    return true;
  }
}

/** The issuer's own time, as replies carry it (RFC 9110 §6.6.1). */
export function dated(now: number): Record<string, string> {
  return { date: new Date(now).toUTCString() };
}
