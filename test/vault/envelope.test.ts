/** The file of age in a vault's header: made by `age-encryption`, opened by ours. */
import { expect, test } from "bun:test";
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import fc from "fast-check";
import { random } from "../../src/vault/bytes.ts";
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

test("a stanza whose share is no good point is passed over: no key is agreed on with it", async () => {
  const { identities, content, file } = await sealed(1);
  const text = new TextDecoder("latin1").decode(file);
  const zero = `-> X25519 ${"A".repeat(43)}\n${"A".repeat(43)}\n`;
  const planted = Uint8Array.from(
    text.replace("-> X25519", () => `${zero}-> X25519`),
    (char) => char.charCodeAt(0),
  );
  // The header's tag doesn't fit any more, but the second stanza was found.
  expect(await openEnvelope(planted, secretOf(identities[0] ?? ""))).toBe("damaged");
  expect(await openEnvelope(file, secretOf(identities[0] ?? ""))).toEqual(content);
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
