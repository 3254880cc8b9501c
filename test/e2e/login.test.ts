/** `auth login`, CLI.md §4. How each dialect logs in is in dialects.test.ts; what a terminal sees, in terminal.test.ts. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startGithub } from "../issuers/github.ts";
import { decideBrowser, type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { startSentry } from "../issuers/sentry.ts";
import { visit } from "../support/browser-login.ts";
import { browserHome, logInByBrowser, paste, succeeded } from "../support/home.ts";
import { errorOf, type LoggedIn, loggedIn } from "../support/logged-in.ts";
import { manifest, pluginHome } from "../support/plugin-home.ts";
import { AUTH, auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";

type Events = Record<string, unknown>[];

const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

async function home(options: Parameters<typeof loggedIn>[0] = {}): Promise<LoggedIn> {
  const made = await browserHome(options);
  stops.push(made.stop);
  return made;
}

function places(issuer: { readonly endpoints: Readonly<Record<string, string>> }): string[] {
  return Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
}

/** A login under way. Those that a test leaves are ended after it. */
interface UnderWay {
  /** The next event, or null at the end. */
  event(): Promise<Record<string, unknown> | null>;
  write(line: string): void;
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

const running: Bun.Subprocess[] = [];
afterEach(async () => {
  for (const child of running.splice(0)) {
    child.kill("SIGKILL");
    await child.exited;
  }
});

function start(args: readonly string[], env: Record<string, string>): UnderWay {
  const child = Bun.spawn([AUTH, "login", ...args, "--json"], { env, stdin: "pipe", stdout: "pipe", stderr: "pipe" });
  running.push(child);
  let stdout = "";
  const events: string[] = [];
  const decoder = new TextDecoder();
  const reader = child.stdout.getReader();
  async function more(): Promise<boolean> {
    const { value, done } = await reader.read();
    const text = decoder.decode(value, { stream: !done });
    stdout += text;
    events.push(...text.split("\n").filter((line) => line !== ""));
    return !done;
  }
  return {
    async event() {
      while (events.length === 0) if (!(await more())) return null;
      return JSON.parse(events.shift() ?? "");
    },
    write: (line) => {
      child.stdin.write(`${line}\n`);
      void child.stdin.flush();
    },
    signal: (name) => child.kill(name),
    get ended() {
      return (async () => {
        const stderr = child.stderr.text();
        while (await more());
        await child.exited;
        return { code: child.exitCode, signal: child.signalCode, stdout, stderr: await stderr };
      })();
    },
  };
}

/** The URL that a browser login opens, and nothing more of it. */
async function authorization(args: readonly string[], env: Record<string, string>): Promise<URL> {
  const login = start([...args, "--flow", "browser"], env);
  const event = await login.event();
  if (event === null) throw new Error((await login.ended).stderr);
  return new URL(String(event.url));
}

describe("already connected", () => {
  test("says which account is logged in, exit 0, and nothing is done", async () => {
    const at = await home();
    const calls = at.issuer.server.calls.length;
    const { code, stdout, stderr } = await at.call(["login", "sentry"]);
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toStartWith("Already logged in as grace@example.com");
    expect(at.issuer.server.calls).toHaveLength(calls);
  });

  test("--force always runs, and the new login takes the place of the old", async () => {
    const at = await home();
    const events = await logInByBrowser(at, "sentry", ["--force"]);
    expect(events.map(({ event }) => event)).toEqual(["authorize", "connected"]);
    expect((await at.call(["token", "sentry"])).stdout.trim()).toBe(String(at.issuer.rows[1]?.access));
  });

  test("any other status proceeds", async () => {
    const at = await home();
    at.issuer.kill();
    expect((await at.call(["refresh", "sentry", "--force"])).code).toBe(4);
    expect((await at.call(["status", "sentry"])).code).toBe(4);
    await logInByBrowser(at, "sentry");
    expect((await at.call(["status", "sentry"])).code).toBe(0);
  });

  test("the old credential stays until the new one is stored", async () => {
    const at = await home();
    at.issuer.decisions.authorize = "deny";
    const login = start(["sentry", "--flow", "browser", "--force", ...at.places], at.env);
    await visit(String((await login.event())?.url));
    expect((await login.ended).code).toBe(7);
    expect((await at.call(["token", "sentry"])).stdout.trim()).toBe(String(at.issuer.rows[0]?.access));
  });
});

describe("under a name that is taken, without --force", () => {
  test("another client: 6 client_mismatch, before anything is sent", async () => {
    const at = await home();
    const calls = at.issuer.server.calls.length;
    for (const [flags, env] of [
      [["--client-id", "other"], {}],
      [[], { AUTH_SENTRY_CLIENT_ID: "other" }],
      [[], { AUTH_SENTRY_CLIENT_ID: "", SENTRY_CLIENT_ID: "other" }],
    ] as const) {
      const ended = await at.call(["login", "sentry", ...flags, "--json"], { env });
      expect(ended.code).toBe(6);
      expect(errorOf(ended)).toMatchObject({ code: "client_mismatch", connection: "sentry:default" });
      expect(errorOf(ended).hint).toContain("-p NAME");
      expect(errorOf(ended).hint).toContain("--force");
    }
    expect(at.issuer.server.calls).toHaveLength(calls);
  });

  test("another host: 6 origin_mismatch, before anything is sent", async () => {
    const env = bareEnvironment();
    await succeeded(
      auth(["login", "github", "--host", "a.example.com", "--token", "-", "--no-verify"], { env, stdin: "t" }),
    );
    for (const [flags, variables] of [
      [["--host", "b.example.com"], {}],
      [[], { GH_HOST: "b.example.com" }],
      [["--endpoint", "token=https://b.example.com/token"], {}],
    ] as const) {
      const args = ["login", "github", ...flags, "--token", "-", "--no-verify", "--json"];
      const ended = await auth(args, { env: { ...env, ...variables }, stdin: "new" });
      expect(ended.code).toBe(6);
      expect(errorOf(ended)).toMatchObject({ code: "origin_mismatch" });
      expect(errorOf(ended).hint).toContain("-p NAME");
    }
    expect((await auth(["token", "github"], { env })).stdout).toBe("t\n");
  });

  test("another account: not stored, and the message suggests -p NAME", async () => {
    const at = await home();
    at.issuer.kill();
    await at.call(["refresh", "sentry", "--force"]);
    const body = JSON.stringify({ auth: { scopes: [] }, user: { id: "43", email: "other@example.com" } });
    const headers = { "content-type": "application/json" };
    at.issuer.server.fail({ path: "/api/0/", times: 2, reply: { status: 200, body, headers } });
    const ended = await at.call(["login", "sentry", "--token", "-", "--json"], { stdin: "of-someone-else" });
    expect(ended.code).toBe(64);
    expect(errorOf(ended)).toMatchObject({ code: "usage", connection: "sentry:default" });
    for (const text of ["grace@example.com", "other@example.com", "-p NAME", "--force"])
      expect(ended.stderr).toContain(text);
    expect((await at.call(["get", "sentry", "-f", "account", "--no-refresh"])).stdout).toBe("grace@example.com\n");
    const forced = await at.call(["login", "sentry", "--token", "-", "--force"], { stdin: "of-someone-else" });
    expect(forced.code).toBe(0);
    expect((await at.call(["get", "sentry", "-f", "account"])).stdout).toBe("other@example.com\n");
  });
});

describe("settings", () => {
  const login = async (
    env: Record<string, string>,
    connection: string,
    flags: readonly string[] = [],
    more: Record<string, string> = {},
  ): Promise<Ended> => {
    const args = ["login", connection, "--token", "-", "--no-verify", "--force", ...flags];
    return succeeded(auth(args, { env: { ...env, ...more }, stdin: "t" }));
  };
  const hostOf = async (env: Record<string, string>, connection: string): Promise<string> =>
    (await auth(["get", connection, "-f", "host"], { env })).stdout.trim();

  test("flag, then environment, then profile, then default", async () => {
    const env = bareEnvironment();
    await succeeded(auth(["profile", "create", "sentry:p", "--host", "profile.example.com"], { env }));
    const variable = { SENTRY_URL: "https://variable.example.com" };
    await login(env, "sentry:p");
    expect(await hostOf(env, "sentry:p")).toBe("profile.example.com");
    await login(env, "sentry:p", [], variable);
    expect(await hostOf(env, "sentry:p")).toBe("variable.example.com");
    await login(env, "sentry:p", ["--host", "flag.example.com"], variable);
    expect(await hostOf(env, "sentry:p")).toBe("flag.example.com");
    await login(env, "sentry:q");
    expect(await hostOf(env, "sentry:q")).toBe("sentry.io");
  });

  test("what came from the environment is named, with its value: host from SENTRY_URL", async () => {
    const variable = { SENTRY_URL: "https://variable.example.com" };
    expect((await login(bareEnvironment(), "sentry", [], variable)).stderr).toMatch(/host from SENTRY_URL: \S/);
    const flagged = await login(bareEnvironment(), "sentry", ["--host", "flag.example.com"], variable);
    expect(flagged.stderr).not.toContain("SENTRY_URL");
  });

  test("afterwards the environment changes nothing: it is read at login only", async () => {
    const env = bareEnvironment();
    await login(env, "sentry");
    const later = { ...env, SENTRY_URL: "https://later.example.com" };
    expect(await hostOf(later, "sentry")).toBe("sentry.io");
    expect((await auth(["run", "sentry", "--", "printenv", "SENTRY_HOST"], { env: later })).stdout).toBe("sentry.io\n");
  });

  test("an http address in a variable is refused", async () => {
    const env = bareEnvironment({ SENTRY_URL: "http://sentry.corp:9000" });
    const { code, stderr } = await auth(["login", "sentry", "--token", "-"], { env, stdin: "x" });
    expect(code).toBe(64);
    expect(stderr).toContain("SENTRY_URL is an http address, and tokens are sent over https only");
  });

  test("an unknown setting's flag: exit 64, with what may have been meant", async () => {
    const { code, stderr } = await auth(["login", "sentry", "--hots", "x"]);
    expect(code).toBe(64);
    expect(stderr).toContain("Did you mean '--host'?");
  });

  test("--endpoint takes a known name and an address that is https, or http to this machine: else 64", async () => {
    for (const given of [
      "tokn=https://x.example",
      "token=http://x.example",
      "token=ftp://x.example",
      "token",
      "token=",
    ])
      expect((await auth(["login", "github", "--endpoint", given, "--client-id", "x"])).code).toBe(64);
  });

  test("scopes replace the default: repeated, with commas or spaces", async () => {
    const { endpoints } = startIssuer();
    const args = ["sentry", ...places({ endpoints }), "--client-id", "x"];
    const scope = async (...flags: string[]): Promise<string | null> =>
      (await authorization([...args, ...flags], bareEnvironment())).searchParams.get("scope");
    expect(await scope("-s", "a,b", "--scope", "c d", "-s", "a")).toBe("a b c d");
    expect(await scope()).toStartWith("org:read project:read");
  });
});

function startIssuer(): ReturnType<typeof startSentry> {
  const issuer = startSentry({ approve: true, interval: 1 });
  stops.push(() => issuer.server.stop());
  return issuer;
}

describe("an issuer's URL", () => {
  let oidc: OidcIssuer;
  beforeAll(async () => {
    oidc = await startOidc();
    stops.push(() => oidc.stop());
  });

  test("makes a connection named after it", async () => {
    const env = bareEnvironment();
    const login = start([oidc.issuer, "--client-id", oidc.clientId, "--flow", "browser"], env);
    await visit(await decideBrowser(String((await login.event())?.url), "approve"));
    const connection = `oidc:127.0.0.1-${new URL(oidc.issuer).port}`;
    expect(await login.event()).toMatchObject({ event: "connected", connection, refreshable: true });
    expect((await auth(["refresh", connection, "--force"], { env })).code).toBe(0);
    expect((await auth(["get", connection, "-f", "account"], { env })).stdout).not.toBe("\n");
  });

  test("or under a name that is given", async () => {
    const env = bareEnvironment();
    const login = start([`${oidc.issuer}/`, "-p", "mine", "--client-id", oidc.clientId, "--flow", "browser"], env);
    await visit(await decideBrowser(String((await login.event())?.url), "approve"));
    expect(await login.event()).toMatchObject({ event: "connected", connection: "oidc:mine" });
    expect(
      JSON.parse((await auth(["profile", "show", "oidc:mine", "--json"], { env })).stdout).settings.issuer,
    ).toContain(oidc.issuer);
  });

  test("--issuer says it too", async () => {
    const env = bareEnvironment();
    const url = await authorization(["oidc", "--issuer", oidc.issuer, "--client-id", oidc.clientId], env);
    expect(url.origin).toBe(oidc.issuer);
    expect(url.searchParams.get("code_challenge_method")).toBe("S256");
  });

  test("a path becomes a part of the name: host, port, path", async () => {
    const { url, stop } = realm("/realms/x");
    stops.push(stop);
    const env = bareEnvironment();
    const login = start([`${url}/realms/x`, "--client-id", "c", "--flow", "browser", "--scope", "a"], env);
    await visit(String((await login.event())?.url));
    const connected = await login.event();
    expect(connected).toMatchObject({ connection: `oidc:127.0.0.1-${new URL(url).port}/realms/x`, refreshable: true });
  });

  test("one whose discovery names another issuer is refused: exit 5", async () => {
    const { url, stop } = realm("/realms/x", "/realms/y");
    stops.push(stop);
    const ended = await auth(["login", `${url}/realms/x`, "--client-id", "c", "--json"]);
    expect(ended.code).toBe(5);
    expect(errorOf(ended).code).toBe("provider_unavailable");
  });

  test("http that isn't this machine: exit 64", async () => {
    expect((await auth(["login", "http://issuer.example", "--client-id", "c"])).code).toBe(64);
  });

  test("with --callback -, an answer that another issuer gave is not used", async () => {
    const env = bareEnvironment();
    const login = start(
      ["oidc", "--issuer", oidc.issuer, "--client-id", oidc.clientId, "--flow", "browser", "--callback", "-"],
      env,
    );
    const answer = new URL(await decideBrowser(String((await login.event())?.url), "approve"));
    expect(answer.searchParams.get("iss")).toBe(oidc.issuer);
    answer.searchParams.set("iss", "https://evil.example");
    login.write(answer.href);
    const ended = await login.ended;
    expect(ended.code).toBe(7);
    expect(errorOf(ended).code).toBe("access_denied");
  });
});

/** The least an issuer with a path can be. */
function realm(path: string, named = path): { url: string; stop: () => Promise<void> } {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch(request): Response {
      const { pathname, searchParams, origin } = new URL(request.url);
      const issuer = `${origin}${named}`;
      if (pathname === `${path}/.well-known/openid-configuration`)
        return Response.json({
          issuer,
          authorization_endpoint: `${origin}/authorize`,
          token_endpoint: `${origin}/token`,
          jwks_uri: `${origin}/keys`,
          response_types_supported: ["code"],
        });
      if (pathname === "/authorize") {
        const to = new URL(searchParams.get("redirect_uri") ?? "");
        to.searchParams.set("code", "c");
        to.searchParams.set("state", searchParams.get("state") ?? "");
        return Response.redirect(to.href);
      }
      if (pathname === "/token")
        return Response.json({ access_token: "t", token_type: "Bearer", expires_in: 3600, refresh_token: "r" });
      return new Response(null, { status: 404 });
    },
  });
  return { url: server.url.origin, stop: () => server.stop(true) };
}

