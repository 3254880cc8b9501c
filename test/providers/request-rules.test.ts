/** Revocation, account and headers: what a description can't say of them is refused when it is read, with the reason. */
import { describe, expect, test } from "bun:test";
import { parseDefinition } from "../../src/providers/parse.ts";
import { thrownBy } from "./thrown.ts";

const SOUND = {
  id: "acme",
  title: "Acme",
  endpoints: {
    authorization: "https://acme.example/authorize",
    token: "https://acme.example/token",
    revocation: "https://acme.example/revoke",
    userinfo: "https://acme.example/me",
  },
  flows: ["browser"],
};

/** What is said of a description with these fields changed, hints included. */
function said(change: object): string {
  const error = thrownBy(() => parseDefinition({ ...SOUND, ...change }, "acme.toml"));
  expect(error.code).toBe("plugin_invalid");
  return `${error.message} ${error.hint}`;
}

describe("revocation", () => {
  const cases: [what: string, revocation: unknown, said: string][] = [
    ["a style of no kind", { style: "own-bearer" }, "revocation.style can't be 'own-bearer'"],
    ["another type", { request: "DELETE" }, "revocation.request must be"],
    ["a method that no server takes", { request: { method: "PATCH" } }, "revocation.request.method can't be 'PATCH'"],
    ["a field of token requests", { request: { grantTypes: {} } }, "revocation.request.grantTypes is not a field"],
    ["a token of no kind", { tokens: ["id_token"] }, "revocation.tokens.0 can't be 'id_token'"],
    ["no token at all", { tokens: [] }, "revocation.tokens"],
    [
      "a parameter that isn't sent",
      { request: { names: { code: "c" } } },
      "revocation.request.names.code does nothing",
    ],
    ["the token left out", { request: { names: { token: false } } }, "leaves out the token that is to be revoked"],
    ["a GET with a body", { request: { method: "GET" } }, "revocation.request.method can't be GET"],
    ["parameters of a bearer", { style: "bearer", request: { format: "json" } }, "bearer sends no parameters"],
    ["names of a bearer", { style: "bearer", request: { names: { token: "t" } } }, "bearer sends no parameters"],
    [
      "a refresh token as bearer",
      { style: "bearer", tokens: ["refresh_token"] },
      "bearer sends the access token alone",
    ],
    ["a bearer with a secret", { style: "bearer", needsSecret: true }, "revocation.needsSecret makes no sense"],
    [
      "credentials beside a bearer",
      { style: "bearer", request: { authentication: "basic" } },
      "bearer sends no parameters",
    ],
    ["an identity", { request: { headers: { Authorization: "Bearer x" } } }, "headers.Authorization can't be given"],
    ["another host", { request: { headers: { Host: "evil.example" } } }, "headers.Host can't be sent"],
  ];
  for (const [what, revocation, words] of cases)
    test(`${what} is refused`, () => expect(said({ revocation })).toContain(words));

  test("nothing of it where there is no endpoint", () => {
    const { revocation: _, ...endpoints } = SOUND.endpoints;
    expect(said({ endpoints, revocation: { style: "bearer" } })).toContain("does nothing without endpoints.revocation");
  });
});

test("attack: a header's own text that would be two headers, or none, is refused", () => {
  for (const value of ["a\r\nHost: x", "ü", "a\0"])
    expect(said({ request: { headers: { "X-H": value } } })).toContain("X-H has a character that no header can have");
});

describe("an Authorization header of its own", () => {
  const own = { request: { headers: { authorization: "Basic eDo=" } } };
  const cases: [where: string, fields: Record<string, unknown>][] = [
    ["request.headers", own],
    ["refresh.request.headers", { refresh: own }],
    ["device.request.headers", { device: own }],
    ["device.poll.request.headers", { device: { poll: own } }],
    [
      "minting.client-credentials.request.headers",
      { minting: { "client-credentials": { use: "grant", ...own } }, flows: ["client-credentials"] },
    ],
  ];
  for (const [where, fields] of cases)
    test(`is refused in ${where}: it would take the client's place`, () =>
      expect(said(fields)).toContain(`${where}.authorization can't be given: it says who asks`));
});

describe("account", () => {
  const cases: [what: string, account: unknown, said: string][] = [
    ["a method of no kind", { method: "PUT" }, "account.method can't be 'PUT'"],
    ["a body of a GET", { body: "{}" }, "account.body does nothing: a GET has none"],
    ["a body that isn't JSON", { method: "POST", body: "query { me }" }, "account.body is not JSON"],
    ["a body of another type", { method: "POST", body: { query: "{ me }" } }, "account.body must be text"],
    [
      "a header without the token",
      { header: "Authorization: OAuth" },
      "account.header has neither {token} nor {basic}",
    ],
    ["a header that is two", { header: "A: {token}\nHost: x" }, "account.header is not one line"],
    ["a header that steers", { header: "Host: {token}" }, "account.header can't be Host"],
    ["Basic credentials of nothing", { header: "Authorization: Basic {basic}" }, "has {basic}, but nothing says what"],
    ["an identity", { headers: { authorization: "x" } }, "account.headers.authorization can't be given"],
  ];
  for (const [what, account, words] of cases)
    test(`${what} is refused`, () => expect(said({ account })).toContain(words));

  test("nothing of it where no one is asked", () => {
    const { userinfo: _, ...endpoints } = SOUND.endpoints;
    for (const account of [{ method: "POST" }, { header: "Authorization: OAuth {token}" }])
      expect(said({ endpoints, account })).toContain("does nothing without endpoints.userinfo");
  });
});

test("the path of a redirect is empty or begins with a slash", () => {
  const redirect = (path: unknown): object => ({ authorize: { redirect: { path } } });
  expect(parseDefinition({ ...SOUND, ...redirect("") }, "acme.toml").authorize?.redirect?.path).toBe("");
  expect(said(redirect("callback"))).toContain("authorize.redirect.path");
  expect(said(redirect(false))).toContain("authorize.redirect.path must be text");
});

describe("a content type against what is sent is refused", () => {
  const cases: [change: object, said: string][] = [
    [
      { request: { headers: { "Content-Type": "application/json" } } },
      "request.headers.Content-Type can't be application/json: what is sent is application/x-www-form-urlencoded",
    ],
    [
      { refresh: { request: { format: "json", headers: { "content-type": "text/plain" } } } },
      "refresh.request.headers.content-type can't be text/plain: what is sent is application/json. Another format is said in refresh.request.format",
    ],
  ];
  for (const [change, words] of cases) test(words, () => expect(said(change)).toContain(words));

  test("one that fits, and says more, isn't", () => {
    const headers = { "Content-Type": "application/json; charset=utf-8" };
    expect(parseDefinition({ ...SOUND, request: { format: "json", headers } }, "acme.toml").request).toBeDefined();
  });
});

test("a field that isn't there is answered with those that are, where none is near", () => {
  expect(said({ refresh: { lifetime: { slidingDays: 30 } } })).toContain(
    "The fields here: slidingSeconds, absoluteSeconds.",
  );
  expect(said({ device: { poll: { authentication: "basic" } }, flows: ["browser"] })).toContain(
    "The fields here: request, errors.",
  );
});
