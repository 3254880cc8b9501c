/** What `auth refresh` and `auth token` say and how they end: CLI.md §3, §4, against the built binary. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { CONNECTION, errorOf, type LoggedIn, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { auth, bareEnvironment } from "../support/program.ts";

const TOKEN = "/oauth/token/";
const homes: LoggedIn[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

async function home(...args: Parameters<typeof loggedIn>): Promise<LoggedIn> {
  const made = await loggedIn(...args);
  homes.push(made);
  return made;
}

describe("a token that is still good, of a login that the provider refused to renew", () => {
  const REFUSALS = [
    { error: "invalid_grant", exit: 4, code: "refresh_token_invalid", next: "auth login sentry" },
    { error: "no_table_knows_it", exit: 4, code: "refresh_refused", next: "auth login sentry" },
    { error: "interaction_required", exit: 4, code: "interaction_required", next: "auth login sentry" },
    { error: "invalid_client", exit: 6, code: "client_rejected", next: "Check the client" },
  ];
  for (const { error, exit, code, next } of REFUSALS)
    test(`${error}: refresh, refresh --all and status agree, and the token is still served`, async () => {
      const at = await home({ accessLifetime: 3600 });
      const headers = { "content-type": "application/json" };
      at.issuer.server.fail({ path: TOKEN, reply: { status: 400, body: JSON.stringify({ error }), headers } });
      expect((await at.call(["refresh", PROVIDER, "--force"])).code).toBe(exit);
      expect((await at.call(["status", PROVIDER])).code).toBe(exit);
      const told = new RegExp(
        `The token (may still work|still works) until [^,]+, but the provider refused to renew this login: ${error}\\.`,
      );

      const one = await at.call(["refresh", PROVIDER, "-q"]);
      expect([one.code, one.stdout]).toEqual([exit, ""]);
      expect(one.stderr).toMatch(told);
      expect(one.stderr).toContain(next);
      const json = await at.call(["refresh", PROVIDER, "--json"]);
      expect([json.code, json.stdout]).toEqual([exit, ""]);
      expect(errorOf(json)).toMatchObject({ code, exitCode: exit, connection: CONNECTION });

      const all = await at.call(["refresh", "--all", "--min-ttl", "2100", "-q"]);
      expect(all.code).toBe(exit);
      expect(all.stderr).toMatch(new RegExp(`Warning: ${CONNECTION}: ${told.source}`));
      expect(all.stderr).toContain(next);
      const [line = "", summary = ""] = (await at.call(["refresh", "--all", "--json"])).stdout.split("\n");
      expect(JSON.parse(line)).toMatchObject({ connection: CONNECTION, success: false, refreshed: false, code });
      expect(JSON.parse(summary)).toEqual({ summary: { refreshed: 0, valid: 0, skipped: 0, failed: 1 } });

      const living = `${at.issuer.rows[0]?.access}\n`;
      expect(await at.call(["token", PROVIDER])).toMatchObject({ code: 0, stdout: living });
      expect(await at.call(["refresh", PROVIDER, "-o", "token"])).toMatchObject({ code: exit, stdout: living });
      expect(at.issuer.server.callsTo(TOKEN).filter(({ faulted }) => faulted)).toHaveLength(1);
    });

  test("a failure that may pass leaves it valid", async () => {
    const at = await home({ accessLifetime: 3600 });
    at.issuer.server.fail({ path: TOKEN, reply: { status: 503, body: "busy" } });
    expect((await at.call(["refresh", PROVIDER, "--force"])).code).toBe(5);
    expect((await at.call(["refresh", PROVIDER])).code).toBe(0);
    expect((await at.call(["refresh", "--all"])).code).toBe(0);
  });
});

describe("a token that is still good", () => {
  let at: LoggedIn;
  beforeAll(async () => {
    at = await home({ accessLifetime: 3600 });
  });

  test("is not refreshed, and the message says how to do it anyway", async () => {
    const { code, stdout, stderr } = await at.call(["refresh", PROVIDER]);
    expect(code).toBe(0);
    expect(stdout).toBe("");
    expect(stderr).toContain("Token still valid (expires in 59 minutes).\nUse --force to refresh anyway.\n");
  });

  test("into a pipe, the message says how to have the token printed", async () => {
    expect((await at.call(["refresh", PROVIDER])).stderr).toContain("-o token");
  });

  test("JSON says so too", async () => {
    const { code, stdout, stderr } = await at.call(["refresh", PROVIDER, "--json"]);
    expect(code).toBe(0);
    expect(stderr).toBe("");
    const document = JSON.parse(stdout);
    expect(Object.keys(document)).toEqual(["success", "refreshed", "message", "expiresIn", "expiresAt"]);
    expect(document).toMatchObject({ success: true, refreshed: false, message: "Token still valid" });
    expect(document.expiresIn).toBeWithin(3500, 3601);
    expect(document.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  });

  test("--force refreshes it once, and the new one is stored before it is printed", async () => {
    const before = (await at.call(["token", PROVIDER])).stdout;
    const { code, stderr } = await at.call(["refresh", PROVIDER, "--force"]);
    expect(code).toBe(0);
    expect(stderr).toContain("✓ Token refreshed successfully. Expires in 59 minutes.");
    expect((await at.call(["token", PROVIDER])).stdout).not.toBe(before);
  });

  test("-o token and -o token-json print it, refreshed or not", async () => {
    const token = (await at.call(["token", PROVIDER])).stdout;
    expect((await at.call(["refresh", PROVIDER, "-o", "token"])).stdout).toBe(token);
    const document = JSON.parse((await at.call(["refresh", PROVIDER, "-o", "token-json"])).stdout);
    expect(document.access_token).toBe(token.trim());
  });

  test("token -o json keeps RFC 6749's names; the refresh token only with --show-secret", async () => {
    const document = JSON.parse((await at.call(["token", PROVIDER, "-o", "json"])).stdout);
    expect(Object.keys(document)).toEqual(["token_type", "scope", "expires_in", "access_token", "expires_at"]);
    expect(document.expires_at).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/);
    const shown = JSON.parse((await at.call(["token", PROVIDER, "-o", "json", "--show-secret"])).stdout);
    expect(shown.refresh_token).toBeString();
  });

  test("token -o header is the line that the provider declares", async () => {
    const token = (await at.call(["token", PROVIDER])).stdout.trim();
    expect((await at.call(["token", PROVIDER, "-o", "header"])).stdout).toBe(`Authorization: Bearer ${token}\n`);
  });

  test("--min-ttl asks for more, and a token minted moments ago is not refreshed again for it", async () => {
    await at.call(["refresh", PROVIDER, "--force"]);
    const calls = at.issuer.server.callsTo(TOKEN).length;
    const { code, stderr } = await at.call(["token", PROVIDER, "--min-ttl", "7200"]);
    expect(code).toBe(0);
    expect(stderr).toContain("Warning:");
    expect(at.issuer.server.callsTo(TOKEN)).toHaveLength(calls);
  });
});

test("--min-ttl on a login that is over: the warning says so, not that the token is short-lived", async () => {
  const own = await loggedIn();
  try {
    await own.call(["refresh", PROVIDER, "--force"]);
    own.issuer.kill();
    expect((await own.call(["refresh", PROVIDER, "--force"])).code).toBe(4);
    const { code, stderr } = await own.call(["token", PROVIDER, "--min-ttl", "7200"]);
    expect([code, stderr.includes("minted moments ago")]).toEqual([0, false]);
    expect(stderr).toContain("is invalid (refresh_rejected)");
  } finally {
    await own.stop();
  }
});

describe("what can't be refreshed", () => {
  test("an environment token: exit 3, its variable named", async () => {
    const { code, stderr } = await auth(["refresh", PROVIDER], { env: { SENTRY_AUTH_TOKEN: "from-env" } });
    expect(code).toBe(3);
    expect(stderr).toBe(
      "Error: Cannot refresh an environment variable token.\nToken refresh is only available for OAuth sessions.\nUpdate SENTRY_AUTH_TOKEN to change your token.\n",
    );
  });

  test("a pasted token: exit 3", async () => {
    const env = bareEnvironment();
    await auth(["login", PROVIDER, "--token", "-", "--no-verify"], { env, stdin: "pasted-token" });
    const { code, stderr } = await auth(["refresh", PROVIDER], { env });
    expect(code).toBe(3);
    expect(stderr).toBe(
      `Error: No refresh token available. You may be using a manual API token.\nRun 'auth login ${PROVIDER} --force' to authenticate with OAuth and enable auto-refresh.\n`,
    );
    expect(errorOf(await auth(["refresh", PROVIDER, "--json"], { env }))).toMatchObject({
      code: "no_refresh_token",
      exitCode: 3,
      connection: CONNECTION,
    });
  });

  test("an API key: exit 3", async () => {
    const env = bareEnvironment();
    await auth(["login", "apikey:x", "--token", "-"], { env, stdin: "key-123" });
    const { code, stderr } = await auth(["refresh", "apikey:x"], { env });
    expect(code).toBe(3);
    expect(stderr).toBe("Error: API keys never refresh.\nReplace it: auth login apikey:x --token -\n");
  });
});

interface Case {
  readonly name: string;
  readonly fail: Parameters<LoggedIn["issuer"]["server"]["fail"]>[0]["reply"];
  readonly exit: number;
  readonly code: string;
  readonly reason: string;
  readonly status: string;
  /** `status` on the connection afterwards, its access token gone. */
  readonly statusExit: number;
}

