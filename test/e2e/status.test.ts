/** `auth status` and `auth list`, CLI.md §3 and §4. */
import { afterAll, describe, expect, test } from "bun:test";
import { serve } from "../issuers/server.ts";
import { browserHome, logInByBrowser, paste, succeeded } from "../support/home.ts";
import { errorOf, type LoggedIn, loggedIn } from "../support/logged-in.ts";
import { pluginHome } from "../support/plugin-home.ts";
import { AUTH, auth, bareEnvironment, type Ended, onTerminal } from "../support/program.ts";

const TOKEN = "/oauth/token/";
const homes: LoggedIn[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

async function home(options: Parameters<typeof loggedIn>[0] = {}): Promise<LoggedIn> {
  const made = await browserHome(options);
  homes.push(made);
  return made;
}

const FIELDS = [
  "connection",
  "provider",
  "name",
  "account",
  "organization",
  "host",
  "source",
  "status",
  "reason",
  "scopes",
  "expiresAt",
  "refreshable",
  "refreshTokenExpiresAt",
  "authorizationExpiresAt",
  "default",
  "providerDefault",
  "lastError",
];

const ISO = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/;

describe("connected", () => {
  test("in words: who, until when, from where, which scopes, which state", async () => {
    const at = await home({ accessLifetime: 2710 });
    const { code, stdout, stderr } = await at.call(["status", "sentry"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toContain("Authenticated as: grace@example.com\n");
    expect(stdout).toMatch(/Access token: expires \d{4}-\d\d-\d\d \d\d:\d\d [+-]\d\d:\d\d \(in 45 minutes\)\n/);
    expect(stdout).toMatch(/Source: .*vault/);
    expect(stdout).toMatch(/Scopes: org:read, /);
    expect(stdout).toContain("Status: connected\n");
  });

  test("days until the refresh token dies, where that is known", async () => {
    const at = await home();
    expect((await at.call(["status", "sentry"])).stdout).toMatch(/Refresh token: .*29 days/);
  });

  test("a token whose expiry isn't known: unknown, and null", async () => {
    const at = await home({ accessLifetime: null });
    expect((await at.call(["status", "sentry"])).stdout).toContain("Access token: expiry unknown\n");
    expect(JSON.parse((await at.call(["status", "sentry", "--json"])).stdout)).toMatchObject([{ expiresAt: null }]);
  });

  test("status and list have the same entries, of exactly these fields", async () => {
    const at = await home();
    const status = await at.call(["status", "--json"]);
    const listed = await at.call(["list", "--json"]);
    expect([status.code, status.stderr, listed.code, listed.stderr]).toEqual([0, "", 0, ""]);
    expect(JSON.parse(status.stdout)).toEqual(JSON.parse(listed.stdout));
    const [entry] = JSON.parse(listed.stdout);
    expect(Object.keys(entry)).toEqual(FIELDS);
    expect(entry).toMatchObject({
      connection: "sentry:default",
      provider: "sentry",
      name: "default",
      account: "grace@example.com",
      organization: null,
      host: "sentry.io",
      source: "vault",
      status: "connected",
      reason: null,
      refreshable: true,
      default: true,
      lastError: null,
    });
    expect(entry.scopes).toContain("org:read");
    expect(entry.expiresAt).toMatch(ISO);
  });

  test("a token of the environment has the same fields", async () => {
    const { stdout } = await auth(["list", "--json"], { env: { GH_TOKEN: "x" } });
    expect(JSON.parse(stdout).map(Object.keys)).toEqual([FIELDS]);
  });

  test("list in words is a table on stdout", async () => {
    const at = await home();
    await paste(at.env, "github:work", "pasted");
    const { code, stdout, stderr } = await at.call(["list"]);
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toMatch(/^sentry:default.*grace@example\.com.*connected/m);
    expect(stdout).toMatch(/^github:work.*connected.*unknown/m);
  });

  test("--check of a token in the environment asks the provider: 4 when it is refused", async () => {
    const asked: string[] = [];
    const server = serve(() => ({
      "GET /user": ({ bearer }) => {
        asked.push(bearer ?? "");
        return bearer === "good-token" ? Response.json({ id: 1, login: "ada" }) : Response.json({}, { status: 401 });
      },
    }));
    const acme = pluginHome();
    const check = (token: string, ...args: string[]): Promise<Ended> =>
      acme.call(["status", ...args, "--check", "--json"], { env: { ACME_TOKEN: token } });
    try {
      const text = `id = "acme"\ntitle = "ACME"\nflows = ["token"]\n[endpoints]\nuserinfo = "${server.url}/user"\n[environment]\nread = ["ACME_TOKEN"]\n`;
      expect((await acme.call(["provider", "add", acme.file("acme.toml", text), "--yes"])).code).toBe(0);
      // A token in the environment goes to a third party only where a person has logged in.
      const before = await check("good-token", "acme");
      expect([before.code, JSON.parse(before.stdout)[0].check]).toEqual([0, "unsupported"]);
      expect(asked).toEqual([]);
      expect((await acme.call(["login", "acme", "--token", "-"], { stdin: "good-token" })).code).toBe(0);
      const good = await check("good-token", "acme");
      expect([good.code, JSON.parse(good.stdout)[0].check]).toEqual([0, "accepted"]);
      for (const args of [["acme"], []]) {
        const bad = await check("bad-token", ...args);
        expect([bad.code, JSON.parse(bad.stdout)[0].check]).toEqual([4, "refused"]);
      }
      expect(asked).toContain("bad-token");
      await server.stop();
      expect((await check("good-token", "acme")).code).toBe(5);
    } finally {
      await server.stop();
      await acme.stop();
    }
  });

  test("without --check nothing is sent; with it, the provider is asked", async () => {
    const at = await home();
    const before = at.issuer.server.calls.length;
    await at.call(["status"]);
    expect(at.issuer.server.calls).toHaveLength(before);
    expect((await at.call(["status", "sentry", "--check"])).code).toBe(0);
    expect(at.issuer.server.callsTo("/api/0/").length).toBeGreaterThan(0);
    at.issuer.kill();
    expect((await at.call(["status", "sentry"])).code).toBe(0);
    expect((await at.call(["status", "sentry", "--check"])).code).toBe(4);
    await at.stop();
    const unreached = await at.call(["status", "sentry", "--check"]);
    expect([unreached.code, unreached.stdout]).toEqual([
      5,
      expect.stringContaining("unreachable (connection refused: "),
    ]);
    const [entry] = JSON.parse((await at.call(["status", "sentry", "--check", "--json"])).stdout);
    expect(entry).toMatchObject({ check: "unreachable", checkReason: expect.stringContaining("connection refused") });
  });
});

describe("states and exit codes", () => {
  test("a profile that was never logged in: not_connected, 4", async () => {
    const env = bareEnvironment();
    await succeeded(auth(["profile", "create", "sentry:work"], { env }));
    const { code, stdout } = await auth(["status", "sentry:work", "--json"], { env });
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject([{ status: "not_connected", reason: null, expiresAt: null }]);
    const words = await auth(["status", "sentry:work"], { env });
    expect(words.code).toBe(4);
    expect(words.stdout).toContain("Not authenticated. Run 'auth login sentry:work'");
    const token = await auth(["token", "sentry:work", "--json"], { env });
    expect([token.code, errorOf(token).code]).toEqual([4, "login_required"]);
  });

  test("past expiry and refreshable, no attempt yet: connected, 0", async () => {
    const at = await home({ accessLifetime: 1 });
    await Bun.sleep(1050);
    const { code, stdout } = await at.call(["status", "sentry", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([{ status: "connected", reason: null }]);
    expect((await at.call(["status", "sentry"])).stdout).toMatch(/Access token: renewed when used \(expired .* ago\)/);
  });

  test("attempts fail, the token lives: connected, refresh_failing, 0", async () => {
    const at = await home();
    at.issuer.server.fail({ path: TOKEN, reply: { status: 503, headers: { "retry-after": "60" } } });
    await at.call(["refresh", "sentry", "--force"]);
    const { code, stdout } = await at.call(["status", "sentry", "--json"]);
    expect(code).toBe(0);
    const [entry] = JSON.parse(stdout);
    expect(entry).toMatchObject({ status: "connected", reason: "refresh_failing" });
    expect(Object.keys(entry.lastError)).toEqual(["code", "reason", "at"]);
    expect(entry.lastError).toMatchObject({ code: "provider_unavailable", reason: "HTTP 503" });
    expect(entry.lastError.at).toMatch(ISO);
    expect((await at.call(["status", "sentry"])).stdout).toContain("Status: connected (refresh_failing)");
  });

  test("an attempt in doubt, the token lives: connected, in_doubt, 0", async () => {
    const at = await home();
    at.issuer.server.fail({ path: TOKEN, reply: { status: 502, body: "<html>" } });
    await at.call(["refresh", "sentry", "--force"]);
    const { code, stdout } = await at.call(["status", "sentry", "--json"]);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject([{ status: "connected", reason: "in_doubt" }]);
  });

  test("the refresh token refused: invalid, refresh_rejected, 4; the living token is still served, with a warning", async () => {
    const at = await home();
    at.issuer.server.fail({
      path: TOKEN,
      reply: { status: 400, body: '{"error":"invalid_grant"}', headers: { "content-type": "application/json" } },
    });
    expect((await at.call(["refresh", "sentry", "--force"])).code).toBe(4);
    const { code, stdout } = await at.call(["status", "sentry", "--json"]);
    expect(code).toBe(4);
    expect(JSON.parse(stdout)).toMatchObject([{ status: "invalid", reason: "refresh_rejected" }]);
    const token = await at.call(["token", "sentry"]);
    expect(token.code).toBe(0);
    expect(token.stderr).toStartWith("Warning: ");
    expect((await at.call(["status", "sentry"])).stdout).toContain("auth login sentry");
  });

  test("the client refused: misconfigured, 6", async () => {
    const at = await home();
    at.issuer.server.fail({
      path: TOKEN,
      reply: { status: 401, body: '{"error":"invalid_client"}', headers: { "content-type": "application/json" } },
    });
    expect((await at.call(["refresh", "sentry", "--force"])).code).toBe(6);
    const { code, stdout } = await at.call(["status", "sentry", "--json"]);
    expect(code).toBe(6);
    expect(JSON.parse(stdout)).toMatchObject([{ status: "misconfigured" }]);
  });

  test("past expiry, while no new attempt is made: until when, and the command that makes one now", async () => {
    const at = await home({ accessLifetime: 1 });
    await Bun.sleep(1050);
    at.issuer.server.fail({ path: TOKEN, reply: { status: 500, headers: { "retry-after": "600" } } });
    expect((await at.call(["token", "sentry"])).code).toBe(5);
    const sent = at.issuer.server.callsTo(TOKEN).length;
    for (const args of [["token"], ["refresh"], ["export"], ["run", "--", "true"], ["get"], ["refresh", "--all"]]) {
      const [command = "", ...rest] = args;
      const named = rest.includes("--all") ? args : [command, "sentry", ...rest];
      expect((await at.call(named)).stderr).toMatch(
        /Not tried again until (\d{4}-\d\d-\d\d )?\d\d:\d\d \(the last try failed: HTTP 500\)/,
      );
    }
    expect(at.issuer.server.callsTo(TOKEN)).toHaveLength(sent);
    expect((await at.call(["token", "sentry"])).stderr).toEndWith("\nNow: auth refresh sentry --force\n");
    expect((await at.call(["status", "sentry"])).stdout).toMatch(
      /Not tried again until (\d{4}-\d\d-\d\d )?\d\d:\d\d\. Now: auth refresh sentry --force/,
    );
    await at.call(["refresh", "sentry", "--force"]);
    expect(at.issuer.server.callsTo(TOKEN)).toHaveLength(sent + 1);
  });

  test("the provider's own words are in the error's second line, in status, log and JSON", async () => {
    const at = await home();
    const words = "It was used before.";
    const body = JSON.stringify({ error: "invalid_grant", error_description: words });
    at.issuer.server.fail({ path: TOKEN, reply: { status: 400, body, headers: json } });
    const { stderr } = await at.call(["refresh", "sentry", "--force"]);
    expect(stderr.split("\n")[1]).toBe(`The provider says: ${words}`);
    expect(errorOf(await at.call(["refresh", "sentry", "--force", "--json"])).detail).toBe(words);
    expect((await at.call(["refresh", "--all", "--force", "--json"])).stdout).toContain(`"detail":"${words}"`);
    expect((await at.call(["status", "sentry"])).stdout).toContain(words);
    expect(JSON.parse((await at.call(["status", "sentry", "--json"])).stdout)[0].lastError.detail).toBe(words);
    expect((await at.call(["log", "--failures"])).stdout).toContain(words);
    expect((await at.call(["log", "--failures", "--json"])).stdout).toContain(`"detail":"${words}"`);
  });

  const json = { "content-type": "application/json" };
  /** What the provider answers to the refresh of a token that has expired, and what becomes of the login. */
  const PAST_EXPIRY = {
    "it fails for now": [
      { status: 503, headers: { "retry-after": "60" } },
      { status: "expired", reason: "refresh_failing", exit: 5, code: "provider_unavailable" },
    ],
    "its outcome is unknown": [
      { status: 502, body: "<html>" },
      { status: "expired", reason: "in_doubt", exit: 5, code: "provider_unavailable" },
    ],
    "its reply can't be used": [
      { status: 200, body: '{"refresh_token":"a-new-one"}', headers: json },
      { status: "invalid", reason: "reply_unreadable", exit: 4, code: "token_expired" },
    ],
    "the refresh is refused with a code that no table knows": [
      { status: 400, body: '{"error":"weird"}', headers: json },
      { status: "invalid", reason: "refresh_refused", exit: 4, code: "refresh_refused" },
    ],
    "the refresh token is refused": [
      { status: 400, body: '{"error":"invalid_grant"}', headers: json },
      { status: "invalid", reason: "refresh_rejected", exit: 4, code: "refresh_token_invalid" },
    ],
    "the provider wants to see the person": [
      { status: 400, body: '{"error":"interaction_required"}', headers: json },
      { status: "invalid", reason: "interaction_required", exit: 4, code: "interaction_required" },
    ],
    "the client is refused": [
      { status: 401, body: '{"error":"invalid_client"}', headers: json },
      { status: "misconfigured", reason: "client_rejected", exit: 6, code: "client_rejected" },
    ],
  } as const;

  for (const [what, [reply, { status, reason, exit, code }]] of Object.entries(PAST_EXPIRY))
    test(`past expiry, ${what}: ${status}, ${reason}, ${exit}; token the same`, async () => {
      const at = await home({ accessLifetime: 1 });
      await Bun.sleep(1050);
      at.issuer.server.fail({ path: TOKEN, reply });
      const token = await at.call(["token", "sentry", "--json"]);
      expect({ exit: token.code, stdout: token.stdout, code: errorOf(token).code }).toEqual({ exit, stdout: "", code });
      if (exit === 4) expect(errorOf(token).hint).toMatch(/^Log in again: auth login sentry$/m);
      await expectState(at, { status, reason, exit });
    });

  async function expectState(
    at: LoggedIn,
    { status, reason, exit }: { status: string; reason: string; exit: number },
  ): Promise<void> {
    const shown = await at.call(["status", "sentry", "--json"]);
    const [entry] = JSON.parse(shown.stdout);
    expect({ exit: shown.code, status: entry.status, reason: entry.reason }).toEqual({ exit, status, reason });
    const words = await at.call(["status", "sentry"]);
    expect({ exit: words.code, shown: words.stdout.includes(`Status: ${status} (${reason})`) }).toEqual({
      exit,
      shown: true,
    });
    expect((await at.call(["get", "sentry", "--no-refresh", "--field", "reason"])).stdout).toBe(`${reason}\n`);
  }

  test("past expiry, the reply was lost and the next try refused: invalid, rotation_lost, 4, with the time", async () => {
    const at = await home({ accessLifetime: 1 });
    await Bun.sleep(1050);
    at.issuer.server.fail({ path: TOKEN, after: true, reply: { status: 502, body: "<html>" } });
    const sentAt = Date.now();
    expect((await at.call(["token", "sentry"])).code).toBe(5);
    const lost = await at.call(["refresh", "sentry", "--force", "--json"]);
    expect(lost.code).toBe(4);
    const { code, hint } = errorOf(lost);
    expect(code).toBe("rotation_lost");
    const [time = ""] = /\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d/.exec(String(hint)) ?? [];
    expect(Date.parse(time)).toBeWithin(sentAt - 1000, Date.now());
    expect(hint).toContain("auth login sentry");
    await expectState(at, { status: "invalid", reason: "rotation_lost", exit: 4 });
  });

  test("past expiry, and there is no refresh token: invalid, expired_no_refresh, 4", async () => {
    const at = await loggedIn({}, null);
    homes.push(at);
    const body = '{"access_token":"short-lived","token_type":"bearer","expires_in":1}';
    at.issuer.server.fail({ path: TOKEN, reply: { status: 200, body, headers: json } });
    await logInByBrowser(at, "sentry");
    await Bun.sleep(1050);
    const token = await at.call(["token", "sentry", "--json"]);
    expect([token.code, errorOf(token).code]).toEqual([4, "token_expired"]);
    await expectState(at, { status: "invalid", reason: "expired_no_refresh", exit: 4 });
    const refresh = await at.call(["refresh", "sentry", "--json"]);
    expect([refresh.code, errorOf(refresh).code]).toEqual([3, "no_refresh_token"]);
  });

  test("several connections: the worst exit code", async () => {
    const at = await home();
    await logInByBrowser(at, "sentry:work");
    await succeeded(at.call(["revoke", "sentry:work"]));
    expect((await at.call(["status", "sentry"])).code).toBe(0);
    expect((await at.call(["status"])).code).toBe(4);
    expect((await at.call(["list"])).code).toBe(0);
  });
});

test("on a narrow terminal its lines end between words", async () => {
  const at = await home();
  const whole = (await succeeded(auth(["status"], { env: at.env }))).stdout;
  const terminal = onTerminal([AUTH, "status"], { env: at.env, columns: 40 });
  expect((await terminal.ended).code).toBe(0);
  const lines = terminal.screen().trimEnd().split(/\r?\n/);
  expect(whole.split("\n").some((line) => line.length > 40)).toBe(true);
  for (const line of lines) expect([line, line.length > 40 && line.trim().includes(" ")]).toEqual([line, false]);
  expect(lines.join(" ").split(/\s+/)).toEqual(whole.trimEnd().split(/\s+/));
});
