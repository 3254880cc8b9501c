/** A catalogue's entries become descriptions that say the same, and what a description can't say is named. */
import { describe, expect, test } from "bun:test";
import { parse } from "smol-toml";
import { checkContract } from "../../src/contract/contract.ts";
import { startBrowserLogin } from "../../src/oauth/browser.ts";
import { exchangeCode } from "../../src/oauth/code.ts";
import { lifetimeOf } from "../../src/oauth/expiry.ts";
import { sendRefresh } from "../../src/oauth/refresh.ts";
import type { Client } from "../../src/oauth/types.ts";
import { http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import { type Conversion, convertCatalogue, figures, wantedFrom } from "../../src/providers/convert/convert.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import { writeManifest } from "../../src/providers/plugins/manifest.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import { script } from "../oauth/support.ts";
import { thrownBy } from "./thrown.ts";

const text = await Bun.file(new URL("catalogue.yaml", import.meta.url)).text();

function convert(name: string, taken: readonly string[] = []): Conversion {
  const [conversion] = convertCatalogue(text, [wantedFrom(name)], taken);
  if (conversion === undefined) throw new Error("nothing was converted");
  return conversion;
}

/** Without loss. */
function whole(name: string) {
  const { definition, lost } = convert(name);
  expect(lost).toEqual([]);
  if (definition === null) throw new Error(`${name} was refused`);
  return definition;
}

const lossesOf = (name: string): string[] => convert(name).lost.map(({ field, why }) => `${field} ${why}`);

describe("a browser login", () => {
  test("that follows the standards needs nothing but its endpoints", () => {
    expect(whole("plain")).toEqual({
      id: "plain",
      title: "Plain",
      endpoints: { authorization: "https://plain.example/authorize", token: "https://plain.example/token" },
      flows: ["browser"],
    });
  });

  test("an alias is the other entry, but for what it says itself", () => {
    expect(whole("plain-beta")).toMatchObject({
      id: "plain-beta",
      title: "Plain (beta)",
      endpoints: { authorization: "https://plain.example/authorize", token: "https://beta.plain.example/token" },
    });
  });

  test("with everything that can be different", () => {
    expect(whole("shop")).toEqual({
      id: "shop",
      title: "Shop",
      settings: {
        shopName: { title: "Shop name", pattern: "[a-z0-9-]+", required: true },
        // login has a flag --resource of its own.
        resource: { title: "Key", choices: ["free", "paid"], flag: "shop-resource", default: "free" },
      },
      endpoints: {
        authorization: "https://{shopName}.shop.example/authorize",
        token: "https://{shopName}.shop.example/token?key={resource}",
        refresh: "https://{shopName}.shop.example/refresh",
      },
      origins: ["https://api.shop.example"],
      client: { authentication: "basic" },
      authorize: {
        parameters: { context: "stores/{shopName}", force_install: "true" },
        names: { client_id: "client_key", redirect_uri: "redirectUri", response_type: false },
        pkce: false,
        nonce: "always",
        codeParameter: "shop_code",
        extra: ["merchantId"],
      },
      scopes: { default: ["read"], separator: ",", replySeparator: ",", offline: "offline_access" },
      request: {
        format: "json",
        headers: { "x-shop": "shop {shopName}" },
        tokenParameters: { expiring: "1" },
        refreshParameters: { type: "refresh" },
      },
      reply: {
        alternate: "user",
        expiry: { unit: "milliseconds", absent: 3600 },
        extra: ["api_url", "team.id"],
      },
      refresh: { marginSeconds: 30 },
      header: "x-shop-token: {token}",
      flows: ["browser"],
    });
  });

  test("an alternative that only writes a value out is that value's default", () => {
    const definition = whole("regional");
    expect(definition).toMatchObject({
      settings: { host: { title: "Host", kind: "host", default: "regional.example" } },
      endpoints: { authorization: "https://{host}", token: "https://{host}/token" },
      client: { authentication: "basic" },
      authorize: { fragment: "/login" },
      request: { refreshParameters: { again: "yes" } },
    });
    // A plus in an address is a blank.
    expect(definition.scopes).toBeUndefined();
    expect(definition.variants).toBeUndefined();
  });

  test("any other alternative is a variant", () => {
    const { definition, lost } = convert("either");
    if (definition === null) throw new Error("refused");
    const endpointsOf = (settings: Record<string, string>) => resolveProvider(definition, settings).endpoints;
    expect(endpointsOf({})).toEqual({
      authorization: "https://app.either.example/a",
      token: "https://api.either.example/t",
    });
    expect(endpointsOf({ region: "eu" })).toEqual({
      authorization: "https://app.eu.either.example/a",
      token: "https://api.eu.either.example/t",
    });
    expect(definition.scopes).toEqual({ default: ["*"] });
    expect(lost).toEqual([
      {
        field: "authorization_params.response_mode",
        why: "is none in which an answer could reach this program",
      },
    ]);
  });
});

describe("what can't be said is named, and the rest converts", () => {
  test("each field with its reason", () => {
    const { definition } = convert("lossy");
    expect(lossesOf("lossy")).toEqual([
      "authorization_params.password is made of a secret: settings are shown",
      "authorization_params.odd is made of 'somethingElse', which isn't known here",
      "authorization_params.braces has braces that are no placeholder",
      "token_request_auth_method is custom, which isn't known here",
      "body_format is xml, which isn't known here",
      "connection_config.domain.pattern is no pattern that is sure to be matched in linear time: any value is taken",
      "require_client_certificate can't be said",
    ]);
    expect(definition?.authorize).toBeUndefined();
    expect(Object.keys(definition?.settings ?? {})).toEqual(["domain"]);
  });

  test("an address that the provider's answer would name is not followed", () => {
    expect(lossesOf("follows")).toEqual([
      "token_url may be an address that only the provider's answer names: it isn't followed",
    ]);
    expect(convert("follows").definition?.endpoints?.token).toBe("https://{zone}.follows.example/t");
  });
});

describe("a second secret goes along with the token", () => {
  test("in a header of its own, under a variable that may hold one", () => {
    expect(whole("two-secrets")).toMatchObject({
      header: "x-key: {token}",
      companions: {
        xApp: { title: "App key", header: "x-app: {secret}", variable: "TWO_SECRETS_X_APP_SECRET", required: true },
      },
    });
  });

  test("also the client's own; two in one header can't be said", () => {
    expect(lossesOf("beside")).toEqual(["proxy.headers.x-both shows two secrets in one header"]);
    expect(convert("beside").definition).toMatchObject({
      settings: { pool: { title: "Pool", required: true } },
      origins: ["https://{pool}.beside.example"],
      companions: {
        developerToken: { title: "Developer token", header: "developer-token: {secret}", required: true },
        xApp: { title: "App", header: "x-app: app {secret}", variable: "BESIDE_X_APP_SECRET" },
        xApiKey: { title: "Client secret", header: "x-api-key: {clientId}:{secret}", required: true },
      },
    });
  });
});

describe("a host that the provider names", () => {
  test("is one of those that the entry itself can make; what it doesn't say is said as assumed", () => {
    expect(whole("placed")).toEqual({
      id: "placed",
      title: "Placed",
      assumed: ["Where the answer has no accounts-server, token is at accounts.placed.example."],
      settings: {
        extension: { title: "Extension", choices: ["example", "test"], default: "example" },
        accountsServer: {
          title: "accounts-server",
          kind: "host",
          choices: ["accounts.placed.example", "accounts.placed.test"],
          default: "accounts.placed.example",
          from: { answer: "accounts-server" },
        },
        apiDomain: {
          title: "api_domain",
          kind: "host",
          choices: ["api.placed.example", "api.placed.test"],
          from: { reply: "api_domain" },
        },
      },
      endpoints: {
        authorization: "https://accounts.placed.{extension}/auth",
        token: "https://{accountsServer}/token",
      },
      origins: ["https://api.placed.{extension}", "https://{apiDomain}"],
      // What fills a setting isn't kept a second time.
      reply: { extra: ["team"] },
      flows: ["browser"],
    });
  });

  test("else one of the login's own domain, which is assumed", () => {
    expect(whole("placed-anywhere")).toMatchObject({
      assumed: [
        "installation.apiEndPoint is a host of anywhere.example, as those of its login are: a login that says another is refused.",
      ],
      settings: {
        installationApiEndPoint: {
          kind: "host",
          pattern: "[a-z0-9.-]+\\.anywhere\\.example",
          from: { reply: "installation.apiEndPoint" },
        },
      },
      origins: ["https://{installationApiEndPoint}"],
    });
  });

  test("may be a part of one", () => {
    expect(whole("placed-in-part")).toMatchObject({
      settings: { dc: { title: "Data center", pattern: "[a-z]{2}[0-9]+", from: { reply: "dc" } } },
      origins: ["https://{dc}.api.part.example"],
    });
  });

  test("is asked of a person where a login begins there", () => {
    expect(whole("placed-before")).toMatchObject({
      settings: { shop: { required: true } },
      authorize: { extra: ["shop"] },
    });
  });

  test("that only a script of the catalogue's finds out is a loss", () => {
    expect(lossesOf("scripted")).toEqual(["proxy.base_url is made of dc, which code of the catalogue's own finds out"]);
  });
});

test("an entry that the catalogue's product handles by its name is never without loss", () => {
  const { definition, lost } = convert("stripe-app-sandbox");
  expect(definition?.id).toBe("stripe-app-sandbox");
  expect(lost).toEqual([{ field: "", why: expect.stringContaining("is handled by code of the catalogue's own") }]);
});

test("expires_at is read beside expires_in", () => {
  const { expiry } = resolveProvider(whole("plain"), {}).dialect.reply;
  const now = Date.parse("2026-01-01T00:00:00Z");
  for (const body of [{ expires_in: 60 }, { expires_at: "2026-01-01T00:01:00Z" }, { expires_at: now / 1000 + 60 }])
    expect(lifetimeOf(body, expiry, now).seconds).toBe(60);
});

test("a description that was converted logs in and refreshes, in the words of its entry", async () => {
  const issuer = script(
    Response.json({
      user: { access_token: "a1", refresh_token: "r1", expires_in: 5_000 },
      api_url: "https://x.example",
    }),
    Response.json({ access_token: "a2" }),
  );
  const shop = text.slice(text.indexOf("\nshop:"), text.indexOf("\nregional:"));
  const here = shop.replaceAll(/https:\/\/\$\{connectionConfig\.shop_name\}\.shop\.example/g, issuer.url);
  const [conversion] = convertCatalogue(here, [wantedFrom("shop")]);
  if (!conversion?.definition) throw new Error("refused");
  const { dialect, endpoints } = resolveProvider(conversion.definition, { shopName: "tea" });
  const server = { dialect, endpoints, issuer: null, issRequired: false };
  const client: Client = { id: "c", secret: new Secret("s"), authentication: "basic" };
  const login = await startBrowserLogin(server, client, {
    scopes: ["read", "write"],
    port: null,
    redirectUri: null,
    timeout: 5000,
  });
  const page = new URL(login.url).searchParams;
  expect(Object.fromEntries(page)).toEqual({
    context: "stores/tea",
    force_install: "true",
    client_key: "c",
    redirectUri: login.redirectUri,
    scope: "read,write",
    state: expect.any(String),
    nonce: expect.any(String),
  });
  const answer = new URLSearchParams({ shop_code: "c1", state: page.get("state") ?? "", merchantId: "m1" });
  const [authorization] = await Promise.all([
    login.callback,
    fetch(`${login.redirectUri}?${answer}`, { redirect: "manual" }),
  ]);
  const tokens = await exchangeCode(http, server, client, authorization, 0);
  login.close();
  expect(tokens).toMatchObject({ expiresIn: 5, extra: { merchantId: "m1", api_url: "https://x.example" } });
  const request = { refreshToken: tokens.refreshToken ?? new Secret(""), scopes: null, flow: "browser", timeout: 5000 };
  await sendRefresh(http, server, client, request);
  issuer.stop();
  const [exchange, refresh] = issuer.seen;
  expect(exchange?.path).toBe("/token?key=free");
  expect(exchange?.headers.get("x-shop")).toBe("shop tea");
  expect(exchange?.headers.get("authorization")).toBe(`Basic ${btoa("c:s")}`);
  expect(JSON.parse(exchange?.text ?? "")).toEqual({
    expiring: "1",
    code: "c1",
    redirect_uri: login.redirectUri,
    grant_type: "authorization_code",
  });
  expect(refresh?.path).toBe("/refresh");
  expect(JSON.parse(refresh?.text ?? "")).toEqual({
    type: "refresh",
    refresh_token: "r1",
    grant_type: "refresh_token",
  });
});

describe("logins without a browser", () => {
  test("client credentials", () => {
    expect(whole("robot")).toEqual({
      id: "robot",
      title: "Robot",
      settings: {
        account: {
          title: "Account",
          pattern: "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}",
          required: true,
        },
        audience: { title: "Audience", kind: "url", default: "https://robot.example/api" },
      },
      endpoints: { token: "https://robot.example/token" },
      client: { kind: "confidential" },
      request: {
        format: "query",
        tokenParameters: { account_id: "{account}", audience: "{audience}" },
        grantTypes: { client_credentials: "account_credentials" },
      },
      minting: { "client-credentials": { use: "assertion", scopes: ["all"] } },
      flows: ["client-credentials"],
    });
  });

  test("a key in a header", () => {
    expect(whole("static-key")).toEqual({
      id: "static-key",
      title: "Key",
      origins: ["https://api.key.example"],
      header: "authorization: Token token={token}",
      apiKey: { pattern: "key_[a-z0-9]{8,}" },
      flows: ["token"],
    });
  });

  test("a key as Basic credentials, whose pattern might be matched for ever", () => {
    expect(convert("key-as-basic").definition).toMatchObject({
      header: "authorization: Basic {basic}",
      basic: "{token}:X",
    });
    expect(lossesOf("key-as-basic")).toEqual([
      "credentials.apiKey.pattern is no pattern that is sure to be matched in linear time: any key is taken",
    ]);
  });

  test("a name with a password, and a key in a name's place", () => {
    expect(whole("basic")).toMatchObject({
      settings: { host: { kind: "host", required: true }, username: { required: true } },
      origins: ["https://{host}"],
      header: "Authorization: Basic {basic}",
      basic: "{username}:{token}",
    });
    expect(whole("basic-by-key")).toMatchObject({ basic: "{token}:" });
  });
});

describe("what is no login here is refused by name", () => {
  const refused: [string, string][] = [
    ["two-steps", "auth_mode is TWO_STEP, which isn't known here"],
    ["key-in-address", "proxy.query.api_key puts the key into the address"],
    ["insecure", "endpoints.authorization is http"],
    ["999", "has no name that an id could be made of"],
    ["wrong", "can't be read: authorization_url Invalid type"],
    ["round", "is an alias of 'about', which is an alias of 'round'"],
    ["lost-alias", "is an alias of 'nowhere', which is not a group of fields"],
    ["no-entry", "is not a group of fields"],
    ["shpo", "is not in the catalogue. Did you mean 'shop'?"],
    ["toString", "is not in the catalogue."],
    ["__proto__", "is not in the catalogue."],
  ];
  for (const [name, why] of refused)
    test(`${name}: ${why}`, () => {
      expect(convert(name).definition).toBeNull();
      expect(lossesOf(name).join("\n")).toContain(why);
    });

  test("an id that is another provider's is no fault of the description's", () => {
    const { definition, lost, taken } = convert("shop", ["github", "shop"]);
    expect([definition, lost, taken]).toEqual([
      null,
      [{ field: "", why: "would be called 'shop', as a provider is already" }],
      "shop",
    ]);
    expect(convert("shop=shop-two", ["shop"]).definition?.id).toBe("shop-two");
    expect(thrownBy(() => convert("shop=Shop Two")).code).toBe("usage");
  });
});

test("a name that is no id becomes one", () => {
  expect(whole("999-numbers-and-a-name-that-is-too-long-for-an-id").id).toBe("numbers-and-a-name-that-is-too-l");
});

test("every description passes the check, and comes back from its manifest as it was", async () => {
  const made = convertCatalogue(text, "all").flatMap(({ definition }) => definition ?? []);
  expect(made.length).toBe(21);
  for (const definition of made) {
    const checks = await checkContract(definition);
    expect(checks.filter(({ status }) => status === "fail")).toEqual([]);
    const manifest = await writeManifest(definition, "");
    expect(parseDefinition(parse(manifest), `${definition.id}.toml`)).toEqual(definition);
  }
});

test("how many converted without loss, by mode, the commonest first", () => {
  expect(figures(convertCatalogue(text, "all"))).toEqual([
    { mode: "OAUTH2", whole: 9, assuming: 2, byName: 1, total: 17 },
    { mode: "API_KEY", whole: 2, assuming: 0, byName: 0, total: 4 },
    { mode: "BASIC", whole: 2, assuming: 0, byName: 0, total: 2 },
    { mode: "OAUTH2_CC", whole: 1, assuming: 0, byName: 0, total: 1 },
    { mode: "TWO_STEP", whole: 0, assuming: 0, byName: 0, total: 1 },
  ]);
});

describe("what is no catalogue is an error in words", () => {
  const laughs = [
    "a0: &a0 [x, x]",
    ...Array.from({ length: 40 }, (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`),
  ];
  const cases: [string, string, string][] = [
    ["nothing", "", "does not hold entries by name"],
    ["a list", "- a\n- b", "does not hold entries by name"],
    ["a text", "hello", "does not hold entries by name"],
    ["several documents", "a: 1\n---\nb: 2", "does not hold entries by name"],
    ["broken YAML", "a: [", "is not YAML"],
    ["bytes", "\u0000\u0001\u0002", "is not YAML"],
    ["anchors that multiply", laughs.join("\n"), "is not YAML"],
    ["nesting without end", "[".repeat(200_000), "is nested too deeply"],
    ["100 MB", "a".repeat(100 * 1024 * 1024), "is larger than 10 MB"],
    ["too many entries", Array.from({ length: 10_001 }, (_, i) => `k${i}: {}`).join("\n"), "has 10001 entries"],
  ];
  for (const [what, given, why] of cases)
    test(what, () => {
      const error = thrownBy(() => convertCatalogue(given, "all"));
      expect(error.code).toBe("usage");
      expect(error.message).toStartWith(`The catalogue ${why}`);
    });

  test("what it says is shown without its control characters, and not at length", () => {
    const loud = `loud: {auth_mode: OAUTH2, token_url: "${"\\e[31m".repeat(9)}\${x}"}\nlong: {auth_mode: ${"M".repeat(1500)}}`;
    for (const { lost } of convertCatalogue(loud, "all"))
      for (const { why } of lost) expect(why).toMatch(/^[\x20-\x7e…]{1,300}$/);
  });

  test("an entry that is its own part, or is made of very many", () => {
    const hostile = [
      "self: &self {auth_mode: OAUTH2, connection_config: {a: *self}, proxy: *self}",
      `wide: {auth_mode: OAUTH2, token_params: {${Array.from({ length: 5_000 }, (_, i) => `k${i}: v`).join(", ")}}}`,
      `long: {auth_mode: OAUTH2, token_url: ${"x".repeat(5_000)}}`,
      `huge: {auth_mode: OAUTH2, ${Array.from({ length: 100_000 }, (_, i) => `k${i}: v`).join(", ")}}`,
      ...Array.from({ length: 5_000 }, (_, i) => `alias${i}: {alias: huge}`),
      "typed: {auth_mode: {a: b}}",
      "polluting: {auth_mode: OAUTH2, __proto__: {token_url: https://evil.example}}",
    ].join("\n");
    for (const { definition, lost } of convertCatalogue(hostile, "all")) {
      expect(definition).toBeNull();
      expect(lost.length).toBeGreaterThan(0);
    }
  });
});
