/** `offline_access` at GitHub: an OAuth App's tokens that expire, with a refresh token; and what a plain token means. */
import { afterAll, expect, test } from "bun:test";
import { type GithubOptions, startGithub } from "../issuers/github.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

function loggedInWith(scope: string, options: GithubOptions = {}) {
  const issuer = startGithub({ mode: "oauth-app", approve: true, interval: 1, ...options });
  stops.push(() => issuer.server.stop());
  const env = bareEnvironment({ AUTH_GITHUB_CLIENT_ID: issuer.clientId });
  const call = (...args: string[]): Promise<Ended> => auth(args, { env });
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  return { call, login: () => call("login", "github", "--flow", "device", ...places, "--scope", scope) };
}

test("asked for, it brings eight hours and a refresh token, which works; no word of a scope that isn't named", async () => {
  const { call, login } = loggedInWith("repo,offline_access");
  const { code, stderr } = await login();
  expect(code).toBe(0);
  expect(stderr).not.toContain("did not grant");
  const before = JSON.parse((await call("get", "github", "--json")).stdout);
  expect(before).toMatchObject({ refreshable: true, scopes: ["repo"] });
  expect(Date.parse(before.expiresAt) - Date.now()).toBeWithin(7.9 * 3600_000, 8 * 3600_000);
  const first = (await call("token", "github")).stdout;
  expect((await call("refresh", "github", "--force")).code).toBe(0);
  expect((await call("token", "github")).stdout).not.toBe(first);
});

test("not asked for, the token is plain: no end is known, none is made up, and nothing is refreshed", async () => {
  const { call, login } = loggedInWith("repo");
  const { code, stderr } = await login();
  expect([code, stderr.includes("offline_access")]).toEqual([0, false]);
  const entry = JSON.parse((await call("get", "github", "--json")).stdout);
  expect(entry).toMatchObject({ expiresAt: null, refreshable: false, status: "connected" });
});

test("asked for where it isn't known, the token is plain too, and the login says so", async () => {
  const { call, login } = loggedInWith("repo,offline_access", { offlineAccess: false });
  const { code, stderr } = await login();
  expect(code).toBe(0);
  expect(stderr).toContain("GitHub gave no refresh token, which offline_access asks for");
  expect(JSON.parse((await call("get", "github", "--json")).stdout)).toMatchObject({
    expiresAt: null,
    refreshable: false,
  });
});
