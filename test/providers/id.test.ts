/** What a provider can be called is told by a loop where it is fast, and by a pattern where a schema shows it. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { isProviderId, PROVIDER_ID } from "../../src/providers/id.ts";

const pattern = new RegExp(PROVIDER_ID);

test("the loop and the pattern agree on every text", () => {
  const near = fc.string({ unit: fc.constantFrom(..."azAZ09-_.: \n\0é"), maxLength: 40 });
  fc.assert(fc.property(fc.oneof(near, fc.string()), (text) => isProviderId(text) === pattern.test(text)));
});

test("32 characters at most, a letter first", () => {
  expect(isProviderId("a".repeat(32))).toBe(true);
  for (const text of ["", "a".repeat(33), "0a", "-a", "A", "a\n"]) expect(isProviderId(text)).toBe(false);
});
