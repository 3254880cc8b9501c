/**
 * One login, several APIs: `auth token entra --resource https://vault.azure.net`. One refresh token, one record, one
 * lock; what befalls one API's tokens is no matter of the others'.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { startEntra } from "../issuers/entra.ts";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import type { Server } from "../issuers/server.ts";
import { errorOf } from "../support/logged-in.ts";
import { loginAtOidc } from "../support/oidc-login.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const servers: Server[] = [];
const issuers: OidcIssuer[] = [];
afterAll(() => Promise.all([...servers.map((one) => one.stop()), ...issuers.map((one) => one.stop())]));

const GRAPH = "https://graph.microsoft.com";
const VAULT = "https://vault.azure.net";
const STORAGE = "https://storage.azure.com";

async function loggedIn(options: Parameters<typeof startEntra>[0] = {}, ...flags: string[]) {
  const issuer = startEntra({ approve: true, interval: 1, ...options });
  servers.push(issuer.server);
  const env = bareEnvironment({ AUTH_ENTRA_CLIENT_ID: issuer.publicClient.id });
  const call = (...args: string[]): Promise<Ended> => auth(args, { env });
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  const { code, stderr } = await call("login", "entra:prod", "--flow", "device", ...places, ...flags);
  if (code !== 0) throw new Error(stderr);
  const sent = (): URLSearchParams[] =>
    issuer.server
      .callsTo("/common/oauth2/v2.0/token")
      .flatMap(({ form }) => (form.get("grant_type") === "refresh_token" ? [form] : []));
  return { issuer, env, call, sent };
}

function claimsOf(token: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(token.split(".")[1] ?? "", "base64url").toString());
}

describe("entra", () => {
  test("each API gets its own token, from the cache while it is fresh", async () => {
    const { call, sent } = await loggedIn();
    const own = (await call("token", "entra:prod")).stdout;
    const vault = await call("token", "entra:prod", "--resource", VAULT);
    expect(vault.code).toBe(0);
    expect(claimsOf(vault.stdout).aud).toBe(VAULT);
    expect(sent()).toHaveLength(1);
    expect(sent()[0]?.get("scope")).toBe(`${VAULT}/.default offline_access`);
    // No parameter of RFC 8707: version 2.0 refuses it.
    expect(sent()[0]?.has("resource")).toBe(false);
    expect((await call("token", "entra:prod", "--resource", VAULT)).stdout).toBe(vault.stdout);
    expect(claimsOf((await call("token", "entra:prod", "--resource", STORAGE)).stdout).aud).toBe(STORAGE);
    expect(sent()).toHaveLength(2);
    // The login's own is as it was.
    expect((await call("token", "entra:prod")).stdout).toBe(own);
    expect(claimsOf(own).aud).toBe(GRAPH);
  });

  test("as JSON, and as a header; its scopes are those of that API", async () => {
    const { call } = await loggedIn();
    const document = JSON.parse((await call("token", "entra:prod", "--resource", VAULT, "--json")).stdout);
    expect(document).toMatchObject({ token_type: "Bearer", scope: `${VAULT}/.default` });
    expect(document.expires_in).toBeGreaterThan(4000);
    const { stdout } = await call("token", "entra:prod", "--resource", VAULT, "-o", "header");
    expect(stdout).toBe(`Authorization: Bearer ${document.access_token}\n`);
    expect(JSON.parse((await call("get", "entra:prod", "--json")).stdout).scopes).toContain("User.Read");
  });

  test("twenty callers for one API at once make one request", async () => {
    const { call, sent } = await loggedIn();
    const ended = await Promise.all(Array.from({ length: 20 }, () => call("token", "entra:prod", "--resource", VAULT)));
    expect(new Set(ended.map(({ stdout }) => stdout)).size).toBe(1);
    expect(ended.every(({ code }) => code === 0)).toBe(true);
    expect(sent()).toHaveLength(1);
  });

  test("many callers for several APIs at once each get their own token, and no used refresh token is sent", async () => {
    const { call, sent } = await loggedIn();
    const all = [VAULT, STORAGE, "https://management.azure.com"];
    const ended = await Promise.all(
      [...all, ...all, ...all].map((one) => call("token", "entra:prod", "--resource", one)),
    );
    for (const [i, { code, stdout, stderr }] of ended.entries()) {
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      expect(claimsOf(stdout).aud).toBe([...all, ...all, ...all][i]);
    }
    expect(sent()).toHaveLength(3);
    expect(new Set(sent().map((form) => form.get("refresh_token"))).size).toBe(3);
  });

  test("it is renewed when it is due; --rejected renews the one that was refused", async () => {
    const { call, sent } = await loggedIn({ accessLifetime: 6 });
    const first = (await call("token", "entra:prod", "--resource", VAULT)).stdout;
    await Bun.sleep(3100);
    const second = (await call("token", "entra:prod", "--resource", VAULT)).stdout;
    expect(second).not.toBe(first);
    expect(sent()).toHaveLength(2);
  }, 60_000);

  test("one API's refusal leaves the login, and the other APIs, as they were", async () => {
    const { issuer, call } = await loggedIn();
    const storage = (await call("token", "entra:prod", "--resource", STORAGE)).stdout;
    issuer.decisions.challenge = {
      error: "invalid_grant",
      code: 65001,
      description: "Consent.",
      suberror: "consent_required",
    };
    const ended = await call("token", "entra:prod", "--resource", VAULT, "--json");
    expect([ended.code, errorOf(ended).code]).toEqual([4, "interaction_required"]);
    expect(errorOf(ended).hint).toContain(`auth login entra:prod --force --resource ${VAULT}`);
    issuer.decisions.challenge = null;
    // It isn't tried for ever.
    const before = issuer.server.calls.length;
    expect((await call("token", "entra:prod", "--resource", VAULT)).code).toBe(4);
    expect(issuer.server.calls.length).toBe(before);
    expect((await call("token", "entra:prod", "--resource", STORAGE)).stdout).toBe(storage);
    expect((await call("status", "entra:prod")).code).toBe(0);
    expect((await call("refresh", "entra:prod", "--force")).code).toBe(0);
  });

  test("a temporary failure: the API's living token is served, with a warning", async () => {
    const { issuer, call } = await loggedIn({ accessLifetime: 8 });
    const first = (await call("token", "entra:prod", "--resource", VAULT)).stdout;
    await Bun.sleep(4200);
    issuer.server.fail({ path: "/common/oauth2/v2.0/token", reply: { status: 503, headers: { "retry-after": "60" } } });
    const again = await call("token", "entra:prod", "--resource", VAULT);
    expect([again.code, again.stdout]).toEqual([0, first]);
    expect(again.stderr).toContain("still works");
    expect((await call("status", "entra:prod")).stdout).toContain("Status: connected\n");
  }, 60_000);

  test("a login for one API from the start, and again without saying so", async () => {
    const { call } = await loggedIn({}, "--resource", VAULT);
    expect(claimsOf((await call("token", "entra:prod")).stdout).aud).toBe(VAULT);
    expect((await call("refresh", "entra:prod", "--force")).code).toBe(0);
    expect(claimsOf((await call("token", "entra:prod")).stdout).aud).toBe(VAULT);
    expect((await call("login", "entra:prod", "--flow", "device", "--force")).code).toBe(0);
    expect(claimsOf((await call("token", "entra:prod")).stdout).aud).toBe(VAULT);
  });

  test("logging out erases them all", async () => {
    const { call } = await loggedIn();
    await call("token", "entra:prod", "--resource", VAULT);
    expect((await call("logout", "entra:prod")).code).toBe(0);
    expect((await call("token", "entra:prod", "--resource", VAULT)).code).toBe(2);
  });

  test("a login anew begins without them", async () => {
    const { call, sent } = await loggedIn();
    const first = (await call("token", "entra:prod", "--resource", VAULT)).stdout;
    expect((await call("login", "entra:prod", "--flow", "device", "--force")).code).toBe(0);
    expect((await call("token", "entra:prod", "--resource", VAULT)).stdout).not.toBe(first);
    expect(sent()).toHaveLength(2);
  });
});

describe("others", () => {
  test("RFC 8707: an API that the login didn't name is not asked for: exit 4, and the login lives on", async () => {
    const issuer = await startOidc({ resources: ["https://one.example/api", "https://two.example/api"] });
    issuers.push(issuer);
    const env = bareEnvironment();
    const login = ["oidc", "--issuer", issuer.issuer, "--client-id", issuer.clientId, "--flow", "device"];
    expect((await loginAtOidc([...login, "--resource", "https://one.example/api"], env)).code).toBe(0);
    const call = (...args: string[]): Promise<Ended> => auth(args, { env });
    const own = (await call("token", "oidc")).stdout;
    expect((await call("token", "oidc", "--resource", "https://one.example/api")).stdout).toBe(own);
    const other = await call("token", "oidc", "--resource", "https://two.example/api", "--json");
    expect([other.code, errorOf(other).code]).toEqual([4, "login_required"]);
    expect(errorOf(other).hint).toMatch(
      /auth login oidc -p NAME --issuer \S+ .*--resource https:\/\/two\.example\/api/,
    );
    // Had it been asked, this issuer would have taken the refresh token and given none back.
    expect((await call("refresh", "oidc", "--force")).code).toBe(0);
  }, 60_000);

  test("a provider without tokens for other APIs says so: exit 64; a key and a variable can't get one: exit 3", async () => {
    const env = bareEnvironment();
    const paste = (connection: string) =>
      auth(["login", connection, "--token", "-", "--no-verify"], { env, stdin: "some-token-value" });
    for (const connection of ["github", "entra:pasted"]) expect((await paste(connection)).code).toBe(0);
    const ask = (connection: string, more = {}) =>
      auth(["token", connection, "--resource", VAULT, "--json"], { env: { ...env, ...more } });
    expect((await ask("github")).code).toBe(64);
    expect(errorOf(await ask("entra:pasted")).code).toBe("no_refresh_token");
    expect(errorOf(await ask("github", { GH_TOKEN: "from the environment" })).code).toBe("env_token");
    for (const wrong of ["vault", "https://x.example/#y", " "])
      expect((await auth(["token", "entra:pasted", "--resource", wrong], { env })).code).toBe(64);
  });
});
