/** Logins that a bridge asks for: `auth mcp <url>` where there is none, or one that isn't enough. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync, readlinkSync } from "node:fs";
import { join } from "node:path";
import { AuthorizationServer, type McpOptions, McpServer } from "../issuers/mcp.ts";
import { loginByBrowser, visit } from "../support/browser-login.ts";
import { BridgeClient, RpcFailure } from "../support/mcp-client.ts";
import { auth, bareEnvironment, tempFolder } from "../support/program.ts";
import { until } from "../support/until.ts";

const servers: { stop(): Promise<void> }[] = [];
const clients: BridgeClient[] = [];
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(servers.map((server) => server.stop()));
});

function start(options: McpOptions = {}): McpServer {
  const server = new McpServer(options);
  servers.push(server);
  return server;
}

function bridge(url: string, env: Readonly<Record<string, string>>): BridgeClient {
  const client = new BridgeClient(url, env);
  clients.push(client);
  return client;
}

const BROWSER = `${process.execPath} ${join(import.meta.dir, "..", "support", "browser.ts")}`;
/** A browser that the person never gets to. */
const NO_ONE = "/bin/true";

async function refusal(asked: Promise<unknown>): Promise<RpcFailure["error"]> {
  const error = await asked.then(
    () => null,
    (one: unknown) => one,
  );
  if (error instanceof RpcFailure) return error.error;
  throw new Error(`not refused: ${error}`);
}

const LISTED = { tools: [] };

test("several at once without a login: one page opens, one client is registered, and each gets its answer", async () => {
  const server = start();
  const env = bareEnvironment({ BROWSER });
  const all = [1, 2, 3, 4].map(() => bridge(server.url, env));
  expect(await Promise.all(all.map((client) => client.request("tools/list")))).toEqual(all.map(() => LISTED));
  expect(server.issuer.to("/authorize")).toHaveLength(1);
  expect(server.issuer.registrations).toHaveLength(1);
});

test("without a browser the error holds the page; every bridge has the same one, and none holds a port", async () => {
  const server = start();
  const env = bareEnvironment();
  const [one, other] = [bridge(server.url, env), bridge(server.url, env)];
  const [first, second] = await Promise.all([refusal(one.request("tools/list")), refusal(other.request("tools/list"))]);
  expect([first.code, first.data?.code]).toEqual([401, "login_required"]);
  expect(first.data?.url).toStartWith(`${server.issuer.issuer}/authorize?`);
  expect(first.message).toContain(String(first.data?.url));
  expect(second.data?.url).toBe(first.data?.url as string);
  if (process.platform === "linux") expect([one.pid, other.pid].map(listening)).toEqual([[], []]);
  await visit(String(first.data?.url));
  expect(await Promise.all([one, other].map((client) => untilAnswered(client)))).toEqual([LISTED, LISTED]);
  expect(server.issuer.registrations).toHaveLength(1);
});

/** The login's last step is another process's. */
async function untilAnswered(client: BridgeClient): Promise<unknown> {
  return until("the login is taken", () => client.request("tools/list").catch(() => null));
}

/** Ports at which a process takes connections, as /proc has them. */
function listening(pid: number): string[] {
  const inodes = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  const rows = ["tcp", "tcp6"].flatMap((name) => readFileSync(`/proc/net/${name}`, "utf8").split("\n").slice(1));
  return rows.flatMap((row) => {
    const fields = row.trim().split(/\s+/);
    return fields[3] === "0A" && inodes.includes(fields[9] ?? "") ? [fields[1] ?? ""] : [];
  });
}

test("a client of 2025-11-25 that opens pages is asked to open it", async () => {
  let isOpen = true;
  const server: McpServer = start({
    handler: async (request, token) => {
      const { id, method } = (await request.json()) as { id?: number; method: string };
      const isIn = isOpen || server.issuer.tokens.has(token ?? "");
      if (!isIn) return new Response(null, { status: 401, headers: { "www-authenticate": server.challenge } });
      const result = method === "initialize" ? { protocolVersion: "2025-11-25", capabilities: {} } : { tools: [] };
      return id === undefined ? new Response(null, { status: 202 }) : Response.json({ jsonrpc: "2.0", id, result });
    },
    open: true,
  });
  const client = bridge(server.url, bareEnvironment());
  await client.initialize("2025-11-25", { elicitation: { form: {}, url: {} } });
  isOpen = false;
  const { code, data } = await refusal(client.request("tools/list"));
  const [page] = (data?.elicitations ?? []) as { mode: string; url: string }[];
  expect([code, page?.mode, page?.url]).toEqual([-32042, "url", String(data?.url)]);
  await visit(String(data?.url));
  expect(await untilAnswered(client)).toEqual(LISTED);
});

