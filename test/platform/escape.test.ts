import { expect, test } from "bun:test";
import fc from "fast-check";
import { escapeText } from "../../src/platform/escape.ts";

test("a provider's text can't move the cursor, colour the terminal or set its title", () => {
  expect(escapeText("\x1b[2J\x1b]0;pwned\x07\x9b31m")).toBe("\\x1b[2J\\x1b]0;pwned\\x07\\x9b31m");
});

test("a provider's text can't start a line of its own", () => {
  expect(escapeText("denied\r\nError: run this\u2028\u2029\u0085")).toBe(
    "denied\\r\\nError: run this\\u2028\\u2029\\x85",
  );
});

test("a provider's text can't reverse the text beside it", () => {
  expect(escapeText("a\u202eb\u2066c\u200fd\u061ce")).toBe("a\\u202eb\\u2066c\\u200fd\\u061ce");
});

test("nothing invisible hides in it", () => {
  expect(escapeText("a\u200bb\ufeffc\u{e0041}d\u00ad")).toBe("a\\u200bb\\ufeffc\\u{e0041}d\\xad");
});

test("half a character is shown as what it is", () => {
  expect(escapeText("a\ud800b")).toBe("a\\ud800b");
});

test("ordinary text of any script stays as it is", () => {
  for (const text of [
    "Zażółć gęślą jaźń",
    "日本語",
    "עברית",
    "العربية",
    "🙂",
    "https://a.example/?b=c&d=%20",
    'C:\\temp "x"',
  ])
    expect(escapeText(text)).toBe(text);
});

test("whatever comes in, one printable line goes out", () => {
  fc.assert(
    fc.property(fc.string({ unit: "binary" }), (text) => {
      expect(escapeText(text)).not.toMatch(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
    }),
  );
});
