/** Sessions and streams that break, and messages that can't wait: `auth mcp <url>` and a server with sessions. */
import { afterAll, expect, test } from "bun:test";
import { McpServer } from "../issuers/mcp.ts";
import { bridgeTo, events, ok, stopBridges } from "../support/bridge-to.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { BridgeClient, type Message, RpcFailure } from "../support/mcp-client.ts";
import { bareEnvironment } from "../support/program.ts";

afterAll(stopBridges);

const NOTIFICATION = 'data: {"jsonrpc":"2.0","method":"n"}\n\n';

test("a lost session that can't be renewed at once is renewed at the next message", async () => {
  let isLost = false;
  let begun = 0;
  const client = bridgeTo((message, request) => {
    if (message.method === "initialize") {
      begun++;
      return begun === 2 ? new Response(null, { status: 503 }) : ok(message, `s${begun}`);
    }
    const session = request.headers.get("mcp-session-id");
    return isLost && session !== "s3" ? new Response(null, { status: session === null ? 400 : 404 }) : undefined;
  });
  await client.initialize();
  expect(await client.request("ping")).toEqual({ ok: true });
  isLost = true;
  const failed = await client.request("ping").catch((error: unknown) => error);
  expect(failed).toBeInstanceOf(RpcFailure);
  expect(await client.request("ping")).toEqual({ ok: true });
  expect(begun).toBe(3);
});

const NO_SESSION = "Bad Request: No valid session ID provided";

function refusal(code: number, message: string, id: unknown = null): Response {
  return Response.json({ jsonrpc: "2.0", id, error: { code, message } }, { status: 400 });
}

test.each([
  ["in JSON-RPC", () => refusal(-32000, NO_SESSION)],
  ["in plain words", () => new Response(NO_SESSION, { status: 400 })],
])("a session that is lost with HTTP 400, %s, is begun anew once", async (_, refuse) => {
  let alive = "s1";
  let begun = 0;
  const client = bridgeTo((message, request) => {
    if (message.method === "initialize") return ok(message, `s${++begun}`);
    return request.headers.get("mcp-session-id") === alive ? undefined : refuse();
  });
  await client.initialize();
  expect(await client.request("ping")).toEqual({ ok: true });
  alive = "s2";
  expect(await client.request("ping")).toEqual({ ok: true });
  expect(begun).toBe(2);
  alive = "none";
  expect(await client.request("ping").catch((error: unknown) => error)).toBeInstanceOf(RpcFailure);
  expect(begun).toBe(3);
});

test.each([
  [-32602, "no session_id among the arguments"],
  [-32000, "busy"],
])("HTTP 400 for another reason is the client's to read, and the session stays: %d %s", async (code, message) => {
  let begun = 0;
  const client = bridgeTo(({ method }) => {
    if (method === "initialize") begun++;
    return method === "tools/call" ? refusal(code, message) : undefined;
  });
  await client.initialize();
  const failure = await client.request("tools/call").catch((error: unknown) => error);
  expect(failure).toMatchObject({ error: { code, message } });
  expect(begun).toBe(1);
});

test.each([
  ["names a session of its own", "The tool's browser session crashed after the purchase", false],
  ["has the words for a lost session", NO_SESSION, true],
])("a tool whose error %s is called once", async (_, message, isAnswer) => {
  let called = 0;
  const client = bridgeTo(({ method, id }) => {
    if (method !== "tools/call") return undefined;
    called++;
    return refusal(-32000, message, isAnswer ? id : null);
  });
  await client.initialize();
  const failure = await client.request("tools/call").catch((error: unknown) => error);
  expect(failure).toMatchObject({ error: { code: -32000, message } });
  expect(called).toBe(1);
});

test.each([503, 401])("the server's own stream is asked for again after HTTP %d", async (status) => {
  let asked = 0;
  const client = bridgeTo((_, { method }) => {
    if (method !== "GET") return undefined;
    return ++asked === 1 ? new Response(null, { status }) : asked === 2 ? events(NOTIFICATION) : undefined;
  });
  const came = client.waitFor(({ method }) => method === "n");
  await client.initialize();
  expect((await came).method).toBe("n");
});

test("a server that says to come back at once isn't asked without a pause", async () => {
  let asked = 0;
  const client = bridgeTo((_, { method }) => {
    if (method !== "GET") return undefined;
    asked++;
    return events("retry: 0\n\n");
  });
  await client.initialize();
  await Bun.sleep(2_000);
  expect(asked).toBeGreaterThan(0);
  expect(asked).toBeLessThan(6);
});

test("a response and a cancellation reach the server while it answers initialize", async () => {
  const told = Promise.withResolvers<void>();
  const seen = new Set<string>();
  const client = bridgeTo((message) => {
    if (message.id === "asked" || message.method === "notifications/cancelled") {
      seen.add(message.method ?? "response");
      if (seen.size === 2) told.resolve();
      return new Response(null, { status: 202 });
    }
    if (message.method !== "initialize") return undefined;
    const result = { protocolVersion: "2025-11-25", capabilities: {} };
    const body = new ReadableStream<string>({
      async start(stream) {
        stream.enqueue('data: {"jsonrpc":"2.0","id":"asked","method":"ping"}\n\n');
        await told.promise;
        stream.enqueue(`data: ${JSON.stringify({ jsonrpc: "2.0", id: message.id, result })}\n\n`);
        stream.close();
      },
    });
    return new Response(body.pipeThrough(new TextEncoderStream()), {
      headers: { "content-type": "text/event-stream" },
    });
  });
  const begun = client.initialize();
  client.notify("notifications/cancelled", { requestId: 77 });
  expect(await begun).toMatchObject({ protocolVersion: "2025-11-25" });
});

test("messages of more than 64 MiB on their way: a further large one is refused, small ones and the end are read", async () => {
  const client = bridgeTo(({ method }) => (method === "slow" ? new Promise<undefined>(() => {}) : undefined));
  const text = "a".repeat(34_000_000);
  client.send({ id: "first", method: "slow", params: { text } });
  const refused = await client.request("slow", { text }).catch((error: unknown) => error);
  expect(refused).toMatchObject({ error: { code: 502, data: { code: "busy" } } });
  expect(await client.request("ping")).toEqual({ ok: true });
  expect(await client.close()).toBe(0);
}, 60_000);

test("the end of a session is told with the token that there is: no refresh holds up the end", async () => {
  const server: McpServer = new McpServer({
    lifetime: 2,
    handler: async (request) => {
      return ok(request.method === "POST" ? ((await request.json()) as Message) : ({} as Message));
    },
  });
  const env = bareEnvironment();
  await loginByBrowser(["login", server.url, "--json", "--no-browser"], env);
  const client = new BridgeClient(server.url, env);
  await client.initialize();
  const { length } = server.issuer.to("/token");
  // By then the token is due, and the server refuses it.
  await Bun.sleep(2_100);
  expect(await client.close()).toBe(0);
  expect(server.requests.at(-1)).toBe("DELETE /mcp");
  expect(server.issuer.to("/token")).toHaveLength(length);
  await server.stop();
});
