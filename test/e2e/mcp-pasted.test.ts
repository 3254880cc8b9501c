/** A token that an MCP server's own pages give: `auth login <url> --token -`, and what is done where it is refused. */
import { afterAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { type McpOptions, McpServer } from "../issuers/mcp.ts";
import { errorOf } from "../support/logged-in.ts";
import { BridgeClient, RpcFailure } from "../support/mcp-client.ts";
import { auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";

const started: { stop(): Promise<void> }[] = [];
const clients: BridgeClient[] = [];
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(started.map((one) => one.stop()));
});

/** The server takes these tokens, and the browser says that it was opened. */
function start(tokens: readonly string[], options: McpOptions = {}) {
  const server = new McpServer(options);
  started.push(server);
  for (const token of tokens) server.issuer.tokens.set(token, { scope: "tools", resource: null });
  const opened = join(tempFolder(), "opened");
  const env = bareEnvironment({ BROWSER: `/usr/bin/touch ${opened}` });
  const paste = (token: string, ...more: string[]): Promise<Ended> =>
    auth(["login", server.url, "--token", "-", ...more], { env, stdin: token });
  const request = async (...args: string[]): Promise<unknown> => {
    const client = new BridgeClient(server.url, env, args);
    clients.push(client);
    return client.request("tools/list").catch((error: unknown) => {
      if (error instanceof RpcFailure) return error.error;
      throw error;
    });
  };
  return { server, env, paste, request, wasOpened: () => existsSync(opened) };
}

const LISTED = { tools: [] };

test.each<[string, McpOptions]>([
  ["that names its issuer", {}],
  ["that says nothing of who gives its tokens", { challenge: null, metadataAt: null }],
  ["whose metadata are another's", { metadata: { resource: "https://other.example/mcp" } }],
  ["that names itself by its origin", { ofOrigin: true }],
])("a token pasted at a server %s is found by its URL", async (_, options) => {
  const { server, env, paste, request } = start(["pat-1"], options);
  const pasted = await paste("pat-1");
  expect([pasted.code, pasted.stderr]).toEqual([0, expect.stringContaining("Logged in to mcp:")]);
  expect(await auth(["token", server.url], { env })).toMatchObject({ code: 0, stdout: "pat-1\n" });
  expect(await request()).toEqual(LISTED);
  const { stdout } = await auth(["list", "--json"], { env });
  expect(JSON.parse(stdout)).toMatchObject([{ provider: "mcp" }]);
});

test("it goes to the server's origin alone", async () => {
  const { server, env, paste } = start(["pat-1"]);
  const other = new McpServer({ open: true });
  started.push(other);
  await paste("pat-1");
  const curl = (url: string): Promise<Ended> =>
    auth(["curl", server.url, "--", "-s", "-X", "POST", "-d", '{"id":1}', url], { env });
  expect(await curl(server.url)).toMatchObject({ code: 0, stdout: expect.stringContaining('"tools":[]') });
  expect(errorOf(await auth(["curl", server.url, "--json", "--", other.url], { env })).code).toBe("origin_mismatch");
  expect(other.requests).toEqual([]);
  expect((await auth(["token", other.url], { env })).code).toBe(2);
});

test("refused, no browser opens: another has to be pasted, which goes on at the next request", async () => {
  const { server, paste, request, wasOpened } = start(["pat-2"]);
  await paste("pat-1");
  const refused = await request();
  expect(refused).toMatchObject({
    code: 401,
    message: expect.stringContaining(`Paste another: auth login ${server.url} --token -`),
    data: { code: "login_required" },
  });
  expect([wasOpened(), server.issuer.registrations]).toEqual([false, []]);
  const again = await paste("pat-2");
  expect([again.code, again.stderr]).toEqual([0, expect.stringContaining("Replaced the token")]);
  expect(await request()).toEqual(LISTED);
});

test("a scope that it lacks is named, and the name under which it is kept", async () => {
  const { server, paste, request, wasOpened } = start([], {
    challenge: 'Bearer error="insufficient_scope", scope="admin"',
  });
  await paste("pat-1", "-p", "work");
  expect(await request("-p", "work")).toMatchObject({
    message: expect.stringContaining(`Paste one with admin: auth login ${server.url} -p work --token -`),
    data: { code: "insufficient_scope" },
  });
  expect(wasOpened()).toBe(false);
});
