/** What clients and servers do wrong, and what a line may break: `auth mcp <url>` on the wire itself. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { McpServer } from "../issuers/mcp.ts";
import { BridgeClient, type Message, RpcFailure, stateless } from "../support/mcp-client.ts";
import { bareEnvironment } from "../support/program.ts";

const servers: McpServer[] = [];
const clients: BridgeClient[] = [];
afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(servers.map((server) => server.stop()));
});

type Answer = (message: Message, request: Request) => Response | undefined | Promise<Response | undefined>;

/** A server that takes anyone, and says "ok" where the test doesn't say otherwise. */
function bridgeTo(answer: Answer = () => undefined): { client: BridgeClient; seen: Seen[]; server: McpServer } {
  const seen: Seen[] = [];
  const server = new McpServer({
    open: true,
    handler: async (request) => {
      const message = (request.method === "POST" ? await request.json() : {}) as Message;
      seen.push({ method: request.method, message, headers: request.headers, signal: request.signal });
      return (await answer(message, request)) ?? ok(message);
    },
  });
  const client = new BridgeClient(server.url, bareEnvironment());
  servers.push(server);
  clients.push(client);
  return { client, seen, server };
}

interface Seen {
  readonly method: string;
  readonly message: Message;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

function ok({ id, method }: Message): Response {
  if (id === undefined) return new Response(null, { status: method === undefined ? 405 : 202 });
  const result = method === "initialize" ? { protocolVersion: "2025-11-25", capabilities: {} } : { ok: true };
  return Response.json(
    { jsonrpc: "2.0", id, result },
    { headers: method === "initialize" ? { "mcp-session-id": "s1" } : {} },
  );
}

function events(...parts: readonly (string | Error)[]): Response {
  const bytes = new TextEncoder();
  const body = new ReadableStream<Uint8Array>({
    async start(stream) {
      for (const part of parts) {
        await Bun.sleep(10);
        if (typeof part !== "string") return stream.error(part);
        stream.enqueue(bytes.encode(part));
      }
      stream.close();
    },
  });
  return new Response(body, { headers: { "content-type": "text/event-stream" } });
}

const CUT = new Error("cut");

function event(message: unknown, id?: string): string {
  return `${id === undefined ? "" : `id: ${id}\n`}data: ${JSON.stringify({ jsonrpc: "2.0", ...(message as object) })}\n\n`;
}

async function errorOf(asked: Promise<unknown>): Promise<RpcFailure["error"]> {
  const error = await asked.then(
    (value) => value,
    (one: unknown) => one,
  );
  if (error instanceof RpcFailure) return error.error;
  throw new Error(`no error: ${JSON.stringify(error)}`);
}

describe("what a client sends", () => {
  test("no JSON, no UTF-8, no JSON-RPC, a batch, an empty line: an error each, and the next request is answered", async () => {
    const { client, seen } = bridgeTo();
    for (const line of ["{", '"\\ud800', "[]", '[{"jsonrpc":"2.0","id":1,"method":"ping"}]', "", "{}", "1", "null"])
      client.write(line);
    client.write('{"jsonrpc":"2.0","id":{},"method":"ping"}');
    client.write('{"jsonrpc":"2.0","id":7,"method":"a\\nb"}');
    client.write('{"jsonrpc":"2.0","id":8,"method":"ping","params":[]}');
    expect(await client.request("ping", {}, "last")).toEqual({ ok: true });
    const errors = (client.received as Message[]).flatMap(({ id, error }) => (error ? [[id, error.code]] : []));
    expect(errors).toEqual([
      ...[-32700, -32700, -32600, -32600, -32600, -32600, -32600, -32600].map((code) => [undefined, code]),
      [7, -32600],
      [8, -32600],
    ]);
    expect(seen.map(({ message }) => message.method)).toEqual(["ping"]);
  });

  test("an id that is in use: the tool isn't called again, and the first call is answered", async () => {
    const { client, seen } = bridgeTo(async () => {
      await Bun.sleep(300);
      return undefined;
    });
    const both = [client.waitFor(({ id, error }) => id === 1 && error !== undefined), client.request("ping", {}, 1)];
    client.send({ id: 1, method: "ping" });
    expect(((await both[0]) as Message).error?.code).toBe(-32600);
    expect(await both[1]).toEqual({ ok: true });
    expect(seen).toHaveLength(1);
    expect(await client.request("ping", {}, 1)).toEqual({ ok: true });
  });

  test("requests before the handshake is done wait for it, with its session and version", async () => {
    const { client, seen } = bridgeTo(async ({ method }) => {
      if (method === "initialize" || method === "notifications/initialized") await Bun.sleep(150);
      return undefined;
    });
    const first = client.initialize();
    client.notify("notifications/initialized");
    expect(await client.request("tools/list")).toEqual({ ok: true });
    await first;
    const posts = seen.filter(({ method }) => method === "POST");
    expect(posts.map(({ message }) => message.method).slice(0, 3)).toEqual([
      "initialize",
      "notifications/initialized",
      "tools/list",
    ]);
    expect(posts[0]?.headers.get("mcp-session-id")).toBeNull();
    const { headers } = posts[2] as Seen;
    expect([headers.get("mcp-session-id"), headers.get("mcp-protocol-version")]).toEqual(["s1", "2025-11-25"]);
  });

  test("cancelling: told to a server with sessions, and the end of the stream for one without", async () => {
    const open: Answer = (message, request) => {
      if (message.method !== "slow") return undefined;
      const body = new ReadableStream({
        pull: () => new Promise<void>((end) => request.signal.addEventListener("abort", () => end())),
      });
      return new Response(body, { headers: { "content-type": "text/event-stream" } });
    };
    const modern = bridgeTo(open);
    modern.client.send({ id: 1, method: "slow", params: stateless() });
    while (modern.seen.length < 1) await Bun.sleep(10);
    modern.client.notify("notifications/cancelled", { requestId: 1 });
    while (modern.seen[0]?.signal.aborted !== true) await Bun.sleep(10);
    expect(modern.seen).toHaveLength(1);

    const legacy = bridgeTo(open);
    await legacy.client.initialize();
    legacy.client.send({ id: 9, method: "slow" });
    while (!legacy.seen.some(({ message }) => message.method === "slow")) await Bun.sleep(10);
    legacy.client.notify("notifications/cancelled", { requestId: 9 });
    while (!legacy.seen.some(({ message }) => message.method === "notifications/cancelled")) await Bun.sleep(10);
    expect(await legacy.client.request("ping")).toEqual({ ok: true });
    for (const { client } of [modern, legacy])
      expect((client.received as Message[]).filter(({ error }) => error !== undefined)).toEqual([]);
  });
});

describe("what a server answers", () => {
  test("a stream that is cut in the middle of an event goes on where it was, and half an event is none", async () => {
    const rest = event({ id: 5, result: { whole: true } }, "3");
    const { client, seen } = bridgeTo((message, request) => {
      const last = request.headers.get("last-event-id");
      if (request.method === "GET") return last === "2" ? events(rest) : undefined;
      if (message.method !== "slow") return undefined;
      return events("id: 1\nretry: 20\ndata:\n\n", event({ method: "n", params: {} }, "2"), rest.slice(0, 30), CUT);
    });
    await client.initialize();
    expect(await client.request("slow", {}, 5)).toEqual({ whole: true });
    expect((client.received as Message[]).filter(({ method }) => method === "n")).toHaveLength(1);
    expect(seen.filter(({ headers }) => headers.get("last-event-id") === "2")).toHaveLength(1);
  });

  test("a stream that is cut and can't be resumed: an error, since the tool may have been called", async () => {
    const { client } = bridgeTo(({ method }) => (method === "slow" ? events(event({ method: "n" }), CUT) : undefined));
    expect((await errorOf(client.request("slow", stateless()))).code).toBe(502);
    await client.initialize();
    expect((await errorOf(client.request("slow"))).code).toBe(502);
  });

  test("no JSON, HTML, nothing, an error page, a redirect: an error each that names no content", async () => {
    const answers: Record<string, () => Response> = {
      json: () => new Response('{"jsonrpc":', { headers: { "content-type": "application/json" } }),
      html: () => new Response("<p>secret words", { headers: { "content-type": "text/html" } }),
      nothing: () => new Response(null, { status: 202 }),
      page: () => new Response("secret words", { status: 503 }),
      away: () => Response.redirect("https://elsewhere.example/mcp", 307),
      other: () => Response.json({ jsonrpc: "2.0", id: "another", result: {} }),
      sse: () => events("data: secret words\n\n"),
    };
    const { client } = bridgeTo(({ method = "" }) => answers[method]?.());
    const codes = [];
    for (const method of Object.keys(answers)) codes.push((await errorOf(client.request(method))).code);
    expect(codes).toEqual([502, 502, 502, 503, 502, 502, 502]);
    await client.close();
    expect(JSON.stringify([client.received, await client.stderr])).not.toContain("secret words");
  });

  test("a JSON-RPC error with an HTTP status is the server's own, with the request's id", async () => {
    const error = { code: -32022, message: "no", data: { supported: ["2026-07-28"] } };
    const { client } = bridgeTo(() => Response.json({ jsonrpc: "2.0", id: null, error }, { status: 400 }));
    expect(await errorOf(client.request("tools/list", stateless(), "x"))).toEqual(error);
  });

  test("a response twice, or to nobody, is dropped; several messages at once are each a line", async () => {
    const { client } = bridgeTo(({ id, method }) => {
      if (method !== "twice") return undefined;
      const answer = { jsonrpc: "2.0", id, result: { once: true } };
      return events(
        `data: ${JSON.stringify([{ jsonrpc: "2.0", method: "n" }, answer, answer])}\n\n`,
        event({ id: 99, result: {} }),
      );
    });
    expect(await client.request("twice", {}, 3)).toEqual({ once: true });
    expect(await client.request("ping", {}, 4)).toEqual({ ok: true });
    expect((client.received as Message[]).map(({ id, method }) => id ?? method)).toEqual(["n", 3, 4]);
  });

  test("line breaks in a message become spaces, in events of several lines too", async () => {
    const pretty = (id: unknown): string => JSON.stringify({ jsonrpc: "2.0", id, result: { text: "a\nb" } }, null, 2);
    const { client } = bridgeTo(({ id, method }) =>
      method === "lines"
        ? events(`data: ${pretty(id).replaceAll("\n", "\r\ndata: ")}\r\n\r\n`)
        : new Response(pretty(id), { headers: { "content-type": "application/json; charset=utf-8" } }),
    );
    expect(await client.request("lines")).toEqual({ text: "a\nb" });
    expect(await client.request("pretty")).toEqual({ text: "a\nb" });
  });

  test.skipIf(process.platform !== "linux")(
    "100 MB in one message is passed on as it comes, in little memory",
    async () => {
      const size = 100_000_000;
      const large = (id: unknown): Response => {
        const [head, tail] = [`{"jsonrpc":"2.0","id":${id},"result":{"text":"`, '"}}'];
        let sent = 0;
        const body = new ReadableStream<Uint8Array>({
          start: (stream) => stream.enqueue(new TextEncoder().encode(head)),
          pull: (stream) => {
            const part = Math.min(1_000_000, size - sent);
            sent += part;
            if (part > 0) return stream.enqueue(new Uint8Array(part).fill(97));
            stream.enqueue(new TextEncoder().encode(tail));
            stream.close();
          },
        });
        return new Response(body, { headers: { "content-type": "application/json" } });
      };
      const { client } = bridgeTo(({ id, method }) => (method === "large" ? large(id) : undefined));
      await client.request("ping");
      const before = peak(client.pid);
      const { text } = await client.request("large");
      expect((text as string).length).toBe(size);
      expect(peak(client.pid) - before).toBeLessThan(80_000);
    },
    60_000,
  );

  test("a large notification before the response, and a large response that ends with its id: the answer arrives", async () => {
    const text = ['x\\"}', "a".repeat(5_000_000)].join("");
    const { client } = bridgeTo(({ id, method }) => {
      const notification = event({ method: "n", params: { id, text } });
      if (method === "first") return events(notification, event({ id, result: { whole: true } }));
      const response = JSON.stringify({ result: { id: "another", text }, method_: 1, jsonrpc: "2.0", id });
      return events(notification, `data: ${response}\n\n`);
    });
    for (const params of [{}, stateless()]) {
      expect(await client.request("first", params)).toEqual({ whole: true });
      expect((await client.request("last", params)).text).toBe(text);
    }
    expect((client.received as Message[]).filter(({ error }) => error !== undefined)).toEqual([]);
  });

  test("a large message that is cut: a line that is no message, an error, and the next answer is whole", async () => {
    const { client } = bridgeTo(({ id, method }) =>
      method === "large"
        ? events(`data: {"jsonrpc":"2.0","id":${id},"result":"`, ...Array<string>(20).fill("a".repeat(300_000)), CUT)
        : undefined,
    );
    expect((await errorOf(client.request("large"))).code).toBe(502);
    expect(await client.request("ping")).toEqual({ ok: true });
    expect(client.received.filter((line) => typeof line === "string")).toHaveLength(1);
  });
});

/** The most memory that a process had, in KiB. */
function peak(pid: number): number {
  return Number(/^VmHWM:\s*(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1]);
}

test("the end of standard input ends it: what is under way is answered, the session ended, the exit code 0", async () => {
  const { client, seen } = bridgeTo(async ({ method }) => {
    if (method === "slow") await Bun.sleep(300);
    return undefined;
  });
  await client.initialize();
  const answer = client.request("slow");
  const began = performance.now();
  expect(await client.close()).toBe(0);
  expect(await answer).toEqual({ ok: true });
  expect(performance.now() - began).toBeLessThan(5_000);
  expect(seen.at(-1)?.method).toBe("DELETE");
});

test("a server that isn't there: an error that says whether anything was sent", async () => {
  const client = new BridgeClient("http://127.0.0.1:9/mcp", bareEnvironment());
  clients.push(client);
  expect(await errorOf(client.request("ping"))).toMatchObject({ code: 502, data: { code: "network", sent: false } });
});
