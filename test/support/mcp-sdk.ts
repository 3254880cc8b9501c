/** MCP servers and clients of the official SDKs: of version 1, for the wire with sessions, and of 2, for the one without. */
import { Client as StatelessClient } from "@modelcontextprotocol/client";
import { StdioClientTransport as StatelessStdio } from "@modelcontextprotocol/client/stdio";
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { McpServer } from "@modelcontextprotocol/sdk/server/mcp.js";
import {
  type EventStore,
  WebStandardStreamableHTTPServerTransport,
} from "@modelcontextprotocol/sdk/server/webStandardStreamableHttp.js";
import {
  CreateMessageRequestSchema,
  isInitializeRequest,
  type JSONRPCMessage,
} from "@modelcontextprotocol/sdk/types.js";
import { createMcpHandler, McpServer as StatelessServer } from "@modelcontextprotocol/server";
import * as z from "zod";
import { AUTH } from "./program.ts";

export type Handler = (request: Request) => Promise<Response>;

const ABOUT = { name: "auth-test", version: "1" };

function stateful(): McpServer {
  const server = new McpServer(ABOUT);
  const text = (value: string) => ({ content: [{ type: "text" as const, text: value }] });
  server.registerTool("echo", { inputSchema: { text: z.string() } }, async (args) => text(args.text));
  server.registerTool("ask", {}, async (extra) => {
    const params = { messages: [], maxTokens: 1 };
    const { content } = await server.server.createMessage(params, { relatedRequestId: extra.requestId });
    return text(JSON.stringify(content));
  });
  server.registerTool("steps", {}, async ({ _meta, sendNotification }) => {
    const progressToken = _meta?.progressToken ?? 0;
    for (let progress = 1; progress <= 3; progress++) {
      await sendNotification({ method: "notifications/progress", params: { progress, progressToken } });
      // The client drops what it reads in one piece with the response.
      await Bun.sleep(50);
    }
    return text("done");
  });
  return server;
}

/** Remembers all events of one server. */
class Events implements EventStore {
  readonly #all: { readonly id: string; readonly stream: string; readonly message: JSONRPCMessage }[] = [];

  async storeEvent(stream: string, message: JSONRPCMessage): Promise<string> {
    const id = String(this.#all.length + 1);
    this.#all.push({ id, stream, message });
    return id;
  }

  async replayEventsAfter(
    last: string,
    { send }: { send: (id: string, message: JSONRPCMessage) => Promise<void> },
  ): Promise<string> {
    const stream = this.#all.find(({ id }) => id === last)?.stream ?? "";
    for (const event of this.#all)
      if (event.stream === stream && Number(event.id) > Number(last)) await send(event.id, event.message);
    return stream;
  }
}

/** Sessions, as a server on the internet keeps them. */
export class StatefulServer {
  readonly transports = new Map<string, WebStandardStreamableHTTPServerTransport>();

  readonly handle: Handler = async (request) => {
    const known = this.transports.get(request.headers.get("mcp-session-id") ?? "");
    if (known !== undefined) return known.handleRequest(request);
    const body: unknown = request.method === "POST" ? await request.clone().json() : null;
    if (!isInitializeRequest(body)) return new Response("no such session", { status: 404 });
    const transport: WebStandardStreamableHTTPServerTransport = new WebStandardStreamableHTTPServerTransport({
      sessionIdGenerator: () => crypto.randomUUID(),
      eventStore: new Events(),
      retryInterval: 50,
      onsessioninitialized: (id) => void this.transports.set(id, transport),
      onsessionclosed: (id) => void this.transports.delete(id),
    });
    await stateful().connect(transport as Parameters<McpServer["connect"]>[0]);
    return transport.handleRequest(request);
  };

  /** As a server that was started anew. */
  forget(): void {
    this.transports.clear();
  }
}

export function statelessHandler(): Handler {
  const { fetch: handle } = createMcpHandler(() => {
    const server = new StatelessServer(ABOUT);
    server.registerTool("echo", { inputSchema: z.object({ text: z.string() }) }, async ({ text }) => ({
      content: [{ type: "text", text }],
    }));
    return server;
  });
  return async (request) => handle(request);
}

type Env = Readonly<Record<string, string>>;

/** @param env of the bridge. The client answers sampling with "sampled". */
export async function statefulClient(url: string, env: Env): Promise<Client> {
  const client = new Client(ABOUT, { capabilities: { sampling: {} } });
  client.setRequestHandler(CreateMessageRequestSchema, async () => ({
    model: "test",
    role: "assistant",
    content: { type: "text", text: "sampled" },
  }));
  await client.connect(
    new StdioClientTransport({ command: AUTH, args: ["mcp", url], env: { ...env }, stderr: "pipe" }),
  );
  return client;
}

export async function statelessClient(url: string, env: Env): Promise<StatelessClient> {
  const client = new StatelessClient(ABOUT, { versionNegotiation: { mode: { pin: "2026-07-28" } } });
  await client.connect(new StatelessStdio({ command: AUTH, args: ["mcp", url], env: { ...env }, stderr: "pipe" }));
  return client;
}
