/**
 * The ways in which people script a refresh, as docs/refresh.md tells them, and `refresh --all`, which the third of them
 * leans on. The fourth, a loop under `auth run`, is in environment.test.ts. Lifetimes are those of minutes and hours in
 * seconds: what counts is what is left of them.
 */
import { afterAll, describe, expect, test } from "bun:test";
import { loginByBrowser } from "../support/browser-login.ts";
import { paste, succeeded } from "../support/home.ts";
import { AUTH, auth, bareEnvironment, type Ended, run } from "../support/program.ts";

/** An issuer that grants whatever it is asked for; what it answers to a refresh is the test's to say. */
class Issuer {
  /** Of access tokens, in seconds. */
  lifetime = 20;
  refreshLifetime: number | null = null;
  /** Answers a refresh instead of new tokens. */
  refusal: { readonly status: number; readonly error: string } | null = null;
  /** Awaited before a refresh is answered. */
  hold: () => Promise<unknown> = async () => {};
  refreshes = 0;
  /** No two issuers give the same refresh token. */
  readonly #id = issuers.length;
  #minted = 0;
  readonly #server = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: (request) => this.#answer(request) });

  /** The flags that lead a login here. */
  get places(): string[] {
    const url = `http://127.0.0.1:${this.#server.port}`;
    return ["--endpoint", `authorization=${url}/authorize`, "--endpoint", `token=${url}/token`];
  }

  stop(): Promise<void> {
    return this.#server.stop(true);
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/authorize") {
      const back = new URL(searchParams.get("redirect_uri") ?? "");
      back.searchParams.set("code", "the-code");
      back.searchParams.set("state", searchParams.get("state") ?? "");
      return Response.redirect(back.href, 302);
    }
    if (new URLSearchParams(await request.text()).get("grant_type") === "refresh_token") {
      this.refreshes++;
      await this.hold();
      if (this.refusal !== null) return refused(this.refusal);
    }
    const n = ++this.#minted;
    return Response.json({
      access_token: `access-${n}`,
      refresh_token: `refresh-${this.#id}-${n}`,
      token_type: "bearer",
      expires_in: this.lifetime,
      ...(this.refreshLifetime !== null && { refresh_token_expires_in: this.refreshLifetime }),
    });
  }
}

function refused({ status, error }: NonNullable<Issuer["refusal"]>): Response {
  return Response.json({ error }, { status, headers: { "retry-after": "60" } });
}

const issuers: Issuer[] = [];
afterAll(() => Promise.all(issuers.map((issuer) => issuer.stop())));

interface Home {
  readonly env: Record<string, string>;
  call(...args: string[]): Promise<Ended>;
}

function home(): Home {
  const env = bareEnvironment();
  return { env, call: (...args) => auth(args, { env }) };
}

async function loginAt({ env }: Home, provider: string, settings: Partial<Issuer> = {}): Promise<Issuer> {
  const issuer = Object.assign(new Issuer(), settings);
  issuers.push(issuer);
  const client = ["--client-id", "a-client", ...(provider === "sentry" ? [] : ["--client-secret", "a-secret"])];
  await loginByBrowser(["login", provider, "--flow", "browser", ...issuer.places, ...client, "--json"], env);
  return issuer;
}

describe("is my login still good? auth refresh --force", () => {
  const good = (at: Home): Promise<Ended> =>
    run(["sh", "-c", '"$AUTH" refresh sentry --force -q; echo "exit $?"'], { env: { ...at.env, AUTH } });

  test("0: it is; 5: ask again later; 4: log in again. With -q nothing but errors is said", async () => {
    const at = home();
    const issuer = await loginAt(at, "sentry", { lifetime: 3600 });
    expect(await good(at)).toMatchObject({ stdout: "exit 0\n", stderr: "" });
    expect(issuer.refreshes).toBe(1);
    issuer.refusal = { status: 429, error: "slow_down" };
    expect(await good(at)).toMatchObject({
      stdout: "exit 5\n",
      stderr: expect.stringMatching(/^Error: refresh failed/),
    });
    issuer.refusal = { status: 400, error: "invalid_grant" };
    expect(await good(at)).toMatchObject({
      stdout: "exit 4\n",
      stderr: expect.stringMatching(/^Error: refresh failed/),
    });
    // A token known dead is not sent again.
    expect((await good(at)).stdout).toBe("exit 4\n");
    expect(issuer.refreshes).toBe(3);
  });
});

describe("before a long job: auth token --min-ttl", () => {
  test("a token that lives long enough is kept, another is replaced first", async () => {
    const at = home();
    const issuer = await loginAt(at, "sentry");
    expect((await at.call("token", "sentry", "--min-ttl", "12")).stdout).toBe("access-1\n");
    // A tenth of its life later it is no longer new.
    await Bun.sleep(2100);
    expect((await at.call("token", "sentry", "--min-ttl", "12")).stdout).toBe("access-1\n");
    expect(issuer.refreshes).toBe(0);
    const ended = await at.call("token", "sentry", "--min-ttl", "19", "--json");
    expect(JSON.parse(ended.stdout)).toMatchObject({ access_token: "access-2", expires_in: expect.any(Number) });
    expect(JSON.parse(ended.stdout).expires_in).toBeGreaterThanOrEqual(18);
    expect(issuer.refreshes).toBe(1);
  });
});