describe("--token", () => {
  const userinfo = (issuer: ReturnType<typeof startSentry>): string[] => [
    "--endpoint",
    `userinfo=${issuer.endpoints.userinfo}`,
  ];

  test("- reads it from stdin; the provider is asked whose it is", async () => {
    const at = await home();
    const token = at.issuer.rows[0]?.access ?? "";
    const env = bareEnvironment();
    const { code, stdout, stderr } = await auth(["login", "sentry", "--token", "-", ...userinfo(at.issuer), "--json"], {
      env,
      stdin: ` ${token}\n`,
    });
    expect(code).toBe(0);
    expect(stderr).not.toContain(token);
    expect(JSON.parse(stdout)).toMatchObject({ event: "connected", account: "grace@example.com", refreshable: false });
    expect((await auth(["token", "sentry"], { env })).stdout).toBe(`${token}\n`);
  });

  test("refused by the provider: 7 token_rejected, and not stored", async () => {
    const issuer = startIssuer();
    for (const status of [401, 403]) {
      issuer.server.fail({ path: "/api/0/", reply: { status } });
      const env = bareEnvironment();
      const ended = await auth(["login", "sentry", "--token", "-", ...userinfo(issuer), "--json"], {
        env,
        stdin: "bad",
      });
      expect(ended.code).toBe(7);
      expect(errorOf(ended)).toMatchObject({ code: "token_rejected", exitCode: 7 });
      expect((await auth(["token", "sentry"], { env })).code).toBe(2);
    }
  });

  test("the provider unreachable, or confused: stored, with a warning", async () => {
    const issuer = startIssuer();
    issuer.server.fail({ path: "/api/0/", times: 9, reply: { status: 500 } });
    for (const flags of [userinfo(issuer), ["--endpoint", "userinfo=http://127.0.0.1:9/"]]) {
      const env = bareEnvironment();
      const { code, stderr } = await auth(["login", "sentry", "--token", "-", ...flags], { env, stdin: "kept" });
      expect(code).toBe(0);
      expect(stderr).toContain("Warning: ");
      expect((await auth(["token", "sentry"], { env })).stdout).toBe("kept\n");
    }
  });

  test("--no-verify asks for no account", async () => {
    const issuer = startIssuer();
    const env = bareEnvironment();
    const args = ["login", "sentry", "--token", "-", "--no-verify", ...userinfo(issuer)];
    expect((await auth(args, { env, stdin: "t" })).code).toBe(0);
    expect(issuer.server.calls).toEqual([]);
  });

  test("on the command line it works, and warns that other processes can see it", async () => {
    for (const flag of [["--token", "visible-token"], ["--token=visible-token"]]) {
      const env = bareEnvironment();
      const { code, stderr } = await auth(["login", "sentry", ...flag, "--no-verify"], { env });
      expect(code).toBe(0);
      expect(stderr).toMatch(/Warning: .*other processes/i);
      expect(stderr).not.toContain("visible-token");
      expect((await auth(["token", "sentry"], { env })).stdout).toBe("visible-token\n");
    }
  });

  test("a provider that can't be asked whose a token is: stored, with the reason and the address", async () => {
    const place = ["--endpoint", "userinfo=http://127.0.0.1:1/me"];
    const { code, stderr } = await auth(["login", "sentry", "--token", "-", ...place], { stdin: "a-token" });
    expect(code).toBe(0);
    expect(stderr).toContain("could not be asked whose token this is (connection refused: http://127.0.0.1:1");
    expect(stderr).toContain("it was stored all the same");
  });

  test("nothing, or more than a token, on stdin: exit 64, nothing stored", async () => {
    const env = bareEnvironment();
    for (const stdin of ["", " \n", "two\nlines", "nul\0byte", new Uint8Array([0xff, 0xfe]), "x".repeat(1_000_000)])
      expect((await auth(["login", "sentry", "--token", "-"], { env, stdin })).code).toBe(64);
    expect((await auth(["login", "sentry", "--token", ""], { env })).code).toBe(64);
    expect((await auth(["list", "--json"], { env })).stdout).toBe("[]\n");
  });

  test("an API key: under its variable, in its header, of its pattern", async () => {
    const env = bareEnvironment();
    const header = "X-Api-Key: {token}";
    const flags = ["--env", "OPENAI_API_KEY", "--header", header, "--pattern", "sk-.*"];
    const login = ["login", "apikey:openai", "--token", "-", ...flags];
    const wrong = await auth([...login, "--json"], { env, stdin: "pk-1" });
    expect([wrong.code, errorOf(wrong).code]).toEqual([7, "token_rejected"]);
    expect(wrong.stderr).not.toContain("pk-1");
    await succeeded(auth(login, { env, stdin: "sk-1" }));
    expect((await auth(["token", "apikey:openai", "-o", "header"], { env })).stdout).toBe("X-Api-Key: sk-1\n");
    const run = await auth(["run", "apikey:openai", "--", "printenv", "OPENAI_API_KEY"], { env });
    expect(run.stdout).toBe("sk-1\n");
    const again = await auth(["login", "apikey:openai", "--token", "-", "--force"], { env, stdin: "sk-2" });
    expect(again.code).toBe(0);
    expect((await auth(["token", "apikey:openai", "-o", "header"], { env })).stdout).toBe("X-Api-Key: sk-2\n");
  });

  test("an API key's variable may not load code, its header must carry it, its pattern must be one: exit 64", async () => {
    for (const flags of [
      ["--env", "LD_PRELOAD"],
      ["--env", "not a name"],
      ["--header", "no token in it"],
      ["--pattern", "(a+)+$"],
    ])
      expect((await auth(["login", "apikey:x", "--token", "-", ...flags], { stdin: "k" })).code).toBe(64);
  });
});

