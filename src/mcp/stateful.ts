/**
 * The transport of 2025-03-26 to 2025-11-25 (MCP "Transports", "Streamable HTTP"): sessions, a stream for the server's own
 * messages, and streams that are resumed.
 */
import { AuthError, messageOf } from "../platform/errors.ts";
import type { HttpStream } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import { asObject, type Json } from "../platform/json.ts";
import { unlessSessionLost } from "./lost-session.ts";
import { bytesOf, type ClientMessage, NoAnswer, type Request } from "./message.ts";
import { type Client, CUT_OFF, Pending, POSTED, pause, readAnswer } from "./pending.ts";
import { drain, kindOf, type Position, type Receiver, readEvents } from "./reply.ts";
import type { Wire } from "./wire.ts";

/** Milliseconds before a stream is resumed, where the server doesn't say. */
const RETRY = 1_000;
const LONGEST_RETRY = 30_000;
/** The minimum, whatever the server says. */
const SHORTEST_RETRY = 100;
/** The maximum where the server refuses the token for its own stream: each try may cost a refresh. */
const LONGEST_REFUSED = 10 * 60_000;
/** Tries to resume a stream that brought nothing new. */
const MOST_TRIES = 5;
/** For the request that ends the session. */
const GOODBYE = 2_000;

const INITIALIZED = "notifications/initialized";
export const CANCELLED = "notifications/cancelled";
const EVENTS = { accept: "text/event-stream" } as const;

export class Session {
  readonly #wire: Wire;
  readonly #client: Client;
  #id: string | null = null;
  #version: string | null = null;
  #initialize: Request | null = null;
  /** Counts sessions: tells a request that lost its session whether another was begun since. */
  #epoch = 0;
  #renewal: Promise<void> | null = null;
  /** The server has ended the session, and there is no other one yet. */
  #isLost = false;
  /** The handshake so far. Later messages wait for it: servers refuse what comes too early. */
  #handshake: Promise<void> = Promise.resolve();
  #listening: AbortController | null = null;

  constructor(wire: Wire, client: Client) {
    this.#wire = wire;
    this.#client = client;
  }

  get isUsed(): boolean {
    return this.#initialize !== null;
  }

