import { expect, test } from "bun:test";
import { random } from "../../src/vault/bytes.ts";
import {
  type Header,
  newKdf,
  newKey,
  newKeyId,
  parseHeader,
  parseKdf,
  retiredKeys,
  unwrap,
  wrap,
} from "../../src/vault/header.ts";
import type { DataKey } from "../../src/vault/seal.ts";

const wrapping = newKey();
const keys = { raw: newKey(), index: newKey() };
const old: DataKey = { vaultId: "ab".repeat(16), epoch: 1, id: newKeyId(), raw: newKey() };

function make(source: Header["source"] = "file", retired: DataKey[] = [old]): Promise<Header> {
  const kdf = source === "passphrase" ? newKdf() : null;
  return wrap({ vaultId: "ab".repeat(16), epoch: 2, keyId: newKeyId(), source, kdf }, wrapping, keys, retired);
}

test("a header is read as it was written, for every key source", async () => {
  for (const source of ["file", "env", "command", "passphrase", "keychain"] as const) {
    const header = await make(source);
    expect(parseHeader(header.bytes)).toEqual(header);
    const opened = await unwrap(header, wrapping);
    expect(opened?.data.raw).toEqual(keys.raw);
    expect(opened?.index).toEqual(keys.index);
  }
});

test("retired keys open with the present one", async () => {
  const header = await make();
  const opened = await unwrap(header, wrapping);
  expect(opened && (await retiredKeys(header, opened))).toEqual([old]);
});

test("another key is not reported as a damaged header", async () => {
  expect(await unwrap(await make(), newKey())).toBeNull();
});

test("no header with a bit flipped gives keys", async () => {
  const { bytes } = await make("passphrase");
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    const edited = bytes.slice();
    edited[bit >> 3] = (edited[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    const outcome = await Promise.resolve(edited)
      .then((value) => unwrap(parseHeader(value), wrapping))
      .catch((error) => error.code);
    expect([null, "vault_corrupt"]).toContain(outcome);
  }
});

test("a header cut short or made longer is refused", async () => {
  const { bytes } = await make();
  for (let length = 0; length < bytes.length; length++)
    expect(() => parseHeader(bytes.slice(0, length))).toThrow(/damaged/);
  expect(() => parseHeader(new Uint8Array([...bytes, 0]))).toThrow(/damaged/);
});

test("a header of a newer format is refused, not guessed", async () => {
  const { bytes } = await make();
  bytes[0] = 3;
  expect(() => parseHeader(bytes)).toThrow(/newer version/);
});

test("key derivation parameters are bounded both ways", () => {
  const salt = random(16);
  const parse = (logN: number, r: number, p: number) => () => parseKdf(new Uint8Array([logN, r, p, ...salt]));
  expect(parse(16, 8, 2)()).toEqual({ logN: 16, r: 8, p: 2, salt });
  for (const [logN, r, p] of [
    [1, 8, 1],
    [13, 8, 1],
    [21, 8, 1],
    [255, 8, 1],
    [16, 0, 1],
    [16, 255, 1],
    [16, 8, 0],
    [16, 8, 200],
  ] as const)
    expect(parse(logN, r, p)).toThrow(/key derivation/);
});
