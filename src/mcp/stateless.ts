/** The transport of 2026-07-28 (MCP "Streamable HTTP"): each request is independent, and its headers repeat parts of its body. */
import { asObject, type Json } from "../platform/json.ts";
import { bytesOf, NoAnswer, type Notification, type Request } from "./message.ts";
import { type Client, CUT_OFF, Pending, POSTED, readAnswer } from "./pending.ts";
import { drain, type Receiver } from "./reply.ts";
import { ToolMarks } from "./tool-headers.ts";
import type { Wire } from "./wire.ts";

const VERSION = "io.modelcontextprotocol/protocolVersion";
/** MCP "Server Validation": the headers don't match the body. */
const HEADER_MISMATCH = -32020;
/** Pages of the list of tools that are read for one call. */
const MOST_PAGES = 20;

/** The version that a message of this transport names; null for the older transport. */
export function versionIn(params: Json): string | null {
  const version = asObject(params._meta)?.[VERSION];
  return typeof version === "string" && /^[\x21-\x7e]{1,100}$/.test(version) ? version : null;
}

export class Stateless {
  readonly #wire: Wire;
  readonly #client: Client;
  readonly #marks = new ToolMarks();
  /** The last version that was named: notifications needn't name one. */
  #version: string | null = null;

  constructor(wire: Wire, client: Client) {
    this.#wire = wire;
    this.#client = client;
  }

  get isUsed(): boolean {
    return this.#version !== null;
  }

  ask(pending: Pending, version: string): Promise<void> {
    this.#version = version;
    return pending.untilAnswered(this.#askAndRead(pending));
  }

  async #askAndRead(pending: Pending): Promise<void> {
    const { request } = pending;
    if (request.method === "tools/list") pending.read = (response) => this.#learn(response);
    const receiver = this.#client.receiver(pending);
    let error = await this.#post(pending, receiver);
    if (error !== null && request.method === "tools/call" && asObject(error.error)?.code === HEADER_MISMATCH) {
      await this.#learnTools(pending);
      error = await this.#post(pending, receiver);
    }
    if (error !== null) await receiver.message({ ...error, id: request.id }, null);
    if (!pending.isDone) throw new NoAnswer(502, CUT_OFF);
  }

  async tell({ method, bytes }: Notification): Promise<void> {
    const headers = { ...POSTED, "mcp-protocol-version": this.#version ?? "", "mcp-method": method };
    const call = { method: "POST", headers, body: bytes, signal: new AbortController().signal } as const;
    await this.#wire.send(call, drain);
  }

  #post({ request, signal }: Pending, receiver: Receiver): Promise<Json | null> {
    const version = versionIn(request.params) ?? "";
    const headers = { ...POSTED, "mcp-protocol-version": version, ...this.#marks.headersFor(request) };
    const call = { method: "POST", headers, body: request.bytes, signal } as const;
    return this.#wire.send(call, (reply) => readAnswer(reply, receiver, { id: null, retry: null }));
  }

  #learn(response: Json): Json | null {
    const result = asObject(response.result);
    const usable = result === null ? null : this.#marks.learn(result, this.#client.log);
    return usable === null ? null : { ...response, result: usable };
  }

  /** Reads the server's list, which the client may have read before this process began. */
  async #learnTools({ request, signal }: Pending): Promise<void> {
    let cursor: unknown;
    for (let page = 0; page < MOST_PAGES; page++) {
      const params = { _meta: request.params._meta, ...(cursor !== undefined && { cursor }) };
      const listing: Request = { kind: "request", id: `auth-tools-${page}`, method: "tools/list", params, bytes: NONE };
      const { id, method } = listing;
      const asked = new Pending({ ...listing, bytes: bytesOf({ jsonrpc: "2.0", id, method, params }) });
      signal.addEventListener("abort", () => asked.cancel(), { once: true });
      cursor = undefined;
      const receiver: Receiver = {
        ...this.#client.receiver(null),
        large: null,
        message: async (message) => {
          if (typeof message.method === "string") return;
          this.#learn(message);
          cursor = asObject(message.result)?.nextCursor;
          asked.answered();
        },
      };
      await asked.untilAnswered(this.#post(asked, receiver).then(() => {}));
      if (typeof cursor !== "string") return;
    }
  }
}

const NONE = new Uint8Array(0);
