import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { bearerChallenge, parseChallenges } from "../../src/oauth/challenge.ts";

const parsed = (header: string): unknown =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe("challenges (RFC 9110 §11.6.1)", () => {
  test.each<[string, unknown]>([
    ["", []],
    ["Bearer", [["bearer", {}]]],
    ['bearer realm = "x" , error=invalid_token', [["bearer", { realm: "x", error: "invalid_token" }]]],
    [
      'Basic realm="a, b=\\"c\\"", Bearer scope="a b"',
      [
        ["basic", { realm: 'a, b="c"' }],
        ["bearer", { scope: "a b" }],
      ],
    ],
    [
      "Negotiate YII==, NTLM, Bearer error=x",
      [
        ["negotiate", {}],
        ["ntlm", {}],
        ["bearer", { error: "x" }],
      ],
    ],
    ["Bearer error=a, error=b, ERROR=c", [["bearer", { error: "a" }]]],
    [",, ,Bearer a=b,,c=d", [["bearer", { a: "b", c: "d" }]]],
    ["Bearer a=https://x.example/y?z=1, b=c", [["bearer", { a: "https://x.example/y?z=1", b: "c" }]]],
    ['Bearer error="open', [["bearer", {}]]],
    ["error=x, Bearer", []],
    [
      "Bearer __proto__=x, constructor=y",
      [
        [
          "bearer",
          Object.fromEntries([
            ["__proto__", "x"],
            ["constructor", "y"],
          ]),
        ],
      ],
    ],
    [`Bearer scope="${"x".repeat(70_000)}"`, []],
  ])("%p", (header, expected) => expect(parsed(header)).toEqual(expected as never));

  test("what a token must have is taken from the challenge that says it", () => {
    expect(bearerChallenge('Bearer realm="x", DPoP algs="ES256", Bearer error="e", scope="b a b \u00e9"')).toEqual({
      error: "e",
      scopes: ["b", "a"],
      resourceMetadata: null,
      bound: false,
    });
    expect(bearerChallenge('Bearer resource_metadata="no url", error="e"')?.resourceMetadata).toBeNull();
    expect(bearerChallenge('DPoP algs="ES256"')?.bound).toBe(true);
    expect(bearerChallenge("Basic realm=x")).toBeNull();
    expect(bearerChallenge(null)).toBeNull();
  });

  test("what is written in quotes is read as it was", () => {
    const text = fc.string({ unit: fc.constantFrom(...'ab "\\,=\t;é') });
    fc.assert(
      fc.property(fc.array(fc.record({ scheme: fc.constantFrom("Bearer", "Basic"), text })), (all) => {
        const quoted = all.map((one) => `${one.scheme} v="${one.text.replace(/["\\]/g, "\\$&")}"`).join(", ");
        expect(parsed(quoted)).toEqual(all.map((one) => [one.scheme.toLowerCase(), { v: one.text }]));
      }),
    );
  });

  test("garbage of any kind ends, and throws nothing", () => {
    fc.assert(fc.property(fc.string({ maxLength: 300 }), (text) => void parseChallenges(text)));
    const began = performance.now();
    for (const part of ['"', "\\", "a=", "a ", "=", ",", 'a="', "a b=c ", " \t"])
      parseChallenges(part.repeat(Math.floor(65_000 / part.length)));
    expect(performance.now() - began).toBeLessThan(20_000);
  });
});
