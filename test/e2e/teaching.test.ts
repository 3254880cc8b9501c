/** Errors that teach: each of these costs people hours elsewhere. Here the first message says what it is and what to do. */
import { afterAll, describe, expect, test } from "bun:test";
import { startEntra } from "../issuers/entra.ts";
import { startGithub } from "../issuers/github.ts";
import { startGoogle } from "../issuers/google.ts";
import { startSentry } from "../issuers/sentry.ts";
import type { Server } from "../issuers/server.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";
import { tryByBrowser } from "../support/visitor.ts";

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

interface At {
  readonly env: Record<string, string>;
  readonly login: readonly string[];
  call(...args: string[]): Promise<Ended>;
}

type Issuer = { readonly server: Server; readonly endpoints: Readonly<Record<string, string>> };

function at(provider: string, issuer: Issuer, client: { id: string; secret: string | null }): At {
  servers.push(issuer.server);
  const prefix = `AUTH_${provider.toUpperCase()}_CLIENT`;
  const env = bareEnvironment({ [`${prefix}_ID`]: client.id, [`${prefix}_SECRET`]: client.secret ?? undefined });
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  return { env, login: ["login", provider, ...places], call: (...args) => auth(args, { env }) };
}

const SOON = { approve: true, interval: 1 };

describe("sentry", () => {
  test("a server older than 26.1.0 answers with a page: it says how old, and the other ways in", async () => {
    const issuer = startSentry({ old: true });
    const { login, call } = at("sentry", issuer, issuer.publicClient);
    const ended = await call(...login, "--json");
    expect([ended.code, errorOf(ended).code]).toEqual([6, "client_rejected"]);
    expect(errorOf(ended).hint).toContain("older than 26.1.0");
    expect(errorOf(ended).hint).toContain("--flow browser");
  });

  test("a page with another status is a temporary error", async () => {
    const issuer = startSentry();
    const { login, call } = at("sentry", issuer, issuer.publicClient);
    issuer.server.fail({ path: "/oauth/device/code/", reply: { status: 502, body: "<h1>Bad gateway</h1>" } });
    const ended = await call(...login, "--json");
    expect([ended.code, errorOf(ended).code]).toEqual([5, "provider_unavailable"]);
  });

  test("a page in answer to a refresh is never taken for an old server: the login is kept, in doubt", async () => {
    const issuer = startSentry({ ...SOON, accessLifetime: 3 });
    const { login, call } = at("sentry", issuer, issuer.publicClient);
    expect((await call(...login)).code).toBe(0);
    issuer.server.fail({ path: "/oauth/token/", reply: { status: 403, body: "<h1>Forbidden</h1>" } });
    const ended = await call("refresh", "sentry", "--force", "--json");
    expect([ended.code, errorOf(ended).code]).toEqual([5, "provider_unavailable"]);
    expect((await call("refresh", "sentry", "--force")).code).toBe(0);
  });
});

describe("github", () => {
  test("an app without device flow: which box to tick", async () => {
    const issuer = startGithub({ deviceFlow: false });
    const { login, call } = at("github", issuer, { id: issuer.clientId, secret: null });
    const ended = await call(...login, "--json");
    expect([ended.code, errorOf(ended).code]).toEqual([6, "client_rejected"]);
    expect(errorOf(ended).hint).toContain("Tick 'Enable Device Flow'");
  });

  test("an OAuth App's token has no refresh token, and the error says that it needs none", async () => {
    const issuer = startGithub({ ...SOON, mode: "oauth-app" });
    const { login, call } = at("github", issuer, { id: issuer.clientId, secret: null });
    expect((await call(...login)).code).toBe(0);
    const ended = await call("refresh", "github", "--json");
    expect([ended.code, errorOf(ended).code]).toEqual([3, "no_refresh_token"]);
    expect(errorOf(ended).hint).toContain("never expires");
    expect((await call("status", "github")).stdout).toContain("Access token: expiry unknown");
  });
});

