/**
 * Forwards one request with a current token, and once more after a 401. The reply is streamed back, with its secrets masked.
 */
import { errorCode } from "../platform/errors.ts";
import type { IncomingMessage, ServerResponse } from "../platform/http-server.ts";
import type { ClientRequest, Upstreams } from "../platform/http-stream.ts";
import { answerTo, withoutAnswer } from "./answer.ts";
import type { Api, Credential } from "./api.ts";
import { clean, onFailure, streamMasked } from "./clean.ts";
import { begun } from "./decoded.ts";
import { count, endToEnd, isChunkedAtMost } from "./headers.ts";
import type { Entry, Journal } from "./journal.ts";
import { pathFault, pathOf } from "./path.ts";
import { type Body, bodyOf } from "./replay.ts";
import { denied, malformed, type Refusal, refuse } from "./reply.ts";
import { type Rules, refusal } from "./rules.ts";
import type { Scrubbers } from "./scrub.ts";

/** Shared by all requests. */
export interface RelayContext {
  readonly upstreams: Upstreams;
  readonly rules: Rules;
  readonly journal: Journal;
  readonly scrubbers: Scrubbers;
  /** Milliseconds without a byte from an API before the request is aborted. */
  readonly silence: number;
}

/** A request that is to be sent on. */
export interface Call {
  /** The API whose token it gets; null: none, and it is passed on unchanged. */
  readonly api: Api | null;
  readonly origin: string;
  /** Path and query. */
  readonly target: string;
  readonly via: Entry["via"];
  /** The headers to send, from the program's own and the token. */
  headers(own: readonly string[], credential: Credential): readonly string[];
}

export function entryOf({ api, origin, target, via }: Call, { method = "" }: IncomingMessage): Omit<Entry, "status"> {
  return { connection: api?.connection ?? null, via, method, origin, path: pathOf(target) };
}

/** Why the request isn't sent; null: it may be sent. */
export function faultOf({ rules }: RelayContext, call: Call, request: IncomingMessage): Refusal | null {
  const { method = "", headers, rawHeaders } = request;
  const fault = pathFault(call.target);
  if (fault !== null) return malformed(`The path ${fault}.`);
  if (count(rawHeaders, "host") > 1 || count(rawHeaders, "content-length") > 1)
    return malformed("It has a header twice that can be there only once.");
  if (!isChunkedAtMost(request)) return malformed("It has a transfer coding besides 'chunked'.");
  const reason =
    call.api === null ? null : refusal(rules, call.api, { method, origin: call.origin, target: call.target, headers });
  return reason === null ? null : denied(`${method} ${pathOf(call.target)} isn't allowed. ${reason}`);
}

export async function relay(
  proxy: RelayContext,
  call: Call,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const entry = entryOf(call, request);
  const turnDown = (answer: Refusal): void => {
    proxy.journal.write({ ...entry, status: answer.status, refused: answer.message });
    refuse(response, answer);
    request.resume();
  };
  const fault = faultOf(proxy, call, request);
  if (fault !== null) return turnDown(fault);

  const body = bodyOf(request);
  let upstream: ClientRequest | null = null;
  response.on("close", () => {
    body.release();
    // The program has closed the connection, or the reply came before the whole body was sent.
    if (!response.writableFinished || upstream?.writableEnded === false) upstream?.destroy();
    if (!response.writableFinished) proxy.journal.write({ ...entry, status: null });
  });
  const sendOnce = async (credential: Credential): Promise<IncomingMessage> => {
    upstream?.destroy();
    body.detach();
    if (response.destroyed) throw new Error("the program has left");
    upstream = open(proxy, call, request, credential);
    return replyTo(proxy, upstream, body);
  };
  const send = async (credential: Credential): Promise<{ reply: IncomingMessage }> => {
    const reply = await sendOnce(credential).catch((error: unknown) => {
      if (upstream === null || !isStale(error, upstream, request, body)) throw error;
      return sendOnce(credential);
    });
    return { reply };
  };
  try {
    const { reply } = await answerTo(call, send, () => body.hold());
    await deliver(proxy, call.origin, request, reply, response);
    response.once("finish", () => proxy.journal.write({ ...entry, status: reply.statusCode ?? null }));
  } catch (error) {
    (upstream as ClientRequest | null)?.destroy();
    if (!response.destroyed) turnDown(withoutAnswer(error, call, request.method));
  }
}

const IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];

/** A kept connection was closed when the request was sent: it is repeated where that is safe (RFC 9110 §9.2.2). */
function isStale(error: unknown, upstream: ClientRequest, { method = "" }: IncomingMessage, body: Body): boolean {
  const isCut = ["ECONNRESET", "EPIPE"].includes(errorCode(error) ?? "");
  return isCut && upstream.reusedSocket && IDEMPOTENT.includes(method) && body.isWhole;
}

/** Compressed bodies and WebSocket frames (RFC 7692) can't be searched for the token. */
const COMPRESSIONS = ["accept-encoding", "sec-websocket-extensions"];

/** Opens the request, without the body. */
export function open(
  { upstreams, scrubbers }: RelayContext,
  call: Call,
  { method = "GET", rawHeaders }: IncomingMessage,
  credential: Credential,
  more: readonly string[] = [],
): ClientRequest {
  const { origin, target } = call;
  if (call.api !== null) scrubbers.sent(call.api, credential);
  const isChunked = count(rawHeaders, "transfer-encoding") > 0;
  const isSearched = scrubbers.covers(origin);
  const own = endToEnd(rawHeaders, isSearched ? ["host", ...COMPRESSIONS] : ["host"]);
  const headers = [
    ...["Host", new URL(origin).host],
    ...call.headers(own, credential),
    ...(isSearched ? ["Accept-Encoding", "identity"] : []),
    ...(isChunked ? ["Transfer-Encoding", "chunked"] : []),
    ...more,
  ];
  return upstreams.open({ method, origin, target, headers });
}

function replyTo({ silence }: RelayContext, upstream: ClientRequest, body: Body): Promise<IncomingMessage> {
  const reply = new Promise<IncomingMessage>((resolve, reject) => {
    upstream.once("response", resolve);
    upstream.on("error", reject);
  });
  giveUpAfter(upstream, silence);
  body.sendTo(upstream);
  return reply;
}

export function giveUpAfter(upstream: ClientRequest, silence: number): void {
  const late = (): Error => Object.assign(new Error("silent"), { code: "ETIMEDOUT" });
  upstream.setTimeout(silence, () => upstream.destroy(late()));
}

/** Streams the reply to the program. @throws Undecodable before anything is sent */
async function deliver(
  { scrubbers }: RelayContext,
  origin: string,
  request: IncomingMessage,
  reply: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { status, headers, body, scrubber, length } = clean(scrubbers, origin, reply);
  if (body !== reply && request.method !== "HEAD") await begun(reply, body);
  response.writeHead(reply.statusCode ?? 502, status, headers);
  // Closes the connection itself: unsent headers would go out, and look like a complete reply without a body.
  const fail = (): void => {
    request.socket.destroy();
    response.destroy();
  };
  onFailure(reply, body, fail);
  if (request.method === "HEAD") {
    reply.resume();
    return void response.end();
  }
  // Server-sent events may pause after the headers, so these are sent at once; else they go out with the body.
  if (Number.isNaN(length)) setImmediate(() => response.destroyed || response.flushHeaders());
  streamMasked(body, scrubber, response, length);
  // `begun` has stopped it.
  body.resume();
}