describe("the client", () => {
  const clientId = async (args: readonly string[], env: Record<string, string>): Promise<string | null> =>
    (await authorization(args, env)).searchParams.get("client_id");

  test("flag, then AUTH_<PROVIDER>_CLIENT_ID, then the provider's own variable, then the record", async () => {
    const at = await home();
    const args = ["sentry", "-p", "other", ...at.places];
    const env = { ...at.env, AUTH_SENTRY_CLIENT_ID: "" };
    const own = { SENTRY_CLIENT_ID: "by-own-variable" };
    const ours = { AUTH_SENTRY_CLIENT_ID: "by-our-variable" };
    expect(await clientId([...args, "--client-id", "by-flag"], { ...env, ...own, ...ours })).toBe("by-flag");
    expect(await clientId(args, { ...env, ...own, ...ours })).toBe("by-our-variable");
    expect(await clientId(args, { ...env, ...own })).toBe("by-own-variable");
    expect(await clientId(args, env)).toBe(at.issuer.publicClient.id);
  });

  test("after a login its client is kept, secret included, for the next", async () => {
    const issuer = startGithub();
    stops.push(() => issuer.server.stop());
    const env = bareEnvironment();
    const args = ["github", "--flow", "browser", ...places(issuer), "--client-id", issuer.clientId];
    const events = await loginWithSecret([...args, "--client-secret", "-"], env, issuer.clientSecret);
    expect(events.at(-1)?.event).toBe("connected");
    const listed = JSON.parse((await auth(["client", "list", "--json"], { env })).stdout);
    expect(listed).toMatchObject([{ clientId: issuer.clientId, hasSecret: true, origin: issuer.server.url }]);
    const again = start(["github", "-p", "work", "--flow", "browser", ...places(issuer)], env);
    await visit(String((await again.event())?.url));
    expect(await again.event()).toMatchObject({ event: "connected", connection: "github:work" });
  });

  /** A browser login with something on stdin, to its end. */
  async function loginWithSecret(args: readonly string[], env: Record<string, string>, stdin: string): Promise<Events> {
    const child = Bun.spawn([AUTH, "login", ...args, "--json"], {
      env,
      stdin: new Blob([stdin]),
      stdout: "pipe",
      stderr: "ignore",
    });
    running.push(child);
    const events: Events = [];
    let text = "";
    for await (const chunk of child.stdout) {
      text += new TextDecoder().decode(chunk);
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n")) {
        const event = JSON.parse(text.slice(0, at)) as Record<string, unknown>;
        text = text.slice(at + 1);
        events.push(event);
        if (event.event === "authorize") await visit(String(event.url));
      }
    }
    await child.exited;
    return events;
  }

  for (const [provider, page, redirect, box] of [
    ["github", "https://github.com/settings/apps/new", "http://127.0.0.1/callback", "Enable Device Flow"],
    ["sentry", "https://sentry.io/settings/account/api/applications/", "http://127.0.0.1/callback", "Public"],
    ["google", "https://console.cloud.google.com/auth/clients", "http://127.0.0.1", "Desktop app"],
  ] as const)
    test(`none: 6 client_missing, and all that ${provider} needs`, async () => {
      const ended = await auth(["login", provider, "--json"]);
      expect(ended.code).toBe(6);
      expect(errorOf(ended)).toMatchObject({ code: "client_missing", exitCode: 6 });
      for (const text of [page, redirect, box, "--token -", `AUTH_${provider.toUpperCase()}_CLIENT_ID`])
        expect(errorOf(ended).hint).toContain(text);
    });

  test("none: the ways to log in, the one that asks least first, each with its whole command", async () => {
    const lines = async (...args: string[]): Promise<string[]> =>
      String(errorOf(await auth(["login", ...args, "--json"])).hint).split("\n");
    const hint = await lines("github:work");
    expect(hint.slice(0, 5)).toEqual([
      "1. The login that another tool has:",
      "   gh auth token | auth login github:work --token -",
      "2. A token, made at https://github.com/settings/tokens/new?scopes=repo,read:org,gist&description=auth",
      "   auth login github:work --token -",
      "3. An app of your own:",
    ]);
    expect(hint.at(-1)).toStartWith("   Then: auth login github:work --client-id <id>");
    const elsewhere = await lines("github", "--host", "ghe.example.com", "-s", "repo,workflow");
    expect(elsewhere.slice(0, 2)).toEqual([
      "1. A token, made at https://ghe.example.com/settings/tokens/new?scopes=repo,workflow&description=auth",
      "   auth login github --host ghe.example.com --scope repo,workflow --token -",
    ]);
    // A token that no page makes is for the few who have one.
    const google = await lines("google");
    expect(google[0]).toBe("1. An app of your own:");
    expect(google.slice(-2)).toEqual(["2. A token that you have already:", "   auth login google --token -"]);
  });

  test("an id alone where a secret is needed: client_missing says so", async () => {
    const ended = await auth(["login", "github", "--flow", "browser", "--client-id", "x", "--json"]);
    expect(ended.code).toBe(6);
    expect(errorOf(ended).code).toBe("client_missing");
    expect(errorOf(ended).hint).toContain("--client-secret -");
  });

  test("a secret that was refused is not sent again silently; a new one is used at once", async () => {
    const issuer = startGithub();
    stops.push(() => issuer.server.stop());
    const env = bareEnvironment();
    const args = ["github", "--flow", "browser", ...places(issuer)];
    const client = ["--client-id", issuer.clientId, "--client-secret", "-"];
    const first = await loginWithSecret([...args, ...client], env, issuer.clientSecret);
    expect(first.at(-1)?.event).toBe("connected");
    // The secret is changed at the provider; here a wrong one is set.
    await succeeded(auth(["logout", "github"], { env }));
    const reply = {
      status: 200,
      body: '{"error":"incorrect_client_credentials"}',
      headers: { "content-type": "application/json" },
    };
    issuer.server.fail({ path: "/login/oauth/access_token", reply });
    const refused = start(args, env);
    // Which page the browser sees in the end is the listener's promise.
    await visit(String((await refused.event())?.url)).catch(() => {});
    const ended = await refused.ended;
    expect([ended.code, errorOf(ended).code]).toEqual([6, "client_rejected"]);
    const calls = issuer.server.calls.length;
    const silent = await auth(["login", ...args, "--json"], { env });
    expect([silent.code, errorOf(silent).code]).toEqual([6, "client_missing"]);
    expect(issuer.server.calls).toHaveLength(calls);
    expect(errorOf(silent).hint).toContain("--client-secret -");
    // Given anew it is used, also where it is the same.
    const again = await loginWithSecret([...args, ...client], env, issuer.clientSecret);
    expect(again.at(-1)?.event).toBe("connected");
  });

  test("a secret that was refused at a refresh is not sent again either", async () => {
    const issuer = startGithub();
    stops.push(() => issuer.server.stop());
    const env = bareEnvironment();
    const args = ["github", "--flow", "browser", ...places(issuer)];
    const client = ["--client-id", issuer.clientId, "--client-secret", "-"];
    await loginWithSecret([...args, ...client], env, issuer.clientSecret);
    const headers = { "content-type": "application/json" };
    const reply = { status: 200, body: '{"error":"incorrect_client_credentials"}', headers };
    issuer.server.fail({ path: "/login/oauth/access_token", reply });
    expect((await auth(["refresh", "github", "--force"], { env })).code).toBe(6);
    const silent = await auth(["login", ...args, "--json"], { env });
    expect([silent.code, errorOf(silent).code]).toEqual([6, "client_missing"]);
    const again = await loginWithSecret([...args, ...client], env, issuer.clientSecret);
    expect(again.at(-1)?.event).toBe("connected");
  });

  test("a secret on the command line is warned about; only one thing can come from stdin", async () => {
    const { stderr } = await auth([
      "login",
      "github",
      "--client-id",
      "x",
      "--client-secret",
      "visible",
      "--flow",
      "nope",
    ]);
    expect(stderr).not.toContain("visible");
    for (const flags of [
      ["--token", "-", "--client-secret", "-"],
      ["--callback", "-", "--client-secret", "-"],
    ])
      expect((await auth(["login", "github", ...flags], { stdin: "x" })).code).toBe(64);
  });
});

