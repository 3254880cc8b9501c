/** A name that stands for a login at another place by now: what runs already sends that login's token nowhere (SECURITY.md). */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import type { ServerResponse } from "node:http";
import { join } from "node:path";
import { McpServer } from "../issuers/mcp.ts";
import { makeAuthority } from "../support/authority.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { heldHome } from "../support/held-home.ts";
import { paste, succeeded } from "../support/home.ts";
import { BridgeClient, type RpcFailure } from "../support/mcp-client.ts";
import { AUTH, auth, bareEnvironment, tempFolder } from "../support/program.ts";
import { type Api, startApi, startAuthProxy } from "../support/proxy-home.ts";

const OLD = "token-of-the-first-login-000";
const NEW = "token-of-the-other-login-111";

async function describeProvider(env: Record<string, string>, origin: string): Promise<void> {
  const file = join(tempFolder(), "acme.toml");
  writeFileSync(file, `id = "acme"\ntitle = "Acme"\nflows = ["token"]\norigins = ["${origin}"]\n`, { mode: 0o600 });
  await succeeded(auth(["provider", "add", file, "--yes", "--replace"], { env }));
}

/** Another login under the same name. */
async function swapped(env: Record<string, string>, origin: string): Promise<void> {
  await succeeded(auth(["logout", "acme", "--yes"], { env }));
  await describeProvider(env, origin);
  await paste(env, "acme", NEW);
}

describe("a proxy that runs", () => {
  let env: Record<string, string>;
  let other: Api;
  const one: Api[] = [];
  beforeAll(async () => {
    other = await startApi(() => true);
    one.push(
      await startApi(() => true, {
        "/swap": async (_, response) => {
          await swapped(env, other.origin);
          response.writeHead(401).end("who are you?");
        },
      }),
    );
  });
  afterAll(() => [...one, other].map((api) => api.stop()));

  /** What a request through the proxy comes to, and the tokens that the API saw with it. */
  const answerFrom = async (api: Api, url: string): Promise<unknown[]> => {
    const before = api.seen.length;
    const response = await fetch(url);
    const text = await response.text();
    const code = text.startsWith("{") ? (JSON.parse(text) as { error: { code: string } }).error.code : text;
    return [response.status, code, ...api.seen.slice(before).map(({ headers }) => headers.authorization)];
  };

  test("answers origin_mismatch after a login by another description, also for an origin that it was told", async () => {
    const [api] = one as [Api];
    env = bareEnvironment();
    await describeProvider(env, api.origin);
    await paste(env, "acme", OLD);
    const proxy = await startAuthProxy(env, ["acme", "--origin", other.origin]);
    const added = proxy.address.replace("acme:default", `acme:default@${new URL(other.origin).host}`);
    try {
      expect(await answerFrom(api, `${proxy.address}/x`)).toEqual([200, "hello from /x", `Bearer ${OLD}`]);
      await swapped(env, other.origin);
      expect(await answerFrom(api, `${proxy.address}/x`)).toEqual([502, "origin_mismatch"]);
      expect(await answerFrom(other, `${added}/x`)).toEqual([502, "origin_mismatch"]);
    } finally {
      await proxy.stop();
    }
  });

  test("doesn't try the other login's token where the API refuses the first one's", async () => {
    const [api] = one as [Api];
    env = bareEnvironment();
    await describeProvider(env, api.origin);
    await paste(env, "acme", OLD);
    const proxy = await startAuthProxy(env, ["acme"]);
    try {
      const [status, , ...tokens] = await answerFrom(api, `${proxy.address}/swap`);
      expect([status, ...tokens]).toEqual([401, `Bearer ${OLD}`]);
    } finally {
      await proxy.stop();
    }
  });

  test("goes on with a new login at the same place", async () => {
    const [api] = one as [Api];
    env = bareEnvironment();
    await describeProvider(env, api.origin);
    await paste(env, "acme", OLD);
    const proxy = await startAuthProxy(env, ["acme"]);
    try {
      await swapped(env, api.origin);
      expect(await answerFrom(api, `${proxy.address}/x`)).toEqual([200, "hello from /x", `Bearer ${NEW}`]);
    } finally {
      await proxy.stop();
    }
  });

  test("answers it after a login at another host of the same provider", async () => {
    const authority = await makeAuthority();
    const account = { id: 1, username: "me", scopes: ["api"] };
    const paths = Object.fromEntries(
      ["/api/v4/user", "/api/v4/personal_access_tokens/self"].map((path) => [
        path,
        (_: unknown, response: ServerResponse) =>
          void response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(account)),
      ]),
    );
    const [first, second] = [
      await startApi(() => true, paths, await authority.issue("localhost")),
      await startApi(() => true, paths, await authority.issue("localhost")),
    ];
    env = { ...bareEnvironment(), NODE_EXTRA_CA_CERTS: authority.file };
    const login = (api: Api, stdin: string): Promise<unknown> =>
      succeeded(auth(["login", "gitlab", "--host", new URL(api.origin).host, "--token", "-"], { env, stdin }));
    await login(first, "glpat-firstfirstfirst000");
    const proxy = await startAuthProxy(env, ["gitlab"]);
    try {
      await succeeded(auth(["logout", "gitlab", "--yes"], { env }));
      await login(second, "glpat-otherotherother111");
      expect(await answerFrom(first, `${proxy.address}/api/v4/projects`)).toEqual([502, "origin_mismatch"]);
    } finally {
      await proxy.stop();
      first.stop();
      second.stop();
    }
  });
});

