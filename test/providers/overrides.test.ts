import { expect, test } from "bun:test";
import { applyOverrides, parseEndpoints } from "../../src/providers/overrides.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import { definitionOf } from "./builtin.ts";
import { thrownBy } from "./thrown.ts";

const github = resolveProvider(definitionOf("github"), {});
const sentry = resolveProvider(definitionOf("sentry"), {});
const local = "http://127.0.0.1:4000";

test("attack: with the login moved to a local issuer, no token of it can go to the real API", () => {
  const moved = applyOverrides(github, {
    endpoints: { device: `${local}/device`, token: `${local}/token`, authorization: `${local}/authorize` },
  });
  expect(moved.endpoints).toEqual({
    device: `${local}/device`,
    token: `${local}/token`,
    authorization: `${local}/authorize`,
  });
  expect(moved.origins).toEqual([local]);
});

test("moving one door is enough for the rest to fall away, API origins included", () => {
  const moved = applyOverrides(sentry, { endpoints: { token: `${local}/oauth/token/` } });
  expect(moved.endpoints.userinfo).toBeUndefined();
  expect(moved.endpoints.revocation).toBeUndefined();
  expect(moved.apiOrigins).toEqual([]);
  expect(moved.origins).not.toContain("https://us.sentry.io");
});

test("what is overridden too is used", () => {
  const endpoints = { token: `${local}/token`, userinfo: "https://api.example/me" };
  const moved = applyOverrides(github, { endpoints });
  expect(moved.endpoints.userinfo).toBe("https://api.example/me");
  expect(moved.origins).toContain("https://api.example");
});

test("another path at the same origin drops nothing", () => {
  const moved = applyOverrides(sentry, { endpoints: { token: "https://sentry.io/oauth/v2/token/" } });
  expect(moved.endpoints).toEqual({ ...sentry.endpoints, token: "https://sentry.io/oauth/v2/token/" });
  expect(moved.origins).toEqual(sentry.origins);
});

test("a flag goes before discovery, and discovery before the description", () => {
  const moved = applyOverrides(github, {
    issuerDocument: {
      issuer: "https://i.example",
      endpoints: { token: "https://i.example/t", userinfo: "https://i.example/u" },
    },
    endpoints: { userinfo: `${local}/u` },
  });
  expect(moved.issuer).toBe("https://i.example");
  expect(moved.endpoints.token).toBe("https://i.example/t");
  expect(moved.endpoints.userinfo).toBe(`${local}/u`);
});

test("attack: discovery that names http elsewhere is refused", () => {
  const issuerDocument = { issuer: "https://i.example", endpoints: { token: "http://i.example/t" } };
  expect(thrownBy(() => applyOverrides(github, { issuerDocument, endpoints: {} })).code).toBe("usage");
});

test("--endpoint takes name=url, and the URL may hold more equal signs", () => {
  expect(parseEndpoints(["token=https://x.example/t?a=b", "refresh=http://localhost:1/r"])).toEqual({
    token: "https://x.example/t?a=b",
    refresh: "http://localhost:1/r",
  });
});

test("http is for this machine only", () => {
  for (const url of [
    "http://127.0.0.1:1/t",
    "http://127.9.9.9/t",
    "http://localhost/t",
    "http://[::1]:1/t",
    "https://x.example/t",
  ])
    expect(parseEndpoints([`token=${url}`])).toEqual({ token: url });
  const refused = [
    ...[
      "http://x.example/t",
      "http://127.0.0.1.evil.example/t",
      "http://localhost.evil.example",
      "http://evil@127.0.0.1@x.example",
    ],
    ...[
      "https://u:p@x.example/t",
      "ftp://x.example",
      "x.example/t",
      "https:x.example",
      "https://",
      "https://x.example/#f",
      "//x.example",
    ],
    ...[
      "https://x.example\\@evil.example/",
      "https://x.example/ t",
      "",
      "http://[::2]/",
      "http://0.0.0.0/",
      "javascript:alert(1)",
    ],
  ];
  for (const url of refused)
    expect({ url, code: thrownBy(() => parseEndpoints([`token=${url}`])).code }).toEqual({ url, code: "usage" });
});

test("an endpoint there isn't is named with the nearest there is", () => {
  expect(thrownBy(() => parseEndpoints(["tokn=https://x.example"])).hint).toContain("Did you mean 'token'?");
  for (const flag of ["token", "=https://x.example", "__proto__=https://x.example"])
    expect(thrownBy(() => parseEndpoints([flag])).code).toBe("usage");
});
