/** The client's requests that wait for a response, and the server's messages to the client. */
import type { HttpStream } from "../platform/http.ts";
import type { Json } from "../platform/json.ts";
import type { Lines } from "./lines.ts";
import { bytesOf, errorAnswer, type Id, isId, MAY_BE_DONE, NoAnswer, type Request } from "./message.ts";
import { drain, errorIn, kindOf, type Position, REST, type Receiver, readDocument, readEvents } from "./reply.ts";

export class Pending {
  readonly request: Request;
  readonly controller = new AbortController();
  /** It has its response, or needs none any more. */
  isDone = false;
  /** Reads the response first. @returns what the client gets instead; null: the response unchanged */
  read: ((response: Json) => Json | null) | null = null;

  readonly #answered = Promise.withResolvers<void>();

  constructor(request: Request) {
    this.request = request;
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** The client has the response, or needs none any more. */
  answered(): void {
    this.isDone = true;
    this.#answered.resolve();
  }

  /**
   * Waits until the request is answered, or the work for it has ended. The rest of the stream is read without waiting for it,
   * so that the connection can be used again: "the server SHOULD close" it then (MCP 2025-11-25, "Sending Messages").
   *
   * @throws what the work throws before the response
   */
  async untilAnswered(work: Promise<void>): Promise<void> {
    await Promise.race([work, this.#answered.promise]);
    const rest = setTimeout(() => this.controller.abort(), REST);
    void work.catch(() => {}).then(() => clearTimeout(rest));
  }

  cancel(): void {
    this.answered();
    this.controller.abort();
  }
}

export class Client {
  readonly #lines: Lines;
  readonly #log: (text: string) => void;
  readonly #pending = new Map<string, Pending>();

  constructor(lines: Lines, log: (text: string) => void) {
    this.#lines = lines;
    this.#log = log;
  }

  get log(): (text: string) => void {
    return this.#log;
  }

  /** @returns null where a request of this id is waiting already: a tool must not be called twice */
  expect(request: Request): Pending | null {
    const key = keyOf(request.id);
    if (this.#pending.get(key)?.isDone === false) return null;
    const pending = new Pending(request);
    this.#pending.set(key, pending);
    return pending;
  }

  waitingFor(id: unknown): Pending | null {
    const found = isId(id) ? this.#pending.get(keyOf(id)) : undefined;
    return found === undefined || found.isDone ? null : found;
  }

  /** The request whose id has the same characters: some servers answer 7 with "7". */
  #waitingForLike(id: unknown): Pending | null {
    if (!isId(id)) return null;
    const other = typeof id === "number" ? String(id) : Number(id);
    return String(other) === String(id) ? this.waitingFor(other) : null;
  }

  forget(pending: Pending): void {
    const key = keyOf(pending.request.id);
    if (this.#pending.get(key) === pending) this.#pending.delete(key);
  }

  cancelAll(): void {
    for (const pending of this.#pending.values()) pending.cancel();
  }

  async put(message: Uint8Array): Promise<void> {
    await this.#lines.put(message);
  }

  /** @param own the request that is being answered; null: the server's own stream */
  receiver(own: Pending | null): Receiver {
    return {
      log: this.#log,
      large: own?.read == null ? this.#lines : null,
      passed: ({ id, method }) => {
        if (typeof method === "string") return;
        const pending = id === null ? own : this.waitingFor(id);
        pending?.answered();
      },
      message: async (message, bytes) => {
        if (typeof message.method === "string") {
          const whole = bytes ?? written(message);
          return whole === null ? this.#log("a message of the server is nested too deeply") : this.put(whole);
        }
        // An error has no id where the server couldn't read the request.
        const isOwn = message.id === undefined || message.id === null;
        const pending = isOwn ? own : (this.waitingFor(message.id) ?? this.#waitingForLike(message.id));
        if (pending === null || pending.isDone) return this.#log("the server sent a response that nobody waits for");
        const { id } = pending.request;
        const read = pending.read?.(message) ?? null;
        const kept = read === null && message.id === id ? bytes : null;
        const answer = kept ?? written({ ...(read ?? message), id }) ?? errorAnswer(id, TOO_DEEP);
        pending.isDone = true;
        await this.put(answer);
        pending.answered();
      },
    };
  }
}

/** The bytes for the client. null: it is nested too deeply. */
function written(message: Json): Uint8Array | null {
  return isDeep(message) ? null : bytesOf(message);
}

/** Levels. More can be parsed, but Bun takes seconds to find that it can't write them. */
const DEEPEST = 1_000;

function isDeep(message: Json): boolean {
  let level: unknown[] = [message];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > DEEPEST) return true;
    level = level.flatMap((one) => (typeof one === "object" && one !== null ? Object.values(one) : []));
  }
  return false;
}

const TOO_DEEP = { code: 502, message: "The MCP server's answer is nested too deeply." };

function keyOf(id: Id): string {
  return JSON.stringify(id);
}

/**
 * Reads the answer to a request, until the reply ends.
 *
 * @returns the JSON-RPC error of a failed request, which isn't passed on yet; else null
 * @throws NoAnswer, HttpError
 */
export async function readAnswer(reply: HttpStream, receiver: Receiver, position: Position): Promise<Json | null> {
  const { status } = reply;
  if (status < 200 || status > 299) {
    const error = await errorIn(reply);
    if (error !== null) return error;
    const said = `The MCP server answered with HTTP ${status}.`;
    throw new NoAnswer(status, status === 404 || status === 405 ? `${said} ${OTHER_WIRE}` : said);
  }
  const kind = kindOf(reply);
  if (kind === "text/event-stream") await readEvents(reply, receiver, position);
  else if (kind === "application/json") await readDocument(reply, receiver);
  else {
    await drain(reply);
    throw new NoAnswer(502, `The MCP server answered with neither JSON nor events (HTTP ${status}).`);
  }
  return null;
}

/** The reply ended, or was cut off, before the response. */
export const CUT_OFF = `The MCP server's answer ended before the response. ${MAY_BE_DONE}`;

/** Servers of the first transport (MCP 2024-11-05, "HTTP with SSE") take messages at another address, and refuse them here. */
const OTHER_WIRE =
  "It takes no messages at this address. If it is one of HTTP+SSE, MCP's wire of 2024, look for its address of Streamable HTTP: it often ends in /mcp.";

/** Headers of each request with a body. */
export const POSTED = { accept: "application/json, text/event-stream", "content-type": "application/json" } as const;

/** Ends early, without an error, when the signal is aborted. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  const end = (): void => {
    clearTimeout(timer);
    resolve();
  };
  if (signal.aborted) end();
  signal.addEventListener("abort", end, { once: true });
  return promise.finally(() => signal.removeEventListener("abort", end));
}
