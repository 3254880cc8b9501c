/** Where the provider says that an account is: pinned at login, only where the description allows it, never moved later. */
import { describe, expect, test } from "bun:test";
import { encodeRecord } from "../../src/connections/record.ts";
import { refreshConnection } from "../../src/connections/refresh.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { playLogin } from "./login-support.ts";
import { json, servicesOf } from "./support.ts";

/** As Salesforce's `instance_url` is. */
const ORG: ProviderDefinition = {
  id: "acme",
  title: "Acme",
  settings: {
    instance: {
      title: "The org's host",
      kind: "host",
      pattern: "[a-z0-9.-]+\\.acme\\.example",
      from: { reply: "instance_url" },
    },
  },
  endpoints: {
    authorization: "https://login.acme.example/authorize",
    token: "https://login.acme.example/token",
    revocation: "https://login.acme.example/revoke",
    userinfo: "https://{instance}/me",
  },
  origins: ["https://{instance}"],
  flows: ["browser", "code"],
};
const TOKEN = "https://login.acme.example/token";
const REVOKE = "https://login.acme.example/revoke";
const TOKENS = { access_token: "access-1", refresh_token: "refresh-1" };

describe("the API's host, in the token reply", () => {
  test("is shown, kept, and the only further origin of the tokens", async () => {
    const { stored, sent, warnings } = await playLogin(ORG, {
      [TOKEN]: [200, { ...TOKENS, instance_url: "https://Org1.my.acme.example/" }],
      "https://org1.my.acme.example/me": [200, { id: "4711" }],
    });
    expect(sent.map(({ url }) => url)).toEqual([TOKEN, "https://org1.my.acme.example/me"]);
    expect(warnings).toContain("instance from Acme: org1.my.acme.example");
    const { settings, pinned, account } = stored?.record ?? {};
    expect(settings).toEqual({ instance: "org1.my.acme.example" });
    expect(pinned?.madeFrom?.settings).toEqual({ instance: "org1.my.acme.example" });
    expect([...(pinned?.origins ?? [])].sort()).toEqual(["https://login.acme.example", "https://org1.my.acme.example"]);
    expect(account?.id).toBe("4711");
  });

  test("anywhere else: refused, nothing is stored, and what was received is revoked", async () => {
    for (const instance_url of [
      "https://org1.my.acme.example.evil.example",
      "https://evil.example/.my.acme.example",
      "https://evil.example#.my.acme.example",
      "https://evil.example\\.my.acme.example",
      "https://user@org1.my.acme.example",
      "http://org1.my.acme.example",
      "https://org1.my.acme.example:8443",
      "https://org1.my.acme.example.",
      "https://org1.my.acme.example/path",
      "evil.example\n.my.acme.example",
      "//evil.example",
      "https://%6frg1.my.acme.example",
      ["https://org1.my.acme.example"],
      { host: "org1.my.acme.example" },
      7,
      true,
    ]) {
      const what = JSON.stringify(instance_url);
      const { vault, error, sent } = await playLogin(ORG, {
        [TOKEN]: [200, { ...TOKENS, instance_url }],
        [REVOKE]: [200, {}],
      });
      expect(error?.code, what).toBe("origin_mismatch");
      expect(error?.message, what).toStartWith("Acme says that its instance is ");
      expect(error?.hint, what).toContain("Nothing was stored.");
      expect([...vault.entries.keys()], what).toEqual([]);
      const revoked = sent.filter(({ url }) => url === REVOKE).map(({ parameters }) => parameters.token);
      expect(revoked, what).toEqual(["refresh-1", "access-1"]);
      expect(
        sent.every(({ url }) => url.startsWith("https://login.acme.example/")),
        what,
      ).toBe(true);
    }
  });

  test("a token in the place of a host doesn't get into the message", async () => {
    const { error } = await playLogin(ORG, { [TOKEN]: [200, { ...TOKENS, instance_url: "refresh-1" }] });
    expect(error?.message).not.toContain("refresh-1");
  });

  test("attack: a token of the same reply in a setting is neither shown nor stored", async () => {
    const shard = { title: "Shard", pattern: "[a-z0-9-]+", from: { reply: "shard" } };
    const definition = { ...ORG, settings: { shard } as const, endpoints: { ...ORG.endpoints }, origins: [] };
    const { userinfo: _, ...endpoints } = definition.endpoints;
    for (const said of ["access-1", "x-refresh-1-y"]) {
      const answers = { [TOKEN]: [200, { ...TOKENS, shard: said }], [REVOKE]: [200, {}] } as const;
      const whole = { ...definition, endpoints, request: { headers: { "x-shard": "{shard}" } } };
      const { vault, error, warnings, sent } = await playLogin(whole as never, answers);
      expect([error?.code, [...vault.entries.keys()]], said).toEqual(["origin_mismatch", []]);
      expect(`${error?.message} ${warnings.join(" ")}`, said).not.toContain(said);
      expect(sent.at(-1)?.parameters.token, said).toBe("access-1");
    }
  });

  test("attack: letters that no header can have are refused at the login", async () => {
    const shard = { title: "Shard", pattern: ".+", from: { reply: "shard" } };
    const { userinfo: _, ...endpoints } = ORG.endpoints ?? {};
    const { error, vault } = await playLogin(
      { ...ORG, settings: { shard }, endpoints, origins: [], request: { headers: { "x-shard": "{shard}" } } },
      { [TOKEN]: [200, { ...TOKENS, shard: "пользователь" }], [REVOKE]: [200, {}] },
    );
    expect([error?.code, [...vault.entries.keys()]]).toEqual(["origin_mismatch", []]);
  });

  test("that the reply lacks is left out; one that was given stays", async () => {
    const none = await playLogin(ORG, { [TOKEN]: [200, TOKENS] });
    expect(none.stored?.record.pinned?.origins).toEqual(["https://login.acme.example"]);
    const given = await playLogin(
      ORG,
      { [TOKEN]: [200, { ...TOKENS, instance_url: null }] },
      {
        settings: { instance: "org2.my.acme.example" },
      },
    );
    expect(given.stored?.record.settings).toEqual({ instance: "org2.my.acme.example" });
  });

  test("says more than what was given, and is what the next login begins with", async () => {
    const settings = { instance: "org2.my.acme.example" };
    const said = { [TOKEN]: [200, { ...TOKENS, instance_url: "https://org1.my.acme.example" }] } as const;
    const first = await playLogin(ORG, said, { settings });
    expect(first.stored?.record.settings).toEqual({ instance: "org1.my.acme.example" });
    const again = await playLogin(ORG, said, {}, {}, first.vault);
    expect(again.stored?.record.settings).toEqual({ instance: "org1.my.acme.example" });
    expect(again.warnings.join()).not.toContain("instance from");
  });

  test("that the description no longer allows is forgotten by the next login", async () => {
    const said = (host: string) => ({ [TOKEN]: [200, { ...TOKENS, instance_url: `https://${host}` }] }) as const;
    const { vault } = await playLogin(ORG, said("org1.my.acme.example"));
    const setting = {
      title: "The org's host",
      kind: "host",
      pattern: "[a-z0-9.-]+\\.acme\\.test",
      from: { reply: "instance_url" },
    };
    const moved = { ...ORG, settings: { instance: setting } } as ProviderDefinition;
    const next = await playLogin(moved, said("org1.acme.test"), {}, {}, vault);
    expect(next.stored?.record.settings).toEqual({ instance: "org1.acme.test" });
  });

  test("counts for a login without a person, too", async () => {
    const definition: ProviderDefinition = {
      ...ORG,
      minting: { "client-credentials": { use: "assertion" } },
      flows: ["client-credentials"],
    };
    const request = { flow: "client-credentials", redirectUri: null } as const;
    const said = (instance_url: string) => ({ [TOKEN]: [200, { access_token: "access-1", instance_url }] }) as const;
    const { stored } = await playLogin(definition, said("https://org1.my.acme.example"), request);
    expect(stored?.record.pinned?.origins).toContain("https://org1.my.acme.example");
    expect(Object.keys(stored?.record.pinned?.endpoints ?? {})).toEqual(["token"]);
    const { error, vault, sent } = await playLogin(definition, said("https://evil.example"), request);
    expect(error?.code).toBe("origin_mismatch");
    expect([...vault.entries.keys()]).toEqual([]);
    // Nothing is sent to where it may not say that it is; the revocation is its own.
    expect(sent.map(({ url }) => new URL(url).host)).not.toContain("evil.example");
    expect(sent.at(-1)?.parameters.token).toBe("access-1");
  });

  test("is never moved by a refresh, which warns in the log", async () => {
    const { stored, vault } = await playLogin(ORG, {
      [TOKEN]: [200, { ...TOKENS, instance_url: "https://org1.my.acme.example" }],
    });
    if (stored === null) throw new Error("no login");
    const log: string[] = [];
    const moved = {
      access_token: "access-2",
      refresh_token: "refresh-2",
      instance_url: "https://org9.my.acme.example",
    };
    const services = servicesOf(vault, ORG, {
      http: async () => json(200, moved),
      debug: (text: string) => void log.push(text),
    });
    const options = { minTtl: 0, force: true, rejected: null, mustAgree: false };
    const outcome = await refreshConnection(services, stored.ref, options);
    expect(outcome.kind).toBe("refreshed");
    expect(outcome.stored.record.tokens?.refreshToken?.reveal()).toBe("refresh-2");
    expect(outcome.stored.record.pinned).toEqual(stored.record.pinned);
    expect(encodeRecord(outcome.stored.record)).not.toContain("org9");
    expect(log.join("\n")).toContain('the provider now says instance "https://org9.my.acme.example"');
  });
});

