/** What goes along with a token: how a description says it, what is refused, and that the check plays it. */
import { describe, expect, test } from "bun:test";
import { CONNECTION_SECRETS, decodeRecord, encodeRecord, newConnection } from "../../src/connections/record.ts";
import { checkContract } from "../../src/contract/contract.ts";
import { Secret } from "../../src/platform/secret.ts";
import { companionHeaders } from "../../src/providers/companions.ts";
import { withDefaults } from "../../src/providers/defaults.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { fillDialect } from "../../src/providers/resolve.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { thrownBy } from "./thrown.ts";

const SOUND = {
  id: "acme",
  title: "Acme",
  settings: { tenant: { title: "Tenant", default: "one" } },
  endpoints: {
    authorization: "https://acme.example/authorize",
    token: "https://acme.example/token",
    userinfo: "https://acme.example/me",
  },
  companions: {
    apiKey: { title: "API key", header: "X-Api-Key: {clientId}:{secret}" },
    tenant: { title: "Tenant", header: "X-Tenant: {tenant}" },
  },
  flows: ["browser"],
};

const withCompanion = (companion: unknown, more: object = {}): object => ({
  ...SOUND,
  companions: { ...SOUND.companions, more: companion },
  ...more,
});

function said(value: object): string {
  const error = thrownBy(() => parseDefinition(value, "acme.toml"));
  expect(error.code).toBe("plugin_invalid");
  return `${error.message} ${error.hint}`;
}

test("each is a header of its own, made of what is known; one that lacks something is left out", () => {
  const dialect = fillDialect(withDefaults(parseDefinition(SOUND, "acme.toml")), { tenant: "two" });
  const lines = (clientId: string | null, secrets: Record<string, Secret>): string[] =>
    companionHeaders(dialect, clientId, secrets).map(({ name, value }) => `${name}: ${value.reveal()}`);
  expect(lines("id", { apiKey: new Secret("{tenant}") })).toEqual(["X-Api-Key: id:{tenant}", "X-Tenant: two"]);
  expect(lines(null, { apiKey: new Secret("x") })).toEqual(["X-Tenant: two"]);
  expect(lines("id", {})).toEqual(["X-Tenant: two"]);
  expect(lines("id", { apiKey: new Secret("a\r\nX-Admin: 1") })).toEqual(["X-Tenant: two"]);
});

test("a companion called as what every object has is no such thing", () => {
  const odd = { ...SOUND, companions: { constructor: { title: "Odd", header: "X-Odd: {secret}" } } };
  const dialect = withDefaults(odd as unknown as ProviderDefinition);
  expect(companionHeaders(dialect, null, {})).toEqual([]);
});

test("in the vault it is a secret, and comes back as one", () => {
  const record = { ...newConnection("acme", "a", 0), companions: { apiKey: new Secret("the second key") } };
  expect(JSON.stringify(record)).not.toContain("the second key");
  const back = decodeRecord<typeof record>(encodeRecord(record), "a", CONNECTION_SECRETS);
  expect(back.companions.apiKey).toBeInstanceOf(Secret);
  expect(back.companions.apiKey.reveal()).toBe("the second key");
});

