/** `auth login <URL of an MCP server>`: MCP 2026-07-28, "Authorization", by the built binary. */
import { afterAll, describe, expect, test } from "bun:test";
import { AuthorizationServer, type McpOptions, McpServer } from "../issuers/mcp.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const servers: { stop(): Promise<void> }[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

function start(options: McpOptions = {}): McpServer {
  const server = new McpServer(options);
  servers.push(server);
  return server;
}

function logIn(
  server: McpServer,
  env: Readonly<Record<string, string>>,
  ...flags: string[]
): Promise<Record<string, unknown>[]> {
  return loginByBrowser(["login", server.url, "--json", "--no-browser", ...flags], env);
}

async function tokenOf(url: string, env: Readonly<Record<string, string>>): Promise<string> {
  const { stdout, stderr } = await auth(["token", url], { env });
  if (stderr !== "") throw new Error(stderr);
  return stdout.trim();
}

describe("a login at an MCP server's URL", () => {
  test("needs nothing else: metadata, registration, PKCE, its name as resource in each request", async () => {
    const server = start();
    const env = bareEnvironment();
    const events = await logIn(server, env);
    expect(events.at(-1)).toMatchObject({ event: "connected", connection: server.connection, refreshable: true });
    const [asked] = server.issuer.to("/authorize");
    expect(asked).toMatchObject({
      resource: server.url,
      code_challenge_method: "S256",
      scope: "tools offline_access",
      client_id: "as-client-1",
    });
    expect(server.issuer.registrations).toEqual([
      expect.objectContaining({
        application_type: "native",
        grant_types: ["authorization_code", "refresh_token"],
        redirect_uris: [28840, 28841, 28842, 28843, 28844].map((port) => `http://127.0.0.1:${port}/callback`),
      }),
    ]);
    expect((await auth(["refresh", server.url, "--force"], { env })).code).toBe(0);
    const requests = server.issuer.to("/token");
    expect(requests.map(({ grant_type, resource }) => [grant_type, resource])).toEqual([
      ["authorization_code", server.url],
      ["refresh_token", server.url],
    ]);
  });

  test("the URL is taken wherever a connection is", async () => {
    const server = start();
    const env = bareEnvironment();
    const before = await auth(["token", server.url], { env });
    expect([before.code, before.stderr]).toEqual([2, expect.stringContaining(`auth login ${server.url}`)]);
    await logIn(server, env);
    expect(await tokenOf(server.url, env)).toBe(await tokenOf(server.connection, env));
    expect((await auth(["status", server.url, "--json"], { env })).stdout).toContain(server.connection);
    expect((await auth(["logout", server.url, "--json"], { env })).stdout).toContain(server.connection);
    expect((await auth(["token", server.url], { env })).code).toBe(2);
  });

  test("a server that names its origin: its login is for all URLs below it, one of a path for none beside it", async () => {
    const env = bareEnvironment();
    const whole = start({ ofOrigin: true });
    expect((await logIn(whole, env)).at(-1)?.connection).toBe(whole.connection.replace("/mcp", ""));
    expect((await auth(["token", `${whole.origin}/other`], { env })).code).toBe(0);
    const again = await auth(["login", whole.url, "--no-browser"], { env });
    expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("Already logged in")]);
    const path = start();
    await logIn(path, env);
    expect((await auth(["token", `${path.url}/below`], { env })).code).toBe(0);
    for (const url of [`${path.url}2`, path.origin, `${path.origin}/mcp/../other`])
      expect((await auth(["token", url], { env })).code).toBe(2);
  });

  test("a name of its own, and another server isn't put under it", async () => {
    const [one, other] = [start(), start()];
    const env = bareEnvironment();
    expect((await logIn(one, env, "-p", "work")).at(-1)?.connection).toBe("mcp:work");
    expect((await auth(["token", one.url], { env })).code).toBe(0);
    const refused = await auth(["login", other.url, "-p", "work", "--json", "--no-browser"], { env });
    expect([refused.code, errorOf(refused).code]).toEqual([6, "origin_mismatch"]);
    expect(other.issuer.registrations).toEqual([]);
  });

  test("status tells of which server it is, beside the issuer's host", async () => {
    const server = start();
    const env = bareEnvironment();
    await logIn(server, env);
    const { stdout } = await auth(["status", server.url], { env });
    expect(stdout).toMatch(new RegExp(`Server: +${server.url}\\n +Host: +${new URL(server.issuer.issuer).host}\\n`));
  });

  test("that nobody finishes: the words name the server, and the redirect only where there is a page to enter it", async () => {
    const server = start();
    const env = bareEnvironment();
    const login = (...flags: string[]): Promise<Ended> =>
      auth(["login", server.url, "--no-browser", "--timeout", "1", ...flags], { env });
    const registered = await login();
    expect([registered.code, registered.stderr]).toEqual([
      7,
      expect.stringContaining(`The login at MCP server ${new URL(server.url).host} was not finished in time.`),
    ]);
    expect(registered.stderr).not.toContain("client's page");
    expect(registered.stderr).toContain("--timeout <seconds> gives more time");
    expect(registered.stderr).not.toContain("--timeout 1");
    const own = await login("--client-id", "mine");
    expect(own.stderr).toMatch(/On the client's page, enter http:\/\/127\.0\.0\.1:2884[0-4]\/callback\n/);
    expect(own.stderr).toMatch(/To log in again: auth login .* --client-id mine --no-browser\n/);
  });

  test("scopes: the challenge's before the metadata's, and none where neither says any", async () => {
    const scopes = async (options: McpOptions): Promise<string | undefined> => {
      const server = start(options);
      await logIn(server, bareEnvironment());
      return server.issuer.to("/authorize")[0]?.scope;
    };
    const challenge = 'Bearer scope="files:read", resource_metadata="{metadata}"';
    expect(await scopes({ challenge })).toBe("files:read offline_access");
    expect(await scopes({ challenge, issuerMetadata: { scopes_supported: ["files:read"] } })).toBe("files:read");
    expect(await scopes({ metadata: { scopes_supported: undefined } })).toBeUndefined();
  });

  test("a challenge among others, with quotes, commas and a scheme that comes twice", async () => {
    const server = start({
      challenge:
        'Negotiate YII=, Basic realm="a \\"b\\", Bearer resource_metadata=x", Digest qop="auth,auth-int", DPoP algs="ES256", Bearer realm="mcp", Bearer scope="files:read", resource_metadata="{metadata}"',
    });
    await logIn(server, bareEnvironment());
    expect(server.issuer.to("/authorize")[0]?.scope).toBe("files:read offline_access");
  });

  test("a port that is taken is passed over for the next that is registered", async () => {
    const taken = (): Bun.Server<undefined> | null => {
      try {
        return Bun.serve({ hostname: "127.0.0.1", port: 28840, fetch: () => new Response() });
      } catch {
        // Another test's login has it.
        return null;
      }
    };
    const other = taken();
    const server = start();
    await logIn(server, bareEnvironment());
    await other?.stop(true);
    expect(server.issuer.to("/authorize")[0]?.redirect_uri).toMatch(/^http:\/\/127\.0\.0\.1:2884[1-4]\/callback$/);
  });

  test("--no-resource leaves the name out, and the next login and refreshes do too", async () => {
    const server = start();
    const env = bareEnvironment();
    await logIn(server, env, "--no-resource");
    await logIn(server, env, "--force");
    expect((await auth(["refresh", server.url, "--force"], { env })).code).toBe(0);
    const sent = [...server.issuer.to("/authorize"), ...server.issuer.to("/token")];
    expect(sent.map(({ resource }) => resource)).toEqual(sent.map(() => undefined as unknown as string));
  });
});

