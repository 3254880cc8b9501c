/** `auth logout` and `auth revoke`, CLI.md §4: what is erased here, what is revoked there, and what each says. */
import { afterAll, describe, expect, test } from "bun:test";
import { startGoogle } from "../issuers/google.ts";
import { startSentry } from "../issuers/sentry.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { browserHome, logInByBrowser, paste, succeeded } from "../support/home.ts";
import { errorOf, type LoggedIn, type loggedIn } from "../support/logged-in.ts";
import { AUTH, auth, bareEnvironment } from "../support/program.ts";

const REVOKE = "/oauth/revoke/";
const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

async function home(options: Parameters<typeof loggedIn>[0] = { revokeNeedsSecret: false }): Promise<LoggedIn> {
  const made = await browserHome(options);
  stops.push(made.stop);
  return made;
}

const list = async (at: LoggedIn): Promise<Record<string, unknown>[]> =>
  JSON.parse((await at.call(["list", "--json"])).stdout);

describe("logout", () => {
  test("revokes at the provider, refresh token first, erases, and says which happened", async () => {
    const at = await home();
    const refresh = at.issuer.rows[0]?.refresh ?? "";
    const { code, stdout, stderr } = await at.call(["logout", "sentry"]);
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toContain("sentry:default");
    expect(stderr).toContain("revoked at the provider");
    expect(at.issuer.server.callsTo(REVOKE)[0]?.form.get("token")).toBe(refresh);
    expect(at.issuer.rows[0]?.alive).toBeFalse();
    expect(await list(at)).toEqual([]);
  });

  for (const [name, args, kept] of [
    ["logout", ["logout", "sentry"], []],
    ["logout of all", ["logout", "--all", "--yes"], ["sentry:second connected"]],
    ["revoke", ["revoke", "sentry"], ["sentry:default not_connected"]],
    ["profile delete", ["profile", "delete", "sentry", "--force"], []],
  ] as const)
    test(`${name}: Ctrl-C while the provider is asked erases that login all the same, says so, and ends with 130`, async () => {
      const at = await home();
      if (name === "logout of all") await logInByBrowser(at, "sentry:second");
      at.issuer.server.fail({ path: REVOKE, times: 9, reply: "hang" });
      const child = Bun.spawn([AUTH, ...args], { env: at.env, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
      while (at.issuer.server.callsTo(REVOKE).length === 0) await Bun.sleep(5);
      const since = performance.now();
      child.kill("SIGINT");
      const [stderr, code] = await Promise.all([child.stderr.text(), child.exited]);
      expect([code, stderr]).toEqual([130, expect.stringContaining("sentry:default is erased here")]);
      expect(stderr).toContain("may not have revoked the token");
      // It doesn't wait for the provider, nor ask it about the next one.
      expect(performance.now() - since).toBeLessThan(4000);
      expect(at.issuer.server.callsTo(REVOKE)).toHaveLength(1);
      const left = (await list(at)).map((entry) => `${entry.connection} ${entry.status}`);
      expect(left).toEqual([...kept]);
      if (name === "logout of all") expect(stderr).toContain("Interrupted. Not logged out of sentry:second.");
      expect((await at.call(["token", "sentry:default"])).stdout).toBe("");
    });

  test("JSON: revoked true", async () => {
    const at = await home();
    const { code, stdout, stderr } = await at.call(["logout", "sentry", "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(JSON.parse(stdout)).toEqual({ connection: "sentry:default", erased: true, revoked: true });
  });

  test("a provider that doesn't revoke: erased all the same, and reported: exit 0", async () => {
    for (const reply of [{ status: 500 }, { status: 400, body: '{"error":"invalid_client"}' }] as const) {
      const at = await home();
      at.issuer.server.fail({ path: REVOKE, times: 9, reply });
      const { code, stdout } = await at.call(["logout", "sentry", "--json"]);
      expect([code, JSON.parse(stdout)]).toEqual([0, { connection: "sentry:default", erased: true, revoked: false }]);
      expect(await list(at)).toEqual([]);
    }
  });

  test("in words, that is a warning, also with -q", async () => {
    const at = await home();
    at.issuer.server.fail({ path: REVOKE, times: 9, reply: { status: 500 } });
    const { code, stderr } = await at.call(["logout", "sentry", "-q"]);
    expect(code).toBe(0);
    expect(stderr).toStartWith("Warning: Sentry did not revoke the token (HTTP 500).");
    expect(stderr).toContain("\nWarning: sentry:default was erased here");
  });

  test("offline it erases all the same", async () => {
    const at = await home();
    await at.stop();
    const { code, stdout } = await at.call(["logout", "--json"]);
    expect([code, JSON.parse(stdout).revoked]).toEqual([0, false]);
    expect(await list(at)).toEqual([]);
  });

  test("a pasted token is only erased: revoked is 'unsupported'", async () => {
    const env = bareEnvironment();
    await paste(env, "sentry", "pasted");
    const { code, stdout } = await auth(["logout", "sentry", "--json"], { env });
    expect([code, JSON.parse(stdout).revoked]).toEqual([0, "unsupported"]);
  });

  test("a second time there is nothing: exit 2", async () => {
    const at = await home();
    await at.call(["logout", "sentry"]);
    expect((await at.call(["logout", "sentry"])).code).toBe(2);
  });

  test("other logins stay", async () => {
    const at = await home();
    await logInByBrowser(at, "sentry:work");
    await succeeded(at.call(["logout", "sentry:work"]));
    expect((await list(at)).map((entry) => entry.connection)).toEqual(["sentry:default"]);
    expect((await at.call(["token", "sentry"])).code).toBe(0);
  });

  test("a token in the environment: exit 3, 'Unset <VARIABLE>'", async () => {
    const ended = await auth(["logout", "sentry", "--json"], { env: { SENTRY_TOKEN: "x" } });
    expect(ended.code).toBe(3);
    expect(errorOf(ended)).toMatchObject({ code: "env_token", hint: "Unset SENTRY_TOKEN", exitCode: 3 });
  });

  test("--all without a terminal needs --yes: exit 64, nothing done", async () => {
    const at = await home();
    const ended = await at.call(["logout", "--all"]);
    expect(ended.code).toBe(64);
    expect(ended.stderr).toContain("--yes");
    expect(await list(at)).toHaveLength(1);
  });

  test("--all --yes ends every login", async () => {
    const at = await home();
    await logInByBrowser(at, "sentry:work");
    await paste(at.env, "github", "pasted");
    const { code, stdout } = await at.call(["logout", "--all", "--yes", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual([
      { connection: "github:default", erased: true, revoked: "unsupported" },
      { connection: "sentry:default", erased: true, revoked: true },
      { connection: "sentry:work", erased: true, revoked: true },
    ]);
    expect(await list(at)).toEqual([]);
  });

  test("--all and a connection contradict each other: exit 64", async () => {
    expect((await auth(["logout", "sentry", "--all", "--yes"])).code).toBe(64);
  });

  test("its settings go too", async () => {
    const at = await home();
    await succeeded(at.call(["logout", "sentry"]));
    expect((await at.call(["get", "sentry"])).code).toBe(2);
    expect((await at.call(["profile", "show", "sentry"])).code).toBe(2);
  });
});

describe("revoke", () => {
  test("keeps settings and client: not_connected, and the next login needs no flags", async () => {
    const at = await home();
    const { code, stdout } = await at.call(["revoke", "sentry", "--json"]);
    expect([code, JSON.parse(stdout)]).toEqual([0, { connection: "sentry:default", erased: true, revoked: true }]);
    const status = await at.call(["status", "sentry", "--json"]);
    expect(status.code).toBe(4);
    expect(JSON.parse(status.stdout)).toMatchObject([{ status: "not_connected", reason: null, scopes: [] }]);
    const token = await at.call(["token", "sentry", "--json"]);
    expect(token.code).toBe(4);
    expect(errorOf(token)).toMatchObject({ code: "login_required", connection: "sentry:default" });
    const env = { ...at.env };
    delete env.AUTH_SENTRY_CLIENT_ID;
    await loginByBrowser(["login", "sentry", "--flow", "browser", "--json"], env);
    expect((await at.call(["status", "sentry"])).code).toBe(0);
  });

  test("--forget-client drops the client too", async () => {
    const at = await home();
    const clients = async (): Promise<unknown[]> => JSON.parse((await at.call(["client", "list", "--json"])).stdout);
    expect(await clients()).toHaveLength(1);
    await succeeded(at.call(["revoke", "sentry", "--forget-client"]));
    expect(await clients()).toEqual([]);
    const login = await auth(["login", "sentry", "--json"], { env: { ...at.env, AUTH_SENTRY_CLIENT_ID: "" } });
    expect(login.code).toBe(6);
    expect(errorOf(login).code).toBe("client_missing");
  });

  test("is no way to end a token of the environment: exit 3", async () => {
    expect((await auth(["revoke", "sentry"], { env: { SENTRY_AUTH_TOKEN: "x" } })).code).toBe(3);
  });
});

describe("where revoking one token ends the whole grant", () => {
  async function google(...connections: string[]): Promise<{ env: Record<string, string>; issuer: Google }> {
    const issuer = startGoogle();
    stops.push(() => issuer.server.stop());
    const env = bareEnvironment({
      AUTH_GOOGLE_CLIENT_ID: issuer.desktop.id,
      AUTH_GOOGLE_CLIENT_SECRET: issuer.desktop.secret,
    });
    const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
    for (const connection of connections)
      await loginByBrowser(["login", connection, "--flow", "browser", ...places, "--json"], env);
    return { env, issuer };
  }
  type Google = ReturnType<typeof startGoogle>;

  test("another login of the same account and client keeps its grant: only erased here, with a warning", async () => {
    const { env, issuer } = await google("google", "google:work");
    const { code, stdout, stderr } = await auth(["logout", "google", "--json"], { env });
    expect([code, JSON.parse(stdout)]).toEqual([
      0,
      { connection: "google:default", erased: true, revoked: "unsupported" },
    ]);
    expect(JSON.parse(stderr).warning.message).toBe(
      "google:default is only erased here: revoking it could end google:work too.",
    );
    expect(issuer.server.callsTo("/revoke")).toEqual([]);
    expect((await auth(["refresh", "google:work", "--force"], { env })).code).toBe(0);
  });

  test("the last one is revoked", async () => {
    const { env, issuer } = await google("google");
    const { code, stdout } = await auth(["logout", "google", "--json"], { env });
    expect([code, JSON.parse(stdout).revoked]).toEqual([0, true]);
    expect(issuer.grants[0]?.alive).toBeFalse();
  });

  test("--all ends the grant with the last of them", async () => {
    const { env, issuer } = await google("google", "google:work");
    const { code, stdout } = await auth(["logout", "--all", "--yes", "--json"], { env });
    expect(code).toBe(0);
    expect(JSON.parse(stdout).map((one: { revoked: unknown }) => one.revoked)).toContain(true);
    expect(issuer.grants.some(({ alive }) => !alive)).toBeTrue();
  });

  test("a login anew doesn't revoke the one that it replaces", async () => {
    const { env, issuer } = await google("google");
    await loginByBrowser(["login", "google", "--flow", "browser", "--force", "--json"], env);
    expect(issuer.server.callsTo("/revoke")).toEqual([]);
  });
});

test("elsewhere the login that is replaced is revoked", async () => {
  const at = await home();
  const old = at.issuer.rows[0];
  await logInByBrowser(at, "sentry", ["--force"]);
  expect(at.issuer.server.callsTo(REVOKE)[0]?.form.get("token")).toBe(String(old?.refresh));
  expect(old?.alive).toBeFalse();
  expect((await at.call(["token", "sentry"])).stdout.trim()).toBe(String(at.issuer.rows[1]?.access));
});

test("logging out of a client with a secret authenticates with it", async () => {
  const issuer = startSentry();
  stops.push(() => issuer.server.stop());
  const { id, secret } = issuer.confidentialClient;
  const env = bareEnvironment({ AUTH_SENTRY_CLIENT_ID: id, AUTH_SENTRY_CLIENT_SECRET: secret ?? "" });
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  await loginByBrowser(["login", "sentry", "--flow", "browser", ...places, "--json"], env);
  const { stdout } = await auth(["logout", "sentry", "--json"], { env });
  expect(JSON.parse(stdout).revoked).toBeTrue();
});
