/** What a description can say of requests and answers that differ from the standards, as bytes on the wire. */
import { afterEach, describe, expect, test } from "bun:test";
import { askAccount } from "../../src/oauth/account.ts";
import { startBrowserLogin } from "../../src/oauth/browser.ts";
import { exchangeCode } from "../../src/oauth/code.ts";
import { headerLine } from "../../src/oauth/header.ts";
import { registered } from "../../src/oauth/login-error.ts";
import { sendRefresh } from "../../src/oauth/refresh.ts";
import { readTokenReply } from "../../src/oauth/reply.ts";
import { revokeTokens } from "../../src/oauth/revoke.ts";
import type { Client, TokenReply } from "../../src/oauth/types.ts";
import { http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import {
  type Answer,
  json,
  jwt,
  reply,
  type Scripted,
  type Seen,
  script,
  secretClient,
  server,
  thrown,
} from "./support.ts";

const running: Scripted[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.stop();
});

function at(...answers: Answer[]): Scripted {
  const started = script(...answers);
  running.push(started);
  return started;
}

const TOKENS = { access_token: "a1", token_type: "bearer", refresh_token: "r1" };
const CLIENT: Client = { id: "acme-cli.v2", secret: new Secret("s/1"), authentication: "body" };

/** A whole browser login at a provider of that description: the page that was opened, the exchange, the tokens. */
async function logIn(
  different: Partial<ProviderDefinition>,
  answer: (request: Readonly<Record<string, string>>) => Record<string, string>,
  options: { settings?: Record<string, string>; body?: object; client?: Client; scopes?: readonly string[] } = {},
): Promise<{ page: string; asked: Record<string, string>; exchange: Seen; reply: TokenReply; redirectUri: string }> {
  const issuer = at(json(options.body ?? TOKENS));
  const definition: ProviderDefinition = {
    id: "acme",
    title: "Acme",
    flows: ["browser"],
    endpoints: { authorization: `${issuer.url}/authorize`, token: `${issuer.url}/token?tier=a%20b` },
    ...different,
  };
  const { dialect, endpoints } = resolveProvider(definition, options.settings ?? {});
  const whole = { dialect, endpoints, issuer: null, issRequired: false };
  const client = options.client ?? CLIENT;
  const login = await startBrowserLogin(whole, client, {
    scopes: options.scopes ?? ["read"],
    port: null,
    redirectUri: null,
    timeout: 5000,
  });
  try {
    const page = new URL(login.url);
    const query = page.search || page.hash.slice(page.hash.indexOf("?"));
    const asked = Object.fromEntries(new URLSearchParams(query));
    const back = fetch(`${login.redirectUri}?${new URLSearchParams(answer(asked))}`, { redirect: "manual" });
    const [authorization] = await Promise.all([login.callback, back]);
    const tokens = await exchangeCode(http, whole, client, authorization, Date.now());
    const [exchange] = issuer.seen;
    if (exchange === undefined) throw new Error("nothing was exchanged");
    return { page: login.url, asked, exchange, reply: tokens, redirectUri: login.redirectUri };
  } finally {
    login.close();
  }
}

const usual = ({ state = "" }: Readonly<Record<string, string>>) => ({ code: "c1", state });

