/**
 * minisign's keys and signatures: Ed25519 over BLAKE2b-512, with a comment that is signed too.
 * Source: https://jedisct1.github.io/minisign/, "Signature format" and "Secret key format".
 */
import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, randomBytes, sign } from "node:crypto";

export interface MinisignKey {
  readonly id: Buffer;
  readonly key: KeyObject;
  /** As `minisign -P` takes it. */
  readonly publicKey: string;
}

const ED25519 = Buffer.from("Ed");
const PREHASHED = Buffer.from("ED");
const NO_PASSWORD = Buffer.from([0, 0]);
const BLAKE2B = Buffer.from("B2");
/** What stands before the 32 bytes of an Ed25519 key in PKCS #8 (RFC 8410). */
const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");

export function newMinisignKey(): MinisignKey {
  return keyOf(randomBytes(8), generateKeyPairSync("ed25519").privateKey);
}

/** @param text a key file that `minisign -G -W` makes @throws Error when it has a password */
export function readMinisignKey(text: string): MinisignKey {
  const bytes = Buffer.from(text.split("\n")[1] ?? "", "base64");
  if (bytes.length !== 158 || !bytes.subarray(0, 2).equals(ED25519)) throw new Error("no minisign secret key");
  if (!bytes.subarray(2, 4).equals(NO_PASSWORD)) {
    throw new Error(
      "the minisign key has a password: take one that `minisign -G -W` makes, or `minisign -C -W` changes",
    );
  }
  const seed = bytes.subarray(62, 94);
  const key = createPrivateKey({ key: Buffer.concat([PKCS8, seed]), format: "der", type: "pkcs8" });
  if (!rawPublic(key).equals(bytes.subarray(94, 126)))
    throw new Error("the minisign key is damaged: its halves differ");
  return keyOf(bytes.subarray(54, 62), key);
}

export function secretKeyFile({ id, key }: MinisignKey): string {
  const secret = Buffer.concat([key.export({ format: "der", type: "pkcs8" }).subarray(-32), rawPublic(key)]);
  const checksum = new Bun.CryptoHasher("blake2b256").update(ED25519).update(id).update(secret).digest();
  const head = [ED25519, NO_PASSWORD, BLAKE2B, Buffer.alloc(48)];
  const bytes = Buffer.concat([...head, id, secret, checksum]);
  return `untrusted comment: minisign secret key\n${bytes.toString("base64")}\n`;
}

/** @param comment is signed as well: the file's name and time */
export function minisign(bytes: Uint8Array, { id, key }: MinisignKey, comment: string): string {
  const signature = sign(null, new Bun.CryptoHasher("blake2b512").update(bytes).digest(), key);
  const overall = sign(null, Buffer.concat([signature, Buffer.from(comment)]), key);
  return [
    "untrusted comment: signature of an auth release",
    Buffer.concat([PREHASHED, id, signature]).toString("base64"),
    `trusted comment: ${comment}`,
    overall.toString("base64"),
    "",
  ].join("\n");
}

function keyOf(id: Buffer, key: KeyObject): MinisignKey {
  return { id, key, publicKey: Buffer.concat([ED25519, id, rawPublic(key)]).toString("base64") };
}

function rawPublic(key: KeyObject): Buffer {
  return createPublicKey(key).export({ format: "der", type: "spki" }).subarray(-32);
}