/** As Zoho's `accounts-server` is. */
const CENTERS: ProviderDefinition = {
  id: "acme",
  title: "Acme",
  settings: {
    accounts: {
      title: "The accounts server",
      kind: "host",
      choices: ["accounts.acme.example", "accounts.acme.test"],
      default: "accounts.acme.example",
      from: { answer: "accounts-server" },
    },
  },
  endpoints: {
    authorization: "https://{accounts}/authorize",
    token: "https://{accounts}/token",
    revocation: "https://{accounts}/revoke",
  },
  flows: ["browser"],
};

describe("the token host, in the browser's answer", () => {
  const there = { "accounts-server": "https://accounts.acme.test" };

  test("gets the code, and the refreshes", async () => {
    const answers = { "https://accounts.acme.test/token": [200, TOKENS] } as const;
    const { stored, sent, vault } = await playLogin(CENTERS, answers, {}, there);
    expect(sent.map(({ url }) => url)).toEqual(["https://accounts.acme.test/token"]);
    expect(stored?.record.pinned?.endpoints.token).toBe("https://accounts.acme.test/token");
    expect(stored?.record.pinned?.origins).toEqual(["https://accounts.acme.test"]);
    if (stored === null) throw new Error("no login");
    const refreshed: string[] = [];
    const services = servicesOf(vault, CENTERS, {
      http: async ({ url, body }) => {
        refreshed.push(`${url} ${new URLSearchParams(String(body)).get("client_secret")}`);
        return json(200, { access_token: "access-2" });
      },
    });
    await refreshConnection(services, stored.ref, { minTtl: 0, force: true, rejected: null, mustAgree: false });
    expect(refreshed).toEqual(["https://accounts.acme.test/token s3cret-of-acme"]);
  });

  test("attack: the code in its place is refused, and sent nowhere", async () => {
    const open = { title: "Zone", pattern: "[a-z0-9-]+", from: { answer: "zone" } };
    const definition = { ...CENTERS, settings: { ...CENTERS.settings, zone: open } };
    const headers = { headers: { "x-zone": "{zone}" } };
    const { error, sent } = await playLogin({ ...definition, request: headers }, {}, {}, { zone: "the-code-1" });
    expect([error?.code, sent]).toEqual(["origin_mismatch", []]);
  });

  test("and the client is known to the next login, wherever that begins", async () => {
    const answers = { "https://accounts.acme.test/token": [200, TOKENS] } as const;
    const { vault } = await playLogin(CENTERS, answers, {}, there);
    const name = { provider: "acme", name: "second" };
    const other = { "https://accounts.acme.example/token": [200, { access_token: "access-3" }] } as const;
    const second = await playLogin(CENTERS, other, { ref: name, clientId: null, clientSecret: null }, {}, vault);
    expect(second.stored?.record.pinned?.endpoints.token).toBe("https://accounts.acme.example/token");
    expect(second.sent[0]?.parameters.client_secret).toBe("s3cret-of-acme");
  });

  test("a client that is refused there isn't offered again silently, wherever that begins", async () => {
    const known = { "https://accounts.acme.test/token": [200, TOKENS] } as const;
    const { vault } = await playLogin(CENTERS, known, {}, there);
    const again = { ref: { provider: "acme", name: "second" }, clientId: null, clientSecret: null };
    const refusal = { "https://accounts.acme.test/token": [401, { error: "invalid_client" }] } as const;
    expect((await playLogin(CENTERS, refusal, again, there, vault)).error?.code).toBe("client_rejected");
    const third = await playLogin(CENTERS, known, again, there, vault);
    expect([third.error?.code, third.sent]).toEqual(["client_missing", []]);
  });

  test("anywhere else: refused before the code is sent", async () => {
    for (const said of ["https://accounts.acme.evil", "accounts.acme.example.evil.example", "https://evil.example/"]) {
      const { vault, error, sent } = await playLogin(CENTERS, {}, {}, { "accounts-server": said });
      expect(error?.code, said).toBe("origin_mismatch");
      expect(error?.message, said).toContain("must be one of accounts.acme.example, accounts.acme.test");
      expect(sent, said).toEqual([]);
      expect([...vault.entries.keys()], said).toEqual([]);
    }
  });

  test("an exchange that fails there is given back there", async () => {
    const answers = {
      "https://accounts.acme.test/token": [200, { access_token: "access-1", id_token: "unreadable" }],
      "https://accounts.acme.test/revoke": [200, {}],
    } as const;
    const { sent, vault } = await playLogin(CENTERS, answers, {}, there);
    expect(sent.map(({ url }) => url)).toEqual([
      "https://accounts.acme.test/token",
      "https://accounts.acme.test/revoke",
    ]);
    expect([...vault.entries.keys()]).toEqual([]);
  });
});