describe("the authorization request", () => {
  test("under the provider's names, with its own parameters filled in from the settings", async () => {
    const { asked, exchange } = await logIn(
      {
        settings: { store: { title: "Store" }, team: { title: "Team" } },
        authorize: {
          pkce: false,
          names: { client_id: "client_key", response_type: false, state: "customField", redirect_uri: "redirectUri" },
          parameters: { response_type: "auth_code", context: "stores/{store}", team: "{team}" },
        },
      },
      ({ customField = "" }) => ({ code: "c1", customField }),
      { settings: { store: "x 1" } },
    );
    expect(asked).toEqual({
      response_type: "auth_code",
      context: "stores/x 1",
      client_key: "acme-cli.v2",
      redirectUri: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/callback$/),
      customField: expect.stringMatching(/^[\w-]{43}$/),
      scope: "read",
    });
    // Only the page speaks so: the token request has names of its own.
    expect(exchange.text).toBe(
      `code=c1&redirect_uri=${encodeURIComponent(asked.redirectUri ?? "")}&grant_type=authorization_code&client_id=acme-cli.v2&client_secret=s%2F1`,
    );
  });

  test("an answer with the standard's `state` is not taken where the provider has another name for it", async () => {
    const issuer = at(json(TOKENS));
    const login = await startBrowserLogin(issuer.server({ authorize: { names: { state: "customField" } } }), CLIENT, {
      scopes: [],
      port: null,
      redirectUri: null,
      timeout: 5000,
    });
    const { customField = "" } = Object.fromEntries(new URL(login.url).searchParams);
    expect((await fetch(`${login.redirectUri}?code=c1&state=${customField}`)).status).toBe(400);
    login.close();
  });

  test("behind the page's #, where it takes it there", async () => {
    const { page } = await logIn({ authorize: { fragment: "/oauth/authorize" } }, usual);
    expect(page).toMatch(
      /^http:\/\/127\.0\.0\.1:\d+\/authorize#\/oauth\/authorize\?response_type=code&client_id=acme-cli\.v2&/,
    );
  });

  test("a parameter of its own in the place of one that isn't wanted, and the redirect in others", async () => {
    const { exchange, redirectUri } = await logIn(
      {
        request: {
          names: { redirect_uri: false },
          tokenParameters: { redirect_uri: "postmessage", origin: "app:{redirectUri}" },
        },
      },
      usual,
    );
    expect(exchange.form).toMatchObject({ redirect_uri: "postmessage", origin: `app:${redirectUri}` });
  });

  test("a name that is registered for the redirect, to the page and with the code", async () => {
    const {
      asked,
      exchange,
      reply: tokens,
    } = await logIn(
      { settings: { ruName: { title: "RuName" } }, authorize: { redirect: { value: "{ruName}" } } },
      usual,
      { settings: { ruName: "Ada-App-PRD-1" } },
    );
    expect([asked.redirect_uri, exchange.form.redirect_uri, tokens.redirectUri]).toEqual(
      Array(3).fill("Ada-App-PRD-1"),
    );
  });

  test("PKCE as it is wanted: the verifier itself, or its SHA-256 in hexadecimal (RFC 7636 §4.2)", async () => {
    const plain = await logIn({ authorize: { pkce: "plain" } }, usual);
    expect(plain.asked).toMatchObject({
      code_challenge: plain.exchange.form.code_verifier ?? "",
      code_challenge_method: "plain",
    });
    const hex = await logIn({ authorize: { pkce: "S256-hex" } }, usual);
    const digest = new Bun.CryptoHasher("sha256").update(hex.exchange.form.code_verifier ?? "").digest("hex");
    expect(hex.asked).toMatchObject({ code_challenge: digest, code_challenge_method: "S256" });
  });

  test("a nonce goes along, a new one each time, where the provider insists on one", async () => {
    const once = await logIn({ authorize: { nonce: "always" } }, usual);
    const again = await logIn({ authorize: { nonce: "always" } }, usual);
    expect(once.asked.nonce).toMatch(/^[\w-]{43}$/);
    expect(again.asked.nonce).not.toBe(once.asked.nonce);
    expect((await logIn({}, usual)).asked.nonce).toBeUndefined();
  });

  test("no nonce, even with openid, where the issuer never gives it back: none is demanded, PKCE and state hold", async () => {
    const now = Math.floor(Date.now() / 1000);
    const claims = { iss: "https://acme.example", sub: "s", aud: CLIENT.id, iat: now, exp: now + 60 };
    const options = { scopes: ["openid"], body: { ...TOKENS, id_token: jwt(claims) } };
    const { asked, reply, exchange } = await logIn({ authorize: { nonce: "never" } }, usual, options);
    expect([asked.nonce, asked.code_challenge_method]).toEqual([undefined, "S256"]);
    expect(asked.state).toMatch(/^[\w-]{43}$/);
    expect(exchange.form.code_verifier).toMatch(/^[\w-]{43}$/);
    expect(reply.idToken).not.toBeNull();
    expect(await thrown(() => logIn({}, usual, options))).toMatchObject({ code: "provider_unavailable" });
  });

  test("the code is read under the provider's name, and the further parameters that are wanted are kept", async () => {
    const { exchange, reply } = await logIn(
      { authorize: { codeParameter: "sp_code", extra: ["realmId", "absent"] }, reply: { extra: ["instance_url"] } },
      ({ state = "" }) => ({ sp_code: "c2", code: "not this", state, realmId: "42" }),
      { body: { ...TOKENS, instance_url: "https://x.example" } },
    );
    expect(exchange.form.code).toBe("c2");
    expect(reply.extra).toEqual({ realmId: "42", instance_url: "https://x.example" });
  });

  test("comes back to the one port that is registered", async () => {
    const free = Bun.listen({ hostname: "127.0.0.1", port: 0, socket: { data() {} } });
    const { port } = free;
    free.stop(true);
    const { redirectUri, asked } = await logIn({ authorize: { redirect: { port, path: "/cb" } } }, usual);
    expect(redirectUri).toBe(`http://127.0.0.1:${port}/cb`);
    expect(asked.redirect_uri).toBe(redirectUri);
  });

  test("which is part of what has to be entered on the client's page; a port that is chosen is not", () => {
    const sent = "http://127.0.0.1:8765/callback";
    const fixed = server({ authorize: { redirect: { port: 8765 } } });
    expect([registered(fixed, sent), registered(fixed)]).toEqual([sent, sent]);
    expect(registered(server({}), sent)).toBe("http://127.0.0.1/callback");
    const several = server({ authorize: { redirect: { ports: [8764, 8765] } } });
    expect([registered(several, sent), registered(several)]).toEqual([sent, "http://127.0.0.1:8764/callback"]);
  });
});