describe("the browser", () => {
  for (const flow of ["browser", "device"])
    test(`is opened with --json as without it, by ${flow}; --no-browser leaves it to the program that reads the event`, async () => {
      const at = await loggedIn({ approve: false }, null);
      stops.push(at.stop);
      const folder = tempFolder();
      const opened = join(folder, "opened");
      const program = join(folder, "browser");
      writeFileSync(program, `#!/bin/sh\nprintf %s "$1" > ${opened}.new && mv ${opened}.new ${opened}\n`, {
        mode: 0o755,
      });
      const env = { ...at.env, BROWSER: program };
      const args = ["sentry", "--flow", flow, ...at.places];
      const silent = start([...args, "--no-browser"], env);
      await silent.event();
      const login = start(args, env);
      const event = await login.event();
      await until("the page is opened", () => existsSync(opened));
      // The other login's page, with its own state or code, would be another one.
      expect(readFileSync(opened, "utf8")).toBe(String(event?.url ?? event?.verificationUriComplete));
    });
});

describe("events of --json", () => {
  test("device_code, then connected, with exactly these fields", async () => {
    const at = await loggedIn({}, null);
    stops.push(at.stop);
    const { code, stdout, stderr } = await at.call(["login", "sentry", ...at.places, "--json"]);
    expect(code).toBe(0);
    const [first, second, ...more] = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(more).toEqual([]);
    expect(Object.keys(first)).toEqual([
      "event",
      "verificationUri",
      "verificationUriComplete",
      "userCode",
      "expiresIn",
      "interval",
    ]);
    expect(first).toMatchObject({
      event: "device_code",
      verificationUri: `${at.issuer.server.url}/oauth/device/`,
      verificationUriComplete: `${at.issuer.server.url}/oauth/device/?user_code=${first.userCode}`,
      expiresIn: 600,
      interval: 1,
    });
    expect(Object.keys(second)).toEqual(["event", "connection", "account", "scopes", "expiresAt", "refreshable"]);
    expect(second).toMatchObject({
      event: "connected",
      connection: "sentry:default",
      account: "grace@example.com",
      refreshable: true,
    });
    expect(second.expiresAt).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/);
    expect(stderr).not.toContain(first.userCode);
  });

  test("a provider without a complete URI: null", async () => {
    const issuer = startGithub();
    stops.push(() => issuer.server.stop());
    const login = start(
      ["github", "--flow", "device", ...places(issuer), "--client-id", issuer.clientId],
      bareEnvironment(),
    );
    expect(await login.event()).toMatchObject({ event: "device_code", verificationUriComplete: null });
  });

  test("authorize, with exactly these fields", async () => {
    const issuer = startIssuer();
    const login = start(
      ["sentry", "--flow", "interactive", ...places(issuer), "--client-id", "sentry-public-client"],
      bareEnvironment(),
    );
    const event = (await login.event()) ?? {};
    expect(Object.keys(event)).toEqual(["event", "url", "redirectUri"]);
    expect(new URL(String(event.url)).searchParams.get("redirect_uri")).toBe(String(event.redirectUri));
    expect(event.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  });
});