test("a person who is elsewhere is told once, however many bridges wait", async () => {
  const server = start();
  const told = join(tempFolder(), "told");
  const env = bareEnvironment({ AUTH_NOTIFY_COMMAND: `echo "$(cat)" >> ${told}` });
  const all = [1, 2, 3].map(() => bridge(server.url, env));
  const [error] = await Promise.all(all.map((client) => refusal(client.request("tools/list"))));
  while (!existsSync(told) || readFileSync(told, "utf8") === "") await Bun.sleep(50);
  const needs = (): Record<string, string>[] =>
    readFileSync(told, "utf8")
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
  const [need] = needs();
  expect([need?.event, need?.connection, need?.code]).toEqual(["login_needed", server.url, "login_required"]);
  expect(need?.message).toContain(String(error?.data?.url));
  await visit(String(error?.data?.url));
  expect(await Promise.all(all.map((client) => untilAnswered(client)))).toEqual(all.map(() => LISTED));
  expect(needs()).toHaveLength(1);
});

test.each(["login_required", "provider_unavailable"])(
  "a key in the query of the server's URL is neither in the log, nor in what a person is told, nor in the error: %s",
  async (code) => {
    const query = "?key=zQ7kP2vXw9LmT4rB8nHc";
    const server = start({ ofOrigin: code === "login_required" });
    const told = join(tempFolder(), "told");
    const client = bridge(`${server.url}${query}`, bareEnvironment({ AUTH_NOTIFY_COMMAND: `cat >> ${told}` }));
    const error = await refusal(client.request("tools/list"));
    expect(error.data?.code).toBe(code);
    await client.close();
    const notified = existsSync(told) ? readFileSync(told, "utf8") : "";
    expect(JSON.stringify([error.message, notified, await client.stderr])).not.toContain(query);
    if (typeof error.data?.url === "string") await visit(error.data.url);
  },
);

test("a client that gives up doesn't end the login: the next one has it", async () => {
  const server = start();
  const env = bareEnvironment();
  const client = bridge(server.url, env);
  const { data } = await refusal(client.request("tools/list"));
  expect(await client.close()).toBe(0);
  await visit(String(data?.url));
  expect(await untilAnswered(bridge(server.url, env))).toEqual(LISTED);
  expect(server.issuer.to("/authorize")).toHaveLength(1);
});

test("a login that another program makes is taken", async () => {
  const server = start();
  const env = bareEnvironment({ BROWSER: NO_ONE });
  const client = bridge(server.url, env);
  const answer = client.request("tools/list");
  while (!(server.requests.length > 1)) await Bun.sleep(20);
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  expect(await answer).toEqual(LISTED);
});

test("a scope more: the page asks for all of them, and the request goes on", async () => {
  let wants = "tools";
  const needed: McpOptions = {
    handler: (_, token) => {
      const has = server.issuer.tokens.get(token ?? "")?.scope.split(" ") ?? [];
      if (has.includes(wants)) return Response.json({ jsonrpc: "2.0", id: 1, result: { wants } });
      const challenge = `Bearer error="insufficient_scope", scope="${wants}"`;
      return new Response(null, { status: 403, headers: { "www-authenticate": challenge } });
    },
  };
  const server: McpServer = start(needed);
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const client = bridge(server.url, env);
  expect(await client.request("tools/list", {}, 1)).toEqual({ wants: "tools" });
  wants = "files:write";
  expect(await client.request("tools/list", {}, 1)).toEqual({ wants: "files:write" });
  expect(server.issuer.to("/authorize")[1]?.scope).toBe("tools offline_access files:write");
});

