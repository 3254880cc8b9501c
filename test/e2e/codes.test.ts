/** Logins whose code comes another way than through our own loopback, on the built binary. */
import { afterAll, describe, expect, test } from "bun:test";
import { startAzureDevops } from "../issuers/azure-devops.ts";
import { startSentryApp } from "../issuers/sentry-app.ts";
import type { Server } from "../issuers/server.ts";
import { AUTH, auth, bareEnvironment, type Ended } from "../support/program.ts";

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

function started<T extends { server: Server }>(issuer: T): T {
  servers.push(issuer.server);
  return issuer;
}

async function ok(run: Promise<Ended>): Promise<string> {
  const ended = await run;
  if (ended.code !== 0) throw new Error(`exit ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
  return ended.stdout.trim();
}

describe("an installation of a Sentry integration", () => {
  function home(issuer: ReturnType<typeof startSentryApp>) {
    const env = bareEnvironment({
      AUTH_SENTRY_APP_CLIENT_ID: issuer.client.id,
      AUTH_SENTRY_APP_CLIENT_SECRET: issuer.client.secret,
    });
    const call = (args: readonly string[], stdin = ""): Promise<Ended> => auth(args, { env, stdin });
    const place = ["--installation", issuer.installation, "--endpoint", `token=${issuer.endpoints.token}`];
    const login = (code: string, ...more: string[]) =>
      call(["login", "sentry-app:acme", "--flow", "code", "--code", "-", ...place, ...more], code);
    return { env, call, login };
  }

  test("the code becomes tokens, in JSON; a refresh replaces both; concurrent callers share one refresh", async () => {
    const issuer = started(startSentryApp({ accessLifetime: 8 }));
    const { call, login, env } = home(issuer);
    await ok(login(issuer.install()));
    const [exchange] = issuer.server.calls;
    expect(exchange?.headers.get("content-type")).toBe("application/json");
    expect(Object.keys(exchange?.json ?? {}).sort()).toEqual(["client_id", "client_secret", "code", "grant_type"]);
    const entry = JSON.parse(await ok(call(["status", "sentry-app:acme", "--json"])))[0];
    expect(entry).toMatchObject({ status: "connected", refreshable: true, scopes: ["org:read", "event:admin"] });
    const first = await ok(call(["token", "sentry-app:acme"]));
    await Bun.sleep(4500);
    const crowd = await Promise.all(Array.from({ length: 6 }, () => ok(auth(["token", "sentry-app:acme"], { env }))));
    const [second = ""] = new Set(crowd);
    expect(new Set(crowd).size).toBe(1);
    expect(second).not.toBe(first);
    expect([issuer.isLive(first), issuer.isLive(second)]).toEqual([false, true]);
    expect(issuer.server.calls).toHaveLength(2);
    expect(Object.keys(issuer.server.calls[1]?.json ?? {}).sort()).toEqual([
      "client_id",
      "client_secret",
      "grant_type",
      "refresh_token",
    ]);
    expect(JSON.parse(await ok(call(["refresh", "sentry-app:acme", "--force", "--json"])))).toMatchObject({
      refreshed: true,
    });
  });

  test("a code works once, and a wrong one stores nothing", async () => {
    const issuer = started(startSentryApp());
    const { call, login } = home(issuer);
    const code = issuer.install();
    await ok(login(code));
    const again = await login(code, "--force");
    expect(again.code).toBe(7);
    expect(again.stderr).toContain("Install the integration again");
    // The login that worked is still there.
    expect((await call(["token", "sentry-app:acme"])).code).toBe(0);
  });

  test("a refresh token that is gone: log in again, said in Sentry's words, and not tried for ever", async () => {
    const issuer = started(startSentryApp({ accessLifetime: 1 }));
    const { call, login } = home(issuer);
    await ok(login(issuer.install()));
    issuer.kill();
    await Bun.sleep(2100);
    const refused = await call(["token", "sentry-app:acme"]);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toStartWith(
      "Error: refresh failed for sentry-app (acme): Given refresh token does not exist\n",
    );
    const sent = issuer.server.calls.length;
    expect((await call(["token", "sentry-app:acme"])).code).toBe(4);
    expect(issuer.server.calls).toHaveLength(sent);
  });

  test("a reply that was lost is not taken for a refusal", async () => {
    const issuer = started(startSentryApp({ accessLifetime: 1 }));
    const { call, login } = home(issuer);
    await ok(login(issuer.install()));
    issuer.server.fail({ path: new URL(issuer.endpoints.token).pathname, after: true, reply: { status: 502 } });
    await Bun.sleep(2100);
    expect((await call(["token", "sentry-app:acme"])).code).toBe(5);
    expect(JSON.parse((await call(["status", "sentry-app:acme", "--json"])).stdout)[0]).toMatchObject({
      reason: "in_doubt",
    });
    const lost = await call(["refresh", "sentry-app:acme", "--force", "--json"]);
    expect(JSON.parse(lost.stderr).error.code).toBe("rotation_lost");
  });

  test("tokens of one installation are not refreshed for another", async () => {
    const issuer = started(startSentryApp());
    const { call, login } = home(issuer);
    await ok(login(issuer.install()));
    const sent = issuer.server.calls.length;
    const args = ["login", "sentry-app:acme", "--code", "-", "--installation", "00000000-0000-0000-0000-000000000000"];
    const other = await call(args, "code");
    expect(other.code).toBe(6);
    expect(other.stderr).toContain("-p NAME");
    expect(issuer.server.calls).toHaveLength(sent);
  });
});

describe("azure devops' own oauth", () => {
  function home(issuer: ReturnType<typeof startAzureDevops>) {
    const env = bareEnvironment({
      AUTH_AZURE_DEVOPS_CLIENT_ID: issuer.client.id,
      AUTH_AZURE_DEVOPS_CLIENT_SECRET: issuer.client.secret,
    });
    const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
    return { env, places, call: (args: readonly string[]): Promise<Ended> => auth(args, { env }) };
  }

  /** The browser ends on a page that no server answers; its address is pasted. */
  async function login(env: Record<string, string>, args: readonly string[]): Promise<Ended> {
    const child = Bun.spawn([AUTH, "login", ...args, "--callback", "-", "--json"], {
      env,
      stdin: "pipe",
      stdout: "pipe",
      stderr: "pipe",
    });
    let stdout = "";
    let answered = false;
    for await (const chunk of child.stdout) {
      stdout += new TextDecoder().decode(chunk);
      const url = /"event":"authorize","url":"([^"]+)"/.exec(stdout)?.[1];
      if (url === undefined || answered) continue;
      answered = true;
      const answer = await fetch(url, { redirect: "manual" });
      child.stdin.write(`${answer.headers.get("location")}\n`);
      child.stdin.end();
    }
    const code = await child.exited;
    return { code, signal: child.signalCode, stdout, stderr: await child.stderr.text() };
  }

  test("secret and code go as assertions, and so does the refresh token; the redirect is named again", async () => {
    const issuer = started(startAzureDevops({ accessLifetime: 2 }));
    const { env, places, call } = home(issuer);
    await ok(login(env, ["azure-devops:old", "--redirect-uri", issuer.redirectUri, ...places]));
    const [exchange] = issuer.server.callsTo("/oauth2/token");
    expect([...(exchange?.form.keys() ?? [])].sort()).toEqual([
      "assertion",
      "client_assertion",
      "client_assertion_type",
      "grant_type",
      "redirect_uri",
    ]);
    expect(JSON.parse(await ok(call(["status", "azure-devops:old", "--json"])))[0]).toMatchObject({
      account: "ada@example.com",
      refreshable: true,
    });
    const first = await ok(call(["token", "azure-devops:old"]));
    await Bun.sleep(2100);
    const second = await ok(call(["token", "azure-devops:old"]));
    expect(second).not.toBe(first);
    const sent = issuer.server.callsTo("/oauth2/token").length;
    const third = JSON.parse(await ok(call(["refresh", "azure-devops:old", "--force", "--json"])));
    expect(third).toMatchObject({ refreshed: true });
    expect(issuer.server.callsTo("/oauth2/token")).toHaveLength(sent + 1);
  });

  test("a later login knows the redirect from the first", async () => {
    const issuer = started(startAzureDevops());
    const { env, places } = home(issuer);
    await ok(login(env, ["azure-devops:old", "--redirect-uri", issuer.redirectUri, ...places]));
    await ok(login(env, ["azure-devops:old", "--force", ...places]));
  });

  test("a redirect URI that is not https is refused before anything is sent", async () => {
    const issuer = started(startAzureDevops());
    const { places, call } = home(issuer);
    for (const flags of [["--redirect-uri", "http://localhost/callback"], []]) {
      const refused = await call(["login", "azure-devops", ...flags, ...places]);
      expect({ code: refused.code, stderr: refused.stderr }).toEqual({
        code: 64,
        stderr: expect.stringContaining("--redirect-uri"),
      });
    }
    expect(issuer.server.calls).toEqual([]);
  });

  test("its capitalised errors are understood: a dead login is dead, in its own words", async () => {
    const issuer = started(startAzureDevops({ accessLifetime: 1 }));
    const { env, places, call } = home(issuer);
    await ok(login(env, ["azure-devops:old", "--redirect-uri", issuer.redirectUri, ...places]));
    issuer.kill();
    await Bun.sleep(1100);
    const refused = await call(["token", "azure-devops:old"]);
    expect(refused.code).toBe(4);
    expect(refused.stderr).toStartWith("Error: refresh failed for azure-devops (old): invalid_grant\n");
  });
});
