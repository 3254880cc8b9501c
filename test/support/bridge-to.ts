/** A bridge, its client, and a server that takes anyone and says "ok" where the test doesn't say otherwise. */
import { McpServer } from "../issuers/mcp.ts";
import { BridgeClient, type Message } from "./mcp-client.ts";
import { bareEnvironment } from "./program.ts";

type Answer = (message: Message, request: Request) => Response | undefined | Promise<Response | undefined>;

const servers: McpServer[] = [];
const clients: BridgeClient[] = [];

/** @param answer where it gives nothing, the server says "ok", and has no stream of its own */
export function bridgeTo(answer: Answer): BridgeClient {
  const server = new McpServer({
    open: true,
    handler: async (request) => {
      const message = (request.method === "POST" ? await request.clone().json() : {}) as Message;
      return (await answer(message, request)) ?? ok(message);
    },
  });
  const client = new BridgeClient(server.url, bareEnvironment());
  servers.push(server);
  clients.push(client);
  return client;
}

/** After all tests of a file. */
export async function stopBridges(): Promise<void> {
  await Promise.all(clients.splice(0).map((client) => client.close()));
  await Promise.all(servers.splice(0).map((server) => server.stop()));
}

/** @param session what an answer to `initialize` calls it */
export function ok({ id, method }: Message, session = "s1"): Response {
  if (method === "initialize")
    return Response.json(
      { jsonrpc: "2.0", id, result: { protocolVersion: "2025-11-25", capabilities: {} } },
      { headers: { "mcp-session-id": session } },
    );
  if (id === undefined) return new Response(null, { status: method === undefined ? 405 : 202 });
  return Response.json({ jsonrpc: "2.0", id, result: { ok: true } });
}

export function events(
  body: string | ReadableStream<Uint8Array>,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(body, { headers: { ...headers, "content-type": "text/event-stream" } });
}