test("a bridge to an MCP server: the other server's token isn't sent, and the login at this one is found again", async () => {
  const sent: (string | null)[] = [];
  const server: McpServer = new McpServer({
    open: true,
    handler: async (request, token) => {
      sent.push(token);
      const { id } = (await request.json()) as { id?: number };
      if (!server.issuer.tokens.has(token ?? ""))
        return new Response(null, { status: 401, headers: { "www-authenticate": server.challenge } });
      return Response.json({ jsonrpc: "2.0", id, result: { tools: [] } });
    },
  });
  const other = new McpServer();
  const env = bareEnvironment();
  const login = (url: string): Promise<unknown> =>
    loginByBrowser(["login", url, "-p", "work", "--json", "--no-browser"], env);
  await login(server.url);
  const client = new BridgeClient(server.url, env, ["-p", "work"]);
  try {
    expect(await client.request("tools/list")).toEqual({ tools: [] });
    await succeeded(auth(["logout", "mcp:work", "--yes"], { env }));
    await login(other.url);
    sent.length = 0;
    const failure = await client.request("tools/list").catch((error: unknown) => error);
    expect((failure as RpcFailure).error?.data?.code).toBe("origin_mismatch");
    expect(sent).toEqual([]);
    await succeeded(auth(["logout", "mcp:work", "--yes"], { env }));
    await login(server.url);
    expect(await client.request("tools/list")).toEqual({ tools: [] });
  } finally {
    await client.close();
    await Promise.all([server.stop(), other.stop()]);
  }
});

test("a file of run --fresh keeps the first login's token", async () => {
  const home = await heldHome(["acme"], 4);
  try {
    const script = 'cat "$ACME_TOKEN_FILE"; echo; read line; cat "$ACME_TOKEN_FILE"; echo';
    const child = Bun.spawn([AUTH, "run", "acme", "--fresh", "-q", "--", "sh", "-c", script], {
      env: home.env,
      stdio: ["pipe", "pipe", "pipe"],
    });
    const [stdout, stderr] = [linesOf(child.stdout), linesOf(child.stderr)];
    const first = (await stdout.next()).value;
    await swapped(home.env, "https://api.example");
    let said: string | undefined = "";
    while (said?.includes("at another place") === false) said = (await stderr.next()).value;
    child.stdin.write("\n");
    await child.stdin.end();
    expect(said).toContain("could not be renewed: acme:default is a login at another place");
    expect(first).toMatch(/^access-\d+$/);
    expect((await stdout.next()).value).toMatch(/^access-\d+$/);
  } finally {
    await home.stop();
  }
}, 60_000);

async function* linesOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<string, undefined> {
  let rest = "";
  for await (const chunk of stream) {
    const lines = (rest + new TextDecoder().decode(chunk)).split("\n");
    rest = lines.pop() ?? "";
    yield* lines;
  }
}