describe("how a login ends", () => {
  test("refused, by device: 7 access_denied, nothing stored", async () => {
    const at = await loggedIn({ approve: false }, null);
    stops.push(at.stop);
    at.issuer.devices.decision = "denied";
    const ended = await at.call(["login", "sentry", ...at.places, "--json"]);
    expect(ended.code).toBe(7);
    const [, error] = [ended.stdout, errorOf(ended)];
    expect(error).toMatchObject({ code: "access_denied", exitCode: 7 });
    expect((await at.call(["list", "--json"])).stdout).toBe("[]\n");
  });

  test("refused in the browser: it shows an error page, and 7 access_denied", async () => {
    const issuer = startIssuer();
    issuer.decisions.authorize = "deny";
    const login = start(
      ["sentry", "--flow", "browser", ...places(issuer), "--client-id", "sentry-public-client"],
      bareEnvironment(),
    );
    const page = await fetch(String((await login.event())?.url));
    expect(page.status).toBe(400);
    expect(page.headers.get("cache-control")).toContain("no-store");
    const html = await page.text();
    expect(html).toContain("failed");
    expect(html).not.toContain("<script");
    const ended = await login.ended;
    expect([ended.code, errorOf(ended).code]).toEqual([7, "access_denied"]);
  });

  test("approved in the browser: a page that says so", async () => {
    const issuer = startIssuer();
    const login = start(
      ["sentry", "--flow", "browser", ...places(issuer), "--client-id", "sentry-public-client"],
      bareEnvironment(),
    );
    const page = await fetch(String((await login.event())?.url));
    expect(page.status).toBe(200);
    expect(await page.text()).toContain("Logged in to Sentry");
    expect(page.url).not.toContain("code=");
    expect((await login.ended).code).toBe(0);
  });

  for (const flow of ["device", "browser"])
    test(`a login that isn't approved, by ${flow}: 7 login_timeout after --timeout`, async () => {
      const at = await loggedIn({ approve: false }, null);
      stops.push(at.stop);
      const ended = await at.call(["login", "sentry", "--flow", flow, ...at.places, "--timeout", "1", "--json"]);
      expect(ended.code).toBe(7);
      expect(errorOf(ended)).toMatchObject({ code: "login_timeout", exitCode: 7 });
    });

  for (const flow of ["device", "browser"])
    test(`Ctrl-C, by ${flow}: 130, nothing stored`, async () => {
      const at = await loggedIn({ approve: false }, null);
      stops.push(at.stop);
      const login = start(["sentry", "--flow", flow, ...at.places], at.env);
      await login.event();
      login.signal("SIGINT");
      expect(await login.ended).toMatchObject({ code: 130, signal: null });
      expect((await at.call(["list", "--json"])).stdout).toBe("[]\n");
    });

  test("Ctrl-C after the approval: 130, nothing stored, and what the provider gave is revoked", async () => {
    const acme = pluginHome({ revokeNeedsSecret: false });
    stops.push(acme.stop);
    const { url } = acme.issuer.server;
    acme.issuer.server.fail({ path: "/user", times: 9, reply: "hang" });
    const text = manifest(url)
      .replace(/\[account\][\s\S]*/, "")
      .replace("[endpoints]", `[endpoints]\nuserinfo = "${url}/user"\nrevocation = "${url}/oauth/revoke/"`);
    expect((await acme.call(["provider", "add", acme.file("acme.toml", text), "--yes"])).code).toBe(0);
    const id = acme.issuer.publicClient.id;
    const login = start(["acme", "--flow", "device", "--client-id", id], acme.env);
    while (acme.issuer.server.callsTo("/user").length === 0) await Bun.sleep(5);
    login.signal("SIGINT");
    const { code, stderr } = await login.ended;
    const said = "Interrupted. The login was approved and has been revoked at ACME; nothing was stored.";
    expect([code, stderr]).toEqual([130, expect.stringContaining(said)]);
    expect(acme.issuer.rows.map(({ alive }) => alive)).toEqual([false]);
    expect((await acme.call(["list", "--json"])).stdout).toBe("[]\n");
  }, 60_000);

  test("the client refused: 6 client_rejected; the scopes refused: 6 scope_rejected", async () => {
    const issuer = startIssuer();
    const login = (...flags: string[]): Promise<Ended> =>
      auth(["login", "sentry", "--flow", "device", ...places(issuer), ...flags, "--json"]);
    expect(errorOf(await login("--client-id", "unknown"))).toMatchObject({ code: "client_rejected", exitCode: 6 });
    expect(errorOf(await login("--client-id", "sentry-public-client", "--scope", "nosuch"))).toMatchObject({
      code: "scope_rejected",
      exitCode: 6,
    });
  });

  test("a provider that can't be reached: 5 network", async () => {
    const flags = ["--endpoint", "device=http://127.0.0.1:9/d", "--endpoint", "token=http://127.0.0.1:9/t"];
    const ended = await auth(["login", "sentry", "--flow", "device", "--client-id", "x", ...flags, "--json"]);
    expect([ended.code, errorOf(ended).code]).toEqual([5, "network"]);
  });
});

