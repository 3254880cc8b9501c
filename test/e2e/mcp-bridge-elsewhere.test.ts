/** Servers that are at another address, speak another wire, or are lost in the middle: `auth mcp <url>` says what to do. */
import { afterAll, describe, expect, test } from "bun:test";
import { McpServer } from "../issuers/mcp.ts";
import { bridgeTo, ok, stopBridges } from "../support/bridge-to.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { BridgeClient, type Message, RpcFailure } from "../support/mcp-client.ts";
import { bareEnvironment } from "../support/program.ts";

const stops: (() => unknown)[] = [stopBridges];
afterAll(async () => {
  for (const stop of stops) await stop();
});

async function errorOf(asked: Promise<unknown>): Promise<RpcFailure["error"]> {
  const error = await asked.catch((one: unknown) => one);
  if (error instanceof RpcFailure) return error.error;
  throw new Error(`no error: ${JSON.stringify(error)}`);
}

describe("a redirect", () => {
  test.each([307, 308])("within the origin is followed, with the token and the message: HTTP %d", async (status) => {
    const shown: (string | null)[] = [];
    const server = new McpServer({
      handler: async (request, token) => {
        const { search } = new URL(request.url);
        if (search === "") return new Response(null, { status, headers: { location: "?moved=1" } });
        shown.push(token);
        return ok(request.method === "POST" ? ((await request.json()) as Message) : {});
      },
    });
    const env = bareEnvironment();
    await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
    const client = new BridgeClient(server.url, env);
    stops.unshift(() => client.close());
    stops.push(() => server.stop());
    await client.initialize();
    expect(await client.request("ping")).toEqual({ ok: true });
    expect(shown.length).toBeGreaterThanOrEqual(3);
    expect(shown).not.toContain(null);
  });

  test("to another origin gets nothing, and the error says where it leads", async () => {
    const seen: Request[] = [];
    const elsewhere = Bun.serve({
      port: 0,
      hostname: "127.0.0.1",
      fetch: (request) => {
        seen.push(request);
        return new Response(null, { status: 404 });
      },
    });
    stops.push(() => elsewhere.stop(true));
    const client = bridgeTo(() => Response.redirect(`${elsewhere.url.origin}/mcp?key=hidden`, 307));
    const { code, message } = await errorOf(client.request("ping"));
    expect(code).toBe(502);
    expect(message).toContain(`It sends to ${elsewhere.url.origin}/mcp, which is not followed.`);
    expect(message).not.toContain("hidden");
    expect(seen).toEqual([]);
  });

  test.each([301, 302, 303])("that may turn the request into another is not followed: HTTP %d", async (status) => {
    const client = bridgeTo((_, { url }) =>
      url.endsWith("?moved=1") ? undefined : new Response(null, { status, headers: { location: "?moved=1" } }),
    );
    expect((await errorOf(client.request("ping"))).message).toContain("/mcp, which is not followed.");
  });

  test("that leads in a circle ends", async () => {
    let asked = 0;
    const client = bridgeTo(() => {
      asked++;
      return new Response(null, { status: 307, headers: { location: "" } });
    });
    expect((await errorOf(client.request("ping"))).code).toBe(502);
    expect(asked).toBeLessThan(6);
  });
});

test.each([404, 405])("HTTP %d: the error names the wire that isn't spoken", async (status) => {
  const client = bridgeTo(() => new Response("no", { status }));
  const { code, message } = await errorOf(client.request("initialize"));
  expect(code).toBe(status);
  expect(message).toContain("HTTP+SSE");
});

test("an answer that is lost after its request was sent: that it may have been done, not to try again", async () => {
  const server = Bun.listen({
    port: 0,
    hostname: "127.0.0.1",
    socket: { data: (socket) => void socket.end() },
  });
  stops.push(() => server.stop(true));
  const client = new BridgeClient(`http://127.0.0.1:${server.port}/mcp`, bareEnvironment());
  stops.unshift(() => client.close());
  const { message, data } = await errorOf(client.request("tools/call", { name: "pay" }));
  expect(data).toMatchObject({ sent: true });
  expect(message).toContain("What was asked may have been done.");
  expect(message).not.toMatch(/try again/i);
});
