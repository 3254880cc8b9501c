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
