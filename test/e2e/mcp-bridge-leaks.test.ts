/** A server that repeats the token it was sent: in a scope, a tool's name, an address. It ends up nowhere else. */
import { afterAll, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type McpOptions, McpServer } from "../issuers/mcp.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { BridgeClient, RpcFailure, stateless } from "../support/mcp-client.ts";
import { lacking } from "../support/needs.ts";
import { auth, bareEnvironment, tempFolder } from "../support/program.ts";

const servers: McpServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

interface Talk {
  readonly server: McpServer;
  readonly client: BridgeClient;
  readonly env: Readonly<Record<string, string>>;
  /** The token that the server was sent. */
  readonly token: string;
  /** What AUTH_NOTIFY_COMMAND was told. */
  readonly told: string;
}

/** A bridge with a login, at a server that does as `handler` says. */
async function talkTo(handler: NonNullable<McpOptions["handler"]>, more: Record<string, string> = {}): Promise<Talk> {
  const server = new McpServer({ handler });
  servers.push(server);
  const told = join(tempFolder(), "told");
  const env = bareEnvironment({ AUTH_NOTIFY_COMMAND: `cat >> ${told}`, ...more });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const { stdout } = await auth(["token", server.url], { env });
  return { server, client: new BridgeClient(server.url, env), env, token: stdout.trim(), told };
}

function wantsScope(scope: string): Response {
  const challenge = `Bearer error="insufficient_scope", scope="${scope}"`;
  return new Response(null, { status: 403, headers: { "www-authenticate": challenge } });
}

async function refusal(asked: Promise<unknown>): Promise<RpcFailure["error"]> {
  const error = await asked.catch((one: unknown) => one);
  if (error instanceof RpcFailure) return error.error;
  throw new Error(`not refused: ${error}`);
}

/** Of all processes that this user can see. */
function commandLines(): string[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .flatMap((pid) => {
      try {
        return [readFileSync(`/proc/${pid}/cmdline`, "utf8").replaceAll("\0", " ")];
      } catch {
        return [];
      }
    });
}

test.skipIf(lacking("linux"))("the token in a scope: no login begins, and the token is in no text", async () => {
  const { server, client, env, token, told } = await talkTo((_, sent) => wantsScope(`x-${sent}`));
  const error = await refusal(client.request("tools/list"));
  expect(commandLines().filter((line) => line.includes(token))).toEqual([]);
  expect(error).toMatchObject({ code: 403, data: { code: "insufficient_scope" } });
  expect(error.message).toContain("doesn't say which");
  const asked = await auth(["token", server.url, "--challenge", "-"], {
    env,
    stdin: `Bearer error="insufficient_scope", scope="x-${token}"\n`,
  });
  expect([asked.code, asked.stderr.includes("doesn't say which")]).toEqual([4, true]);
  await client.close();
  const notified = existsSync(told) ? readFileSync(told, "utf8") : "";
  expect([JSON.stringify(error), await client.stderr, notified, asked.stderr].join("\n")).not.toContain(token);
  expect(server.issuer.to("/authorize")).toHaveLength(1);
});

test.skipIf(lacking("linux"))("a scope that the server asks for is on no command line", async () => {
  const { client } = await talkTo(() => wantsScope("files:of-nobody-else"));
  const { data } = await refusal(client.request("tools/list"));
  expect(String(data?.url)).toContain("files%3Aof-nobody-else");
  const lines = commandLines();
  expect(lines.filter((line) => line.includes("files:of-nobody-else"))).toEqual([]);
  // The login that waits for its person was looked at, too.
  expect(lines.some((line) => line.includes("--add-scope -"))).toBe(true);
  await fetch(String(data?.url)).then((page) => page.text());
  await client.close();
});

test("the token in the place where metadata is said to be: the error hasn't it", async () => {
  const { client, token } = await talkTo((request, sent) => {
    const challenge = `Bearer error="invalid_token", resource_metadata="${new URL(request.url).origin}/x-${sent}"`;
    return new Response(null, { status: 401, headers: { "www-authenticate": challenge } });
  });
  const error = await refusal(client.request("tools/list"));
  await client.close();
  expect(JSON.stringify(error) + (await client.stderr)).not.toContain(token);
});

test("the token in the name of a tool that is left out: the log hasn't it", async () => {
  const { client, token } = await talkTo(async (request, sent) => {
    const { id } = (await request.json()) as { id: number };
    const inputSchema = { properties: { a: { type: "array", "x-mcp-header": "A" } } };
    return Response.json({ jsonrpc: "2.0", id, result: { tools: [{ name: `leak-${sent}`, inputSchema }] } });
  });
  expect(await client.request("tools/list", stateless())).toEqual({ tools: [] });
  await client.close();
  const log = await client.stderr;
  expect(log).toContain("the tool leak-[redacted] is left out");
  expect(log).not.toContain(token);
});

test("scopes that look like flags, or have commas in them, are asked for as they are", async () => {
  const BROWSER = `${process.execPath} ${join(import.meta.dir, "..", "support", "browser.ts")}`;
  let wanted = "--force a,b";
  const handler: McpOptions["handler"] = async (request, sent) => {
    const { id } = (await request.json()) as { id: number };
    const has = talk.server.issuer.tokens.get(sent ?? "")?.scope.split(" ") ?? [];
    return wanted.split(" ").every((scope) => has.includes(scope))
      ? Response.json({ jsonrpc: "2.0", id, result: { ok: true } })
      : wantsScope(wanted);
  };
  const talk = await talkTo(handler, { BROWSER });
  const { server, client, env } = talk;
  expect(await client.request("tools/list")).toEqual({ ok: true });
  expect(server.issuer.to("/authorize")[1]?.scope).toBe("tools offline_access --force a,b");
  await client.close();
  const remedyFor = async (scope: string): Promise<string> => {
    wanted = scope;
    const stdin = `Bearer error="insufficient_scope", scope="${scope}"\n`;
    return (await auth(["token", server.connection, "--challenge", "-"], { env, stdin })).stderr;
  };
  const login = `auth login ${server.connection}`;
  expect(await remedyFor("--help")).toContain(`Log in for it: ${login} --add-scope=--help\n`);
  expect(await remedyFor("c,d e")).toContain(`Log in for it, with c,d e on standard input: ${login} --add-scope -\n`);
});