describe("the client", () => {
  test("one that is given is used and kept for its issuer alone", async () => {
    const server = start();
    const env = bareEnvironment();
    await logIn(server, env, "--client-id", "mine");
    expect(server.issuer.registrations).toEqual([]);
    expect(JSON.parse((await auth(["client", "list", "--json"], { env })).stdout)).toEqual([
      expect.objectContaining({ provider: "mcp", origin: server.issuer.issuer, clientId: "mine" }),
    ]);
  });

  test("its metadata's URL is its id where the issuer reads such documents; elsewhere one is registered", async () => {
    const url = "https://example.com/auth/client.json";
    const reading = start({ issuerMetadata: { client_id_metadata_document_supported: true } });
    const env = bareEnvironment({ AUTH_CLIENT_METADATA_URL: url });
    await logIn(reading, env);
    expect(reading.issuer.to("/authorize")[0]?.client_id).toBe(url);
    expect(reading.issuer.registrations).toEqual([]);
    const registering = start();
    await logIn(registering, env, "--client-metadata-url", url);
    expect(registering.issuer.to("/authorize")[0]?.client_id).toBe("as-client-1");
  });

  test("AUTH_MCP_CLIENT_ID doesn't say of which issuer it is: it is shown to none", async () => {
    const server = start();
    await logIn(server, bareEnvironment({ AUTH_MCP_CLIENT_ID: "any", AUTH_MCP_CLIENT_SECRET: "secret-of-any" }));
    expect(JSON.stringify([server.issuer.seen, server.issuer.registrations])).not.toContain("any");
  });

  test("the document for its URL names each redirect that a login may send", async () => {
    const url = "https://example.com/auth/client.json";
    const { stdout } = await auth(["mcp", "client-metadata", "--client-metadata-url", url]);
    const document = JSON.parse(stdout) as { client_id: string; redirect_uris: string[] };
    expect(document).toMatchObject({ client_id: url, token_endpoint_auth_method: "none", application_type: "native" });
    const server = start({ issuerMetadata: { client_id_metadata_document_supported: true } });
    await logIn(server, bareEnvironment(), "--client-metadata-url", url);
    expect(document.redirect_uris).toContain(String(server.issuer.to("/authorize")[0]?.redirect_uri));
    expect(document.redirect_uris).toContain("http://localhost:28840/callback");
  });

  test.each([
    "http://example.com/client.json",
    "https://example.com",
    "https://example.com/",
    "https://example.com/a#b",
    "https://user@example.com/a",
    "https://example.com/../a",
    "https://example.com/a?b",
    "client.json",
  ])("%s is no URL of a client's metadata: 64", async (url) => {
    const ended = await auth(["mcp", "client-metadata", "--client-metadata-url", url]);
    expect([ended.code, ended.stdout]).toEqual([64, ""]);
  });
});

