import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Bytes, random, utf8 } from "../../src/vault/bytes.ts";
import { type DataKey, type Label, open, openLabel, readSealedHeader, seal, tryOpen } from "../../src/vault/seal.ts";
import type { Version } from "../../src/vault/types.ts";
import { refusal, version } from "./home.ts";

const key: DataKey = { vaultId: "11".repeat(16), epoch: 3, id: "22".repeat(8), raw: random(32) };
const place = "33".repeat(32);
const label: Label = { type: "connection", name: "acme:work" };
const body = utf8('{"token":"planted-secret"}');

const anyBody = fc.uint8Array({ maxLength: 300 }).map((array) => new Uint8Array(array));
const anyVersion: fc.Arbitrary<Version> = fc.record({
  incarnation: fc.uint8Array({ minLength: 16, maxLength: 16 }).map((array) => new Uint8Array(array).toHex()),
  generation: fc.maxSafeNat(),
});

test("what was sealed opens, with its label and version, and nothing of it shows", async () => {
  await fc.assert(
    fc.asyncProperty(fc.string(), anyVersion, anyBody, async (name, at, content) => {
      const sealed = await seal(key, place, { type: "client", name }, at, content);
      expect(await open(key, place, { type: "client", name }, sealed)).toEqual(content);
      expect(await openLabel(key, place, sealed)).toEqual({ type: "client", name });
      expect(readSealedHeader(sealed)).toEqual({ keyId: key.id, epoch: key.epoch, version: at });
    }),
    { numRuns: 60 },
  );
  const sealed = Buffer.from(await seal(key, place, label, version(1), body)).toString("latin1");
  for (const word of ["planted", "acme", "connection"]) expect(sealed).not.toContain(word);
});

test("a record that version 0.1 sealed opens", async () => {
  const older: DataKey = { ...key, raw: new Uint8Array(32).fill(7) };
  const sealed = Uint8Array.fromBase64(
    "ASIiIiIiIiIiAAAAA6urq6urq6urq6urq6urq6sAAAAAAAAABQA3jcjOzbz1XlryaeQ856TBmCOtq1iVlC+wsdm2ky4+oWyAzHbDP++DdTZzoQWVYrfXvFEPF3FLBjT3D+DYdw+UVyNx2sk7GROQd5CdAA3yK6ZreQuQhIQwM0CTgwGFR7xplQ==",
  );
  expect(new TextDecoder().decode(await open(older, place, label, sealed))).toBe("sealed in 2026");
  expect(await openLabel(older, place, sealed)).toEqual(label);
});

test("one record sealed twice is never the same bytes", async () => {
  const once = await seal(key, place, label, version(1), body);
  expect(await seal(key, place, label, version(1), body)).not.toEqual(once);
});

test("a record with any one bit flipped doesn't open", async () => {
  const sealed = await seal(key, place, label, version(1), body);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const edited = sealed.slice();
    edited[bit >> 3] = (edited[bit >> 3] ?? 0) ^ (1 << (bit & 7));
    expect(await tryOpen(key, place, label, edited)).toBeNull();
  }
});

test("a record that was cut short doesn't open, wherever the cut is", async () => {
  const sealed = await seal(key, place, label, version(1), body);
  for (let length = 0; length < sealed.length; length++)
    expect(await tryOpen(key, place, label, sealed.slice(0, length))).toBeNull();
});

test("a record doesn't open as another one, in another place, vault or epoch, or with another key", async () => {
  const sealed = await seal(key, place, label, version(1), body);
  const attempts: [string, DataKey, string, Label][] = [
    ["another name", key, place, { type: "connection", name: "acme:home" }],
    ["another type", key, place, { type: "client", name: "acme:work" }],
    ["a name and type that join to the same text", key, place, { type: "connectiona", name: "cme:work" }],
    ["another place", key, "44".repeat(32), label],
    ["another vault", { ...key, vaultId: "55".repeat(16) }, place, label],
    ["another key", { ...key, raw: random(32) }, place, label],
  ];
  for (const [what, otherKey, otherPlace, otherLabel] of attempts) {
    const refused = await refusal(open(otherKey, otherPlace, otherLabel, sealed));
    expect([what, refused.code]).toEqual([what, "vault_corrupt"]);
    expect(refused.text).toContain(otherLabel.name);
  }
});

test("the label of one record doesn't open under another record's place", async () => {
  const sealed = await seal(key, place, label, version(1), body);
  expect((await refusal(openLabel(key, "44".repeat(32), sealed))).code).toBe("vault_corrupt");
});

test("a body can't be put under another record's label, nor an old body under a new version", async () => {
  const older = await seal(key, place, label, version(1), body);
  const newer = await seal(key, place, label, version(2), utf8("{}"));
  const head = (value: Bytes): number => 39 + new DataView(value.buffer).getUint16(37);
  const mixed = new Uint8Array([...newer.slice(0, head(newer)), ...older.slice(head(older))]);
  expect(await tryOpen(key, place, label, mixed)).toBeNull();
  const relabelled = new Uint8Array([...newer.slice(0, 39), ...older.slice(39)]);
  expect(await tryOpen(key, place, label, relabelled)).toBeNull();
});

test("a record of a newer format is refused as such", async () => {
  const sealed = (await seal(key, place, label, version(1), body)).slice();
  sealed[0] = 2;
  expect((await refusal(open(key, place, label, sealed))).text).toContain("newer version");
});
