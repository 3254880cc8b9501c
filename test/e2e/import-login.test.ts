/**
 * `auth import --move`: a login whose refresh token has one holder, before and after. Against local issuers: the login works
 * by a refresh, the source holds none that is burnt, and whatever fails leaves it where it was.
 */
import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { msalCache, SERVER_HASH, sentryDatabase } from "../import/fixtures.ts";
import { startEntra } from "../issuers/entra.ts";
import { startGoogle } from "../issuers/google.ts";
import { startSentry } from "../issuers/sentry.ts";
import { json, type Server, serve } from "../issuers/server.ts";
import { succeeded } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { AUTH, auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

function started<T extends { server: Server }>(issuer: T): T {
  servers.push(issuer.server);
  return issuer;
}

interface Home {
  readonly home: string;
  readonly env: Record<string, string>;
  call(...args: readonly string[]): Promise<Ended>;
  get(connection: string, field: string): Promise<string>;
  /** Copies of files that an import made. */
  backups(): string[];
}

function newHome(more: Record<string, string> = {}): Home {
  const home = tempFolder();
  const env = bareEnvironment({ HOME: home, ...more });
  const call = (...args: readonly string[]): Promise<Ended> => auth(args, { env, cwd: home });
  const get = async (connection: string, field: string): Promise<string> =>
    (await succeeded(call("get", connection, "--field", field, "--show-secret", "--no-refresh"))).stdout.trim();
  const folder = join(home, "auth", "backups");
  const backups = (): string[] => (existsSync(folder) ? readdirSync(folder) : []);
  return { home, env, call, get, backups };
}

function flags(endpoints: Readonly<Record<string, string>>): string[] {
  return Object.entries(endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
}

/** What another program has after its own login at the issuer. */
async function foreignLogin(
  connection: string,
  endpoints: Readonly<Record<string, string>>,
  clientId: string,
): Promise<{ access: string; refresh: string }> {
  const other = newHome();
  await succeeded(
    other.call("login", connection, "--flow", "device", "--client-id", clientId, ...flags(endpoints), "-q"),
  );
  return { access: await other.get(connection, "accessToken"), refresh: await other.get(connection, "refreshToken") };
}

const SENTRY = "sentry:ada@example.com";

/** The Sentry CLI's database, with a login at a local issuer, and a profile here that leads to it. */
async function sentryHome({ expiresIn = 3600 } = {}) {
  const issuer = started(startSentry({ approve: true, interval: 1 }));
  const tokens = await foreignLogin("sentry", issuer.endpoints, issuer.publicClient.id);
  const at = newHome({ SENTRY_CLIENT_ID: issuer.publicClient.id });
  const file = join(at.home, ".sentry", "cli.db");
  mkdirSync(dirname(file), { mode: 0o700 });
  const expiresAt = Date.now() + expiresIn * 1000;
  sentryDatabase(file, { host: "https://sentry.io", token: tokens.access, refresh: tokens.refresh, expiresAt });
  await succeeded(at.call("profile", "create", SENTRY, ...flags(issuer.endpoints)));
  const sent = (): number =>
    issuer.server.callsTo("/oauth/token/").filter(({ form }) => form.get("grant_type") === "refresh_token").length;
  const row = (): Record<string, unknown> | null => {
    const database = new Database(file, { readonly: true });
    try {
      return database.query("SELECT * FROM accounts").get() as Record<string, unknown> | null;
    } finally {
      database.close();
    }
  };
  const leftovers = (): string[] => [
    ...at.backups(),
    ...readdirSync(dirname(file)).filter((name) => name !== "cli.db"),
  ];
  return { ...at, issuer, tokens, file, sent, row, leftovers };
}

describe("the Sentry CLI's login", () => {
  test("moves: its row is gone, nothing was sent, and then a refresh works", async () => {
    const at = await sentryHome();
    const { code, stderr, stdout } = await at.call("import", "sentry", "--move", "--yes", "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({
      event: "imported",
      connection: SENTRY,
      kind: "login",
      moved: true,
      refreshed: false,
    });
    expect(at.row()).toBeNull();
    expect(at.sent()).toBe(0);
    expect(await at.get(SENTRY, "refreshToken")).toBe(at.tokens.refresh);
    expect((await at.call("refresh", SENTRY, "--force")).code).toBe(0);
    expect(at.sent()).toBe(1);
    const { stdout: token } = await at.call("token", SENTRY);
    expect(at.issuer.isLive(token.trim())).toBe(true);
    // No holder is left with a token that was used up, but the copy that was made on request.
    expect(readFileSync(at.file, "latin1")).not.toContain(at.tokens.refresh);
    expect(at.leftovers().length).toBe(1);
  }, 60_000);

  test("one that is over is refreshed at once, after its old holder has lost it", async () => {
    const at = await sentryHome({ expiresIn: -60 });
    const { code, stderr } = await at.call("import", "sentry", "--move", "--yes");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("has been refreshed: the login works"),
    });
    expect(at.row()).toBeNull();
    expect(at.sent()).toBe(1);
    expect((await at.call("status", SENTRY)).code).toBe(0);
  }, 60_000);

  test("one that the provider ended says so, with what login's dead token says", async () => {
    const at = await sentryHome({ expiresIn: -60 });
    at.issuer.kill();
    const ended = await at.call("import", "sentry", "--move", "--yes", "--json");
    expect({ code: ended.code, stderr: ended.stderr }).toEqual({
      code: 4,
      stderr: expect.stringContaining("invalid_grant"),
    });
    const [backup = "", ...others] = at.leftovers();
    expect(others).toEqual([]);
    expect(errorOf(ended).hint).toEndWith(
      `The file as it was, with its secrets: ${join(at.home, "auth/backups", backup)}`,
    );
  }, 60_000);

  test("without --move the access token alone is copied, and its refresh token stays with its holder", async () => {
    const at = await sentryHome();
    const { code, stdout, stderr } = await at.call("import", "sentry", "--yes", "--json");
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(JSON.parse(stdout)).toMatchObject({ event: "imported", kind: "access token", moved: false });
    expect(at.row()).toMatchObject({ refresh_token: at.tokens.refresh, token: at.tokens.access });
    expect(await at.get(SENTRY, "refreshToken")).toBe("");
    expect((await at.call("token", SENTRY)).stdout).toBe(`${at.tokens.access}\n`);
    expect(JSON.parse((await at.call("list", "--json")).stdout)[0].expiresAt).not.toBeNull();
    expect(at.sent()).toBe(0);
    // And a later --move takes the login in the place of the copy.
    expect((await at.call("import", "sentry", "--move", "--yes")).code).toBe(0);
    expect(await at.get(SENTRY, "refreshToken")).toBe(at.tokens.refresh);
  }, 60_000);

  test("one that is over is left, and said to be of no use without --move", async () => {
    const at = await sentryHome({ expiresIn: -60 });
    const error = errorOf(await at.call("import", "sentry", "--yes", "--json"));
    expect(error).toMatchObject({
      code: "import_refused",
      exitCode: 1,
      hint: expect.stringContaining("--move takes it"),
    });
    expect(at.row()).not.toBeNull();
    expect(at.sent()).toBe(0);
  }, 60_000);

  test("a pasted token isn't replaced by a login of that account, unless --force, and the plan says which", async () => {
    const at = await sentryHome();
    const pasted = "sntryu_pasted0123456789abcdef0123456789";
    await succeeded(
      auth(["login", SENTRY, "--token", "-", "--no-verify", "-q"], { env: at.env, cwd: at.home, stdin: `${pasted}\n` }),
    );
    for (const move of [[], ["--move"]]) {
      const { code, stderr } = await at.call("import", "sentry", ...move, "--yes");
      expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("holds another: --force replaces") });
      expect((await at.call("token", SENTRY)).stdout).toBe(`${pasted}\n`);
    }
    const { code, stderr } = await at.call("import", "sentry", "--move", "--force", "--yes");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("in the place of the one that is there"),
    });
    expect(await at.get(SENTRY, "refreshToken")).toBe(at.tokens.refresh);
  }, 60_000);

  test("a database that its program is writing: 5, nothing stored, nothing sent, no copy left", async () => {
    const at = await sentryHome();
    const program = new Database(at.file);
    program.exec("BEGIN IMMEDIATE");
    const { code, stderr } = await at.call("import", "sentry", "--move", "--yes");
    program.exec("ROLLBACK");
    program.close();
    expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining("is locked: sentry is using it") });
    expect((await at.call("status", SENTRY)).code).toBe(4);
    expect(at.row()).toMatchObject({ refresh_token: at.tokens.refresh });
    expect({ sent: at.sent(), leftovers: at.leftovers() }).toEqual({ sent: 0, leftovers: [] });
    // And it goes on where it was.
    expect((await at.call("import", "sentry", "--move", "--yes")).code).toBe(0);
  }, 60_000);

  test("an import that ended between the two is finished by the next: one holder, as before", async () => {
    const at = await sentryHome();
    copyFileSync(at.file, join(at.home, "before.db"));
    await succeeded(at.call("import", "sentry", "--move", "--yes"));
    // As if the vault had been written and the database hadn't.
    copyFileSync(join(at.home, "before.db"), at.file);
    const { code, stderr } = await at.call("import", "sentry", "--move", "--yes");
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining("was here already; its old copy is gone"),
    });
    expect(at.row()).toBeNull();
    expect(JSON.parse((await at.call("list", "--json")).stdout).length).toBe(1);
  }, 60_000);

  test("two at once: one takes it, the other finds it taken", async () => {
    const at = await sentryHome();
    const ends = await Promise.all([1, 2].map(() => at.call("import", "sentry", "--move", "--yes")));
    expect(ends.filter(({ code }) => code === 0).length).toBeGreaterThan(0);
    expect(at.row()).toBeNull();
    expect(await at.get(SENTRY, "refreshToken")).toBe(at.tokens.refresh);
    expect((await at.call("refresh", SENTRY, "--force")).code).toBe(0);
  }, 60_000);

  test("a database of a newer version is refused, and stays as it is", async () => {
    const at = newHome();
    const file = join(at.home, ".sentry", "cli.db");
    mkdirSync(dirname(file), { mode: 0o700 });
    sentryDatabase(file, { host: "https://sentry.io", token: "a-token-of-22", refresh: "r", expiresAt: null }, 22);
    const before = readFileSync(file);
    const { code, stderr } = await at.call("import", "sentry", "--move", "--yes");
    expect({ code, stderr }).toEqual({
      code: 1,
      stderr: expect.stringContaining("its schema is 22, and 21 is the newest known here"),
    });
    expect(readFileSync(file)).toEqual(before);
  });
});

