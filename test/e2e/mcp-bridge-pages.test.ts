/** How often a server can have a bridge open a page: a person is at the browser, and the server isn't to be trusted. */
import { afterAll, expect, test } from "bun:test";
import { join } from "node:path";
import { type McpOptions, McpServer } from "../issuers/mcp.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { BridgeClient, RpcFailure } from "../support/mcp-client.ts";
import { bareEnvironment } from "../support/program.ts";

const servers: McpServer[] = [];
const clients: BridgeClient[] = [];
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(servers.map((server) => server.stop()));
});

function start(options: McpOptions): McpServer {
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

async function refusal(asked: Promise<unknown>): Promise<RpcFailure["error"]> {
  const error = await asked.catch((one: unknown) => one);
  if (error instanceof RpcFailure) return error.error;
  throw new Error(`not refused: ${error}`);
}

test("a server that wants another scope each time: one login for a message, three in all; order makes no difference", async () => {
  let wanted = "one two";
  const server = start({
    grants: ["tools"],
    handler: () => {
      const challenge = `Bearer error="insufficient_scope", scope="${wanted || crypto.randomUUID()}"`;
      return new Response(null, { status: 403, headers: { "www-authenticate": challenge } });
    },
  });
  const env = bareEnvironment({ BROWSER });
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const client = bridge(server.url, env);
  const pagesAfter = async (scopes: string): Promise<number> => {
    wanted = scopes;
    expect((await refusal(client.request("tools/list"))).data?.code).toBe("insufficient_scope");
    return server.issuer.to("/authorize").length;
  };
  expect(await pagesAfter("one two")).toBe(2);
  expect(await pagesAfter("two one")).toBe(2);
  expect(await pagesAfter("")).toBe(3);
  expect(await pagesAfter("")).toBe(4);
  expect(await pagesAfter("")).toBe(4);
});

test("logins that all fail: ten pages, then errors alone", async () => {
  const server = start({ refusal: "not today" });
  const client = bridge(server.url, bareEnvironment({ BROWSER }));
  const codes: unknown[] = [];
  for (let i = 0; i < 11; i++) codes.push((await refusal(client.request("tools/list"))).data?.code);
  expect([server.issuer.to("/authorize").length, codes.at(-1)]).toEqual([10, "login_required"]);
}, 60_000);
