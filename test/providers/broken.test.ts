/** Descriptions that are well-formed and wrong, each in one way: every one fails the contract test, with the right words. */
import { describe, expect, test } from "bun:test";
import { checkContract } from "../../src/contract/contract.ts";
import { parseDefinition } from "../../src/providers/parse.ts";

const SOUND = {
  id: "acme",
  title: "Acme",
  endpoints: {
    authorization: "https://acme.example/authorize",
    device: "https://acme.example/device",
    token: "https://acme.example/token",
    userinfo: "https://acme.example/me",
  },
  flows: ["device", "browser", "token"],
};

type Change = Readonly<Record<string, unknown>>;

test("the description that all of them are made from is sound", async () => {
  const checks = await checkContract(parseDefinition(SOUND, "acme.toml"));
  expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
  expect(checks.filter(({ status }) => status === "ok").length).toBeGreaterThan(12);
});

describe("well-formed, but not what it says: the contract test finds it", () => {
  const cases: [what: string, change: Change, check: string, detail: string][] = [
    [
      "a setting that no value fits",
      {
        settings: { host: { title: "Host", kind: "host", pattern: "\\d[!]", required: true } },
        issuer: "https://{host}",
      },
      "settings",
      "no value for the setting host can be made up",
    ],
    [
      "a variant that never counts",
      {
        settings: { host: { title: "Host", kind: "host", default: "acme.example" } },
        variants: [{ when: { host: "[!]" }, origins: ["https://api.acme.example"] }],
      },
      "addresses",
      "no settings could be made up for which variants.0 counts",
    ],
    [
      "a parameter's name that no request can have",
      { request: { names: { refresh_tokn: "rt" } } },
      "unused knobs",
      "request.names.refresh_tokn does nothing: nothing of that name is sent. Did you mean 'refresh_token'?",
    ],
    [
      "a parameter's name that no refresh has",
      { refresh: { request: { names: { code: "auth_code" } } } },
      "unused knobs",
      "refresh.request.names.code does nothing: nothing of that name is sent.",
    ],
    [
      "a grant type that no refresh has",
      { refresh: { request: { grantTypes: { authorization_code: "code" } } } },
      "unused knobs",
      "refresh.request.grantTypes.authorization_code does nothing",
    ],
    [
      "a parameter's name that no long-lived exchange has",
      { longLived: { grantType: "ll", parameter: "short", request: { names: { redirect_uri: "back" } } } },
      "unused knobs",
      "longLived.request.names.redirect_uri does nothing: nothing of that name is sent.",
    ],
    [
      "a grant type that no long-lived exchange has",
      { longLived: { grantType: "ll", parameter: "short", request: { grantTypes: { authorization_code: "c" } } } },
      "unused knobs",
      "longLived.request.grantTypes.authorization_code does nothing: nothing of that name is sent.",
    ],
    [
      "a parameter's name that no request for a device code has",
      { device: { request: { names: { cliend_id: "app" } } } },
      "unused knobs",
      "device.request.names.cliend_id does nothing: nothing of that name is sent. Did you mean 'client_id'?",
    ],
    [
      "a grant type of a request for a device code",
      { device: { request: { grantTypes: { refresh_token: "r" } } } },
      "unused knobs",
      "device.request.grantTypes.refresh_token does nothing: nothing of that name is sent.",
    ],
    [
      "a parameter's name that no poll has",
      { device: { poll: { request: { names: { token: "y" } } } } },
      "unused knobs",
      "device.poll.request.names.token does nothing: nothing of that name is sent.",
    ],
    [
      "a parameter's name that no request without a person has",
      {
        flows: ["browser", "client-credentials"],
        minting: { "client-credentials": { use: "assertion", request: { names: { scop: "s" } } } },
      },
      "unused knobs",
      "minting.client-credentials.request.names.scop does nothing: nothing of that name is sent. Did you mean 'scope'?",
    ],
    [
      "a refresh without its token",
      { refresh: { request: { names: { refresh_token: false } } } },
      "refresh",
      "a token request has the grant type refresh_token without refresh_token",
    ],
    [
      "an ID token as the access token, which no scope asks for",
      { reply: { accessToken: "id_token" } },
      "login by browser",
      "reply.accessToken is id_token, which comes only for the scope openid",
    ],
    [
      "an error code that means what it means anyway",
      { errors: { codes: { invalid_grant: "dead" } } },
      "unused knobs",
      "errors.codes.invalid_grant does nothing: it means 'dead' anyway",
    ],
    [
      "a token pattern that matches any word",
      { tokenPatterns: ["[a-z]+"] },
      "token patterns",
      "tokenPatterns.0 matches 'hello'",
    ],
    [
      "two tokens in one place",
      { reply: { refreshToken: "access_token" } },
      "login by device",
      "reply.refreshToken is access_token, where the same reply has something else",
    ],
    [
      "a lifetime inside of a token",
      { reply: { expiry: { path: "access_token.expires" } } },
      "login by browser",
      "reply.expiry.path is access_token.expires, but access_token is a value of its own",
    ],
    [
      "a device code in the place of the user's",
      { device: { fields: { user_code: "code", device_code: "code" } } },
      "login by device",
      "is code, where the same reply has something else",
    ],
    [
      "two parameters of one name",
      { request: { names: { client_secret: "client_id" } } },
      "login by browser",
      "request.names makes two parameters of one request 'client_id'",
    ],
    [
      "a token parameter that the protocol's own replaces",
      { request: { tokenParameters: { code: "1234" } } },
      "login by browser",
      "request.tokenParameters.code does nothing",
    ],
    [
      "a challenge whose verifier is never sent",
      { authorize: { pkce: "plain" }, request: { names: { code_verifier: false } } },
      "login by browser",
      "code_verifier doesn't fit the challenge of the authorization request",
    ],
    [
      "a client with a key whose assertion isn't sent",
      { client: { methods: ["private_key_jwt"] }, request: { names: { client_assertion: false } } },
      "login with the client's key",
      "the client doesn't prove itself in the request for a device code: its assertion isn't signed with its key",
    ],
    [
      "two parameters of a poll under one name",
      {
        endpoints: { ...SOUND.endpoints, poll: "https://acme.example/poll" },
        device: { poll: { request: { names: { device_code: "client_id" } } } },
      },
      "login by device",
      "request.names makes two parameters of one request 'client_id'",
    ],
    [
      "a parameter that the protocol's own replaces in one of its flows",
      { request: { tokenParameters: { redirect_uri: "urn:app" } } },
      "login by browser",
      "request.tokenParameters.redirect_uri does nothing",
    ],
    [
      "an identity token that no scope asks for",
      {
        account: { from: "id_token" },
        endpoints: { ...SOUND.endpoints, userinfo: undefined },
      },
      "account",
      "an id_token comes only for the scope openid, which scopes.default lacks",
    ],
    [
      "a scope with the separator in it",
      { scopes: { default: ["read:user", "write user"] } },
      "scopes",
      "look at scopes.separator and scopes.replySeparator",
    ],
    [
      "scopes that a flow can't ask for",
      { scopes: { default: ["admin"] }, flows: [{ flow: "device", scopes: ["read"] }, "browser", "token"] },
      "login by device",
      "scopes.default has admin, which the flow 'device' can't ask for",
    ],
    [
      "no word left for a dead grant",
      { errors: { codes: { invalid_grant: "transient" } } },
      "a dead grant",
      "no error code means 'dead' any more",
    ],
    [
      "no word left for waiting",
      { errors: { codes: { authorization_pending: "denied" } } },
      "device: waiting, slowing down, refusal, a code that ran out",
      "no error code means 'pending' any more",
    ],
    [
      "words of an error in the place of its code",
      { reply: { errorDescription: "error" }, errors: { codes: { gone: "dead" } } },
      "error codes",
      "reply.errorDescription is error, where the same reply has something else",
    ],
    [
      "two parameters of one name in a revocation",
      {
        endpoints: { ...SOUND.endpoints, revocation: "https://acme.example/revoke" },
        revocation: { request: { names: { token: "client_id" } } },
      },
      "revocation",
      "request.names makes two parameters of one request 'client_id'",
    ],
    [
      "a revocation's parameter that is called so anyway",
      {
        endpoints: { ...SOUND.endpoints, revocation: "https://acme.example/revoke" },
        revocation: { request: { names: { token: "token" } } },
      },
      "unused knobs",
      "revocation.request.names.token does nothing: it is called so anyway",
    ],
    ["a header that is none", { header: "Token {token}" }, "account", "header is 'Token {token}', which isn't"],
    [
      "claims against the lifetime",
      {
        flows: ["jwt"],
        endpoints: { token: "https://acme.example/token" },
        minting: {
          jwt: { use: "grant", sign: { algorithm: "ES256", claims: { iss: "acme", iat: "1" }, lifetimeSeconds: 600 } },
        },
      },
      "jwt: a private key",
      "minting.jwt.sign.claims.iat does nothing: the JWT has its own",
    ],
  ];
  for (const [what, change, name, detail] of cases)
    test(what, async () => {
      const definition = parseDefinition(JSON.parse(JSON.stringify({ ...SOUND, ...change })), "acme.json");
      const failed = (await checkContract(definition)).filter(({ status }) => status === "fail");
      const found = failed.find((check) => check.name === name);
      expect({ name: found?.name, detail: found?.detail, failed }).toMatchObject({
        name,
        detail: expect.stringContaining(detail),
      });
    });
});

