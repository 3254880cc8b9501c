/** A client with a key, at the issuer of a contract test. */
import { createPublicKey, generateKeyPairSync, verify } from "node:crypto";
import { parseJson } from "../platform/json.ts";
import type { Dialect } from "../providers/defaults.ts";

/** A generated pair: the client's private key, and the public one for the issuer. */
export function clientKey(): { readonly privateKey: string; readonly publicKey: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  return {
    privateKey: String(privateKey.export({ type: "pkcs8", format: "pem" })),
    publicKey: String(publicKey.export({ type: "spki", format: "pem" })),
  };
}

/** What is wrong with a client's assertion (RFC 7523 §3); null: nothing. @param publicKey in PEM */
export function assertionFault(jwt: string, clientId: string, publicKey: string, { client }: Dialect): string | null {
  const [header = "", claims = "", signature = ""] = jwt.split(".");
  const part = (text: string): Record<string, unknown> => (parseJson(decoded(text).toString()) ?? {}) as never;
  const key = { key: createPublicKey(publicKey), dsaEncoding: "ieee-p1363" } as const;
  if (!verify("sha256", Buffer.from(`${header}.${claims}`), key, decoded(signature)))
    return "isn't signed with its key";
  const { iss, sub, aud } = part(claims);
  if (iss !== clientId || sub !== clientId) return "is another client's";
  if (typeof aud !== "string") return "is for no one";
  const { typ } = part(header);
  return typ === client.assertion.typ ? null : `has the type ${typ}`;
}

function decoded(text: string): Buffer {
  return Buffer.from(text, "base64url");
}
