/** RFC 6749 Appendix A, element by element: what may be in it, and what may not. */
import { expect, test } from "bun:test";
import fc from "fast-check";
import { type Element, syntaxFault } from "../../src/platform/syntax.ts";

const elements: Record<string, [element: Element, fine: string[], faulty: string[]]> = {
  "A.1 client-id = *VSCHAR": ["client id", ["", "my client", "~!@"], ["a\n", "é", "a\x7f"]],
  "A.2 client-secret = *VSCHAR": ["client secret", ["", 'a b\\"c'], ["a\r\nb", "\u200b", "\0"]],
  "A.4 scope-token = 1*NQCHAR": ["scope", ["https://x/y", "org:read", "a[b]~"], ['a"b', "a\\b", "a b", "é", "\ufeff"]],
  "A.11 code = 1*VSCHAR": ["code", ["4/0Ab cd"], ["a\tb", "\x1b[31m"]],
  "A.12 access-token = 1*VSCHAR": [
    "access token",
    ["gho_abc", "a b"],
    ["a\nb", "a\0b", "a\u200bb", "аbc", "🔑", "\u202e"],
  ],
  "A.13 token-type": ["token type", ["Bearer", "urn:x:y"], ["be arer", "bearer\n"]],
  "A.17 refresh-token = 1*VSCHAR": ["refresh token", ["1//0g-x"], ["a\x1fb", "ÿ"]],
};

for (const [name, [element, fine, faulty]] of Object.entries(elements))
  test(name, () => {
    for (const value of fine) expect(syntaxFault(element, value)).toBeNull();
    for (const value of faulty) expect(syntaxFault(element, value)).toContain(`(RFC 6749, ${name.split(" ")[0]})`);
  });

test("the position counts characters from 1, and nothing of the value is shown", () => {
  expect(syntaxFault("access token", "🔑abc")).toStartWith("The access token has U+1F511 at position 1,");
  expect(syntaxFault("access token", "secret\u200bvalue")).toBe(
    "The access token has U+200B at position 7, which it can't have (RFC 6749, A.12)",
  );
});

test("every single character of the table, and no other, is allowed", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 0x10ffff }), (code) => {
      const allowed = code >= 0x20 && code <= 0x7e;
      expect(syntaxFault("access token", String.fromCodePoint(code)) === null).toBe(allowed);
    }),
  );
});