test("a device login waits as long as the code lives: 120 s at most where CI is set, --timeout where that is said", async () => {
  const at = await loggedIn({ approve: false, deviceLifetime: 600 }, null);
  stops.push(at.stop);
  const told = async (env: Record<string, string>, ...flags: string[]): Promise<string | undefined> => {
    const command = [AUTH, "login", "sentry", "--flow", "device", ...at.places, ...flags];
    const child = Bun.spawn(command, { env: { ...at.env, ...env }, stdin: "ignore", stdout: "pipe", stderr: "pipe" });
    running.push(child);
    let said = "";
    for await (const chunk of child.stderr) {
      said += new TextDecoder().decode(chunk);
      if (said.includes("left)")) break;
    }
    return /Waiting for your approval \((.*) left\)/.exec(said)?.[1];
  };
  expect(await told({})).toBe("10:00");
  expect(await told({ CI: "true" })).toBe("2:00");
  expect(await told({ CI: "true" }, "--timeout", "300")).toBe("5:00");
  expect(await told({}, "--timeout", "900")).toBe("10:00");
});

test("what fails in a login names its connection in JSON, and in the log", async () => {
  const env = bareEnvironment();
  const missing = await auth(["login", "google:work", "--json"], { env });
  expect(errorOf(missing)).toMatchObject({ code: "client_missing", connection: "google:work" });
  const late = ["login", "sentry", "-p", "late", "--flow", "browser", "--client-id", "x", "--timeout", "1", "--json"];
  expect(errorOf(await auth(late, { env }))).toMatchObject({ code: "login_timeout", connection: "sentry:late" });
  const log = (await auth(["log", "--failures", "--json"], { env })).stdout.trimEnd().split("\n");
  expect(log.map((line) => JSON.parse(line))).toMatchObject([
    { event: "login", connection: "google:work", code: "client_missing" },
    { event: "login", connection: "sentry:late", code: "login_timeout" },
  ]);
});