describe("from cron: auth refresh --all --min-ttl … -q", () => {
  const cron = (at: Home): Promise<Ended> => at.call("refresh", "--all", "--min-ttl", "19", "-q");

  test("tokens that would expire before the next run are refreshed, the rest left alone; nothing is printed", async () => {
    const at = home();
    const short = await loginAt(at, "sentry");
    const long = await loginAt(at, "google", { lifetime: 3600 });
    await Bun.sleep(2100);
    expect(await cron(at)).toMatchObject({ code: 0, stdout: "", stderr: "" });
    expect([short.refreshes, long.refreshes]).toEqual([1, 0]);
    expect((await at.call("token", "sentry")).stdout).toBe("access-2\n");
  });

  test("a provider that is down is left alone for a while: its back-off is remembered from run to run", async () => {
    const at = home();
    const issuer = await loginAt(at, "sentry");
    issuer.refusal = { status: 503, error: "temporarily_unavailable" };
    await Bun.sleep(2100);
    const said = [];
    for (let run = 0; run < 4; run++) {
      const { code, stderr } = await cron(at);
      expect(code).toBe(5);
      said.push(stderr);
    }
    expect(said[0]).toStartWith("Warning: refresh failed for sentry (default): temporarily_unavailable\n");
    for (const later of said.slice(1)) expect(later).toContain("Not tried again until ");
    expect(issuer.refreshes).toBe(1);
  });
});

describe("refresh --all", () => {
  test("a refresh token that would expire unused is refreshed, though its access token is fresh", async () => {
    const at = home();
    const idle = await loginAt(at, "google", { lifetime: 3600, refreshLifetime: 3 });
    const used = await loginAt(at, "sentry", { lifetime: 3600, refreshLifetime: 3600 });
    expect((await at.call("refresh", "--all")).stderr).toEndWith("\n0 refreshed, 2 valid, 0 skipped, 0 failed\n");
    expect((await at.call("status")).stdout).not.toContain("ends soon");
    await Bun.sleep(2100);
    const dying = (connection: string): Promise<Ended> => at.call("status", connection);
    expect((await dying("google")).stdout).toMatch(/^ {2}Its refresh token ends soon\. Use it: auth refresh --all/m);
    expect((await dying("sentry")).stdout).not.toContain("ends soon");
    expect((await at.call("refresh", "--all")).stderr).toEndWith("\n1 refreshed, 1 valid, 0 skipped, 0 failed\n");
    expect([idle.refreshes, used.refreshes]).toEqual([1, 0]);
  });

  test("asks providers at the same time, not one after the other", async () => {
    const at = home();
    const both = [await loginAt(at, "sentry"), await loginAt(at, "google")];
    const met = Promise.withResolvers<void>();
    for (const issuer of both)
      issuer.hold = () => {
        if (both.every(({ refreshes }) => refreshes === 1)) met.resolve();
        return Promise.race([met.promise, Bun.sleep(5_000).then(() => Promise.reject(new Error("alone")))]);
      };
    expect(await at.call("refresh", "--all", "--force", "-q")).toMatchObject({ code: 0, stderr: "" });
  });

  test("in words: a line for each, one summary, the worst exit code; the environment is left alone", async () => {
    const at = home();
    await loginAt(at, "sentry");
    const dead = await loginAt(at, "google");
    dead.refusal = { status: 400, error: "invalid_grant" };
    await succeeded(at.call("profile", "create", "github:later"));
    await paste(at.env, "github", "a-pasted-token");
    const env = { ...at.env, SENTRY_AUTH_TOKEN: "from-the-environment" };
    const { code, stdout, stderr } = await auth(["refresh", "--all", "--force"], { env });
    expect({ code, stdout }).toEqual({ code: 4, stdout: "" });
    const [first, ...lines] = stderr.trimEnd().split("\n");
    expect(first).toContain("tokens in the environment are left alone");
    expect(lines.at(-1)).toBe("1 refreshed, 0 valid, 2 skipped, 1 failed");
    expect(lines).toContain("Log in again: auth login google");
    expect(lines.filter((line) => /^(Warning|✓|github)/.test(line)).sort()).toEqual([
      "Warning: refresh failed for google (default): invalid_grant",
      "github:default: skipped, it has no refresh token",
      "github:later: skipped, not logged in",
      "✓ sentry:default: refreshed (expires in less than a minute)",
    ]);
  });

  test("as NDJSON: what refresh --json says of each and the connection, then the summary", async () => {
    const at = home();
    await loginAt(at, "sentry");
    const down = await loginAt(at, "google");
    down.refusal = { status: 503, error: "temporarily_unavailable" };
    await paste(at.env, "github", "a-pasted-token");
    const { code, stdout, stderr } = await at.call("refresh", "--all", "--force", "--json");
    expect({ code, stderr }).toEqual({ code: 5, stderr: "" });
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(lines.at(-1)).toEqual({ summary: { refreshed: 1, valid: 0, skipped: 1, failed: 1 } });
    const of = (connection: string): unknown => lines.find((line) => line.connection === connection);
    expect(of("sentry:default")).toEqual({
      success: true,
      refreshed: true,
      message: "Token refreshed successfully",
      expiresIn: expect.any(Number),
      expiresAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      connection: "sentry:default",
    });
    expect(of("github:default")).toMatchObject({ success: true, refreshed: false, skipped: true });
    expect(of("google:default")).toMatchObject({ success: false, refreshed: false, code: "provider_unavailable" });
  });

  test("nothing stored: nothing to do, 0", async () => {
    const { code, stdout, stderr } = await home().call("refresh", "--all");
    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
    expect(stderr).toEndWith("0 refreshed, 0 valid, 0 skipped, 0 failed\n");
    const json = await home().call("refresh", "--all", "--json");
    expect(json.stdout).toBe('{"summary":{"refreshed":0,"valid":0,"skipped":0,"failed":0}}\n');
  });

  test("with a connection: exit 64", async () => {
    expect((await home().call("refresh", "sentry", "--all")).code).toBe(64);
  });
});
