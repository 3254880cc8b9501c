import { describe, expect, test } from "bun:test";
import type { Definition } from "../../src/cli/command.ts";
import login from "../../src/cli/login.ts";
import providerTry from "../../src/cli/provider/try.ts";
import { checkDefinition } from "../../src/providers/check.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { RESERVED_FLAGS, RESERVED_VARIABLES, reservedBy } from "../../src/providers/reserved.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { thrownBy } from "./thrown.ts";

const sound: ProviderDefinition = {
  id: "acme",
  title: "Acme",
  settings: { host: { title: "Host", kind: "host", env: ["ACME_HOST"], default: "acme.example" } },
  endpoints: {
    authorization: "https://{host}/authorize",
    device: "https://{host}/device",
    token: "https://{host}/token",
    revocation: "https://{host}/revoke",
  },
  flows: ["device", "browser", "token"],
};

/** All that is said of a description with these fields changed. */
function said(change: object): string {
  const error = thrownBy(() => parseDefinition({ ...sound, ...change }, "acme.toml"));
  expect(error.code).toBe("plugin_invalid");
  expect(error.message).toStartWith("acme.toml: ");
  return `${error.message} ${error.hint}`;
}

test("a sound description is taken as it is", () => {
  expect(parseDefinition(sound, "acme.toml")).toEqual(sound);
});

describe("an error says file, path and what to write instead", () => {
  test("a field misspelt, at any depth", () => {
    expect(said({ refersh: {} })).toContain("refersh is not a field. Did you mean 'refresh'?");
    expect(said({ refresh: { rotaton: "none" } })).toContain(
      "refresh.rotaton is not a field. Did you mean 'rotation'?",
    );
    expect(said({ reply: { expiry: { unti: "iso" } } })).toContain(
      "reply.expiry.unti is not a field. Did you mean 'unit'?",
    );
    expect(said({ settings: { host: { title: "Host", patern: "x" } } })).toContain(
      "settings.host.patern is not a field. Did you mean 'pattern'?",
    );
    expect(said({ variants: [{ when: {}, endpoint: {} }] })).toContain(
      "variants.0.endpoint is not a field. Did you mean 'endpoints'?",
    );
    expect(said({ flows: [{ flow: "device", wen: "secret" }] })).toContain(
      "flows.0.wen is not a field. Did you mean 'when'?",
    );
  });

  test("a word misspelt", () => {
    expect(said({ flows: ["devcie"] })).toContain("flows.0 can't be 'devcie'. Did you mean 'device'?");
    expect(said({ refresh: { rotation: "sometimes" } })).toContain("It may be: none, rotating, family.");
    expect(said({ errors: { codes: { x: "ded" } } })).toContain("errors.codes.x can't be 'ded'. Did you mean 'dead'?");
    expect(said({ minting: { jtw: { use: "grant" } } })).toContain("minting.jtw can't be 'jtw'. Did you mean 'jwt'?");
  });

  test("a wrong type, a missing field, a malformed one", () => {
    expect(said({ title: 1 })).toContain("title must be text.");
    expect(said({ flows: "device" })).toContain("flows must be a list.");
    expect(said({ title: undefined })).toContain("title is missing.");
    expect(said({ id: "Acme Inc" })).toContain("id must be lower-case letters, digits and dashes.");
    expect(said({ reply: { accessToken: "a..b" } })).toContain("reply.accessToken must be a dotted path.");
  });

  test("all faults at once", () => {
    const text = said({ title: 1, refersh: {}, flows: [] });
    for (const word of ["title", "refersh", "flows"]) expect(text).toContain(word);
  });

  test("what isn't a description at all", () => {
    for (const value of [null, undefined, 1, "x", [], () => 1])
      expect(thrownBy(() => parseDefinition(value, "x.ts")).code).toBe("plugin_invalid");
  });
});