describe("another authorization server than at the login", () => {
  async function moved(): Promise<{ server: McpServer; env: Record<string, string>; old: AuthorizationServer }> {
    const server = start();
    const env = bareEnvironment();
    await logIn(server, env, "--client-id", "mine");
    const old = server.issuer;
    servers.push(old);
    server.issuers = [new AuthorizationServer({}, "other")];
    return { server, env, old };
  }

  test("a login there registers anew, without --force; the old client isn't shown", async () => {
    const { server, env, old } = await moved();
    await logIn(server, env);
    expect(server.issuer.to("/authorize")[0]?.client_id).toBe("other-client-1");
    expect(JSON.stringify(server.issuer.seen)).not.toContain("mine");
    expect(await tokenOf(server.url, env)).toStartWith("other-access");
    expect(old.to("/authorize")).toHaveLength(1);
  });

  test("a refusal that names its metadata says which login is needed, and nothing is refreshed", async () => {
    const { server, env, old } = await moved();
    const ended = await auth(["token", server.url, "--challenge", "-", "--json"], { env, stdin: server.challenge });
    expect([ended.code, errorOf(ended)]).toMatchObject([
      4,
      { code: "login_required", hint: `Log in there: auth login ${server.connection} --force` },
    ]);
    expect([...old.to("/token"), ...server.issuer.to("/token")]).toHaveLength(1);
  });
});