const json = { "content-type": "application/json" };
const CASES: readonly Case[] = [
  {
    name: "invalid_grant",
    fail: { status: 400, body: '{"error":"invalid_grant"}', headers: json },
    exit: 4,
    code: "refresh_token_invalid",
    reason: "invalid_grant",
    status: "invalid",
    statusExit: 4,
  },
  {
    name: "invalid_client",
    fail: { status: 401, body: '{"error":"invalid_client"}', headers: json },
    exit: 6,
    code: "client_rejected",
    reason: "invalid_client",
    status: "misconfigured",
    statusExit: 6,
  },
  {
    name: "invalid_scope",
    fail: { status: 400, body: '{"error":"invalid_scope"}', headers: json },
    exit: 6,
    code: "scope_rejected",
    reason: "invalid_scope",
    status: "misconfigured",
    statusExit: 6,
  },
  {
    name: "503",
    fail: { status: 503, body: "busy", headers: { "retry-after": "5" } },
    exit: 5,
    code: "provider_unavailable",
    reason: "HTTP 503",
    status: "expired",
    statusExit: 5,
  },
  {
    name: "429",
    fail: { status: 429, body: "slow", headers: { "retry-after": "5" } },
    exit: 5,
    code: "rate_limited",
    reason: "HTTP 429",
    status: "expired",
    statusExit: 5,
  },
  {
    name: "HTML with status 200",
    fail: { status: 200, body: "<html>", headers: { "content-type": "text/html" } },
    exit: 5,
    code: "provider_unavailable",
    reason: "",
    status: "expired",
    statusExit: 5,
  },
  {
    name: "a redirect",
    fail: { status: 302, headers: { location: "http://127.0.0.1:9/" } },
    exit: 5,
    code: "provider_unavailable",
    reason: "",
    status: "expired",
    statusExit: 5,
  },
];