describe("beside other logins and refreshes", () => {
  const TOKEN = "/oauth/token/";

  test("a refresh token that another connection holds is refused, naming that one: each would burn the other's", async () => {
    const at = await loggedIn({}, null);
    stops.push(at.stop);
    const body = '{"access_token":"a","refresh_token":"the-same","token_type":"bearer","expires_in":3600}';
    const headers = { "content-type": "application/json" };
    at.issuer.server.fail({ path: TOKEN, times: 2, reply: { status: 200, body, headers } });
    await logInByBrowser(at, "sentry");
    const second = start(["sentry:work", "--flow", "browser", ...at.places], at.env);
    await visit(String((await second.event())?.url));
    const ended = await second.ended;
    expect(errorOf(ended)).toMatchObject({ code: "token_rejected", exitCode: 7, connection: "sentry:work" });
    expect(errorOf(ended).message).toContain("sentry:default");
    expect(JSON.parse((await at.call(["list", "--json"])).stdout)).toMatchObject([{ connection: "sentry:default" }]);
  });

  test("a login doesn't wait for a refresh that hangs, and its tokens are the ones that stay", async () => {
    const at = await home({ accessLifetime: 3600 });
    at.issuer.server.fail({ path: TOKEN, reply: "hang" });
    const before = at.issuer.server.callsTo(TOKEN).length;
    const refresh = Bun.spawn([AUTH, "refresh", "sentry", "--force"], {
      env: at.env,
      stdio: ["ignore", "pipe", "pipe"],
    });
    running.push(refresh);
    while (at.issuer.server.callsTo(TOKEN).length === before) await Bun.sleep(10);
    await logInByBrowser(at, "sentry", ["--force"]);
    expect(refresh.exitCode).toBeNull();
    const { stdout } = await at.call(["token", "sentry"]);
    expect(at.issuer.isLive(stdout.trim())).toBeTrue();
  });
});

describe("--callback -", () => {
  let issuer: ReturnType<typeof startSentry>;
  beforeAll(() => {
    issuer = startIssuer();
  });
  const begin = async (...flags: string[]): Promise<{ login: UnderWay; answer: URL }> => {
    const args = ["sentry", "--flow", "browser", ...places(issuer), "--client-id", "sentry-public-client"];
    const login = start([...args, "--callback", "-", ...flags], bareEnvironment());
    const event = await login.event();
    const reply = await fetch(String(event?.url), { redirect: "manual" });
    return { login, answer: new URL(reply.headers.get("location") ?? "") };
  };

  test("reads the final URL from stdin", async () => {
    const { login, answer } = await begin();
    login.write(answer.href);
    expect(await login.event()).toMatchObject({ event: "connected" });
    expect((await login.ended).code).toBe(0);
  });

  test("or the code and the state alone", async () => {
    const { login, answer } = await begin();
    login.write(`${answer.searchParams.get("code")} ${answer.searchParams.get("state")}`);
    expect(await login.event()).toMatchObject({ event: "connected" });
  });

  for (const [name, change] of [
    ["another state", (url: URL) => url.searchParams.set("state", "x".repeat(43))],
    ["no state", (url: URL) => url.searchParams.delete("state")],
    ["two states", (url: URL) => url.searchParams.append("state", "x")],
    ["another path", (url: URL) => Object.assign(url, { pathname: "/other" })],
    ["another port", (url: URL) => Object.assign(url, { port: "1" })],
    ["another host", (url: URL) => Object.assign(url, { hostname: "evil.example" })],
  ] as const)
    test(`${name}: not used, nothing is sent to the token endpoint`, async () => {
      const { login, answer } = await begin();
      const before = issuer.server.callsTo("/oauth/token/").length;
      change(answer);
      login.write(answer.href);
      const ended = await login.ended;
      expect(ended.code).not.toBe(0);
      expect(errorOf(ended).exitCode).toBe(Number(ended.code));
      expect(ended.stderr).not.toContain(answer.searchParams.get("code") ?? "-");
      expect(issuer.server.callsTo("/oauth/token/")).toHaveLength(before);
    });

  test("a denial that is pasted: 7 access_denied", async () => {
    const { login, answer } = await begin();
    answer.searchParams.delete("code");
    answer.searchParams.set("error", "access_denied");
    login.write(answer.href);
    const ended = await login.ended;
    expect([ended.code, errorOf(ended).code]).toEqual([7, "access_denied"]);
  });

  test("nothing on stdin: the browser's answer still counts", async () => {
    const { login, answer } = await begin();
    await visit(answer.href);
    expect(await login.event()).toMatchObject({ event: "connected" });
  });

  test("anything but '-': exit 64", async () => {
    expect((await auth(["login", "sentry", "--client-id", "x", "--callback", "http://127.0.0.1/"])).code).toBe(64);
  });
});

describe("the redirect", () => {
  test("--port chooses the port; one that is taken is an error: exit 64", async () => {
    const issuer = startIssuer();
    const taken = Bun.serve({ hostname: "127.0.0.1", port: 0, fetch: () => new Response() });
    stops.push(() => taken.stop(true));
    const args = ["login", "sentry", "--flow", "browser", ...places(issuer), "--client-id", "x"];
    const ended = await auth([...args, "--port", String(taken.port), "--json"]);
    expect(ended.code).toBe(64);
    expect(ended.stderr).toContain(String(taken.port));
    for (const port of ["0", "65536", "http", "-1", ""])
      expect((await auth([...args, `--port=${port}`])).code).toBe(64);
  });

  test("--redirect-uri for providers that insist: also one that isn't this machine, answered by pasting", async () => {
    const issuer = startIssuer();
    const args = ["sentry", ...places(issuer), "--client-id", "x"];
    const env = bareEnvironment();
    const to = async (uri: string): Promise<string | null> =>
      (await authorization([...args, "--redirect-uri", uri], env)).searchParams.get("redirect_uri");
    expect(await to("http://localhost/cb")).toMatch(/^http:\/\/localhost:\d+\/cb$/);
    expect(await to("https://app.example/cb")).toBe("https://app.example/cb");
    for (const uri of ["http://app.example/cb", "ftp://x", "https://x/#f", "nonsense"])
      expect((await auth(["login", ...args, "--flow", "browser", "--redirect-uri", uri])).code).toBe(64);
  });
});

