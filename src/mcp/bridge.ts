/**
 * An MCP server on standard input and output that is another one, reached by HTTP. Which of MCP's two wires a message is
 * for is in the message itself: those of 2026-07-28 name their version, older ones come after an `initialize`.
 */
import { AuthError } from "../platform/errors.ts";
import { HttpError } from "../platform/http-failure.ts";
import { type Authorize, PersonNeeded } from "./authorize.ts";
import { Lines } from "./lines.ts";
import {
  type ClientMessage,
  errorAnswer,
  INVALID_REQUEST,
  type Malformed,
  type Notification,
  pageError,
  type Request,
  readMessage,
  rpcError,
} from "./message.ts";
import { Client, pause } from "./pending.ts";
import { CANCELLED, Session } from "./stateful.ts";
import { Stateless, versionIn } from "./stateless.ts";
import { type OpenHttp, Wire } from "./wire.ts";

export interface BridgeOptions {
  /** The server's. */
  readonly url: string;
  /** Each line of the client's; null: one that was too long to be kept. */
  readonly input: AsyncIterable<Uint8Array | null>;
  /** @returns whether the client still reads */
  readonly write: (bytes: Uint8Array) => Promise<boolean>;
  readonly http: OpenHttp;
  readonly authorize: Authorize;
  /** For whoever looks for the reason of something: never a message's content. */
  readonly log: (text: string) => void;
}

/** Bytes of messages on their way to the server; where there are more, another large request is refused. */
const MOST_ON_THE_WAY = 64 * 1024 * 1024;
const LARGE = 64 * 1024;
/** Milliseconds for what is still on its way when the client has closed its end. */
const LINGER = 1_500;

/** Until the client closes its end, or reads no more. */
export async function runBridge({ url, input, write, http, authorize, log }: BridgeOptions): Promise<void> {
  const unread = Promise.withResolvers<void>();
  const lines = new Lines(async (bytes) => {
    try {
      if (!(await write(bytes))) unread.resolve();
    } catch (error) {
      // Nothing reaches the client any more.
      unread.reject(error);
      throw error;
    }
  });
  const client = new Client(lines, log);
  const wire = new Wire(url, http, authorize);
  const bridge = new Bridge(client, new Session(wire, client), new Stateless(wire, client));
  try {
    await Promise.race([takeAll(bridge, client, input), unread.promise]);
  } finally {
    await bridge.close();
  }
}

async function takeAll(bridge: Bridge, client: Client, input: BridgeOptions["input"]): Promise<void> {
  const onTheWay = new Set<Promise<void>>();
  let bytes = 0;
  for await (const line of input) {
    const size = line?.length ?? 0;
    const message = readMessage(line);
    // Reading goes on: what ends one of them may come next, or the end of the input.
    const isRefused = message.kind === "request" && size > LARGE && bytes > 0 && bytes + size > MOST_ON_THE_WAY;
    bytes += size;
    const done = (isRefused ? client.put(errorAnswer(message.id, rpcError(tooMuch()))) : bridge.take(message)).finally(
      () => {
        onTheWay.delete(done);
        bytes -= size;
      },
    );
    // What can't be written ends the bridge, which says so.
    done.catch(() => {});
    onTheWay.add(done);
  }
  await Promise.race([Promise.allSettled(onTheWay), pause(LINGER, new AbortController().signal)]);
}

class Bridge {
  readonly #client: Client;
  readonly #session: Session;
  readonly #stateless: Stateless;

  constructor(client: Client, session: Session, stateless: Stateless) {
    this.#client = client;
    this.#session = session;
    this.#stateless = stateless;
  }

  async take(message: ClientMessage | Malformed): Promise<void> {
    if (message.kind === "malformed") return this.#client.put(errorAnswer(message.id, message.error));
    if (message.kind === "request") return this.#ask(message);
    try {
      await this.#tell(message);
    } catch (error) {
      this.#client.log(`a ${message.kind} didn't reach the server: ${error instanceof Error ? error.message : error}`);
    }
  }

  async close(): Promise<void> {
    this.#client.cancelAll();
    await this.#session.close();
  }

  async #ask(request: Request): Promise<void> {
    const pending = this.#client.expect(request);
    const inUse = { code: INVALID_REQUEST, message: "A request with this id waits for its response." };
    if (pending === null) return this.#client.put(errorAnswer(request.id, inUse));
    const version = versionIn(request.params);
    try {
      await (version === null ? this.#session.ask(pending) : this.#stateless.ask(pending, version));
    } catch (error) {
      if (!isExpected(error)) this.#client.log(`${request.method} failed: ${error}`);
      if (pending.isDone) return;
      pending.isDone = true;
      const isShown = version === null && this.#session.opensPages && error instanceof PersonNeeded;
      await this.#client.put(errorAnswer(request.id, isShown ? pageError(error) : rpcError(error)));
    } finally {
      this.#client.forget(pending);
    }
  }

  async #tell(message: Exclude<ClientMessage, Request>): Promise<void> {
    if (message.kind === "notification") {
      if (message.method === CANCELLED) return this.#cancel(message);
      if (this.#stateless.isUsed && !this.#session.isUsed) return this.#stateless.tell(message);
    }
    return this.#session.tell(message);
  }

  /** On the newer wire, the end of its stream tells the server that a request is cancelled. */
  async #cancel(message: Notification): Promise<void> {
    const pending = this.#client.waitingFor(message.params.requestId);
    const isStateless = pending === null ? this.#stateless.isUsed : versionIn(pending.request.params) !== null;
    if (isStateless) return pending?.cancel();
    if (pending !== null) pending.isDone = true;
    await this.#session.tell(message).finally(() => pending?.cancel());
  }
}

function tooMuch(): AuthError {
  return new AuthError("busy", "Too much is on its way to the MCP server. Ask again when it has answered.");
}

function isExpected(error: unknown): boolean {
  return error instanceof AuthError || error instanceof HttpError;
}