describe("a redirect that the client doesn't allow", () => {
  test("github: the error names the exact URI to enter, without the port of this login", async () => {
    const issuer = startGithub();
    const { env, login } = at("github", issuer, { id: issuer.clientId, secret: issuer.clientSecret });
    issuer.server.fail({
      path: new URL(issuer.endpoints.token).pathname,
      reply: {
        status: 200,
        headers: { "content-type": "application/json" },
        body: '{"error":"redirect_uri_mismatch","error_description":"The redirect_uri is not associated."}',
      },
    });
    const ended = await tryByBrowser([...login, "--flow", "browser"], env);
    expect([ended.code, errorOf(ended).code]).toEqual([6, "client_rejected"]);
    expect(errorOf(ended).hint).toContain("Enter http://127.0.0.1/callback as callback URL");
  });

  for (const [provider, start, uri] of [
    ["entra", startEntra, "http://localhost/callback"],
    ["sentry", startSentry, "http://127.0.0.1/callback"],
  ] as const)
    test(`${provider} says so in the browser alone: the timeout names the URI to enter`, async () => {
      const issuer = start();
      const { login, call } = at(provider, issuer, { id: issuer.publicClient.id, secret: null });
      const ended = await call(...login, "--flow", "browser", "--timeout", "1", "--json");
      expect([ended.code, errorOf(ended).code]).toEqual([7, "login_timeout"]);
      expect(errorOf(ended).hint).toContain(`enter ${uri}`);
    });

  test("one that was given is named as it was given", async () => {
    const issuer = startEntra();
    const { login, call } = at("entra", issuer, { id: issuer.publicClient.id, secret: null });
    const given = "https://app.example/callback";
    const ended = await call(...login, "--flow", "browser", "--redirect-uri", given, "--timeout", "1", "--json");
    expect(errorOf(ended).hint).toContain(`enter ${given}`);
  });
});

describe("a GitHub App", () => {
  test("its token has no scopes: the login says so, and no command says that it has those asked for", async () => {
    const issuer = startGithub({ ...SOON, mode: "app" });
    const { login, call } = at("github", issuer, { id: issuer.clientId, secret: issuer.clientSecret });
    const { code, stderr } = await call(...login, "--flow", "device");
    expect(code).toBe(0);
    expect(stderr).toContain("GitHub granted no scopes (asked for: repo, read:org, gist)");
    for (const refresh of [false, true]) {
      if (refresh) expect((await call("refresh", "github", "--force")).code).toBe(0);
      expect(JSON.parse((await call("token", "github", "--json")).stdout)).toMatchObject({ scope: "" });
      expect((await call("get", "github", "--field", "scopes")).stdout).toBe("\n");
    }
    const wanting = await call("token", "github", "--scope", "repo", "--json");
    expect([wanting.code, wanting.stdout]).toEqual([4, ""]);
  });
});

