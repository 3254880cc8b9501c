import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { hkdf, hmac, pack, sameBytes, uint64, unpack, utf8 } from "../../src/vault/bytes.ts";

const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => new Uint8Array(array));

test("HKDF gives the result of RFC 5869, A.1", () => {
  const okm = hkdf(
    Uint8Array.fromHex("0b".repeat(22)),
    Uint8Array.fromHex("000102030405060708090a0b0c"),
    Uint8Array.fromHex("f0f1f2f3f4f5f6f7f8f9"),
  );
  expect(okm.toHex()).toBe("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf");
});

test("HKDF gives what WebCrypto gives", async () => {
  await fc.assert(
    fc.asyncProperty(bytes, bytes, bytes, async (key, salt, info) => {
      const base = await crypto.subtle.importKey("raw", key, "HKDF", false, ["deriveBits"]);
      const bits = await crypto.subtle.deriveBits({ name: "HKDF", hash: "SHA-256", salt, info }, base, 256);
      expect(hkdf(key, salt, info)).toEqual(new Uint8Array(bits));
    }),
    { numRuns: 50 },
  );
});

test("different lists of fields never pack to the same bytes", () => {
  fc.assert(
    fc.property(fc.array(bytes), fc.array(bytes), (a, b) => {
      const same = a.length === b.length && a.every((field, i) => sameBytes(field, b[i] ?? new Uint8Array(99)));
      expect(sameBytes(pack(...a), pack(...b))).toBe(same);
    }),
  );
});

test("what was packed is unpacked; what wasn't is refused or another list", () => {
  fc.assert(fc.property(fc.array(bytes), (fields) => expect(unpack(pack(...fields))).toEqual(fields)));
  expect(unpack(Uint8Array.of(0, 0, 0, 9, 1))).toBeNull();
  expect(unpack(Uint8Array.of(0, 0))).toBeNull();
});

test("a count that a double doesn't hold exactly is not written down", () => {
  expect(uint64(2 ** 53 - 1).toHex()).toBe("001fffffffffffff");
  for (const wrong of [-1, 1.5, 2 ** 53, Number.NaN]) expect(() => uint64(wrong)).toThrow(RangeError);
});

describe("HMAC-SHA-256", () => {
  test("gives RFC 4231's results", () => {
    const hex = (text: string): Uint8Array => Uint8Array.fromHex(text);
    const cases: [Uint8Array, Uint8Array, string][] = [
      [hex("0b".repeat(20)), utf8("Hi There"), "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"],
      [
        utf8("Jefe"),
        utf8("what do ya want for nothing?"),
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
      ],
      [
        hex("aa".repeat(131)),
        utf8("Test Using Larger Than Block-Size Key - Hash Key First"),
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
      ],
    ];
    for (const [key, message, sum] of cases) expect(hmac(key, message).toHex()).toBe(sum);
  });
});