describe("az's login", () => {
  const NAME = "entra:ada@contoso.example";

  async function azHome() {
    const issuer = started(startEntra({ approve: true, interval: 1 }));
    const endpoints = issuer.endpointsOf("contoso.example");
    const tokens = await foreignLogin("entra", endpoints, issuer.publicClient.id);
    const at = newHome();
    const file = join(at.home, ".azure", "msal_token_cache.json");
    mkdirSync(dirname(file), { mode: 0o700 });
    const cache = { ...tokens, clientId: issuer.publicClient.id };
    writeFileSync(file, msalCache({ ...cache, expiresOn: Math.floor(Date.now() / 1000) + 3000 }), { mode: 0o600 });
    await succeeded(at.call("profile", "create", NAME, ...flags(endpoints)));
    return { ...at, issuer, tokens, file };
  }

  test("moves, and a refresh works; az is left with the account alone, and knows whom to ask", async () => {
    const at = await azHome();
    const { code, stderr } = await at.call("import", "az", "--move", "--yes", "--no-verify");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("login moved here") });
    const left = JSON.parse(readFileSync(at.file, "utf8"));
    expect([left.RefreshToken, left.AccessToken]).toEqual([{}, {}]);
    expect(Object.keys(left.Account).length).toBe(1);
    expect((await at.call("refresh", NAME, "--force")).stderr).toContain("Token refreshed successfully");
  }, 60_000);

  test("is left alone while az holds its lock", async () => {
    const at = await azHome();
    writeFileSync(`${at.file}.lockfile`, "");
    const before = readFileSync(at.file, "utf8");
    const { code, stderr } = await at.call("import", "az", "--move", "--yes", "--no-verify");
    expect({ code, stderr }).toEqual({ code: 5, stderr: expect.stringContaining("is locked: az is using it") });
    expect(readFileSync(at.file, "utf8")).toBe(before);
    expect((await at.call("status", NAME)).code).toBe(4);
  }, 60_000);

  test("a cache that is encrypted is refused in words", async () => {
    const at = newHome();
    mkdirSync(join(at.home, ".azure"));
    writeFileSync(join(at.home, ".azure", "msal_token_cache.bin"), "sealed", { mode: 0o600 });
    expect((await at.call("import", "az", "--yes")).stderr).toContain("is encrypted for az alone");
  });
});