describe("entra", () => {
  test("without offline_access: the login says when it ends and why, and so does a refresh", async () => {
    const issuer = startEntra(SOON);
    issuer.decisions.withholdsOffline = true;
    const { login, call } = at("entra", issuer, { id: issuer.publicClient.id, secret: null });
    const { code, stderr } = await call(...login, "--flow", "device");
    expect(code).toBe(0);
    expect(stderr).toContain("gave no refresh token, which offline_access asks for");
    expect(stderr).not.toContain("did not grant");
    const refused = await call("refresh", "entra", "--json");
    expect([refused.code, errorOf(refused).code]).toEqual([3, "no_refresh_token"]);
    expect(errorOf(refused).hint).toContain("offline_access");
    expect((await call("token", "entra")).code).toBe(0);
  });

  for (const flow of ["browser", "device"] as const)
    test(`a claims challenge goes along with the next login, by ${flow}`, async () => {
      const issuer = startEntra(SOON);
      const { env, login, call } = at("entra", issuer, { id: issuer.publicClient.id, secret: null });
      expect((await call(...login, "--flow", "device")).code).toBe(0);
      const claims = '{"access_token":{"capolids":{"essential":true,"values":["c1"]}}}';
      issuer.decisions.challenge = { error: "interaction_required", code: 50076, description: "MFA.", claims };
      expect((await call("refresh", "entra", "--force")).code).toBe(4);
      // Known to be in the way: it isn't asked again, until someone logs in.
      const before = issuer.server.calls.length;
      expect((await call("refresh", "entra")).code).not.toBe(5);
      expect(issuer.server.calls.length).toBe(before);
      if (flow === "browser") {
        await loginByBrowser([...login, "--flow", "browser", "--force", "--json"], env);
        expect((await call("refresh", "entra", "--force")).code).toBe(0);
        const again = await call(...login, "--flow", "device", "--force");
        expect(again.code).toBe(0);
        // Once is enough: what is settled isn't sent again.
        expect(issuer.server.calls.at(-1)?.form.has("claims")).toBe(false);
        return;
      }
      expect((await call(...login, "--flow", "device", "--force")).code).toBe(0);
      expect(issuer.server.calls.at(-1)?.form.get("claims")).toBe(claims);
    }, 60_000);

  for (const [number, error, exit, code, teaches] of [
    [700082, "invalid_grant", 4, "refresh_token_invalid", "90 days"],
    [50076, "interaction_required", 4, "interaction_required", "second factor"],
    [53003, "invalid_grant", 6, "client_rejected", "Conditional Access"],
    [7000222, "invalid_client", 6, "client_rejected", "auth client set entra"],
    [700016, "unauthorized_client", 6, "client_rejected", "--tenant"],
    [90033, "invalid_grant", 5, "provider_unavailable", "Try again later"],
  ] as const)
    test(`AADSTS${number} is explained, with what to do: exit ${exit}`, async () => {
      const issuer = startEntra(SOON);
      const { login, call } = at("entra", issuer, { id: issuer.publicClient.id, secret: null });
      expect((await call(...login, "--flow", "device")).code).toBe(0);
      issuer.decisions.challenge = { error, code: number, description: "Something is in the way." };
      const ended = await call("refresh", "entra", "--force", "--json");
      expect([ended.code, errorOf(ended).code]).toEqual([exit, code]);
      expect(String(errorOf(ended).hint)).toContain(teaches);
    });
});

describe("google", () => {
  async function loggedIn() {
    const issuer = startGoogle(SOON);
    const place = at("google", issuer, issuer.desktop);
    await loginByBrowser([...place.login, "--flow", "browser", "--json"], place.env);
    return { issuer, ...place };
  }

  test("a login that ended names the likely reasons: Testing (7 days), six months, the 100th login", async () => {
    const { issuer, call } = await loggedIn();
    issuer.kill();
    const ended = await call("refresh", "google", "--force", "--json");
    expect([ended.code, errorOf(ended).code]).toEqual([4, "refresh_token_invalid"]);
    for (const cause of [
      "7 days",
      "six months",
      "100",
      "publish the app",
      "https://console.cloud.google.com/auth/audience",
    ])
      expect(errorOf(ended).hint).toContain(cause);
  });

  test("session control doesn't end the login: an administrator can exempt the app", async () => {
    const { issuer, call } = await loggedIn();
    issuer.decisions.reauthenticate = true;
    const ended = await call("refresh", "google", "--force", "--json");
    expect([ended.code, errorOf(ended).code]).toEqual([4, "interaction_required"]);
    expect(errorOf(ended).hint).toContain("administrator");
  });

  test("granular consent: the scopes that a person left out are named", async () => {
    const issuer = startGoogle(SOON);
    const { call, login } = at("google", issuer, issuer.tv);
    issuer.decisions.grantOnly = ["openid", "email"];
    const { stderr, code } = await call(...login, "--flow", "device", "--scope", "openid,email,profile");
    expect(code).toBe(0);
    expect(stderr).toContain("Google did not grant profile");
    expect((await call("get", "google", "--field", "scopes")).stdout).toBe("openid email\n");
  });

  test("a scope that the device flow doesn't give: said before anything is sent; --force asks all the same", async () => {
    const issuer = startGoogle(SOON);
    const { call, login } = at("google", issuer, issuer.tv);
    const drive = ["--flow", "device", "--scope", "https://www.googleapis.com/auth/drive", "--json"];
    const ended = await call(...login, ...drive);
    expect([ended.code, errorOf(ended).code]).toEqual([6, "scope_rejected"]);
    expect(issuer.server.calls).toHaveLength(0);
    await call(...login, ...drive, "--force");
    expect(issuer.server.calls.length).toBeGreaterThan(0);
  });
});
