/** The file of age in a vault's header: made by `age-encryption`, opened by ours. */
import { expect, test } from "bun:test";
import { chacha20poly1305 } from "@noble/ciphers/chacha.js";
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import fc from "fast-check";
import { type Bytes, concat, hkdf, hmac, random, utf8 } from "../../src/vault/bytes.ts";
import { fromBech32 } from "../../src/vault/sources/bech32.ts";
import { openEnvelope } from "../../src/vault/sources/envelope.ts";

const PREFIX = "AGE-SECRET-KEY-";
const secretOf = (identity: string) => fromBech32(PREFIX, identity) ?? new Uint8Array();

async function sealed(count: number, content = random(32)) {
  const identities = await Promise.all(Array.from({ length: count }, () => generateX25519Identity()));
  const encrypter = new Encrypter();
  for (const identity of identities) encrypter.addRecipient(await identityToRecipient(identity));
  return { identities, content, file: new Uint8Array(await encrypter.encrypt(content)) };
}

test("each of those it was made for opens it, as with age-encryption, and no one else", async () => {
  for (const count of [1, 2, 100]) {
    const { identities, content, file } = await sealed(count);
    for (const identity of [identities[0], identities.at(-1)]) {
      expect(await openEnvelope(file, secretOf(identity ?? ""))).toEqual(content);
      const decrypter = new Decrypter();
      decrypter.addIdentity(identity ?? "");
      expect(new Uint8Array(await decrypter.decrypt(file))).toEqual(content);
    }
    expect(await openEnvelope(file, random(32))).toBe("another's");
  }
});

test("one that was changed anywhere, cut or made longer gives nothing", async () => {
  const { identities, file } = await sealed(2);
  const secret = secretOf(identities[0] ?? "");
  for (let at = 0; at < file.length; at++)
    for (const bit of [1, 4, 128]) {
      const edited = file.slice();
      edited[at] = (edited[at] ?? 0) ^ bit;
      expect(["damaged", "another's"]).toContain(String(await openEnvelope(edited, secret)));
    }
  for (let length = 0; length < file.length; length++)
    expect(String(await openEnvelope(file.slice(0, length), secret))).toBe("damaged");
  expect(await openEnvelope(new Uint8Array([...file, 0]), secret)).toBe("damaged");
});

test("what is written in base64 has one form: one that differs only in the bits that are left over is none", async () => {
  const { identities, file } = await sealed(1);
  const lines = Buffer.from(file).toString("latin1").split("\n");
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  for (const at of [1, 2, 3]) {
    const line = lines[at] ?? "";
    const other = line.slice(0, -1) + alphabet[alphabet.indexOf(line.at(-1) ?? "") + 1];
    const edited = Buffer.from(lines.with(at, other).join("\n"), "latin1");
    expect([at, await openEnvelope(new Uint8Array(edited), secretOf(identities[0] ?? ""))]).toEqual([at, "damaged"]);
  }
});

/** A file by someone without any key: its stanza is sealed under the secret that is agreed on with `share`. */
async function plantedFor(recipient: Bytes, share: Bytes, secret: Bytes): Promise<Bytes> {
  const seal = (key: Bytes, nonce: Bytes, content: Bytes): Bytes =>
    new Uint8Array(chacha20poly1305(key, nonce).encrypt(content));
  const text = (bytes: Bytes): string => bytes.toBase64({ omitPadding: true });
  const [fileKey, payloadNonce] = [random(16), random(16)];
  const key = hkdf(secret, concat(share, recipient), utf8("age-encryption.org/v1/X25519"));
  const body = seal(key, new Uint8Array(12), fileKey);
  const header = `age-encryption.org/v1\n-> X25519 ${text(share)}\n${text(body)}\n---`;
  const tag = hmac(hkdf(fileKey, new Uint8Array(), utf8("header")), utf8(header));
  const lastChunk = Uint8Array.from([...new Uint8Array(11), 1]);
  const payload = seal(hkdf(fileKey, payloadNonce, utf8("payload")), lastChunk, utf8("planted"));
  return concat(utf8(`${header} ${text(tag)}\n`), payloadNonce, payload);
}

/** Each of the curve's points of low order: with them every key agrees on zero, which anyone knows (RFC 7748 §6.1). */
const LOW_ORDER = [
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
];

test("an attack: a file that is sealed under a secret which anyone knows opens for no one", async () => {
  const identity = await generateX25519Identity();
  const secret = secretOf(identity);
  const recipient = fromBech32("age", await identityToRecipient(identity)) as Bytes;
  // The same with a secret that was agreed on: what is refused below is the point, and not the file's form.
  const one = (await crypto.subtle.generateKey("X25519", true, ["deriveBits"])) as CryptoKeyPair;
  const share = new Uint8Array(await crypto.subtle.exportKey("raw", one.publicKey));
  const other = await crypto.subtle.importKey("raw", recipient, "X25519", false, []);
  const agreed = await crypto.subtle.deriveBits({ name: "X25519", public: other }, one.privateKey, 256);
  const good = await plantedFor(recipient, share, new Uint8Array(agreed));
  expect(await openEnvelope(good, secret)).toEqual(utf8("planted"));
  for (const point of LOW_ORDER) {
    const planted = await plantedFor(recipient, Uint8Array.fromHex(point), new Uint8Array(32));
    expect([point, await openEnvelope(planted, secret)]).toEqual([point, "another's"]);
  }
});

test("what age allows and auth never makes is none", async () => {
  const secret = secretOf(await generateX25519Identity());
  const byPassphrase = new Encrypter();
  byPassphrase.setPassphrase("x");
  byPassphrase.setScryptWorkFactor(2);
  const scrypt = new Uint8Array(await byPassphrase.encrypt(random(32)));
  for (const file of [scrypt, new Uint8Array(), random(500)]) expect(await openEnvelope(file, secret)).toBe("damaged");
});

test("keys are read as age writes them, and a slip of the pen is noticed", async () => {
  for (let i = 0; i < 20; i++) {
    const identity = await generateX25519Identity();
    expect(fromBech32(PREFIX, identity)).toHaveLength(32);
    const recipient = await identityToRecipient(identity);
    expect(fromBech32("age", recipient)).toHaveLength(32);
    expect(fromBech32("age", identity)).toBeNull();
    for (let at = PREFIX.length; at < identity.length; at++) {
      const other = identity[at] === "Q" ? "P" : "Q";
      expect(fromBech32(PREFIX, identity.slice(0, at) + other + identity.slice(at + 1))).toBeNull();
    }
    expect(fromBech32(PREFIX, identity.slice(0, 20) + identity.slice(20).toLowerCase())).toBeNull();
  }
  // BIP 173's own examples.
  expect(fromBech32("A", "A12UEL5L")).toEqual(new Uint8Array());
  expect(fromBech32("abcdef", "abcdef1qpzry9x8gf2tvdw0s3jn54khce6mua7lmqqqxw")?.toHex()).toBe(
    "00443214c74254b635cf84653a56d7c675be77df",
  );
});

test("no text makes the reader of keys fail", () => {
  fc.assert(
    fc.property(fc.string(), (text) => {
      fromBech32(PREFIX, text);
      fromBech32(PREFIX, `${PREFIX}1${text}`);
    }),
  );
});