  /** Whether the client opens pages where an error asks for it (MCP 2025-11-25, "URL Elicitation Required Error"). */
  get opensPages(): boolean {
    const capabilities = asObject(this.#initialize?.params.capabilities);
    return this.#version === "2025-11-25" && asObject(asObject(capabilities?.elicitation)?.url) !== null;
  }

  async ask(pending: Pending): Promise<void> {
    const before = this.#handshake;
    if (pending.request.method !== "initialize") {
      await before;
      return this.#ask(pending);
    }
    const asked = before.then(() => this.#begin(pending));
    this.#handshake = asked.catch(() => {});
    return asked;
  }

  /** A notification, or a response to a request of the server's. */
  async tell(message: Exclude<ClientMessage, Request>): Promise<void> {
    // They concern earlier requests, perhaps the server's own during `initialize`: they don't wait.
    if (message.kind === "response" || message.method === CANCELLED) return this.#tell(message.bytes);
    const before = this.#handshake;
    const told = before.then(() => this.#tell(message.bytes));
    if (message.method !== INITIALIZED) return told;
    this.#handshake = told.catch(() => {});
    await told;
    void this.#listen();
  }

  /** Ends the session, where the server allows it. */
  async close(): Promise<void> {
    this.#listening?.abort();
    if (this.#id === null) return;
    const signal = AbortSignal.timeout(GOODBYE);
    const said = this.#wire
      .send({ method: "DELETE", headers: this.#headers(), signal }, drain)
      .catch((error: unknown) => this.#client.log(`the session wasn't ended: ${error}`));
    await Promise.race([said, pause(GOODBYE, signal)]);
  }

  #headers(): Record<string, string> {
    return {
      ...(this.#id !== null && { "mcp-session-id": this.#id }),
      ...(this.#version !== null && { "mcp-protocol-version": this.#version }),
    };
  }

  async #begin(pending: Pending): Promise<void> {
    this.#initialize = pending.request;
    pending.read = (response) => {
      this.#learn(response);
      return null;
    };
    this.#forget();
    this.#isLost = false;
    await this.#ask(pending);
  }

  #forget(): void {
    this.#listening?.abort();
    this.#id = null;
    this.#version = null;
    this.#epoch++;
  }

  #learn(response: Json): void {
    const version = asObject(response.result)?.protocolVersion;
    this.#version = typeof version === "string" && /^[\x21-\x7e]{1,100}$/.test(version) ? version : null;
  }

  #ask(pending: Pending): Promise<void> {
    return pending.untilAnswered(this.#askAndRead(pending));
  }

  async #askAndRead(pending: Pending): Promise<void> {
    const receiver = this.#client.receiver(pending);
    const position: Position = { id: null, retry: null };
    const error = await unlessCut(
      position,
      this.#post(pending.request.bytes, pending.signal, (reply) => readAnswer(reply, receiver, position)),
    );
    if (error !== null) return receiver.message({ ...error, id: pending.request.id }, null);
    await this.#resume(pending, receiver, position);
  }

  async #tell(body: Uint8Array): Promise<void> {
    await this.#post(body, new AbortController().signal, async (reply) => {
      await drain(reply);
      if (reply.status > 299) this.#client.log(`the server refused a notification or response: HTTP ${reply.status}`);
    });
  }

  /** Until the response is complete: a server may end a connection, and continue its answer on another. */
  async #resume(pending: Pending, receiver: Receiver, position: Position): Promise<void> {
    for (let tries = 0; !pending.isDone; tries++) {
      const { id } = position;
      if (id === null || tries === MOST_TRIES) throw new NoAnswer(502, CUT_OFF);
      await pause(Math.max(position.retry ?? RETRY, SHORTEST_RETRY), pending.signal);
      if (pending.isDone) return;
      const headers = { ...EVENTS, ...this.#headers(), "last-event-id": id };
      await unlessCut(
        position,
        this.#wire.send({ method: "GET", headers, signal: pending.signal }, async (reply) => {
          if (await isStream(reply)) return readEvents(reply, receiver, position);
          throw new NoAnswer(502, `${CUT_OFF} It can't be resumed (HTTP ${reply.status}).`);
        }),
      );
      if (position.id !== id) tries = -1;
    }
  }

  /** Reads the server's own messages. Servers without such a stream refuse it. */
  async #listen(): Promise<void> {
    this.#listening?.abort();
    const listening = new AbortController();
    this.#listening = listening;
    const { signal } = listening;
    const receiver = this.#client.receiver(null);
    const position: Position = { id: null, retry: null };
    let wait = RETRY;
    while (!signal.aborted) {
      const headers = { ...EVENTS, ...this.#headers(), ...(position.id !== null && { "last-event-id": position.id }) };
      const [began, last] = [performance.now(), position.id];
      let longest = LONGEST_RETRY;
      try {
        const status = await this.#wire.send({ method: "GET", headers, signal }, async (reply) => {
          if (!(await isStream(reply))) return reply.status;
          await readEvents(reply, receiver, position);
          return null;
        });
        if (status !== null && !mayPass(status)) return;
        if (status === 401 || status === 403) longest = LONGEST_REFUSED;
      } catch (error) {
        if (signal.aborted) return;
        this.#client.log(`the server's own stream: ${messageOf(error)}`);
        if (error instanceof AuthError) longest = LONGEST_REFUSED;
        else if (!(error instanceof HttpError)) return;
      }
      const isUseful = position.id !== last || performance.now() - began > LONGEST_RETRY;
      wait = isUseful ? RETRY : Math.min(wait * 2, longest);
      await pause(Math.max(position.retry ?? 0, wait), signal);
    }
  }

  async #post<T>(body: Uint8Array, signal: AbortSignal, consume: (reply: HttpStream) => Promise<T>): Promise<T> {
    for (let renewals = 0; ; renewals++) {
      await this.#renewal;
      if (this.#isLost) await this.#renew(this.#epoch);
      const [id, epoch] = [this.#id, this.#epoch];
      const call = { method: "POST", headers: { ...POSTED, ...this.#headers() }, body, signal } as const;
      const outcome = await this.#wire.send(call, async (reply) => {
        if (id === null) this.#adopt(reply, epoch);
        const kept = id === null || renewals > 0 ? reply : await unlessSessionLost(reply);
        return kept && { value: await consume(kept) };
      });
      if (outcome !== null) return outcome.value;
      await this.#renew(epoch);
    }
  }

  /** Takes the session id from the answer to `initialize`. */
  #adopt({ headers, status }: HttpStream, epoch: number): void {
    const id = headers.get("mcp-session-id");
    if (status === 200 && epoch === this.#epoch && id !== null && /^[\x21-\x7e]{1,4096}$/.test(id)) this.#id = id;
  }

  /** Replaces a lost session by a new one, without the client's knowledge. */
  async #renew(epoch: number): Promise<void> {
    if (epoch !== this.#epoch) return;
    this.#renewal ??= this.#again().finally(() => {
      this.#renewal = null;
    });
    await this.#renewal;
  }

  async #again(): Promise<void> {
    const request = this.#initialize;
    if (request === null) throw new NoAnswer(404, "The MCP server has ended the session.");
    this.#client.log("the server has ended the session: another one is begun");
    this.#forget();
    this.#isLost = true;
    const pending = new Pending(request);
    const position: Position = { id: null, retry: null };
    const receiver: Receiver = {
      ...this.#client.receiver(null),
      large: null,
      message: async (message) => {
        if (!("result" in message)) return;
        this.#learn(message);
        pending.answered();
      },
    };
    const epoch = this.#epoch;
    const call = { method: "POST", headers: POSTED, body: request.bytes, signal: pending.signal } as const;
    const begun = this.#wire.send(call, async (reply) => {
      this.#adopt(reply, epoch);
      await readAnswer(reply, receiver, position);
    });
    await pending.untilAnswered(begun);
    if (!pending.isDone) throw new NoAnswer(502, "The MCP server has ended the session, and begins no other.");
    const headers = { ...POSTED, ...this.#headers() };
    const body = bytesOf({ jsonrpc: "2.0", method: INITIALIZED });
    await this.#wire.send({ method: "POST", headers, body, signal: new AbortController().signal }, drain);
    this.#isLost = false;
    void this.#listen();
  }
}

/** Whether another try may succeed: the server is busy, or wants a login. Not where it has no such stream (405, 404). */
function mayPass(status: number): boolean {
  return [401, 403, 408, 429].includes(status) || (status >= 500 && status !== 501);
}

async function isStream(reply: HttpStream): Promise<boolean> {
  if (reply.status === 200 && kindOf(reply) === "text/event-stream") return true;
  await drain(reply);
  return false;
}

/** A connection that is cut while events arrive is no failure, where the stream can be resumed. */
async function unlessCut<T>(position: Position, reading: Promise<T>): Promise<T | null> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof HttpError) || error.failure === "interrupted" || position.id === null) throw error;
    return null;
  }
}
