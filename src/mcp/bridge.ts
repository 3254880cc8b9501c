/**
 * An MCP server on standard input and output that forwards to a server over HTTP. A message itself says which of MCP's two
 * transports it needs: those of 2026-07-28 name their version, older ones come after an `initialize`.
 */
import { AuthError, messageOf } from "../platform/errors.ts";
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
  /** Of the server. */
  readonly url: string;
  /** The client's lines; null: one that was too long to be kept. */
  readonly input: AsyncIterable<Uint8Array | null>;
  /** @returns whether the client still reads */
  readonly write: (bytes: Uint8Array) => Promise<boolean>;
  readonly http: OpenHttp;
  readonly authorize: Authorize;
  /** For debugging: never a message's content. */
  readonly log: (text: string) => void;
}

/** Bytes of messages that are being sent; beyond that, another large request is refused. */
const MOST_IN_FLIGHT = 64 * 1024 * 1024;
const LARGE = 64 * 1024;
/** Milliseconds for messages that are being sent when the client closes its end. */
const LINGER = 1_500;

/** Runs until the client closes its end, or stops reading. */
export async function runBridge({ url, input, write, http, authorize, log }: BridgeOptions): Promise<void> {
  const unread = Promise.withResolvers<void>();
  const lines = new Lines(async (bytes) => {
    try {
      if (!(await write(bytes))) unread.resolve();
    } catch (error) {
      // The client can't be reached any more.
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
  const inFlight = new Set<Promise<void>>();
  let bytes = 0;
  for await (const line of input) {
    const size = line?.length ?? 0;
    const message = readMessage(line);
    // Doesn't wait: a cancellation, or the end of the input, may come next.
    const isRefused = message.kind === "request" && size > LARGE && bytes > 0 && bytes + size > MOST_IN_FLIGHT;
    bytes += size;
    const done = (isRefused ? client.put(errorAnswer(message.id, rpcError(tooMuch()))) : bridge.take(message)).finally(
      () => {
        inFlight.delete(done);
        bytes -= size;
      },
    );
    // A failed write ends the bridge, which reports it.
    done.catch(() => {});
    inFlight.add(done);
  }
  await Promise.race([Promise.allSettled(inFlight), pause(LINGER, new AbortController().signal)]);
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
      this.#client.log(`a ${message.kind} didn't reach the server: ${messageOf(error)}`);
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
