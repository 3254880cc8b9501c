/** `auth mcp <url>` between clients and servers of the official SDKs. */
import { afterAll, describe, expect, test } from "bun:test";
import { type McpOptions, McpServer } from "../issuers/mcp.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { type Handler, StatefulServer, statefulClient, statelessClient, statelessHandler } from "../support/mcp-sdk.ts";
import { bareEnvironment } from "../support/program.ts";

const servers: McpServer[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** A server that takes tokens, and a home with a login there. */
async function loggedIn(
  handler: Handler,
  options: McpOptions = {},
): Promise<{ server: McpServer; env: Record<string, string> }> {
  const server = new McpServer({ ...options, handler });
  servers.push(server);
  const env = bareEnvironment();
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  return { server, env };
}

const TEXT = { name: "echo", arguments: { text: "hällo\nworld" } };
const SAME = [{ type: "text" as const, text: "hällo\nworld" }];

function refreshes({ issuer }: McpServer): number {
  return issuer.to("/token").filter(({ grant_type }) => grant_type === "refresh_token").length;
}

describe("the wire with sessions", () => {
  test("tools, progress, the server's own questions, notifications, and the end of the session", async () => {
    const stateful = new StatefulServer();
    const { server, env } = await loggedIn(stateful.handle);
    const client = await statefulClient(server.url, env);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["echo", "ask", "steps"]);
    expect((await client.callTool(TEXT)).content).toEqual(SAME);
    expect(JSON.stringify(await client.callTool({ name: "ask" }))).toContain("sampled");
    const steps: number[] = [];
    await client.callTool({ name: "steps" }, undefined, { onprogress: ({ progress }) => void steps.push(progress) });
    expect(steps).toEqual([1, 2, 3]);
    expect(stateful.transports.size).toBe(1);
    await client.close();
    expect(stateful.transports.size).toBe(0);
    expect(server.requests).toContain("GET /mcp");
    expect(server.requests).toContain("DELETE /mcp");
  });

  test("a session that the server has lost is begun anew, and the client gets its answer", async () => {
    const stateful = new StatefulServer();
    const { server, env } = await loggedIn(stateful.handle);
    const client = await statefulClient(server.url, env);
    stateful.forget();
    const both = await Promise.all([client.callTool(TEXT), client.callTool(TEXT)]);
    expect(both.map(({ content }) => content)).toEqual([SAME, SAME]);
    expect(stateful.transports.size).toBe(1);
    await client.close();
  });
});

describe("the wire without sessions", () => {
  test("discovery, tools and their results", async () => {
    const { server, env } = await loggedIn(statelessHandler());
    const client = await statelessClient(server.url, env);
    expect((await client.listTools()).tools.map(({ name }) => name)).toEqual(["echo"]);
    expect((await client.callTool(TEXT)).content).toEqual(SAME);
    await client.close();
    expect(server.requests).not.toContain("GET /mcp");
    expect(server.requests).not.toContain("DELETE /mcp");
  });
});

test("three clients at once, across two ends of a token of a rotating issuer: one refresh each, and no login", async () => {
  const stateful = new StatefulServer();
  const { server, env } = await loggedIn(stateful.handle, { lifetime: 20 });
  const clients = await Promise.all([1, 2, 3].map(() => statefulClient(server.url, env)));
  const logins = server.issuer.to("/authorize").length;
  for (const round of [1, 2]) {
    // One that is refused is refreshed if it is older than a tenth of its life.
    await Bun.sleep(2_100);
    server.issuer.expireAll();
    const all = await Promise.all(clients.map((client) => client.callTool(TEXT)));
    expect(all.map(({ content }) => content)).toEqual([SAME, SAME, SAME]);
    expect(refreshes(server)).toBe(round);
  }
  expect(server.issuer.to("/authorize")).toHaveLength(logins);
  await Promise.all(clients.map((client) => client.close()));
});
