/** What replies of real providers look like: each dialect played as described, and beside it what must not be taken. */
import { describe, expect, test } from "bun:test";
import { type Check, checkContract } from "../../src/contract/contract.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { thrownBy } from "../providers/thrown.ts";

const BASE = {
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

function check(change: object): Promise<Check[]> {
  return checkContract(parseDefinition(JSON.parse(JSON.stringify({ ...BASE, ...change })), "acme.json"));
}

/** The details of the checks that passed; none may fail. */
async function passed(change: object): Promise<Record<string, string>> {
  const checks = await check(change);
  expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
  return Object.fromEntries(checks.filter(({ status }) => status === "ok").map(({ name, detail }) => [name, detail]));
}

async function failed(change: object): Promise<string> {
  const failures = (await check(change)).filter(({ status }) => status === "fail");
  return failures.map(({ name, detail }) => `${name}: ${detail}`).join("\n");
}

function refused(change: object): string {
  const error = thrownBy(() => parseDefinition({ ...BASE, ...change }, "acme.toml"));
  expect(error.code).toBe("plugin_invalid");
  return `${error.message} ${error.hint}`;
}

describe("lifetimes", () => {
  test("at one of several places, each in its own unit, and 0 that means none", async () => {
    const others = [
      { path: "data.valid_until", unit: "http-date" },
      { path: "ttl", unit: "milliseconds" },
    ];
    const expiry = { path: "data.expires_at", unit: "iso", others, zero: "absent", absent: 900 };
    expect((await passed({ reply: { accessToken: "data.token", expiry } })).expiry).toBe(
      "data.expires_at in iso, data.valid_until in http-date, ttl in milliseconds; absent: 900, as is 0",
    );
  });

  test("of a refresh token from its last use, and from the login however often it is used", async () => {
    const lifetime = { slidingSeconds: 90 * 86_400, absoluteSeconds: 365 * 86_400 };
    expect((await passed({ refresh: { lifetime } }))["refresh lifetimes"]).toBe(
      "as the reply says, else 90 days from its last use, 365 days from the login",
    );
    expect((await passed({}))["refresh lifetimes"]).toBe("as the reply says");
  });

  test("a field that holds two lifetimes, and places that nothing can look at, are found", async () => {
    expect(await failed({ reply: { refreshExpiresIn: "expires_in" } })).toContain(
      "reply.refreshExpiresIn is expires_in, where the same reply has something else",
    );
    const others = (path: string): object => ({ reply: { expiry: { others: [{ path, unit: "iso" }] } } });
    expect(refused(others("expires_in"))).toContain(
      "reply.expiry.others.0.path does nothing: expires_in is looked at before",
    );
    expect(refused({ reply: { expiry: { unit: "http-date" } } })).toContain("reply.expiry.unit is a date");
    expect(refused({ refresh: { lifetime: { slidingSeconds: 100, absoluteSeconds: 100 } } })).toContain(
      "refresh.lifetime.slidingSeconds does nothing: absoluteSeconds ends before it",
    );
  });

  test("a unit, a word or a list that can't be is refused", () => {
    expect(refused({ reply: { expiry: { unit: "days" } } })).toContain("reply.expiry.unit can't be 'days'");
    expect(refused({ reply: { expiry: { zero: "never" } } })).toContain("It may be: due, absent.");
    expect(refused({ reply: { expiry: { others: [] } } })).toContain("reply.expiry.others");
    expect(refused({ reply: { expiry: { others: [{ path: "a" }] } } })).toContain("reply.expiry.others.0.unit");
    expect(refused({ reply: { expiry: { others: "expires_at" } } })).toContain("reply.expiry.others");
  });
});

describe("error codes", () => {
  test("numbers, where a success is 0", async () => {
    const errors = { codes: { 40105: "dead", 40110: "client", 50002: "transient" } };
    const change = { reply: { accessToken: "data.access_token", error: "code", errorDescription: "message" }, errors };
    const details = await passed(change);
    expect(details["error codes"]).toBe("1 dead, 1 client, 1 transient");
    expect(details["a dead grant"]).toContain("40105");
  });

  test("in a list", async () => {
    const change = {
      reply: { error: "errors.0.code", errorDescription: "errors.0.text" },
      errors: { codes: { gone: "dead" } },
    };
    expect((await passed(change))["error codes"]).toBe("1 dead");
  });

  test("a place that is a value of its own is found", async () => {
    const change = { reply: { error: "access_token" }, errors: { codes: { 40105: "dead" } } };
    expect(await failed(change)).toContain("reply.error is access_token, where the same reply has something else");
  });
});

describe("a second exchange", () => {
  /** https://developers.facebook.com/docs/instagram-basic-display-api/guides/long-lived-access-tokens/ */
  const INSTAGRAM = {
    endpoints: {
      authorization: "https://acme.example/authorize",
      token: "https://api.acme.example/token",
      exchange: "https://graph.acme.example/access_token",
      userinfo: "https://graph.acme.example/me",
    },
    client: { kind: "confidential" },
    longLived: {
      grantType: "ig_exchange_token",
      parameter: "access_token",
      request: { method: "GET", format: "query", names: { client_id: false } },
    },
    refresh: { credential: "access_token" },
  };

  test("brings the token that is kept, by a request of another kind", async () => {
    const details = await passed(INSTAGRAM);
    expect(details["login by browser"]).toBe("with a refresh token");
    expect(details.refresh).toBe("one request; the access token renews itself");
    expect(details.account).toContain("by userinfo");
  });

  test("at the token endpoint, with an account that only the first reply names", async () => {
    const longLived = { grantType: "fb_exchange_token", parameter: "fb_exchange_token" };
    const endpoints = { ...BASE.endpoints, userinfo: undefined };
    const details = await passed({ endpoints, longLived, account: { from: "reply" } });
    expect(details.account).toContain("by reply");
    expect(details.refresh).toBe("one request; the refresh token is replaced");
  });

  test("with the first token where the protocol has something of its own, or that nothing makes, is refused", () => {
    expect(refused({ longLived: { grantType: "x", parameter: "grant_type" } })).toContain(
      "longLived.parameter can't be grant_type: the request has one of its own",
    );
    expect(refused({ endpoints: INSTAGRAM.endpoints })).toContain("endpoints.exchange does nothing without longLived");
    expect(refused({ longLived: { ...INSTAGRAM.longLived, request: { method: "GET" } } })).toContain(
      "longLived.request.method can't be GET: nothing is sent in its body",
    );
    expect(refused({ longLived: INSTAGRAM.longLived, flows: ["token"] })).toContain(
      "longLived does nothing without a flow with a person",
    );
    const request = { headers: { Host: "other.example" } };
    expect(refused({ longLived: { ...INSTAGRAM.longLived, request } })).toContain(
      "longLived.request.headers.Host can't be sent",
    );
  });

  test("of a wrong type, or only half of it, is refused", () => {
    expect(refused({ longLived: true })).toContain("longLived must be");
    expect(refused({ longLived: { grantType: "x" } })).toContain("longLived.parameter");
    expect(refused({ longLived: { grantType: 7, parameter: "x" } })).toContain("longLived.grantType");
    expect(refused({ longLived: { grantType: "x", parameter: "x", refresh: true } })).toContain(
      "longLived.refresh is not a field",
    );
  });

  test("whose parameter is one that the description renames is found", async () => {
    const change = { longLived: { grantType: "x", parameter: "token" }, request: { names: { token: "old_token" } } };
    expect(await failed(change)).toContain("login by browser");
  });
});

describe("a refresh that brings no token", () => {
  const refresh = { keepsAccessToken: { result: "0000" }, rotation: "none" };

  test("and says that the old one lives on", async () => {
    const change = {
      refresh,
      reply: { error: "result", errorDescription: "message" },
      errors: { codes: { 5006: "dead" } },
    };
    const details = await passed(change);
    expect(details.refresh).toBe("one request; the access token lives on");
    expect(details["error codes"]).toBe("1 dead");
  });

  test("attack: a host of any owner, by a word after it or by a domain that is shared, is refused", () => {
    const api = { title: "API", pattern: "[a-z0-9]+", from: { reply: "api" } };
    const userinfo = (address: string, other: object): object => ({
      settings: { api, other: { title: "Other", ...other } },
      endpoints: { ...BASE.endpoints, userinfo: address },
    });
    for (const [address, other] of [
      ["https://{api}.{other}/me", { default: "com" }],
      ["https://{api}.{other}/me", { choices: ["acme.example", "com"] }],
      ["https://{api}.{other}/me", {}],
      ["https://{api}.{other}.uk/me", { default: "co" }],
      ["https://{api}.co.uk/me", { default: "used" }],
    ] as const)
      expect(refused(userinfo(address, other)), address).toContain("settings.api.pattern takes hosts of any domain");
    const ending = (end: string): object => ({
      settings: { api: { ...api, kind: "host", pattern: `[a-z0-9-]+${end}` } },
      origins: ["https://{api}"],
    });
    for (const end of ["\\.co\\.uk", "\\.github\\.io", "acme\\.example"])
      expect(refused(ending(end)), end).toContain("settings.api.pattern takes hosts of any domain");
    for (const end of ["\\.acme\\.co\\.uk", "\\.acme\\.github\\.io"])
      expect(thrownOrNull({ ...BASE, ...ending(end) }), end).toBeNull();
    for (const [address, other] of [
      ["https://{api}.{other}/me", { default: "acme.example" }],
      ["https://{api}.{other}/me", { kind: "host" }],
      ["https://{api}.{other}.acme.example/me", {}],
    ] as const)
      expect(thrownOrNull({ ...BASE, ...userinfo(address, other) }), address).toBeNull();
  });

  test("where it is asked for before the provider can have said it is refused", () => {
    const api = { title: "API", kind: "host", pattern: "[a-z]+\\.acme\\.example", default: "a.acme.example" };
    const longLived = { grantType: "ll", parameter: "access_token" };
    const at = (name: string, from: object, more: object = {}): object => ({
      settings: { api: { ...api, from } },
      endpoints: { ...BASE.endpoints, [name]: "https://{api}/x" },
      longLived,
      ...more,
    });
    for (const from of [{ reply: "api" }, { answer: "api" }])
      expect(refused(at("poll", from))).toContain("endpoints.poll is asked before the provider says {api}");
    expect(refused(at("exchange", { reply: "api" }))).toContain("endpoints.exchange is asked before the provider says");
    expect(thrownOrNull({ ...BASE, ...at("exchange", { answer: "api" }) })).toBeNull();
  });

  test("beside what contradicts it is refused", () => {
    expect(refused({ refresh: { ...refresh, killsAccessToken: true } })).toContain(
      "refresh.keepsAccessToken makes no sense: the old access token dies",
    );
    expect(refused({ refresh: { keepsAccessToken: { access_token: "old" } } })).toContain(
      "refresh.keepsAccessToken makes no sense: a reply that has an access token brings a new one",
    );
    expect(refused({ refresh: { keepsAccessToken: {} } })).toContain("must name a field and its value");
    for (const wrong of [true, { result: 0 }, { "a..b": "x" }])
      expect(refused({ refresh: { keepsAccessToken: wrong } })).toContain("refresh.keepsAccessToken");
  });

  test("at a place that is a value of its own is found", async () => {
    const change = { refresh: { keepsAccessToken: { token_type: "old" } } };
    expect(await failed(change)).toContain("reply.tokenType is token_type, where the same reply has something else");
  });
});

describe("a place that the provider names", () => {
  const choices = ["accounts.acme.example", "accounts.acme.test"];
  const ZOHO = {
    settings: {
      accounts: { title: "Accounts", kind: "host", default: choices[0], choices, from: { answer: "accounts-server" } },
      api: { title: "API", kind: "host", pattern: "[a-z0-9.-]+\\.acmeapis\\.example", from: { reply: "api_domain" } },
    },
    endpoints: {
      authorization: "https://{accounts}/authorize",
      token: "https://{accounts}/token",
      revocation: "https://{accounts}/revoke",
      userinfo: "https://{api}/me",
    },
    origins: ["https://{api}"],
  };

  test("is where the login goes on, and the only one that is taken", async () => {
    const details = await passed(ZOHO);
    expect(details["settings that the provider says"]).toBe("accounts accounts.acme.test, api a.acmeapis.example");
    expect(details["settings that it may not say"]).toBe("anything else is refused, and nothing is stored");
    expect(details.account).toContain("by userinfo");
    expect(details.revocation).toBe("ends the login");
    expect(details["with accounts accounts.acme.test"]).toContain("checks passed");
  });

  test("may be a part of a host, by any flow that brings a reply", async () => {
    const settings = { dc: { title: "Data center", pattern: "[a-z]{2}\\d+", from: { reply: "dc" } } };
    const flows = ["device", "browser"];
    const endpoints = { ...BASE.endpoints, device: "https://acme.example/device" };
    const details = await passed({ settings, endpoints, origins: ["https://{dc}.api.acme.example"], flows });
    expect(details["settings that the provider says"]).toBe("dc aa0");
  });

  test("whose pattern takes what is nobody's is found", async () => {
    const settings = { dc: { title: "Data center", pattern: ".+", from: { reply: "dc" } } };
    expect(await failed({ settings, origins: ["https://{dc}.api.acme.example"] })).toContain(
      "settings that it may not say: settings.dc takes elsewhere.invalid/, which is nobody's",
    );
  });

  test("that the same reply has as something else is found", async () => {
    const settings = { dc: { title: "Data center", pattern: "[a-z]+", from: { reply: "access_token" } } };
    expect(await failed({ settings, origins: ["https://{dc}.api.acme.example"] })).toContain(
      "settings.dc.from.reply is access_token, where the same reply has something else",
    );
  });

  test("at any host at all is refused: no pattern, an open one, one that only looks closed", () => {
    const host = (fields: object): object => ({
      settings: { api: { title: "API", kind: "host", from: { reply: "api" }, ...fields } },
      origins: ["https://{api}"],
    });
    expect(refused(host({}))).toContain("settings.api.from needs a pattern or choices: anything would be taken");
    for (const pattern of [
      "[a-z.-]+",
      ".+",
      "api[.]acme[.]example",
      "[a-z]+.acme.example",
      "[a-z.]*acme\\.example",
      "[a-z.]+\\.example",
      "acme\\.[a-z.]+",
      "api\\.acme\\.example[a-z.]*",
      "api\\.acme\\.example.",
      "api\\.acme\\.exampl\\w",
    ])
      expect(refused(host({ pattern })), pattern).toContain("settings.api.pattern takes hosts of any domain");
    for (const pattern of ["[a-z0-9.-]+\\.acme\\.example", "api\\.acme\\.example", "[a-z]+\\.acme\\.example:8443"])
      expect(thrownOrNull({ ...BASE, ...host({ pattern }) }), pattern).toBeNull();
    const variants = [{ when: { eu: "yes" }, origins: ["https://{api}"] }];
    const eu = { title: "EU", choices: ["yes", "no"] };
    expect(
      refused({ settings: { eu, api: { title: "API", pattern: "[a-z.]+", from: { reply: "api" } } }, variants }),
    ).toContain("settings.api.pattern takes hosts of any domain, and variants.0.origins.0 would be there");
  });

  test("beside what contradicts it is refused", () => {
    const settings = (fields: object, name = "api"): object => ({
      settings: {
        [name]: { title: "API", kind: "host", choices: ["api.acme.example"], from: { reply: "api" }, ...fields },
      },
      origins: [`https://{${name}}`],
    });
    expect(refused(settings({ from: {} }))).toContain("settings.api.from says nowhere");
    expect(refused(settings({ required: true }))).toContain("settings.api.required makes no sense");
    expect(refused(settings({ kind: "url", choices: ["https://api.acme.example"] }))).toContain(
      "settings.api.from can't fill a setting of kind url",
    );
    expect(refused(settings({}, "redirectUri"))).toContain("settings.redirectUri.from can't fill redirectUri");
    expect(refused({ ...settings({ from: { answer: "api" } }), flows: ["code"] })).toContain(
      "settings.api.from.answer does nothing without the flow 'browser'",
    );
    expect(refused({ ...settings({}), flows: ["token"] })).toContain("settings.api.from.reply does nothing");
    expect(refused({ ...settings({}), issuer: "https://{api}" })).toContain(
      "issuer is asked before the provider says {api}",
    );
    const endpoints = { ...BASE.endpoints, token: "https://{api}/token" };
    expect(refused({ ...settings({}), endpoints })).toContain(
      "endpoints.token has {api}, which nothing fills before the provider says it",
    );
    const environment = { write: { ACME_TOKEN: "{token}", ACME_API_NAME: "{api}" } };
    const open = { choices: undefined, pattern: "[a-z]+\\.acme\\.example" };
    expect(refused({ ...settings(open), environment })).toContain(
      "the provider says api, and only what the person said may be",
    );
  });

  test("of a wrong type is refused", () => {
    for (const from of [true, "reply", { reply: 7 }, { reply: "a..b" }, { answer: "" }, { header: "x" }]) {
      const settings = { api: { title: "API", kind: "host", choices: ["api.acme.example"], from } };
      expect(refused({ settings, origins: ["https://{api}"] }), JSON.stringify(from)).toContain("settings.api.from");
    }
  });
});

function thrownOrNull(definition: object): Error | null {
  try {
    parseDefinition(definition, "acme.toml");
    return null;
  } catch (error) {
    return error as Error;
  }
}