describe("a module's functions are tried with good replies and bad ones", () => {
  let count = 0;
  const cases: [what: string, functions: object, name: string, detail: string][] = [
    [
      "one that throws where something is missing",
      { reply: ({ body }: { body: { data: { token: string } } }) => ({ access_token: body.data.token }) },
      "functions.reply",
      "it throws: ",
    ],
    [
      "one that isn't pure",
      { account: () => ({ n: count++ }) },
      "functions.account",
      "it answers another thing each time",
    ],
  ];
  for (const [what, functions, name, detail] of cases)
    test(what, async () => {
      const checks = await checkContract({ ...SOUND, functions } as never);
      expect(checks.filter(({ status }) => status === "fail")).toMatchObject([
        { name, detail: expect.stringContaining(detail) },
      ]);
    });

  test("sound ones pass, and the rest is played as without them", async () => {
    const functions = {
      request: ({ parameters, headers }: { parameters: object; headers: object }) => ({ parameters, headers }),
      reply: async ({ body }: { body: object }) => ({ ...body }),
    };
    const checks = await checkContract({ ...SOUND, functions } as never);
    expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
    expect(checks.map(({ name }) => name)).toContain("functions.request");
    expect(checks.map(({ name }) => name)).not.toContain("functions.account");
  });
});