test("gcloud's application default credentials move; the login works by a refresh", async () => {
  const google = started(startGoogle({ approve: true }));
  const refresh = "1//adc-refresh-token-0123456789abcdef";
  google.grants.push({
    clientId: google.desktop.id,
    refresh,
    scopes: ["openid", "email"],
    access: new Map(),
    refreshExpiresAt: Number.POSITIVE_INFINITY,
    alive: true,
  });
  const at = newHome();
  const file = join(at.home, ".config", "gcloud", "application_default_credentials.json");
  mkdirSync(dirname(file), { recursive: true });
  const adc = {
    type: "authorized_user",
    client_id: google.desktop.id,
    client_secret: google.desktop.secret,
    refresh_token: refresh,
  };
  writeFileSync(file, JSON.stringify(adc), { mode: 0o600 });
  await succeeded(at.call("profile", "create", "google:adc", ...flags(google.endpoints)));
  expect((await at.call("import", "gcloud", "--yes")).stderr).toContain("--move takes it");
  expect(existsSync(file)).toBe(true);
  const { code, stderr } = await at.call("import", "gcloud", "--move", "--yes");
  expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining("google:adc: login moved here") });
  expect(existsSync(file)).toBe(false);
  expect((await at.call("refresh", "google:adc", "--force")).code).toBe(0);
  expect(google.isLive((await at.call("token", "google:adc")).stdout.trim())).toBe(true);
});