describe("flows", () => {
  test("one that doesn't exist, or that the provider doesn't have: exit 64", async () => {
    for (const args of [
      ["github", "--flow", "nosuch"],
      ["github", "--flow", ""],
      ["github", "--flow", "jwt"],
      ["apikey:x", "--flow", "device"],
      ["oidc", "--flow", "token"],
      ["github", "--token", "-", "--flow", "device"],
    ])
      expect((await auth(["login", ...args, "--client-id", "x"], { stdin: "x" })).code).toBe(64);
    expect((await auth(["login", "github", "--flow", "devise"])).stderr).toContain("Did you mean 'device'?");
  });

  test("the provider's own order: github by device, the browser only with a secret; sentry by device", async () => {
    for (const [provider, flags, event] of [
      ["github", [], "device_code"],
      ["sentry", [], "device_code"],
    ] as const) {
      const issuer = provider === "github" ? startGithub() : startSentry();
      stops.push(() => issuer.server.stop());
      const id = provider === "github" ? "Iv23liTestClient" : "sentry-public-client";
      const login = start([provider, ...places(issuer), "--client-id", id, ...flags], bareEnvironment());
      expect((await login.event())?.event).toBe(event);
    }
  });

  test("--timeout takes whole seconds: else 64", async () => {
    for (const seconds of ["0", "soon", "1.5", "-1", ""])
      expect((await auth(["login", "sentry", "--client-id", "x", `--timeout=${seconds}`])).code).toBe(64);
  });
});

test("a login says who you are, and never 'started'", async () => {
  const at = await loggedIn({}, null);
  stops.push(at.stop);
  const { code, stdout, stderr } = await at.call(["login", "sentry", "-p", "work", ...at.places]);
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toMatch(/✓ Logged in to sentry:work as grace@example\.com/);
  const quiet = await at.call(["login", "sentry", "-q", ...at.places]);
  expect(quiet.stderr).toContain("/oauth/device/");
  expect(quiet.stderr).not.toContain("Logged in");
});

describe("a token pasted over what is stored", () => {
  const paste2 = (env: Record<string, string>, args: readonly string[], stdin: string): Promise<Ended> =>
    auth(["login", ...args, "--token", "-", "--no-verify"], { env, stdin });

  for (const connection of ["sentry", "apikey:openai"])
    test(`takes the place of another (${connection})`, async () => {
      const env = bareEnvironment();
      await paste(env, connection, "first");
      const { code, stderr } = await paste2(env, [connection], "second");
      expect(code).toBe(0);
      expect(stderr).toContain(
        `✓ Replaced the token of ${connection === "sentry" ? "sentry:default" : connection}; expiry unknown.`,
      );
      expect((await auth(["token", connection], { env })).stdout).toBe("second\n");
      const json = await paste2(env, [connection, "--json"], "third");
      expect(JSON.parse(json.stdout)).toMatchObject({ event: "connected" });
      expect((await auth(["token", connection], { env })).stdout).toBe("third\n");
    });

  test("of the same account: the message says so", async () => {
    const at = await home();
    const env = bareEnvironment();
    const login = ["login", "sentry", "--token", "-", "--endpoint", `userinfo=${at.issuer.endpoints.userinfo}`];
    const stdin = at.issuer.rows[0]?.access ?? "";
    await succeeded(auth(login, { env, stdin }));
    const { stderr } = await succeeded(auth(login, { env, stdin }));
    expect(stderr).toContain("✓ Replaced the token of sentry:default as grace@example.com; expiry unknown.");
  });

  test("of another account: exit 64, and the one that was there stays", async () => {
    const at = await home();
    const env = bareEnvironment();
    const login = ["login", "sentry", "--token", "-", "--endpoint", `userinfo=${at.issuer.endpoints.userinfo}`];
    await succeeded(auth(login, { env, stdin: at.issuer.rows[0]?.access ?? "" }));
    const body = JSON.stringify({ auth: { scopes: [] }, user: { id: "43", email: "other@example.com" } });
    const headers = { "content-type": "application/json" };
    at.issuer.server.fail({ path: "/api/0/", times: 2, reply: { status: 200, body, headers } });
    const { code, stderr } = await auth(login, { env, stdin: "of-someone-else" });
    expect(code).toBe(64);
    const place = `--endpoint userinfo=${at.issuer.endpoints.userinfo}`;
    expect(stderr).toContain(`Replace it: auth login sentry ${place} --force --token -\n`);
    expect((await auth(["token", "sentry"], { env })).stdout).toBe(`${at.issuer.rows[0]?.access}\n`);
    expect((await auth([...login, "--force"], { env, stdin: "of-someone-else" })).code).toBe(0);
  });

  test("over a login that is refreshed: exit 64 with --force in the hint, and standard input isn't read", async () => {
    const at = await home();
    const login = start(["sentry", "--token", "-", "--no-verify"], at.env);
    // Nothing is written to it, and it isn't closed.
    const { code, stderr } = await login.ended;
    expect(code).toBe(64);
    expect(JSON.parse(stderr).error).toMatchObject({ code: "usage" });
    expect(JSON.parse(stderr).error.hint).toContain("Replace it: auth login sentry --no-verify --force --token -");
    expect((await at.call(["token", "sentry"])).stdout.trim()).toBe(String(at.issuer.rows[0]?.access));
    expect((await at.call(["login", "sentry", "--token", "-", "--no-verify", "--force"], { stdin: "t" })).code).toBe(0);
    expect((await at.call(["token", "sentry"])).stdout).toBe("t\n");
  });

  test("over one that ended: it is stored", async () => {
    const at = await home();
    at.issuer.kill();
    await at.call(["refresh", "sentry", "--force"]);
    expect((await at.call(["login", "sentry", "--token", "-", "--no-verify"], { stdin: "t" })).code).toBe(0);
    expect((await at.call(["token", "sentry"])).stdout).toBe("t\n");
  });
});