describe("a refresh that failed has the provider's code, keeps the credential, and sets the state", () => {
  for (const one of CASES)
    test(one.name, async () => {
      const at = await home({ accessLifetime: 2 });
      const secret = async (): Promise<string> =>
        (await at.call(["get", PROVIDER, "--no-refresh", "--show-secret", "--field", "refreshToken"])).stdout;
      const before = await secret();
      await Bun.sleep(2100);
      at.issuer.server.fail({ path: TOKEN, times: 9, reply: one.fail });
      const text = await at.call(["refresh", PROVIDER]);
      expect(text.stderr).toStartWith(`Error: refresh failed for ${PROVIDER} (default): ${one.reason}`);
      expect(text.code).toBe(one.exit);
      expect(text.stderr.split("\n").length).toBeGreaterThan(2);
      const token = await at.call(["token", PROVIDER, "--json"]);
      expect(token.code).toBe(one.exit);
      expect(token.stdout).toBe("");
      expect(errorOf(token)).toMatchObject({ code: one.code, exitCode: one.exit, connection: CONNECTION });
      const status = await at.call(["status", PROVIDER, "--json"]);
      expect(status.code).toBe(one.statusExit);
      expect(JSON.parse(status.stdout)).toMatchObject([{ status: one.status, lastError: { code: one.code } }]);
      expect(await secret()).toBe(before);
    });

  test("refresh --all names a login that it skips once, in its line", async () => {
    const at = await home({ accessLifetime: 1 });
    at.issuer.server.fail({ path: TOKEN, reply: { status: 503, body: "busy", headers: { "retry-after": "60" } } });
    await Bun.sleep(1_000);
    for (const says of ["refresh failed", "Not tried again"]) {
      const { stderr } = await at.call(["refresh", "--all"]);
      const line = stderr.split("\n").find((one) => one.startsWith("Warning:")) ?? "";
      expect(line).toContain(says);
      expect(line.match(/sentry/g)).toHaveLength(1);
    }
  });

  test("while the old token lives: refresh fails, token prints it with a warning and exits 0", async () => {
    const at = await home({ accessLifetime: 3600 });
    at.issuer.server.fail({ path: TOKEN, reply: { status: 503, body: "busy", headers: { "retry-after": "60" } } });
    expect((await at.call(["refresh", PROVIDER, "--force"])).code).toBe(5);
    const warning = `Warning: refresh failed for ${PROVIDER} (default): HTTP 503. The current token still works.\n`;
    for (const args of [
      ["token", PROVIDER],
      ["get", PROVIDER, "--field", "accessToken", "--show-secret"],
      ["run", "-q", PROVIDER, "--", "printenv", "SENTRY_AUTH_TOKEN"],
      ["export", PROVIDER],
    ]) {
      const { code, stdout, stderr } = await at.call(args);
      expect({ args, code, stderr }).toEqual({ args, code: 0, stderr: warning });
      expect(stdout).toContain(at.issuer.rows[0]?.access ?? "");
    }
    expect(at.issuer.server.callsTo(TOKEN).filter(({ faulted }) => faulted)).toHaveLength(1);
    expect(JSON.parse((await at.call(["status", PROVIDER, "--json"])).stdout)).toMatchObject([
      { status: "connected", reason: "refresh_failing" },
    ]);
  });

  test("in doubt: the living token is served with a warning, and nothing is sent", async () => {
    const at = await home({ accessLifetime: 3600 });
    at.issuer.server.fail({ path: TOKEN, after: true, reply: { status: 502, body: "<html>" } });
    expect((await at.call(["refresh", PROVIDER, "--force"])).code).toBe(5);
    const sent = at.issuer.server.callsTo(TOKEN).length;
    const { code, stdout, stderr } = await at.call(["token", PROVIDER]);
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `Warning: refresh failed for ${PROVIDER} (default): HTTP 502. The current token may still work.\n`,
    });
    expect(stdout).toMatch(/^\S+\n$/);
    expect(at.issuer.server.callsTo(TOKEN)).toHaveLength(sent);
  });

  test("attack: a variable that names another place or client moves nothing: 6, before anything is sent", async () => {
    const at = await home({ accessLifetime: 10 });
    await Bun.sleep(1200);
    const sent = at.issuer.server.calls.length;
    for (const [env, code] of [
      [{ SENTRY_URL: "https://elsewhere.example" }, "origin_mismatch"],
      [{ AUTH_SENTRY_CLIENT_ID: "another-client" }, "client_mismatch"],
    ] as const) {
      for (const args of [
        ["refresh", PROVIDER, "--force", "--json"],
        ["token", PROVIDER, "--min-ttl", "60", "--json"],
      ]) {
        const ended = await at.call(args, { env });
        expect({ args, exit: ended.code, stdout: ended.stdout }).toEqual({ args, exit: 6, stdout: "" });
        expect(errorOf(ended)).toMatchObject({ code, connection: CONNECTION });
        expect(errorOf(ended).message).toContain(Object.keys(env)[0]);
      }
      expect(at.issuer.server.calls).toHaveLength(sent);
    }
    // Named in full, it is the login that counts.
    const env = { SENTRY_URL: "https://elsewhere.example", AUTH_SENTRY_CLIENT_ID: "another-client" };
    const forced = await at.call(["refresh", CONNECTION, "--force"], { env });
    expect(forced).toMatchObject({ code: 0 });
    expect(at.issuer.server.calls).toHaveLength(sent + 1);
  });

  test("a connection that is refused is reported as such", async () => {
    const at = await home({ accessLifetime: 2 });
    await at.stop();
    await Bun.sleep(2100);
    const { code, stderr } = await at.call(["token", PROVIDER]);
    expect(code).toBe(5);
    expect(stderr).toStartWith(`Error: refresh failed for ${PROVIDER} (default): connection refused\n`);
  });

  test("a token that is due is refreshed by token, run, get and export alike, once each", async () => {
    const at = await home({ accessLifetime: 2 });
    for (const args of [
      ["token", PROVIDER],
      ["run", PROVIDER, "--", "true"],
      ["get", PROVIDER, "--field", "account"],
      ["export", PROVIDER],
    ]) {
      await Bun.sleep(1200);
      const before = at.issuer.server.callsTo(TOKEN).length;
      expect((await at.call(args)).code).toBe(0);
      expect(at.issuer.server.callsTo(TOKEN)).toHaveLength(before + 1);
    }
  }, 60_000);
});