describe("what contradicts itself or does nothing is refused", () => {
  const cases: [string, object, string][] = [
    [
      "a flow without its endpoint",
      { endpoints: { token: "https://x.example/t" }, settings: undefined },
      "needs endpoints.device",
    ],
    [
      "a parameter that the request has anyway",
      { authorize: { parameters: { response_type: "token" } } },
      "does nothing: the request's own takes its place. Leave the request's own out: authorize.names.response_type = false.",
    ],
    [
      "and by the name that it was given",
      { authorize: { names: { client_id: "client_key" }, parameters: { client_key: "x" } } },
      "authorize.parameters.client_key does nothing",
    ],
    [
      "parameters for a scope that isn't there",
      { authorize: { offlineParameters: { prompt: "consent" } } },
      "authorize.offlineParameters does nothing without scopes.offline",
    ],
    [
      "and a parameter among them that the request has anyway",
      { authorize: { offlineParameters: { state: "x" } }, scopes: { offline: "offline_access" } },
      "authorize.offlineParameters.state does nothing",
    ],
    ["a scope as a parameter", { authorize: { parameters: { scope: "all" } } }, "Say it in scopes.default."],
    [
      "a parameter over no setting",
      { authorize: { parameters: { a: "{hst}" } } },
      "authorize.parameters.a uses {hst}, which is no setting",
    ],
    [
      "a header over no setting",
      { request: { headers: { "x-host": "{hots}" } } },
      "request.headers.x-host uses {hots}, which is no setting. Did you mean 'host'?",
    ],
    [
      "a name for what is never sent",
      { authorize: { names: { client_key: "client_id" } } },
      "authorize.names.client_key does nothing: no such parameter is sent",
    ],
    [
      "a nonce that isn't sent, but demanded back",
      { authorize: { names: { nonce: false } } },
      'but it is still demanded back. Say authorize.nonce = "never".',
    ],
    [
      "a name for a nonce that is never sent",
      { authorize: { nonce: "never", names: { nonce: "once" } } },
      "names a nonce, but authorize.nonce is never",
    ],
    ["no state", { authorize: { names: { state: false } } }, "authorize.names.state can't be left out"],
    ["a PKCE method that isn't known", { authorize: { pkce: "S512" } }, "authorize.pkce can't be 'S512'"],
    [
      "a parameter that a token request has anyway",
      { request: { tokenParameters: { grant_type: "x" } } },
      "request.tokenParameters.grant_type does nothing: the request's own takes its place. Leave the request's own out: request.names.grant_type = false.",
    ],
    [
      "and one that it has under another name",
      { request: { names: { client_id: "app_id" }, refreshParameters: { app_id: "x" } } },
      "request.refreshParameters.app_id does nothing: the request's own takes its place. Leave the request's own out: request.names.client_id = false.",
    ],
    [
      "a redirect where none is",
      { request: { refreshParameters: { redirect_uri: "{redirectUri}" } }, flows: ["device"] },
      "request.refreshParameters.redirect_uri does nothing: no flow has a redirect",
    ],
    [
      "a redirect's own value that a description has",
      { authorize: { redirect: { value: "https://elsewhere.example/" } } },
      "authorize.redirect.value must be one setting: {name}",
    ],
    [
      "or gives by a setting's default",
      {
        settings: { host: sound.settings?.host, ru: { title: "RuName", default: "https://elsewhere.example/" } },
        authorize: { redirect: { value: "{ru}" } },
      },
      "authorize.redirect.value is the setting ru, which has values of its own",
    ],
    [
      "a parameter that the request for a device code has anyway",
      { device: { parameters: { scope: "all" } } },
      "device.parameters.scope does nothing: the request's own takes its place",
    ],
    [
      "a poll without a body, and nothing in its address",
      { device: { poll: { request: { method: "GET" } } } },
      "device.poll.request.method can't be GET: nothing is sent in its body",
    ],
    [
      "a header of a device's that leads elsewhere",
      { device: { request: { headers: { Host: "x" } } } },
      "device.request.headers.Host",
    ],
    [
      "an answer to a poll of a class that isn't known",
      { device: { poll: { errors: { "HTTP 400": "wait" } } } },
      "device.poll.errors.HTTP 400 can't be 'wait'",
    ],
    [
      "an address for polls without a device",
      { endpoints: { ...sound.endpoints, poll: "https://{host}/poll" }, flows: ["browser", "token"] },
      "endpoints.poll does nothing without the flow 'device'",
    ],
    [
      "Basic credentials that aren't sent",
      { client: { basic: "{clientSecret}:" } },
      "client.basic does nothing: the secret goes into the request's body",
    ],
    [
      "others than are known",
      { client: { authentication: "basic", basic: "{clientSecret}:{clientId}" } },
      "client.basic can't be '{clientSecret}:{clientId}'",
    ],
    [
      "a secret of a public client, as Basic credentials",
      { client: { kind: "public", basic: "{clientSecret}:" } },
      "client.basic says something about a secret",
    ],
    [
      "how a client without a secret is named, where each has one",
      { client: { kind: "confidential", withoutSecret: "basic" } },
      "client.withoutSecret does nothing: client.kind is confidential",
    ],
    ["no way at all", { client: { methods: [] } }, "client.methods"],
    ["a way that isn't known", { client: { methods: ["key"] } }, "client.methods.0 can't be 'key'"],
    [
      "a public client that proves itself",
      { client: { kind: "public", methods: ["private_key_jwt"] } },
      "client.methods is for a client that proves itself",
    ],
    [
      "an assertion without a key",
      { client: { assertion: { typ: "JWT" } } },
      'client.assertion does nothing: no client has a key. Say client.methods = ["private_key_jwt"].',
    ],
    [
      "two uses of a certificate",
      {
        client: { methods: ["tls_client_auth"] },
        flows: ["browser", "client-credentials"],
        minting: {
          "client-credentials": {
            use: "assertion",
            sign: { algorithm: "PS256", claims: { iss: "{clientId}" }, lifetimeSeconds: 60 },
          },
        },
      },
      "client.methods can't have tls_client_auth: --certificate is what minting.client-credentials signs with",
    ],
    [
      "two uses of a key",
      {
        client: { methods: ["private_key_jwt"] },
        flows: ["browser", "jwt"],
        minting: {
          jwt: { use: "grant", sign: { algorithm: "RS256", claims: { iss: "{clientId}" }, lifetimeSeconds: 60 } },
        },
      },
      "client.methods can't have private_key_jwt: --key is what the flow 'jwt' reads",
    ],
    ["a nonce that isn't known", { authorize: { nonce: "sometimes" } }, "authorize.nonce can't be 'sometimes'"],
    ["half of PKCE", { authorize: { names: { code_challenge_method: false } } }, "leaves out half of PKCE"],
    [
      "a name for a part of PKCE, without it",
      { authorize: { pkce: false, names: { code_challenge: "challenge" } } },
      "but authorize.pkce is false",
    ],
    [
      "an answer that never reaches this machine's listener",
      { authorize: { parameters: { response_mode: "form_post" } } },
      "must be query: the answer comes in the address",
    ],
    [
      "a fragment of a page that an issuer names",
      { issuer: "https://{host}", authorize: { fragment: "/login" } },
      "authorize.fragment makes no sense beside an issuer",
    ],
    ["a port that is none", { authorize: { redirect: { port: 70000 } } }, "authorize.redirect.port is not allowed"],
    [
      "a GET with a body",
      { request: { method: "GET" } },
      'request.method can\'t be GET: nothing is sent in its body. Put the parameters into the address: request.format = "query".',
    ],
    [
      "a GET with a body, of one flow",
      {
        request: { format: "query" },
        minting: { "client-credentials": { use: "assertion", request: { method: "GET", format: "json" } } },
        flows: [...sound.flows, "client-credentials"],
      },
      "minting.client-credentials.request.method can't be GET",
    ],
    [
      "a refresh token beside an access token that renews itself",
      { refresh: { credential: "access_token" }, reply: { refreshToken: "renewal" } },
      "reply.refreshToken makes no sense: the access token renews itself",
    ],
    [
      "a pattern beside choices",
      { settings: { host: { title: "H", choices: ["a.example"], pattern: "[a-z.]+" } } },
      "settings.host.pattern does nothing beside choices",
    ],
    [
      "a default that is none of the choices",
      { settings: { host: { title: "H", choices: ["a.example", "b.example"], default: "c.example" } } },
      "settings.host.default must be one of a.example, b.example",
    ],
    ["Basic credentials that nothing shows", { basic: "{token}:x" }, "basic does nothing: header has no {basic}"],
    [
      "a header with Basic credentials of nothing",
      { header: "Authorization: Basic {basic}" },
      "header has {basic}, but nothing says what it is the Base64 of",
    ],
    [
      "a GET with a body, of the refresh",
      { refresh: { request: { method: "GET" } } },
      "refresh.request.method can't be GET",
    ],
    [
      "parameters of the first request, for the refresh",
      { refresh: { request: { tokenParameters: { a: "b" } } } },
      "refresh.request.tokenParameters is not a field",
    ],
    [
      "parameters of a refresh that never comes",
      {
        request: { refreshParameters: { a: "b" } },
        endpoints: { token: "https://{host}/token" },
        minting: { "client-credentials": { use: "assertion" } },
        flows: ["client-credentials"],
      },
      "request.refreshParameters does nothing without a flow that gives refresh tokens",
    ],
    ["a parameter left out by null", { request: { names: { client_id: null } } }, "request.names.client_id"],
    ["a flow named twice", { flows: ["device", "device", "browser", "token"] }, "names device twice"],
    [
      "a scope over no setting",
      { scopes: { resource: "{resource}/{hst}" } },
      "scopes.resource uses {hst}, which is no setting",
    ],
    [
      "a template over no setting",
      { issuer: "https://{hst}/" },
      "uses {hst}, which is no setting. Did you mean 'host'?",
    ],
    [
      "{token} in an address",
      { endpoints: { ...sound.endpoints, userinfo: "https://{host}/{token}" } },
      "uses {token}",
    ],
    [
      "a variant over no setting",
      { variants: [{ when: { hots: "x" } }] },
      "variants.0.when.hots is no setting. Did you mean 'host'?",
    ],
    [
      "a setting that nothing uses",
      { settings: { ...sound.settings, region: { title: "R" } } },
      "settings.region is used by nothing",
    ],
    [
      "a redirect that no flow is sent back to",
      { settings: { ...sound.settings, redirectUri: { title: "R" } }, flows: ["device", "token"] },
      "settings.redirectUri is used by nothing",
    ],
    [
      "a default beside required",
      { settings: { host: { title: "H", required: true, default: "x.example" } } },
      "makes no sense beside a default",
    ],
    [
      "a default that isn't a host",
      { settings: { host: { title: "H", kind: "host", default: "a/b" } } },
      "settings.host.default is not a host",
    ],
    [
      "a default against its own pattern",
      { settings: { host: { title: "H", pattern: "x[a-z]", default: "y" } } },
      "settings.host.default must match",
    ],
    [
      "a public client with a secret",
      { client: { kind: "public", secretOnRefresh: "always" } },
      "client.kind is public",
    ],
    [
      "a public client with a key",
      { client: { kind: "public", assertion: { audience: "endpoint" } } },
      "client.assertion is for a client with a key",
    ],
    [
      "a condition that can't hold",
      { client: { kind: "public" }, flows: [{ flow: "browser", when: "secret" }, "device", "token"] },
      "flows.0.when",
    ],
    [
      "a condition that always holds",
      { client: { kind: "confidential" }, flows: [{ flow: "browser", when: "secret" }] },
      "always holds",
    ],
    [
      "device without that flow",
      { device: { needsSecret: false }, flows: ["browser", "token"] },
      "device does nothing",
    ],
    [
      "authorize without that flow",
      { authorize: { pkce: true }, flows: ["device", "token"] },
      "authorize does nothing",
    ],
    ["refresh where there is none", { refresh: { rotation: "none" }, flows: ["token"] }, "refresh does nothing"],
    [
      "revocation without endpoint",
      { endpoints: { ...sound.endpoints, revocation: undefined }, revocation: { endsGrant: true } },
      "revocation does nothing",
    ],
    [
      "grace without rotation",
      { refresh: { rotation: "none", graceSeconds: 5 } },
      "refresh.graceSeconds makes no sense",
    ],
    ["a prefix without sub-codes", { errors: { subcodePrefix: "X" } }, "errors.subcodePrefix does nothing"],
    ["account headers without a request", { account: { headers: { a: "b" } } }, "account.headers does nothing"],
    [
      "one flag for two settings",
      { settings: { ...sound.settings, other: { title: "O", flag: "host" } } },
      "'--host' is that of host too",
    ],
    [
      "one variable for two settings",
      { settings: { ...sound.settings, other: { title: "O", env: ["ACME_HOST"] } } },
      "ACME_HOST, which host reads too",
    ],
    [
      "a constant in the environment",
      { environment: { write: { ACME_URL: "https://x.example" } } },
      "has neither {token} nor a setting",
    ],
  ];
  for (const [name, change, words] of cases) test(name, () => expect(said(change)).toContain(words));
});