describe("refused, with the reason", () => {
  const line = "X-More: {secret}";
  const cases: [what: string, value: object, words: string][] = [
    ["no title", withCompanion({ header: line }), "companions.more.title is missing"],
    ["another type", { ...SOUND, companions: ["x"] }, "companions"],
    ["a name that is no flag", { ...SOUND, companions: { "api-key": { title: "K", header: line } } }, "api-key"],
    ["the token in it", withCompanion({ title: "M", header: "X-More: {token}" }), "uses {token}, which is no setting"],
    ["no line", withCompanion({ title: "M", header: "{secret}" }), "is not one line"],
    ["two lines", withCompanion({ title: "M", header: "A: {secret}\r\nB: 1" }), "is not one line"],
    ["Authorization", withCompanion({ title: "M", header: "authorization: {secret}" }), "can't be authorization"],
    ["Host", withCompanion({ title: "M", header: "Host: {secret}" }), "can't be Host"],
    ["a cookie", withCompanion({ title: "M", header: "Cookie: {secret}" }), "can't be Cookie"],
    ["the content's type", withCompanion({ title: "M", header: "Content-Type: {secret}" }), "can't be Content-Type"],
    ["that of the token", withCompanion({ title: "M", header: line }, { header: "x-more: {token}" }), "that of header"],
    [
      "that of another",
      withCompanion({ title: "M", header: "x-api-key: {secret}" }),
      "companions.more.header can't be x-api-key: it is that of companions.apiKey",
    ],
    [
      "one of the account's",
      withCompanion({ title: "M", header: line }, { account: { headers: { "x-more": "1" } } }),
      "among account.headers",
    ],
    [
      "a flag of ours",
      { ...SOUND, companions: { token: { title: "T", header: line } } },
      "'--token' is a flag of auth",
    ],
    [
      "a setting's flag",
      { ...SOUND, companions: { tenant: { title: "T", header: "X-T: {tenant}{secret}" } } },
      "'--tenant' is that of settings.tenant too",
    ],
    [
      "a setting called secret",
      { ...withCompanion({ title: "M", header: line }), settings: { ...SOUND.settings, secret: { title: "S" } } },
      "settings.secret has a name that companions.apiKey.header uses",
    ],
    ["required, of nothing", withCompanion({ title: "M", header: "X-More: 1", required: true }), "has no {secret}"],
    [
      "a variable that programs take as code",
      withCompanion({ title: "M", header: line, variable: "MAKEFLAGS" }),
      "companions.more.variable is handed over in MAKEFLAGS",
    ],
    [
      "a default that isn't a secret's name",
      withCompanion({ title: "M", header: line }),
      "ACME_MORE, which can't carry",
    ],
    [
      "a variable that is the token's",
      withCompanion(
        { title: "M", header: line, variable: "ACME_TOKEN" },
        { environment: { write: { ACME_TOKEN: "{token}" } } },
      ),
      "which is in environment.write too",
    ],
    [
      "a client, where none logs in",
      { ...SOUND, flows: ["token"], endpoints: { userinfo: SOUND.endpoints.userinfo } },
      "has {clientId}, but no flow has a client",
    ],
  ];
  for (const [what, value, words] of cases) test(what, () => expect(said(value)).toContain(words));
});

describe("provider check", () => {
  test("plays an API that wants them", async () => {
    const checks = await checkContract(parseDefinition(SOUND, "acme.toml"));
    expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
    expect(checks.find(({ name }) => name === "companions")).toMatchObject({
      status: "ok",
      detail: "X-Api-Key, X-Tenant",
    });
  });

  test("one that no header can carry fails", async () => {
    const settings = { tenant: { title: "Tenant", default: "zw\u00f6lf" } };
    const checks = await checkContract(parseDefinition({ ...SOUND, settings }, "acme.toml"));
    expect(checks.find(({ name }) => name === "companions")).toMatchObject({
      status: "fail",
      detail: "companions.tenant goes along with no token: its header lacks something, or no header can carry it",
    });
  });
});

describe("attack: words of the author's in a variable that a program takes as code", () => {
  test("a header's own words never get into one: it has the secret alone", () => {
    const companion = { title: "Key", header: "X-Other: rm -rf {secret}", variable: "SOME_TOOL_KEY" };
    const dialect = withDefaults(parseDefinition(withCompanion(companion), "acme.toml"));
    const all = companionHeaders(dialect, "id", { more: new Secret("the key"), apiKey: new Secret("k") });
    const given = all.flatMap(({ variable }) => (variable === null ? [] : [[variable.name, variable.value.reveal()]]));
    expect(given).toEqual([
      ["ACME_API_KEY", "id:k"],
      ["SOME_TOOL_KEY", "the key"],
    ]);
  });

  const all = {
    ...SOUND.settings,
    org: { title: "Org" },
    said: { title: "Said", pattern: "[a-z]+", from: { reply: "p" } },
  };
  for (const header of ["X-Ver: $(touch /tmp/x)", "X-Ver: {tenant}", "X-Ver: {said}", "X-Ver: v {org}"])
    test(`${header} has no variable`, () => {
      const companion = { title: "Ver", header, variable: "SOME_TOOL_KEY" };
      expect(said(withCompanion(companion, { settings: all }))).toContain(
        "can't be SOME_TOOL_KEY: programs get {secret}",
      );
    });

  test("the client's id, or what a person said, may have one", () => {
    const settings = { ...SOUND.settings, org: { title: "Org" } };
    const origins = ["https://{org}.acme.example"];
    for (const header of ["X-Ver: {org}", "X-Ver: {clientId}"]) {
      const value = withCompanion({ title: "V", header, variable: "SOME_TOOL_KEY" }, { settings, origins });
      expect(parseDefinition(value, "acme.toml").id).toBe("acme");
    }
  });
});