describe("the token request", () => {
  test("keeps the query that its endpoint has", async () => {
    expect((await logIn({}, usual)).exchange.path).toBe("/token?tier=a%20b");
  });

  test("has its parameters in the address, where the provider wants a GET", async () => {
    const { exchange } = await logIn(
      { request: { format: "query", method: "GET" }, authorize: { pkce: false } },
      usual,
    );
    expect(exchange.method).toBe("GET");
    expect(exchange.text).toBe("");
    expect(exchange.headers.get("content-type")).toBeNull();
    expect(exchange.path).toMatch(
      /^\/token\?tier=a%20b&code=c1&redirect_uri=[^&]+&grant_type=authorization_code&client_id=acme-cli\.v2&client_secret=s%2F1$/,
    );
  });

  test("or in the address of a POST without a body", async () => {
    const { exchange } = await logIn({ request: { format: "query" } }, usual);
    expect([exchange.method, exchange.text]).toEqual(["POST", ""]);
    expect(exchange.path).toContain("&code=c1&");
  });

  test("has headers and parameters made of the settings; one whose setting has no value is left out", async () => {
    const { exchange } = await logIn(
      {
        settings: { team: { title: "Team" }, region: { title: "Region" } },
        request: {
          headers: { "X-Team": "team {team}", "X-Region": "{region}" },
          tokenParameters: { team: "{team}", region: "{region}", kind: "web" },
        },
      },
      usual,
      { settings: { team: "t1" } },
    );
    expect(exchange.headers.get("x-team")).toBe("team t1");
    expect(exchange.headers.get("x-region")).toBeNull();
    expect(exchange.form).toMatchObject({ team: "t1", kind: "web" });
    expect(exchange.form).not.toHaveProperty("region");
  });

  test("leaves out what the provider doesn't want", async () => {
    const { exchange } = await logIn({ request: { names: { client_id: false, code: "auth_code" } } }, usual);
    expect(exchange.form).not.toHaveProperty("client_id");
    expect(exchange.form).not.toHaveProperty("code");
    expect(exchange.form.auth_code).toBe("c1");
  });

  test("has Basic credentials in which nothing is escaped that needn't be", async () => {
    const client: Client = { id: "acme-cli_v2.x", secret: new Secret("a-b_c.d*~ /"), authentication: "basic" };
    const { exchange } = await logIn({}, usual, { client });
    expect(atob(exchange.headers.get("authorization")?.replace("Basic ", "") ?? "")).toBe(
      "acme-cli_v2.x:a-b_c.d*%7E+%2F",
    );
    expect(exchange.form).not.toHaveProperty("client_secret");
  });
});

describe("Basic credentials as a description has them", () => {
  const sent = async (described: ProviderDefinition["client"], client: Client): Promise<[string, Seen]> => {
    const { exchange } = await logIn({ client: described }, usual, { client });
    return [atob(exchange.headers.get("authorization")?.replace("Basic ", "") ?? ""), exchange];
  };
  const secret: Client = { id: "my app", secret: new Secret("s/1 +"), authentication: "basic" };

  test("id and secret as they are, or the secret as the name; no client in the body", async () => {
    const [raw, exchange] = await sent({ basic: "{clientId}:{clientSecret}" }, secret);
    expect(raw).toBe("my app:s/1 +");
    expect(exchange.form).not.toContainKeys(["client_id", "client_secret"]);
    expect((await sent({ basic: "{clientSecret}:" }, secret))[0]).toBe("s/1 +:");
  });

  test("an empty password for a client without a secret, and for no other", async () => {
    const described = { withoutSecret: "basic" } as const;
    const [credentials, exchange] = await sent(described, { id: "app", secret: null, authentication: "none" });
    expect([credentials, exchange.form.client_id]).toEqual(["app:", undefined]);
    expect((await sent(described, secret))[0]).toBe("my+app:s%2F1+%2B");
  });
});