test("a server that wants a scope for ever is asked for it once", async () => {
  const challenge = 'Bearer error="insufficient_scope", scope="files:write"';
  const server = start({
    grants: ["tools"],
    handler: () => new Response(null, { status: 403, headers: { "www-authenticate": challenge } }),
  });
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const client = bridge(server.url, env);
  for (const _ of [1, 2]) {
    const error = await refusal(client.request("tools/list"));
    expect(error).toMatchObject({ code: 403, data: { code: "insufficient_scope" } });
  }
  expect(server.issuer.to("/authorize")).toHaveLength(2);
});

/**
 * Answers where a token has the scope that the method wants; else `insufficient_scope`.
 * @param isNamed whether the challenge says which
 */
function wanting(scopes: Readonly<Record<string, string>>, isNamed = true): NonNullable<McpOptions["handler"]> {
  return async (request, token) => {
    const { id, method } = (await request.json()) as { id: number; method: string };
    const scope = scopes[method] ?? "";
    const issuers = servers.flatMap((one) => (one instanceof McpServer ? one.issuers : []));
    if (
      issuers.some(({ tokens }) =>
        tokens
          .get(token ?? "")
          ?.scope.split(" ")
          .includes(scope),
      )
    )
      return Response.json({ jsonrpc: "2.0", id, result: LISTED });
    const challenge = `Bearer error="insufficient_scope"${isNamed ? `, scope="${scope}"` : ""}`;
    return new Response(null, { status: 403, headers: { "www-authenticate": challenge } });
  };
}

test("a page that a person opens as another account: the login stays that of the first, and the error says why", async () => {
  let who = "alice";
  const server = start({ account: () => who, handler: wanting({ "tools/list": "files:write" }) });
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const { stdout: token } = await auth(["token", server.url], { env });
  who = "bob";
  const { data } = await refusal(bridge(server.url, env).request("tools/list"));
  expect([data?.code, server.issuer.to("/authorize").length]).toEqual(["access_denied", 2]);
  expect((await auth(["token", server.url], { env })).stdout).toBe(token);
});

test("a scope that isn't named: an error, and no login, which couldn't know what to ask for", async () => {
  const server = start({ handler: wanting({ "tools/list": "files:write" }, false) });
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const client = bridge(server.url, env);
  for (const _ of [1, 2])
    expect(await refusal(client.request("tools/list"))).toMatchObject({
      code: 403,
      data: { code: "insufficient_scope" },
    });
  expect(server.issuer.to("/authorize")).toHaveLength(1);
});

test("a token that has the scope and is refused all the same: an error, and no login", async () => {
  const challenge = 'Bearer error="insufficient_scope", scope="tools"';
  const server = start({
    handler: () => new Response(null, { status: 403, headers: { "www-authenticate": challenge } }),
  });
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const { code, data } = await refusal(bridge(server.url, env).request("tools/list"));
  expect([code, data?.code]).toEqual([403, "insufficient_scope"]);
  expect(server.issuer.to("/authorize")).toHaveLength(1);
});

test("two requests that want a scope each: the one that waits for the other's login has its own after it", async () => {
  const server = start({ handler: wanting({ one: "files:read", two: "files:write" }) });
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const client = bridge(server.url, env);
  expect(await Promise.all([client.request("one"), client.request("two")])).toEqual([LISTED, LISTED]);
  expect(server.issuer.to("/authorize")).toHaveLength(3);
});

test("a token of unknown life that is refused for ever is refreshed once in a minute", async () => {
  const server = start({
    lifetime: null,
    handler: () => new Response(null, { status: 401, headers: { "www-authenticate": server.challenge } }),
  });
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const client = bridge(server.url, env);
  for (const _ of [1, 2, 3]) expect((await refusal(client.request("tools/list"))).data?.code).toBe("token_refused");
  expect(server.issuer.to("/token").map(({ grant_type }) => grant_type)).toEqual([
    "authorization_code",
    "refresh_token",
  ]);
});

