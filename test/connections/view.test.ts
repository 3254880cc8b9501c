import { describe, expect, test } from "bun:test";
import { parseSelector, typed, vaultName } from "../../src/connections/ref.ts";
import { duration } from "../../src/connections/view.ts";

describe("durations are floored words", () => {
  const minute = 60_000;
  const rows: [number, string][] = [
    [0, "less than a minute"],
    [59_999, "less than a minute"],
    [minute, "1 minute"],
    [2 * minute - 1, "1 minute"],
    [119 * minute, "119 minutes"],
    [120 * minute, "2 hours"],
    [48 * 60 * minute - 1, "47 hours"],
    [48 * 60 * minute, "2 days"],
    [30 * 24 * 60 * minute, "30 days"],
  ];
  for (const [milliseconds, words] of rows) test(words, () => expect(duration(milliseconds)).toBe(words));
});

describe("the name of a connection", () => {
  test("a provider alone names no connection", () =>
    expect(parseSelector("acme")).toEqual({ provider: "acme", name: null }));
  test("the name keeps its case, its record is folded", () => {
    expect(parseSelector("acme:Work/A@b.c+d")).toEqual({ provider: "acme", name: "Work/A@b.c+d" });
    expect(vaultName({ provider: "acme", name: "Work" })).toBe(vaultName({ provider: "acme", name: "wORK" }));
  });
  test("the default is typed as its provider", () => {
    expect(typed({ provider: "acme", name: "default" })).toBe("acme");
    expect(typed({ provider: "acme", name: "work" })).toBe("acme:work");
  });
  for (const bad of [
    "",
    ":",
    "acme:",
    "acme:-x",
    "acme:a b",
    "acme:a\0b",
    "Ac?me",
    "acme:a:b",
    `acme:${"x".repeat(129)}`,
    "../x",
    "acme:é",
  ])
    test(`${JSON.stringify(bad.slice(0, 20))} is refused as usage`, () =>
      expect(() => parseSelector(bad)).toThrow(expect.objectContaining({ code: "usage" })));
});