describe("the token reply", () => {
  const read = (different: Partial<ProviderDefinition>, body: object) =>
    readTokenReply(server(different), CLIENT, reply(body), { subject: null, now: 0 });

  test("is read in its alternate place where it has no token of its own, and keeps what is beside it", async () => {
    const slack = { reply: { alternate: "authed_user", extra: ["team.id"] } };
    const user = { access_token: "u1", refresh_token: "ur1", expires_in: 60, scope: "a" };
    const tokens = await read(slack, { ok: true, team: { id: "T" }, authed_user: user });
    expect([tokens.accessToken.reveal(), tokens.refreshToken?.reveal()]).toEqual(["u1", "ur1"]);
    expect(tokens).toMatchObject({ expiresIn: 60, scopes: ["a"], extra: { "team.id": "T" } });
    const both = await read(slack, { access_token: "b1", authed_user: user });
    expect([both.accessToken.reveal(), both.refreshToken]).toEqual(["b1", null]);
  });

  test("without a token in either place is no success", async () => {
    for (const group of [undefined, null, "u1", ["u1"], {}])
      expect(await thrown(() => read({ reply: { alternate: "user" } }, { user: group }))).toMatchObject({
        reason: "unreadable reply",
      });
  });

  test("renews by its access token, where the provider does it so", async () => {
    const issuer = at(json({ access_token: "long-2", expires_in: 60 }));
    const different: Partial<ProviderDefinition> = {
      refresh: { credential: "access_token" },
      request: {
        format: "query",
        method: "GET",
        names: { refresh_token: "exchange_token" },
        grantTypes: { refresh_token: "exchange" },
      },
    };
    const first = await read(different, { access_token: "long-1" });
    expect(first.refreshToken?.reveal()).toBe("long-1");
    const whole = issuer.server(different);
    const raw = await sendRefresh(http, whole, CLIENT, {
      refreshToken: first.refreshToken ?? new Secret(""),
      scopes: null,
      flow: "browser",
      timeout: 5000,
    });
    expect([issuer.seen[0]?.method, issuer.seen[0]?.path]).toEqual([
      "GET",
      "/token?exchange_token=long-1&grant_type=exchange&client_id=acme-cli.v2&client_secret=s%2F1",
    ]);
    const next = await readTokenReply(whole, CLIENT, raw, { subject: null, now: 0 });
    expect(next.refreshToken?.reveal()).toBe("long-2");
  });

  test("the refresh may be another kind of request than the first, made of the settings too", async () => {
    const issuer = at(json({ access_token: "long-2" }));
    const { dialect, endpoints } = resolveProvider(
      {
        id: "acme",
        title: "Acme",
        settings: { team: { title: "Team" } },
        endpoints: { token: `${issuer.url}/token`, refresh: `${issuer.url}/refresh` },
        client: { secretOnRefresh: "never" },
        request: { format: "json", headers: { "x-kind": "first" }, refreshParameters: { a: "b" } },
        refresh: {
          credential: "access_token",
          request: {
            format: "query",
            method: "GET",
            headers: { "x-team": "{team}" },
            names: { refresh_token: "access_token", client_id: false },
            grantTypes: { refresh_token: "renew" },
          },
        },
        flows: ["code"],
      },
      { team: "t1" },
    );
    await sendRefresh(http, { dialect, endpoints, issuer: null, issRequired: false }, CLIENT, {
      refreshToken: new Secret("long-1"),
      scopes: null,
      flow: "code",
      timeout: 5000,
    });
    const [seen] = issuer.seen;
    expect([seen?.method, seen?.path]).toEqual(["GET", "/refresh?a=b&access_token=long-1&grant_type=renew"]);
    expect([seen?.headers.get("x-team"), seen?.headers.get("x-kind")]).toEqual(["t1", "first"]);
  });

  test("and such a token is revoked once", async () => {
    const issuer = at(json({}));
    const token = new Secret("long-1");
    await revokeTokens(http, issuer.server(), secretClient("body"), { accessToken: token, refreshToken: token });
    expect(issuer.seen.map(({ form }) => form.token_type_hint)).toEqual(["access_token"]);
  });
});

describe("the header that shows a token", () => {
  test("may be Basic credentials, of which the token is a part (RFC 7617)", async () => {
    const issuer = at(json({ id: 1 }));
    const definition: ProviderDefinition = {
      id: "acme",
      title: "Acme",
      settings: { username: { title: "User name", required: true } },
      endpoints: { userinfo: `${issuer.url}/me` },
      header: "Authorization: Basic {basic}",
      basic: "{username}:{token}",
      flows: ["token"],
    };
    const { dialect, endpoints } = resolveProvider(definition, { username: "jö" });
    const token = new Secret("k {basic}");
    const expected = new TextEncoder().encode("jö:k {basic}").toBase64();
    expect(headerLine(dialect.header, dialect.basic, token)).toBe(`Authorization: Basic ${expected}`);
    await askAccount(
      http,
      { dialect, endpoints, issuer: null, issRequired: false },
      { accessToken: token },
      { timeout: 5000 },
    );
    expect(issuer.seen[0]?.headers.get("authorization")).toBe(`Basic ${expected}`);
  });
});
