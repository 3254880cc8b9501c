/** What a reply looks like, without what it says. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { classifyReply } from "../../src/oauth/classify.ts";
import { shapeLine, shapeLines } from "../../src/oauth/shape.ts";
import { withDefaults } from "../../src/providers/defaults.ts";

test("names, types and lengths in full depth; of a list the first", () => {
  const body = {
    access_token: "abcdef",
    id_token: "eyJh.eyJz.c2ln",
    expires_in: 3600,
    code: 0,
    error: null,
    ok: true,
    note: "",
    at: "2026-01-01T00:00:00Z",
    link: "https://acme.example/",
    data: { items: [{ id: 1 }, { id: 2 }], none: [] },
  };
  expect(shapeLines(body, (path) => (path === "access_token" ? "reply.accessToken" : ""))).toEqual([
    "access_token: text of 6 → reply.accessToken",
    "id_token: text of 14, a JWT",
    "expires_in: number of 4 digits",
    "code: number, 0",
    "error: null",
    "ok: boolean",
    "note: empty text",
    "at: text of 20, a date",
    "link: text of 21, a URL",
    "data: group",
    "  items: list of 2",
    "    0: group",
    "      id: number of 1 digits",
    "  none: list of 0",
  ]);
});

test("of an error the names alone, on one line, in full depth", () => {
  const body = { message: "Bad", errors: [{ resource: "Token", inner: { code: [1] } }], data: {} };
  expect(shapeLine(body)).toBe("{ message, errors: [{ resource, inner: { code: [number of 1 digits] } }], data: {} }");
  expect(classifyReply(raw(body), body, withDefaults(DEFINITION), 0).shape).toBe(shapeLine(body));
  expect(classifyReply(raw(body), null, withDefaults(DEFINITION), 0).shape).toBeNull();
});

const DEFINITION = { id: "acme", title: "Acme", flows: ["token" as const] };

function raw(body: object) {
  return { status: 400, headers: {}, body: new TextEncoder().encode(JSON.stringify(body)) };
}

describe("attack", () => {
  test("a value in the place of a name isn't shown", () => {
    for (const name of [
      "sk-4f9c2a7788d1e0",
      "8f1b0f2e-9a3c-4c1e-b5d7-2f6a7c9e0d11",
      "a".repeat(61),
      "x\nError: all is well",
      "\u001b[2J",
      "4711000111",
    ]) {
      expect(shapeLines({ [name]: 1 }).join()).toBe(`(a name of ${name.length}): number of 1 digits`);
      expect(shapeLine({ [name]: { [name]: 1 } })).not.toContain(name);
    }
  });

  test("no text of a reply is in either, however deep and however many", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6 }), fc.stringMatching(/^secret-[a-z]{12}$/), (value, secret) => {
        const body = JSON.parse(JSON.stringify({ a: value, b: { c: [secret] } }));
        expect(shapeLines(body).join("\n") + shapeLine(body)).not.toContain(secret);
      }),
    );
  });

  test("a reply of many or deep fields stays short", () => {
    const many = Object.fromEntries(Array.from({ length: 5_000 }, (_, i) => [`f${i % 900}_${"a".repeat(i % 40)}`, i]));
    expect(shapeLines(many).length).toBe(201);
    expect(shapeLine(many).length).toBeLessThan(20_000);
    let deep: object = {};
    for (let i = 0; i < 500; i++) deep = { a: deep };
    expect(shapeLines(deep).length).toBe(11);
    expect(shapeLine(deep)).toContain("…");
    const wide = Array.from({ length: 100_000 }, () => ({ a: 1 }));
    expect(shapeLine(wide)).toBe("[{ a }]");
  });
});
