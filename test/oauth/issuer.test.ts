/** The same code against the real, certified issuer: nothing here is of our own making but the client. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import oidc from "../../providers/oidc.ts";
import { askAccount } from "../../src/oauth/account.ts";
import { startBrowserLogin } from "../../src/oauth/browser.ts";
import { exchangeCode } from "../../src/oauth/code.ts";
import { pollDevice, requestDeviceCode } from "../../src/oauth/device.ts";
import { discover } from "../../src/oauth/discovery.ts";
import { sendRefresh } from "../../src/oauth/refresh.ts";
import { readTokenReply } from "../../src/oauth/reply.ts";
import { revokeTokens } from "../../src/oauth/revoke.ts";
import { type Client, OAuthFailure, type Server, type TokenReply } from "../../src/oauth/types.ts";
import { http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import { withDefaults } from "../../src/providers/defaults.ts";
import { decideBrowser, decideDevice, type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { thrown } from "./support.ts";

let issuer: OidcIssuer;
let server: Server;
let client: Client;
let confidential: Client;
const SCOPES = ["openid", "offline_access", "email"];

beforeAll(async () => {
  issuer = await startOidc();
  const { issuer: name, endpoints, issRequired } = await discover(http, issuer.issuer);
  server = { dialect: withDefaults(oidc), issuer: name, endpoints, issRequired };
  client = { id: issuer.clientId, secret: null, authentication: "none" };
  const { id, secret } = issuer.confidential;
  confidential = { id, secret: new Secret(secret), authentication: "basic" };
});

afterAll(() => issuer.stop());

async function byDevice(decision: "approve" | "deny"): Promise<TokenReply> {
  const code = await requestDeviceCode(http, server, client, SCOPES);
  let polls = 0;
  return pollDevice(http, server, client, code, {
    deadline: Date.now() + 60_000,
    now: Date.now,
    // The first poll comes before the decision.
    sleep: async () => {
      if (++polls === 2) await decideDevice(code.verificationUriComplete ?? "", decision);
    },
  });
}

async function byBrowser(as: Client, decision: "approve" | "deny" = "approve"): Promise<TokenReply> {
  const request = { scopes: SCOPES, port: null, redirectUri: null, timeout: 30_000 };
  const login = await startBrowserLogin(server, as, request);
  try {
    const page = fetch(await decideBrowser(login.url, decision));
    page.catch(() => {});
    const reply = await exchangeCode(http, server, as, await login.callback, Date.now());
    await login.succeed();
    expect(await (await page).text()).toContain("Logged in");
    return reply;
  } finally {
    login.close();
  }
}

async function refresh(refreshToken: Secret | null, as: Client = client): Promise<TokenReply> {
  if (refreshToken === null) throw new Error("there is no refresh token");
  const raw = await sendRefresh(http, server, as, { refreshToken, scopes: null, flow: "device", timeout: 10_000 });
  return readTokenReply(server, as, raw, { subject: "alice", now: Date.now() });
}

async function refreshFailure(refreshToken: Secret | null, as: Client = client): Promise<OAuthFailure> {
  const error = await thrown(() => refresh(refreshToken, as));
  if (error instanceof OAuthFailure) return error;
  throw error;
}

async function isAccepted(tokens: TokenReply): Promise<boolean> {
  const { accessToken } = tokens;
  return (await askAccount(http, server, { accessToken }, { timeout: 5_000 })).kind === "known";
}

test("discovery finds what the issuer has", () => {
  expect(Object.keys(server.endpoints).sort()).toEqual([
    "authorization",
    "device",
    "introspection",
    "revocation",
    "token",
    "userinfo",
  ]);
  expect([server.issuer, server.issRequired]).toEqual([issuer.issuer, true]);
});

describe("device", () => {
  test("approved: tokens, an id_token that holds, and whose they are", async () => {
    const tokens = await byDevice("approve");
    expect(tokens).toMatchObject({ tokenType: "bearer", expiresIn: 3600, scopes: SCOPES, account: { id: "alice" } });
    expect(tokens.idToken).not.toBeNull();
    const answer = await askAccount(http, server, tokens, { timeout: 5_000 });
    expect(answer).toMatchObject({ kind: "known", account: { id: "alice", label: "alice@example.com" } });
  });

  test("denied: access_denied", async () => {
    expect(await thrown(() => byDevice("deny"))).toMatchObject({ code: "access_denied" });
  });

  test("an unknown client is not reported as a network error", async () => {
    const unknown: Client = { id: "unknown", secret: null, authentication: "none" };
    expect(await thrown(() => requestDeviceCode(http, server, unknown, SCOPES))).toMatchObject({
      code: "client_rejected",
    });
  });
});

describe("browser", () => {
  test("code with PKCE, state, nonce and iss, by a public client", async () => {
    const tokens = await byBrowser(client);
    expect(tokens.refreshToken).not.toBeNull();
    expect(tokens.idToken).not.toBeNull();
    expect(await isAccepted(tokens)).toBe(true);
  });

  test("by a confidential client, whose secret needs encoding", async () => {
    expect((await byBrowser(confidential)).refreshToken).not.toBeNull();
    const wrong: Client = { ...confidential, secret: new Secret("wrong") };
    expect(await thrown(() => byBrowser(wrong))).toMatchObject({ code: "client_rejected" });
  });

  test("denied: access_denied", async () => {
    expect(await thrown(() => byBrowser(client, "deny"))).toMatchObject({ code: "access_denied" });
  });

  test("attack: a stolen code is useless without the verifier, and burnt by the try", async () => {
    const login = await startBrowserLogin(server, client, {
      scopes: SCOPES,
      port: null,
      redirectUri: null,
      timeout: 30_000,
    });
    const good = login.accept(await decideBrowser(login.url, "approve"));
    login.close();
    const stolen = { ...good, verifier: new Secret("x".repeat(43)) };
    expect(await thrown(() => exchangeCode(http, server, client, stolen, Date.now()))).toMatchObject({
      code: "access_denied",
    });
  });
});

describe("refresh", () => {
  test("rotates: new tokens each time, the account the same", async () => {
    const first = await byDevice("approve");
    const second = await refresh(first.refreshToken);
    const third = await refresh(second.refreshToken);
    expect(new Set([first, second, third].map((reply) => reply.refreshToken?.reveal())).size).toBe(3);
    expect(third).toMatchObject({ expiresIn: 3600, account: { id: "alice" } });
    expect(await isAccepted(third)).toBe(true);
  });

  test("attack: a replayed refresh token is dead, and takes its whole family with it", async () => {
    const first = await byDevice("approve");
    const second = await refresh(first.refreshToken);
    const replayed = await refreshFailure(first.refreshToken);
    expect(replayed).toMatchObject({ class: "dead", reason: "invalid_grant", inDoubt: false, status: 400 });
    expect((await refreshFailure(second.refreshToken)).class).toBe("dead");
    expect(await isAccepted(second)).toBe(false);
  });

  test("a secret that is refused is the client's fault, not the login's", async () => {
    const { refreshToken } = await byBrowser(confidential);
    const wrong: Client = { ...confidential, secret: new Secret("wrong") };
    expect(await refreshFailure(refreshToken, wrong)).toMatchObject({
      class: "client",
      reason: "invalid_client",
      inDoubt: false,
    });
    expect((await refresh(refreshToken, confidential)).refreshToken).not.toBeNull();
  });
});

test("revoked is revoked: neither token works any more", async () => {
  const tokens = await byDevice("approve");
  expect(await isAccepted(tokens)).toBe(true);
  expect(await revokeTokens(http, server, client, tokens)).toBe(true);
  expect(await isAccepted(tokens)).toBe(false);
  expect((await refreshFailure(tokens.refreshToken)).class).toBe("dead");
});