describe("attack", () => {
  test("a variable that loads code can't be written, in any spelling, nor read", () => {
    for (const variable of [
      "LD_PRELOAD",
      "PATH",
      "Path",
      "NODE_OPTIONS",
      "npm_config_registry",
      "https_proxy",
      "GIT_SSH_COMMAND",
      "AUTH_HOME",
    ]) {
      expect(said({ environment: { write: { [variable]: "{token}" } } })).toContain(`write.${variable} is reserved`);
      expect(said({ environment: { read: [variable] } })).toContain(variable);
      expect(said({ environment: { baseUrl: { [variable]: "/v1" } } })).toContain(variable);
      expect(
        said({ variants: [{ when: { host: "x" }, environment: { write: { [variable]: "{token}" } } }] }),
      ).toContain("is reserved");
    }
  });

  test("what tells of an API's address is a library's setting, and nothing else that has an address", () => {
    for (const variable of ["PIP_INDEX_URL", "GOPROXY", "DATABASE_URL", "ACME_URL", "SSH_ASKPASS"])
      expect(said({ environment: { baseUrl: { [variable]: "/v1" } } })).toContain(
        `has ${variable}, which is no library's`,
      );
    const baseUrl = { ACME_BASE_URL: "/v1", ACME_API_URL: "", ACME_API_BASE: "" };
    parseDefinition({ ...sound, environment: { baseUrl } }, "acme.toml");
  });

  test("a setting, or a client's id, can't be read from a variable that holds a secret, in any spelling", () => {
    for (const variable of [
      ...[
        "AWS_SECRET_ACCESS_KEY",
        "aws_secret_access_key",
        "OPENAI_API_KEY",
        "NPM_TOKEN",
        "ACME_TOKEN_WORK",
        "PGPASSWORD",
      ],
      ...["ACME_CREDENTIALS", "VAULT_SECRET_ID", "MYSQL_PWD", "SSHPASS", "DB_PASS", "SESSION_COOKIE", "GH_PAT"],
      ...["DATABASE_URL", "SENTRY_DSN", "MONGODB_URI", "AZURE_CONNECTION_STRING"],
      ...["AUTH_KEY", "AUTH_HOME", "AUTH_ANYTHING", "LD_PRELOAD", "PATH", "GIT_ASKPASS", "https_proxy"],
    ]) {
      const settings = { ...sound.settings, x: { title: "X", env: ["ACME_X", variable] } };
      expect(said({ settings, header: "X-Key: {x}{token}" })).toContain(`settings.x.env has ${variable}, `);
      expect(said({ client: { environment: { id: [variable] } } })).toContain(
        `client.environment.id has ${variable}, `,
      );
    }
    for (const variable of ["USER", "ACME_REGION", "AWS_ACCESS_KEY_ID", "ACME_CLIENT_ID", "MONKEY_ISLAND", "COMPAT"]) {
      const settings = { ...sound.settings, x: { title: "X", env: [variable] } };
      const client = { environment: { id: [variable] } };
      expect(checkDefinition({ ...sound, settings, client, header: "X-Key: {x}{token}" })).toEqual([]);
    }
    const host = { ...sound.settings, x: { title: "X", kind: "host" as const, env: ["ACME_URL"] } };
    expect(checkDefinition({ ...sound, settings: host, origins: ["https://{x}"] })).toEqual([]);
    for (const variable of ["AUTH_KEY", "LD_PRELOAD"])
      expect(said({ client: { environment: { secret: [variable] } } })).toContain(variable);
  });

  test("no request has a header that leads it to another host, or says how it is sent", () => {
    for (const header of [
      "Host",
      "HOST",
      "X-Forwarded-Host",
      "Forwarded",
      "Transfer-Encoding",
      "Content-Length",
      "a b",
    ]) {
      const headers = { [header]: "evil.example" };
      for (const [path, change] of Object.entries({
        "request.headers": { request: { headers } },
        "refresh.request.headers": { refresh: { request: { headers } } },
        "account.headers": { account: { headers } },
        "minting.jwt.request.headers": { minting: { jwt: { use: "bearer", request: { headers } } } },
      })) {
        const faults = checkDefinition({ ...sound, ...change } as ProviderDefinition);
        expect(faults.map((fault) => fault.path)).toContain(`${path}.${header}`);
      }
    }
    const headers = { accept: "application/json", "content-type": "application/json", "X-Version": "1" };
    expect(checkDefinition({ ...sound, request: { format: "json", headers } })).toEqual([]);
  });

  test("no parameter of a description says where a login's answer goes", () => {
    const redirect = (authorize: object) => checkDefinition({ ...sound, authorize }).map(({ path }) => path);
    const elsewhere = { redirect_uri: "https://evil.example/cb" };
    for (const names of [{}, { redirect_uri: "x" }, { redirect_uri: false as const }])
      for (const group of ["parameters", "offlineParameters"])
        expect(redirect({ names, [group]: elsewhere })).toContain(`authorize.${group}.redirect_uri`);
    expect(redirect({ names: { redirect_uri: "redirectUri" } })).toEqual([]);
  });

  test("every row of the table of reserved variables is in force", () => {
    for (const row of RESERVED_VARIABLES) expect(reservedBy(row.replace("*", "X"))).toBe(row);
    for (const variable of ["GITHUB_TOKEN", "GH_HOST", "MY_PATH", "ENVIRONMENT", "PROXY_TOKEN"])
      expect(reservedBy(variable)).toBeNull();
  });

  test("a setting can't take a flag of auth itself", () => {
    for (const flag of RESERVED_FLAGS)
      expect(said({ settings: { host: { title: "H", flag } } })).toContain(`'--${flag}' is a flag of auth itself`);
    expect(said({ settings: { clientSecret: { title: "H" } }, issuer: "https://x.example/{clientSecret}" })).toContain(
      "--client-secret",
    );
  });

  test("every flag of a command that takes settings is reserved", () => {
    for (const command of [login, providerTry] as Definition[])
      for (const [name, arg] of Object.entries(command.args ?? {}))
        if (arg.type !== "positional") expect(RESERVED_FLAGS as readonly string[]).toContain(name);
  });

  test("an id can't make a variable of ours", () => {
    for (const id of ["key", "home", "store", "passphrase", "key-command"])
      expect(said({ id })).toContain("a variable of ours");
  });

  test("an address must be https, or http to this machine", () => {
    expect(said({ endpoints: { ...sound.endpoints, token: "http://{host}/token" } })).toContain(
      "endpoints.token is http",
    );
    expect(said({ endpoints: { ...sound.endpoints, token: "https://user:pw@{host}/token" } })).toContain(
      "has a user name",
    );
    expect(said({ origins: ["http://api.example"] })).toContain("origins.0 is http");
    expect(said({ origins: ["https://api.example/v1"] })).toContain("has more than scheme, host and port");
    expect(said({ client: { create: "javascript:alert(1)" } })).toContain("client.create is not an https URL");
  });

  test("a pattern that could hang is refused wherever it is", () => {
    for (const [path, change] of [
      ["tokenPatterns.0", { tokenPatterns: ["(a+)+"] }],
      ["settings.host.pattern", { settings: { host: { title: "H", pattern: "(a|a)*b" } } }],
      ["variants.0.when.host", { variants: [{ when: { host: ".*x.*" } }] }],
      ["apiKey.pattern", { apiKey: { pattern: "^(.+)+$" } }],
    ] as const)
      expect(said(change)).toContain(path);
  });

  test("a name that every object has is no field", () => {
    for (const key of ["constructor", "toString"]) expect(said({ [key]: {} })).toContain(`${key} is not a field`);
    expect(said({ issuer: "https://{constructor}/" })).toContain("uses {constructor}, which is no setting");
  });
});

