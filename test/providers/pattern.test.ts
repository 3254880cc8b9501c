import { expect, test } from "bun:test";
import fc from "fast-check";
import { matches, patternFault } from "../../src/providers/pattern.ts";

test("literals, classes and one quantifier are all that a pattern needs", () => {
  for (const pattern of [
    "sk-.*",
    "ghs_[A-Za-z0-9._-]{36,}",
    "github\\.com",
    "[^@]+@x",
    "\\d{4}-\\w",
    "https?",
    "1//[a-z]{20,}",
  ])
    expect({ pattern, fault: patternFault(pattern) }).toEqual({ pattern, fault: null });
});

test("groups, alternatives, anchors, back references and look-around are refused", () => {
  for (const pattern of ["(a+)+", "a|b", "^a", "a$", "(?=a)", "\\1", "\\bx", "a{2", "[a", "a**", "*", "", "a\\"])
    expect({ pattern, refused: patternFault(pattern) !== null }).toEqual({ pattern, refused: true });
});

test("a second quantifier of variable length is refused: it is what makes matching slow", () => {
  for (const pattern of ["a*a*", "a+b?", "a{1,5}b*", ".*x.*"])
    expect(patternFault(pattern)).toContain("two quantifiers");
  expect(patternFault("a{3}b{4}c*")).toBeNull();
  expect(patternFault("a{9999}")).toContain("1000");
});

test("a pattern must match the whole text", () => {
  expect(matches("sk-.*", "sk-abc")).toBe(true);
  expect(matches("sk-.*", "xsk-abc")).toBe(false);
  expect(matches("github\\.com", "github.com.evil.example")).toBe(false);
  expect(matches("github\\.com", "github.com\n")).toBe(false);
});

test("a text over 8 KB is not matched at all", () => {
  expect(matches("a*", "a".repeat(8192))).toBe(true);
  expect(matches("a*", "a".repeat(8193))).toBe(false);
});

test("whatever is let through is a regular expression that does without backtracking over 8 KB", () => {
  const part = fc.constantFrom(
    "a",
    "\\.",
    "[a-z]",
    ".",
    "*",
    "+",
    "?",
    "{2}",
    "{1,}",
    "(",
    ")",
    "|",
    "[",
    "]",
    "^",
    "$",
    "\\",
    "\\d",
  );
  fc.assert(
    fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
      const pattern = parts.join("");
      if (patternFault(pattern) !== null) return;
      // Counted, not timed: one variable quantifier at most.
      expect(
        pattern
          .replace(/\\./g, "")
          .replace(/\[[^\]]*\]/g, "")
          .match(/[*+?]|\{\d+,\d*\}/g)?.length ?? 0,
      ).toBeLessThan(2);
      matches(pattern, "a".repeat(8192));
    }),
    { numRuns: 2000 },
  );
});
