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