describe("minting", () => {
  const sign = { algorithm: "RS256", claims: { iss: "{clientId}" }, lifetimeSeconds: 600 };
  const withJwt = (jwt: object, more: object = {}) => ({ minting: { jwt }, flows: ["device", "jwt"], ...more });

  test("a sound one is taken", () => {
    const definition = { ...sound, flows: ["device", "jwt"], minting: { jwt: { use: "grant", sign } } };
    expect(parseDefinition(definition, "acme.toml")).toEqual(definition as never);
  });

  const faults: [string, object, string][] = [
    ["a flow without it", { flows: ["device", "jwt"] }, "minting.jwt is missing"],
    ["it without the flow", { minting: { jwt: { use: "grant", sign } } }, "minting.jwt does nothing"],
    ["a use that the flow can't make", withJwt({ use: "exchange" }), "minting.jwt.use can't be exchange"],
    ["a grant that nothing signs", withJwt({ use: "grant" }), "minting.jwt.sign is missing"],
    ["an endpoint that isn't there", withJwt({ use: "request", sign, endpoint: "mint" }), "needs endpoints.mint"],
    ["an endpoint for what is sent nowhere", withJwt({ use: "bearer", sign, endpoint: "mint" }), "does nothing"],
    ["a claim of an unknown name", withJwt({ use: "grant", sign: { ...sign, claims: { iss: "{emial}" } } }), "{emial}"],
    ["a setting that is needed, but isn't declared", withJwt({ use: "grant", sign, needs: ["org"] }), "{org}"],
    [
      "a setting of a flow that it hasn't got",
      { settings: { host: { title: "Host", kind: "host", default: "acme.example", flows: ["jwt"] } } },
      "settings.host.flows.0 names jwt",
    ],
    ["a lifetime of nothing", withJwt({ use: "grant", sign: { ...sign, lifetimeSeconds: 0 } }), "lifetimeSeconds"],
    ["an unknown algorithm", withJwt({ use: "grant", sign: { ...sign, algorithm: "none" } }), "algorithm"],
    ["an audience where no issuer is asked", withJwt({ use: "grant", sign, audience: "x" }), "audience does nothing"],
  ];
  for (const [what, change, says] of faults) test(`refused: ${what}`, () => expect(said(change)).toContain(says));
});
