/** However far a dialect is from the standards: what is consistent with itself passes the contract test. */
import { expect, test } from "bun:test";
import { checkContract } from "../../src/contract/contract.ts";
import { parseDefinition } from "../../src/providers/parse.ts";

const BASE = {
  id: "acme",
  title: "Acme",
  endpoints: {
    authorization: "https://acme.example/authorize?kind=app",
    device: "https://acme.example/device",
    token: "https://acme.example/token",
    revocation: "https://acme.example/revoke",
    userinfo: "https://acme.example/me",
  },
  scopes: { default: ["read", "write"] },
  flows: ["device", "browser", "token"],
};

const DIALECTS: Readonly<Record<string, object>> = {
  "other names on the way through the browser": {
    authorize: {
      names: { client_id: "client_key", scope: "scopes", state: "st", response_type: false },
      codeParameter: "auth_code",
      extra: ["shop"],
      nonce: "always",
      pkce: false,
      redirect: { host: "localhost", port: 8080, path: "/done" },
    },
  },
  "PKCE by the verifier itself, and the method left to the standard": {
    authorize: { pkce: "plain", names: { code_challenge_method: false } },
  },
  "PKCE in hexadecimal": { authorize: { pkce: "S256-hex" } },
  "an ID token without a nonce": { authorize: { nonce: "never" }, scopes: { default: ["openid", "read"] } },
  "a request behind the page's #": {
    endpoints: { ...BASE.endpoints, authorization: "https://acme.example/app" },
    authorize: { fragment: "oauth/authorize" },
  },
  "a redirect that isn't named": { authorize: { names: { redirect_uri: false } } },
  "parameters in the address": { request: { format: "query", method: "GET" } },
  "JSON, other names, and no grant type": {
    flows: ["browser"],
    request: { format: "json", names: { client_id: "app_id", code: "auth_code", grant_type: false } },
  },
  "a secret as Basic credentials, on every request but a device's refresh": {
    client: { kind: "confidential", authentication: "basic", secretOnRefresh: "unless-device" },
  },
  "templates in parameters and headers": {
    settings: { region: { title: "Region", default: "eu", choices: ["eu", "us"] } },
    authorize: { parameters: { region: "{region}" } },
    request: {
      headers: { "X-Region": "{region}" },
      tokenParameters: { region: "{region}" },
      refreshParameters: { region: "{region}" },
    },
  },
  "the redirect again, with each refresh": {
    request: {
      tokenParameters: { from: "app at {redirectUri}" },
      refreshParameters: { redirect_uri: "{redirectUri}" },
    },
  },
  "a name for the redirect, registered at the provider": {
    settings: { ruName: { title: "The RuName of the app's redirect" } },
    authorize: { redirect: { value: "{ruName}" } },
    request: { refreshParameters: { redirect_uri: "{redirectUri}" } },
  },
  "values of its own for what the protocol sends": {
    request: {
      names: { redirect_uri: false, grant_type: false },
      tokenParameters: { redirect_uri: "postmessage" },
      refreshParameters: { grant_type: "renew" },
    },
    flows: ["browser", "token"],
  },
  "tokens in a group beside others": { reply: { alternate: "authed_user" } },
  "tokens deep inside": {
    reply: {
      accessToken: "data.token.value",
      refreshToken: "data.refresh",
      scope: "data.scopes",
      expiry: { path: "data.token.until", unit: "epoch-milliseconds", absent: 900 },
      error: "failure.code",
      errorDescription: "failure.text",
    },
    scopes: { default: ["read", "write"], separator: ",", replySeparator: "," },
  },
  "an access token that renews itself": { refresh: { credential: "access_token", rotation: "none" } },
  "one that does so once": { refresh: { credential: "access_token", killsAccessToken: true } },
  "a refresh by GET, under names of its own": {
    refresh: {
      request: {
        method: "GET",
        format: "query",
        names: { refresh_token: "token", client_secret: false },
        grantTypes: { refresh_token: "renew_token" },
        headers: { "x-renewal": "yes" },
      },
    },
  },
  "a scope of its own with each refresh": { request: { refreshParameters: { scope: "read" } } },
  "a refresh in JSON, without a grant type": {
    refresh: { credential: "access_token", request: { format: "json", names: { grant_type: false } } },
  },
  "an ID token that is what the API takes": {
    scopes: { default: ["openid", "read"] },
    reply: { accessToken: "id_token" },
    account: { from: "id_token" },
  },
  "other addresses, names and headers by setting": {
    settings: {
      region: { title: "Region", choices: ["eu", "us"], default: "eu" },
      host: { title: "Host", kind: "host", default: "acme.example" },
    },
    endpoints: {
      authorization: "https://{host}/{region}/authorize",
      device: "https://{host}/{region}/device",
      token: "https://{host}/{region}/token",
      revocation: "https://{host}/{region}/revoke",
      userinfo: "https://{host}/{region}/me",
    },
    variants: [{ when: { host: "[a-z]+\\.gov\\.example" }, endpoints: { token: "https://{host}/token" } }],
  },
  "a grace, and a family that dies": { refresh: { rotation: "family", graceSeconds: 30, scope: "granted" } },
  "a token shown as Basic credentials": { header: "Authorization: Basic {basic}", basic: "{token}:x" },
  "errors without a code": { errors: { codes: { "HTTP 404": "dead", "HTML 403": "client", gone: "dead" } } },
  "sub-codes that are numbers": {
    errors: { codes: { ACME17: "interaction" }, subcodes: ["codes"], subcodePrefix: "ACME" },
  },
  "a device flow with words of its own": {
    device: { fields: { verification_uri: "verification_url", user_code: "code.user" }, needsSecret: false },
    errors: { codes: { wait: "pending", faster: "slow_down", no: "denied", late: "expired" } },
  },
  "a revocation under other names, of the access token alone": {
    revocation: {
      request: { method: "DELETE", names: { token: "access_token", token_type_hint: false } },
      tokens: ["access_token"],
    },
  },
  "a revocation in the address": {
    revocation: { request: { method: "GET", format: "query" }, tokens: ["refresh_token"] },
  },
  "a token that is its own bearer to the end": {
    header: "X-Token: {token}",
    revocation: { style: "bearer", request: { method: "GET", headers: { "X-Version": "2" } } },
  },
  "an account asked for by POST, with another word": {
    account: { method: "POST", body: '{"query":"{ viewer { id } }"}', header: "Authorization: OAuth {token}" },
  },
  "a redirect without a path": { authorize: { redirect: { host: "localhost", path: "" } } },
  "a device that asks elsewhere, in JSON, and is answered by a status alone": {
    endpoints: { ...BASE.endpoints, poll: "https://acme.example/device/token" },
    device: {
      request: { format: "json" },
      poll: {
        request: { format: "json", names: { device_code: "code", grant_type: false } },
        errors: { "HTTP 400": "pending", "HTTP 429": "slow_down", "HTTP 418": "denied", "HTTP 410": "expired" },
      },
    },
  },
  "a device that polls with Basic credentials, and a refresh with the secret in its body": {
    endpoints: { ...BASE.endpoints, poll: "https://acme.example/device/token" },
    client: { kind: "confidential" },
    device: { poll: { request: { authentication: "basic" } } },
    refresh: { request: { headers: { "x-renewal": "yes" } } },
  },
  "names of one kind of request beside those of all": {
    request: { names: { client_id: "client_key" } },
    device: { request: { names: { scope: "scopes" } }, poll: { request: { names: { grant_type: false } } } },
    refresh: { request: { names: { refresh_token: "token" } } },
    revocation: { request: { names: { token_type_hint: false } } },
  },
  "a request for a device code in the address, with parameters of its own": {
    settings: { audience: { title: "The API", default: "https://api.acme.example" } },
    device: {
      parameters: { audience: "{audience}" },
      request: { format: "query", headers: { "x-api": "{audience}" } },
      poll: { errors: { "HTTP 403": "pending" } },
    },
  },
  "a device code at the token endpoint": {
    endpoints: { ...BASE.endpoints, device: "https://acme.example/token" },
    device: { parameters: { response_type: "device_code" } },
  },
  "Basic credentials with nothing encoded": {
    client: { authentication: "basic", basic: "{clientId}:{clientSecret}" },
  },
  "the secret as the name of Basic credentials": {
    client: { kind: "confidential", authentication: "basic", basic: "{clientSecret}:" },
  },
  "a client without a secret, and an empty password": {
    client: { authentication: "basic", withoutSecret: "basic" },
  },
  "a public client with an empty password": { client: { kind: "public", withoutSecret: "basic" } },
  "a client with a key": {
    client: { kind: "confidential", methods: ["private_key_jwt"], assertion: { audience: "endpoint", typ: "JWT" } },
  },
  "a client with a certificate, or a key": {
    client: { kind: "confidential", methods: ["tls_client_auth", "private_key_jwt"] },
  },
  "a client with a key or a certificate, which alone can end a login": {
    client: { kind: "confidential", methods: ["tls_client_auth", "private_key_jwt"] },
    revocation: { needsSecret: true },
  },
  "a DELETE to end it": {
    endpoints: { ...BASE.endpoints, revocation: "https://acme.example/apps/{clientId}/token" },
    revocation: {
      request: { method: "DELETE", format: "json", authentication: "basic", names: { token: "access_token" } },
      tokens: ["access_token"],
      needsSecret: true,
    },
  },
};

for (const [what, change] of Object.entries(DIALECTS))
  test(what, async () => {
    const definition = parseDefinition(JSON.parse(JSON.stringify({ ...BASE, ...change })), "acme.json");
    const checks = await checkContract(definition);
    expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
    const passed = checks.filter(({ status }) => status === "ok").map(({ name }) => name);
    for (const name of ["login by browser", "account", "refresh", "rotation", "revocation"])
      expect(passed).toContain(name);
    const { methods = [] } = definition.client ?? {};
    expect(passed.includes("login with the client's key")).toBe(methods.includes("private_key_jwt"));
    expect(passed.includes("login with the client's certificate")).toBe(methods.includes("tls_client_auth"));
  });
