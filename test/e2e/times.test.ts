/** What is said of how long things last, and in which zone's time: text in the person's own, JSON in UTC. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { browserHome, paste } from "../support/home.ts";
import { type LoggedIn, loggedIn } from "../support/logged-in.ts";
import { auth, bareEnvironment } from "../support/program.ts";

const homes: LoggedIn[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));
async function home(...args: Parameters<typeof browserHome>): Promise<LoggedIn> {
  const made = await browserHome(...args);
  homes.push(made);
  return made;
}

/** An instant of 2027 in UTC, and as each zone's clocks show it. */
const ZONES: Readonly<Record<string, string>> = {
  UTC: "+00:00",
  "America/New_York": "-0[45]:00",
  "Asia/Kolkata": "\\+05:30",
  "Pacific/Kiritimati": "\\+14:00",
};

describe("times", () => {
  for (const [zone, offset] of Object.entries(ZONES))
    test(`in text are those of ${zone} with its offset, in JSON UTC`, async () => {
      const at = await home({ accessLifetime: 45 * 60 + 30 });
      const call = (args: readonly string[]) => at.call(args, { env: { TZ: zone } });
      const [entry] = JSON.parse((await call(["status", "sentry", "--json"])).stdout);
      expect(entry.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      const status = (await call(["status", "sentry"])).stdout;
      const [, shown = ""] = /expires (\d{4}-\d\d-\d\d \d\d:\d\d \S+) \(in 45 minutes\)/.exec(status) ?? [];
      expect(shown).toMatch(new RegExp(` ${offset.startsWith("+") ? `\\${offset}` : offset}$`));
      expect(Math.abs(Date.parse(shown) - Date.parse(entry.expiresAt))).toBeLessThan(60_000);

      const log = (await call(["log"])).stdout.split("\n")[1] ?? "";
      const [, time = ""] = /^(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d) /.exec(log) ?? [];
      const [first] = (await call(["log", "--json"])).stdout.split("\n");
      expect(Math.abs(Date.parse(time) - Date.parse(JSON.parse(first ?? "").time))).toBeLessThan(1000);
      expect(JSON.parse(first ?? "").time).toEndWith("Z");

      at.issuer.server.fail({ path: "/oauth/token/", reply: { status: 503 } });
      await call(["refresh", "sentry", "--force"]);
      expect((await call(["status", "sentry"])).stdout).toMatch(
        /Last error: HTTP 503 at \d{4}-\d\d-\d\d \d\d:\d\d [+-]/,
      );
    }, 60_000);
});

describe("the end of an access token", () => {
  test("that is renewed when it is used: status and list say so", async () => {
    const at = await home({ accessLifetime: 1 });
    await Bun.sleep(1050);
    expect((await at.call(["status", "sentry"])).stdout).toMatch(
      /Access token: renewed when used \(expired .* ago\)\n/,
    );
    expect((await at.call(["list"])).stdout).toMatch(/connected +renewed when used/);
  });

  test("that isn't known is shown as unknown, for a pasted token and for one in the environment", async () => {
    const env = bareEnvironment();
    await paste(env, "sentry:pasted", "sntrys_a-token-that-was-pasted");
    expect((await auth(["status", "sentry:pasted"], { env })).stdout).toContain("Access token: expiry unknown\n");
    const more = { ...env, GH_TOKEN: "gho_a-token-in-the-environment" };
    const { stdout } = await auth(["status", "github"], { env: more });
    expect(stdout).toContain("Access token: expiry unknown\n");
    expect((await auth(["list"], { env: more })).stdout).not.toContain("never");
  });
});

describe("a login says what comes after its first token", () => {
  test("it is renewed", async () => {
    const at = await loggedIn({}, null);
    homes.push(at);
    expect((await at.call(["login", "sentry", ...at.places])).stderr).toMatch(
      /✓ Logged in to sentry:default as grace@example\.com\. The token is renewed for you\.\n/,
    );
  }, 60_000);

  test("nothing: it lasts so long, or for an unknown time", async () => {
    const env = bareEnvironment();
    const args = ["login", "sentry:pasted", "--token", "-", "--no-verify"];
    expect((await auth(args, { env, stdin: "sntrys_a-token-that-was-pasted" })).stderr).toContain(
      "✓ Logged in to sentry:pasted; expiry unknown.\n",
    );
    const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
    const jwt = `${part({ alg: "none" })}.${part({ exp: Math.floor(Date.now() / 1000) + 3650 })}.c2ln`;
    expect((await auth([...args, "--force"], { env, stdin: jwt })).stderr).toMatch(/sentry:pasted for 60 minutes\.\n/);
  });
});

test("the log file on the disk is in UTC, and says so", async () => {
  const at = await home();
  await at.call(["refresh", "sentry", "--force"], { env: { TZ: "Asia/Kolkata" } });
  const lines = readFileSync(join(at.env.AUTH_HOME ?? "", "logs", "auth.log"), "utf8")
    .trim()
    .split("\n");
  for (const line of lines) expect(line).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z /);
});

test("when the refresh token and the whole authorization end is shown, where a provider says it", async () => {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () =>
      Response.json({
        access_token: "access",
        token_type: "Bearer",
        expires_in: 3600,
        refresh_token: "refresh",
        refresh_token_timeout: 10 * 24 * 3600 + 60,
        authorization_expires_in: 90 * 24 * 3600 + 60,
      }),
  });
  const env = bareEnvironment();
  const folder = join(env.AUTH_HOME ?? "", "providers");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = `id = "acme"\ntitle = "Acme"\nflows = ["code"]\n[endpoints]\ntoken = "http://127.0.0.1:${server.port}/token"\n`;
  writeFileSync(join(folder, "acme.toml"), text, { mode: 0o600 });
  const login = await auth(["login", "acme", "--client-id", "me", "--code", "-"], { env, stdin: "the-code" });
  expect(login.stderr).toContain("✓ Logged in to acme:default. The token is renewed for you.");
  const { stdout } = await auth(["status", "acme"], { env });
  expect(stdout).toContain("Refresh token: expires in 10 days unless it is used\n");
  expect(stdout).toMatch(/Login ends: \d{4}-\d\d-\d\d \d\d:\d\d [+-]\d\d:\d\d \(in 90 days\)\n/);
  const [entry] = JSON.parse((await auth(["list", "--json"], { env })).stdout);
  const days = (time: string): number => Math.floor((Date.parse(time) - Date.now()) / 86_400_000);
  expect([days(entry.refreshTokenExpiresAt), days(entry.authorizationExpiresAt)]).toEqual([10, 90]);
  await server.stop(true);
});
