/** A server that answers, and leaves the stream of its answer open: `auth mcp <url>` waits for responses, not for ends. */
import { afterAll, expect, test } from "bun:test";
import { bridgeTo, events, ok, stopBridges } from "../support/bridge-to.ts";
import { type Message, stateless } from "../support/mcp-client.ts";

afterAll(stopBridges);

/** The answer, as events of a stream that has no end. */
async function withoutEnd(answer: Response): Promise<Response> {
  const text = await answer.text();
  const body = new ReadableStream<Uint8Array>({
    start: (stream) => stream.enqueue(new TextEncoder().encode(text === "" ? ": \n\n" : `data: ${text}\n\n`)),
  });
  const session = answer.headers.get("mcp-session-id");
  return events(body, session === null ? {} : { "mcp-session-id": session });
}

function isPosted({ method }: Request): boolean {
  return method === "POST";
}

test("the handshake and the requests after it are answered, and the bridge ends", async () => {
  const client = bridgeTo((message, request) => (isPosted(request) ? withoutEnd(ok(message)) : undefined));
  expect(await client.initialize()).toMatchObject({ protocolVersion: "2025-11-25" });
  expect(await client.request("tools/list")).toEqual({ ok: true });
  expect(await client.request("ping")).toEqual({ ok: true });
  expect(await client.close()).toBe(0);
});

test("more calls than connections at once are answered", async () => {
  const client = bridgeTo((message, request) => (isPosted(request) ? withoutEnd(ok(message)) : undefined));
  await client.initialize();
  const all = await Promise.all(Array.from({ length: 300 }, () => client.request("ping")));
  expect(all).toHaveLength(300);
}, 60_000);

test("what comes right after the response reaches the client", async () => {
  const client = bridgeTo((message) => {
    if (message.method !== "ping") return undefined;
    const body = new ReadableStream<string>({
      async start(stream) {
        stream.enqueue(`data: {"jsonrpc":"2.0","id":${message.id},"result":{}}\n\n`);
        await Bun.sleep(50);
        stream.enqueue('data: {"jsonrpc":"2.0","method":"late"}\n\n');
      },
    });
    return events(body.pipeThrough(new TextEncoderStream()));
  });
  await client.initialize();
  const late = client.waitFor(({ method }) => method === "late");
  await client.request("ping");
  expect((await late).method).toBe("late");
});

test("a lost session is begun anew by such a stream", async () => {
  let begun = 0;
  let alive = "s1";
  const client = bridgeTo((message, request) => {
    if (message.method === "initialize") return withoutEnd(ok(message, `s${++begun}`));
    const isAlive = request.headers.get("mcp-session-id") === alive;
    return isAlive || !isPosted(request) ? undefined : new Response(null, { status: 404 });
  });
  await client.initialize();
  expect(await client.request("ping")).toEqual({ ok: true });
  alive = "s2";
  expect(await client.request("ping")).toEqual({ ok: true });
  expect(begun).toBe(2);
});

test("the tools that a call's headers depend on are learned from such a stream", async () => {
  const schema = { type: "object", properties: { region: { type: "string", "x-mcp-header": "Region" } } };
  const answer = ({ id, method }: Message, request: Request): Response => {
    if (method === "tools/list") {
      const result = { tools: [{ name: "query", inputSchema: schema }] };
      return Response.json({ jsonrpc: "2.0", id, result });
    }
    if (request.headers.get("mcp-param-region") === "eu")
      return Response.json({ jsonrpc: "2.0", id, result: { ok: true } });
    return Response.json({ jsonrpc: "2.0", id, error: { code: -32020, message: "no region" } }, { status: 400 });
  };
  const client = bridgeTo(async (message, request) => {
    const reply = answer(message, request);
    return reply.ok ? withoutEnd(reply) : reply;
  });
  const called = client.request("tools/call", stateless({ name: "query", arguments: { region: "eu" } }));
  expect(await called).toEqual({ ok: true });
});