test("a message is refused twice: one refresh, however short the token's life", async () => {
  const server = start({
    lifetime: 1,
    handler: async () => {
      // So that the next token is no longer just made when it is refused.
      await Bun.sleep(300);
      return new Response(null, { status: 401, headers: { "www-authenticate": server.challenge } });
    },
  });
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  await Bun.sleep(300);
  const before = server.issuer.to("/token").length;
  expect((await refusal(bridge(server.url, env).request("tools/list"))).data?.code).toBe("token_refused");
  expect(server.issuer.to("/token").length - before).toBeLessThanOrEqual(2);
});

test("a server that refuses every token: one refresh, no login, an error without the token", async () => {
  const server = start({
    lifetime: 20,
    handler: () => new Response(null, { status: 401, headers: { "www-authenticate": server.challenge } }),
  });
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  await Bun.sleep(2_100);
  const client = bridge(server.url, env);
  for (const _ of [1, 2]) expect((await refusal(client.request("tools/list"))).data?.code).toBe("token_refused");
  expect(server.issuer.to("/authorize")).toHaveLength(1);
  expect(server.issuer.to("/token").map(({ grant_type }) => grant_type)).toEqual([
    "authorization_code",
    "refresh_token",
  ]);
  await client.close();
  const said = JSON.stringify([client.received, await client.stderr]);
  for (const token of server.issuer.tokens.keys()) expect(said).not.toContain(token);
});

test("a login whose refresh token is dead is made anew, once for all", async () => {
  const server = start({ lifetime: 20 });
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const old = server.issuer;
  servers.push(old);
  server.issuers = [new AuthorizationServer({}, "other")];
  const all = [1, 2, 3].map(() => bridge(server.url, env));
  expect(await Promise.all(all.map((client) => client.request("tools/list")))).toEqual(all.map(() => LISTED));
  expect(server.issuer.to("/authorize")).toHaveLength(1);
});

test("two accounts: -p names one; without it the error has what to write into the client's configuration", async () => {
  const server = start();
  const env = bareEnvironment();
  for (const name of ["work", "home"])
    await loginByBrowser(["login", server.url, "-p", name, "--json", "--no-browser"], env);
  const { data } = await refusal(bridge(server.url, env).request("tools/list"));
  expect(data?.code).toBe("ambiguous_connection");
  expect(data?.hint).toContain(`In the client's configuration: auth mcp ${server.url} -p <name>\n`);
  expect(data?.hint).toContain("mcp:work");
  const client = new BridgeClient(server.url, env, ["-p", "work"]);
  clients.push(client);
  expect(await client.request("tools/list")).toEqual(LISTED);
});

test("a logout is seen at the next request", async () => {
  const server = start();
  const env = bareEnvironment();
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const client = bridge(server.url, env);
  expect(await client.request("tools/list")).toEqual(LISTED);
  expect((await auth(["logout", server.url], { env })).code).toBe(0);
  const { data } = await refusal(client.request("tools/list"));
  expect(data?.code).toBe("login_required");
  await visit(String(data?.url));
});

test.each<[string, McpOptions]>([
  ["of another server", { metadata: { resource: "https://other.example/mcp" } }],
  ["of an issuer by plain http", { metadata: { authorization_servers: ["http://issuer.example"] } }],
  ["of another issuer than it names", { issuerMetadata: { issuer: "https://other.example" } }],
  ["of 10 MB", { metadataText: `{"resource":"${"x".repeat(10_000_000)}"}` }],
  ["without PKCE", { issuerMetadata: { code_challenge_methods_supported: undefined } }],
])("metadata %s: an error that says so, and nothing is registered", async (_, options) => {
  const server = start(options);
  const client = bridge(server.url, bareEnvironment({ BROWSER }));
  const error = await refusal(client.request("tools/list"));
  expect([401, 502]).toContain(error.code);
  expect(String(error.data?.code)).toMatch(/provider_unavailable|network/);
  expect(server.issuer.registrations).toEqual([]);
});

test("a challenge among ten others, with quotes and commas", async () => {
  const others = Array.from({ length: 10 }, (_, i) => `Scheme${i} realm="a \\"b\\", Bearer scope=x", q="${i},${i}"`);
  const server = start({ challenge: `${others.join(", ")}, Bearer realm="mcp", resource_metadata="{metadata}"` });
  const client = bridge(server.url, bareEnvironment({ BROWSER }));
  expect(await client.request("tools/list")).toEqual(LISTED);
});
