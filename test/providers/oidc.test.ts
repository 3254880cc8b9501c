/** The provider `oidc` keeps its promises against a certified issuer, found by discovery alone. */
import { afterAll, beforeAll, expect, test } from "bun:test";
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
import { applyOverrides } from "../../src/providers/overrides.ts";
import { resolveProvider } from "../../src/providers/resolve.ts";
import { decideBrowser, decideDevice, type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { definitionOf } from "./builtin.ts";

let issuer: OidcIssuer;
let server: Server;
let client: Client;
let scopes: readonly string[];

beforeAll(async () => {
  issuer = await startOidc();
  const resolved = resolveProvider(definitionOf("oidc"), { issuer: issuer.issuer });
  const issuerDocument = await discover(http, resolved.issuer ?? "");
  const { dialect, endpoints } = applyOverrides(resolved, { issuerDocument, endpoints: {} });
  server = { dialect, endpoints, issuer: issuerDocument.issuer, issRequired: issuerDocument.issRequired };
  client = { id: issuer.clientId, secret: null, authentication: "none" };
  scopes = [...dialect.scopes.default, dialect.scopes.offline ?? ""];
});
afterAll(() => issuer.stop());

async function byDevice(decision: "approve" | "deny" = "approve"): Promise<TokenReply> {
  const code = await requestDeviceCode(http, server, client, scopes);
  await decideDevice(code.verificationUriComplete ?? "", decision);
  return pollDevice(http, server, client, code, { deadline: 60_000, now: () => 0, sleep: async () => {} });
}

async function byBrowser(): Promise<TokenReply> {
  const request = { scopes, port: null, redirectUri: null, timeout: 10_000 };
  const login = await startBrowserLogin(server, client, request);
  try {
    const authorization = login.accept(await decideBrowser(login.url, "approve"));
    return await exchangeCode(http, server, client, authorization, Date.now());
  } finally {
    login.close();
  }
}

async function refresh(refreshToken: Secret | null): Promise<TokenReply> {
  const request = { refreshToken: refreshToken ?? new Secret("none"), scopes: null, flow: "device", timeout: 10_000 };
  const raw = await sendRefresh(http, server, client, request);
  return readTokenReply(server, client, raw, { subject: "alice", now: Date.now() });
}

const failure = (attempt: Promise<unknown>) => attempt.catch((error: unknown) => error);

test("logs in by device, with a refresh token, and knows whose token it is", async () => {
  const reply = await byDevice();
  expect(reply.refreshToken).not.toBeNull();
  const answer = await askAccount(http, server, reply, { timeout: 10_000 });
  expect(answer).toMatchObject({ kind: "known", account: { id: "alice", label: "alice@example.com" } });
});

test("a refusal on the issuer's page is one", async () => {
  expect(await failure(byDevice("deny"))).toMatchObject({ code: "access_denied" });
});

test("logs in by browser, with a refresh token", async () => {
  const reply = await byBrowser();
  expect(reply.expiresIn).toBe(3600);
  expect(reply.refreshToken).not.toBeNull();
  expect(reply.account?.id).toBe("alice");
});

test("rotates, and a replayed refresh token ends the family, as declared at worst", async () => {
  const first = await byDevice();
  const second = await refresh(first.refreshToken);
  expect(second.refreshToken?.equals(first.refreshToken ?? new Secret(""))).toBe(false);
  const replayed = await failure(refresh(first.refreshToken));
  expect(replayed).toBeInstanceOf(OAuthFailure);
  expect(replayed).toMatchObject({ class: "dead", providerError: "invalid_grant", inDoubt: false });
  expect(await failure(refresh(second.refreshToken))).toMatchObject({ class: "dead" });
});

test("revokes: the refresh token is dead after it", async () => {
  const reply = await byDevice();
  expect(await revokeTokens(http, server, client, reply)).toBe(true);
  expect(await failure(refresh(reply.refreshToken))).toMatchObject({ class: "dead" });
});