describe("step-up", () => {
  const challenge = 'Bearer error="insufficient_scope", scope="files:write"';

  test("a scope that the token lacks: exit 4, and the login that adds it, asking for the union", async () => {
    const server = start();
    const env = bareEnvironment();
    await logIn(server, env);
    const refused = await auth(["token", server.url, "--challenge", "-", "--json"], { env, stdin: challenge });
    expect([refused.code, errorOf(refused)]).toMatchObject([
      4,
      { code: "insufficient_scope", hint: `Log in for it: auth login ${server.connection} --add-scope files:write` },
    ]);
    expect(server.issuer.to("/token")).toHaveLength(1);
    await loginByBrowser(["login", server.connection, "--add-scope", "files:write", "--json", "--no-browser"], env);
    expect(server.issuer.to("/authorize")[1]?.scope).toBe("tools offline_access files:write");
    const after = await auth(["token", server.url, "--challenge", "-"], { env, stdin: challenge });
    expect([after.code, after.stdout.trim()]).toEqual([0, await tokenOf(server.url, env)]);
  });

  test("scopes that were asked for and not granted are asked for again", async () => {
    const server = start({
      grants: ["tools"],
      challenge: 'Bearer scope="tools files:read", resource_metadata="{metadata}"',
    });
    const env = bareEnvironment();
    await logIn(server, env);
    await logIn(server, env, "--add-scope", "files:write");
    expect(server.issuer.to("/authorize")[1]?.scope).toBe("tools files:read offline_access files:write");
  });

  test("a token that has the scope and was refused: exit 4 where it is named, so that nobody asks for ever", async () => {
    const server = start();
    const env = bareEnvironment();
    await logIn(server, env, "--add-scope", "files:write");
    const token = await tokenOf(server.url, env);
    const stdin = `${token}\nWWW-Authenticate: ${challenge}\r\n`;
    const ended = await auth(["token", server.url, "--rejected", "-", "--challenge", "-", "--json"], { env, stdin });
    expect([ended.code, errorOf(ended).code]).toEqual([4, "insufficient_scope"]);
    expect(JSON.stringify(ended)).not.toContain(token);
  });

  test("a token that is refused in its first minute: the words say so, and the command in them brings another", async () => {
    const server = start();
    const env = bareEnvironment();
    await logIn(server, env);
    const old = await tokenOf(server.url, env);
    const rejected = await auth(["token", server.url, "--rejected", "-"], { env, stdin: old });
    const command = `auth refresh ${server.connection} --force`;
    expect([rejected.code, rejected.stdout, rejected.stderr]).toEqual([4, "", expect.stringContaining(command)]);
    expect(rejected.stderr).toContain("made less than a minute ago");
    // Which one was refused isn't said here: another process may have refreshed it since.
    const challenged = await auth(["token", server.url, "--challenge", "-"], { env, stdin: server.challenge });
    expect([challenged.code, challenged.stdout.trim()]).toEqual([0, old]);
    expect(challenged.stderr).toContain(command);
    expect((await auth(command.split(" ").slice(1), { env })).code).toBe(0);
    expect(await tokenOf(server.url, env)).not.toBe(old);
  });

  test("a refused token is refreshed once; one minted since is handed out", async () => {
    const server = start({ lifetime: 30 });
    const env = bareEnvironment();
    await logIn(server, env);
    const old = await tokenOf(server.url, env);
    await Bun.sleep(3100);
    const args = ["token", server.url, "--rejected", "-", "--challenge", "-"];
    const stdin = `${old}\n${server.challenge}\n`;
    const [one, other] = await Promise.all([auth(args, { env, stdin }), auth(args, { env, stdin })]);
    expect([one.code, other.code, one.stdout]).toEqual([0, 0, other.stdout]);
    expect(one.stdout.trim()).not.toBe(old);
    expect(server.issuer.to("/token").filter(({ grant_type }) => grant_type === "refresh_token")).toHaveLength(1);
  });
});
