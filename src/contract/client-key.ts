/** A client that proves itself with a key, at the issuer of a contract test. */
import { createPublicKey, generateKeyPairSync, sign, verify } from "node:crypto";
import { parseJson } from "../platform/json.ts";
import type { Dialect } from "../providers/defaults.ts";

/** One that is made up: its private key, and the public one that the issuer has. */
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

/** A certificate that is signed with its own key: X.509 version 1 (RFC 5280 §4.1), in PEM with the key, and its bytes. */
export function clientCertificate(): { readonly file: string; readonly base64: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const algorithm = der(0x30, der(0x06, ECDSA_WITH_SHA256));
  const name = der(0x30, der(0x31, der(0x30, der(0x06, COMMON_NAME), der(0x0c, Buffer.from("check client")))));
  const times = [new Date(Date.now() - DAY), new Date(Date.now() + DAY)].map((date) =>
    der(0x17, Buffer.from(`${date.toISOString().slice(2, 19).replace(/[-T:]/g, "")}Z`)),
  );
  const signed = der(
    0x30,
    der(0x02, Buffer.from([1])),
    algorithm,
    name,
    der(0x30, ...times),
    name,
    publicKey.export({ type: "spki", format: "der" }),
  );
  const signature = der(0x03, Buffer.from([0]), sign("sha256", signed, privateKey));
  const base64 = der(0x30, signed, algorithm, signature).toString("base64");
  const key = String(privateKey.export({ type: "pkcs8", format: "pem" }));
  return { file: `${key}-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`, base64 };
}

const DAY = 24 * 3600 * 1000;
/** 1.2.840.10045.4.3.2 */
const ECDSA_WITH_SHA256 = Buffer.from("2a8648ce3d040302", "hex");
/** 2.5.4.3 */
const COMMON_NAME = Buffer.from("550403", "hex");

/** X.690 §8.1: a tag, a length of at most two bytes, what it holds. */
function der(tag: number, ...parts: readonly Buffer[]): Buffer {
  const held = Buffer.concat(parts);
  const { length } = held;
  const head = length < 128 ? [length] : length < 256 ? [0x81, length] : [0x82, length >> 8, length & 255];
  return Buffer.concat([Buffer.from([tag, ...head]), held]);
}