describe("logins at MCP servers", () => {
  /** An MCP server, and the issuer that it names: one refresh token, which rotates, for this server alone. */
  function startServer({ resource = null as string | null } = {}) {
    const state = {
      refresh: "mcp-refresh-0123456789",
      access: "",
      asked: [] as string[],
      revoked: [] as string[],
      /** What happens while the issuer's metadata is asked for. */
      meanwhile: (): void | Promise<void> => {},
    };
    const server = serve((url) => ({
      "GET /.well-known/oauth-protected-resource/mcp": () =>
        json({ resource: resource ?? `${url}/mcp`, authorization_servers: [`${url}/issuer`] }),
      "GET /.well-known/oauth-authorization-server/issuer": async () => {
        await state.meanwhile();
        return json({
          issuer: `${url}/issuer`,
          authorization_endpoint: `${url}/issuer/authorize`,
          token_endpoint: `${url}/issuer/token`,
          revocation_endpoint: `${url}/issuer/revoke`,
          code_challenge_methods_supported: ["S256"],
          token_endpoint_auth_methods_supported: ["none"],
        });
      },
      "POST /issuer/revoke": ({ form }) => {
        state.revoked.push(form.get("token") ?? "");
        return new Response();
      },
      "POST /issuer/token": ({ form }) => {
        state.asked.push(form.get("resource") ?? "");
        if (form.get("client_id") !== "registered" || form.get("refresh_token") !== state.refresh)
          return json({ error: "invalid_grant" }, 400);
        state.refresh = `${state.refresh}-next`;
        state.access = `mcp-access-${state.asked.length}-0123456789`;
        return json({
          access_token: state.access,
          token_type: "Bearer",
          expires_in: 3600,
          refresh_token: state.refresh,
        });
      },
    }));
    return started({ server, state, url: `${server.url}/mcp` });
  }

  function credentialsOf(url: string, refreshToken: string, expiresAt = 1): string {
    const client = { serverName: "linear", serverUrl: url, clientId: "registered" };
    const entry = { ...client, accessToken: "old", refreshToken, expiresAt, scope: "" };
    return JSON.stringify({ claudeAiOauth: { accessToken: "own" }, mcpOAuth: { "linear|1": entry } });
  }

  function claudeHome(url: string): Home & { file: string } {
    const at = newHome();
    const file = join(at.home, ".claude", ".credentials.json");
    mkdirSync(dirname(file));
    writeFileSync(file, credentialsOf(url, "mcp-refresh-0123456789"), { mode: 0o600 });
    return { ...at, file };
  }

  /** A login that lives here, and another of the same name that Claude Code has. */
  async function twoLogins() {
    const { url, state, server } = startServer();
    const at = claudeHome(url);
    const name = `oidc:127.0.0.1-${new URL(server.url).port}/mcp`;
    await succeeded(at.call("import", "claude-code", "--move", "--yes"));
    const [mine, theirs] = [state.refresh, "mcp-refresh-of-another"];
    for (const backup of at.backups()) rmSync(join(at.home, "auth", "backups", backup));
    writeFileSync(at.file, credentialsOf(url, theirs, Date.now() + 3_600_000), { mode: 0o600 });
    const takeIt = () => at.call("import", "claude-code", "--move", "--force", "--yes");
    return { ...at, url, state, name, mine, theirs, takeIt };
  }

  test("what --force replaces is back where the file changes meanwhile: nothing was changed, nothing revoked", async () => {
    const at = await twoLogins();
    at.state.meanwhile = () => writeFileSync(at.file, `${readFileSync(at.file, "utf8")}\n`);
    const before = await at.call("get", at.name, "--json");
    const { code, stderr } = await at.takeIt();
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("Nothing was changed.") });
    expect(await at.get(at.name, "refreshToken")).toBe(at.mine);
    expect((await at.call("get", at.name, "--json")).stdout).toBe(before.stdout);
    expect(readFileSync(at.file, "utf8")).toContain(at.theirs);
    expect({ revoked: at.state.revoked, backups: at.backups() }).toEqual({ revoked: [], backups: [] });
    expect(readdirSync(dirname(at.file))).toEqual([".credentials.json"]);
    expect((await at.call("refresh", at.name, "--force")).code).toBe(0);
  });

  test("what --force replaces is revoked once the other has its place", async () => {
    const at = await twoLogins();
    expect((await at.takeIt()).code).toBe(0);
    expect(await at.get(at.name, "refreshToken")).toBe(at.theirs);
    expect(at.state.revoked).toEqual([at.mine]);
  });

  for (const [signal, code] of [
    ["SIGINT", 130],
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)
    test(`${signal} while a server is asked: the login is where it was, and no copy of it is left`, async () => {
      const at = await twoLogins();
      const asked = Promise.withResolvers<void>();
      const { promise: never } = Promise.withResolvers<void>();
      at.state.meanwhile = () => {
        asked.resolve();
        return never;
      };
      const args = [AUTH, "import", "claude-code", "--move", "--force", "--yes"];
      const child = Bun.spawn(args, { env: at.env, cwd: at.home, stdio: ["ignore", "pipe", "pipe"] });
      await asked.promise;
      child.kill(signal);
      const stderr = await child.stderr.text();
      expect({ code: await child.exited, stderr }).toEqual({ code, stderr: expect.stringContaining("interrupted") });
      expect(await at.get(at.name, "refreshToken")).toBe(at.mine);
      expect(readFileSync(at.file, "utf8")).toContain(at.theirs);
      expect([...readdirSync(dirname(at.file)), ...at.backups()]).toEqual([".credentials.json"]);
    });

  test("Claude Code's moves to the issuer that its server names, and is refreshed for that server", async () => {
    const { url, state, server } = startServer();
    const at = claudeHome(url);
    const name = `127.0.0.1-${new URL(server.url).port}/mcp`;
    const { code, stderr } = await at.call("import", "claude-code", "--move", "--yes");
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringContaining(`oidc:${name}: login moved here`) });
    expect(state.asked).toEqual([url]);
    expect((await at.call("token", `oidc:${name}`)).stdout).toBe(`${state.access}\n`);
    expect(JSON.parse(readFileSync(at.file, "utf8"))).toEqual({ claudeAiOauth: { accessToken: "own" }, mcpOAuth: {} });
  });

  test("mcp-remote's moves, found by the URL in an agent's file", async () => {
    const { url, state } = startServer();
    const at = newHome();
    const hash = new Bun.CryptoHasher("md5").update(url).digest("hex");
    const folder = join(at.home, ".mcp-auth", "mcp-remote-v1");
    mkdirSync(folder, { recursive: true });
    const tokens = { access_token: "old", token_type: "Bearer", refresh_token: state.refresh };
    writeFileSync(join(folder, `${hash}_tokens.json`), JSON.stringify(tokens), { mode: 0o600 });
    writeFileSync(join(folder, `${hash}_client_info.json`), JSON.stringify({ client_id: "registered" }), {
      mode: 0o600,
    });
    writeFileSync(join(at.home, ".claude.json"), JSON.stringify({ mcpServers: { x: { args: ["mcp-remote", url] } } }));
    const { code } = await at.call("import", "mcp-remote", "--move", "--yes");
    expect(code).toBe(0);
    expect(state.asked).toEqual([url]);
    expect(existsSync(join(folder, `${hash}_tokens.json`))).toBe(false);
  });

  test("a server that names another's metadata gets nothing, and the login stays where it was", async () => {
    const { url, state } = startServer({ resource: "https://other.example/mcp" });
    const at = claudeHome(url);
    const before = readFileSync(at.file, "utf8");
    const { code } = await at.call("import", "claude-code", "--move", "--yes");
    expect({ code, asked: state.asked }).toEqual({ code: 6, asked: [] });
    expect(readFileSync(at.file, "utf8")).toBe(before);
    expect(readdirSync(dirname(at.file))).toEqual([".credentials.json"]);
  });

  test("a server that isn't at https is refused before anything is asked", async () => {
    const at = claudeHome("http://mcp.example/mcp");
    expect((await at.call("import", "claude-code", "--move", "--yes")).stderr).toContain("isn't at an https URL");
  });

  test("a newer mcp-remote's store is refused in words", async () => {
    const at = newHome();
    const folder = join(at.home, ".mcp-auth", "mcp-remote-v2");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, `${SERVER_HASH}_tokens.json`), "{}", { mode: 0o600 });
    const { code, stderr } = await at.call("import", "mcp-remote", "--move", "--yes");
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining("is of a newer mcp-remote") });
  });
});
