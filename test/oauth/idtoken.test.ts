import { expect, test } from "bun:test";
import fc from "fast-check";
import { decodeJwt } from "../../src/oauth/idtoken.ts";
import { jwt } from "./support.ts";

test("a JWT shows its header and claims", () => {
  expect(decodeJwt(jwt({ sub: "ä", n: 1 }))).toEqual({ header: { alg: "ES256" }, claims: { sub: "ä", n: 1 } });
  expect(decodeJwt(` ${jwt({})}\n`)?.claims).toEqual({});
});

test("what is no JWT is null, never an error", () => {
  const [head = "", body = ""] = jwt({}).split(".");
  const list = btoa("[1]").replaceAll("=", "");
  for (const text of [
    "",
    "opaque",
    "a.b.c",
    `${head}.${body}`,
    `${head}.${body}.x.y`,
    `${head}.${list}.x`,
    `${list}.${body}.x`,
    `${head}.!!!.x`,
    "sntrys_eyJ.x",
  ])
    expect(decodeJwt(text)).toBeNull();
  fc.assert(fc.property(fc.string(), fc.string(), fc.string(), (a, b, c) => void decodeJwt(`${a}.${b}.${c}`)));
});
