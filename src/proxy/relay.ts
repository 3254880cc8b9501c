/**
 * One request, with the token in it: asked for at this moment, and once more after a 401. The reply goes back as it comes,
 * without the token.
 */

import type { Readable, Writable } from "node:stream";
import { errorCode } from "../platform/errors.ts";
import type { IncomingMessage, ServerResponse } from "../platform/http-server.ts";
import { type ClientRequest, streamFailure, type Upstreams } from "../platform/http-stream.ts";
import { Secret } from "../platform/secret.ts";
import type { Api, Credential } from "./api.ts";
import { decoded } from "./decoded.ts";
import { count, endToEnd } from "./headers.ts";
import type { Entry, Journal } from "./journal.ts";
import { pathFault, pathOf } from "./path.ts";
import { type Body, bodyOf } from "./replay.ts";
import { denied, malformed, type Refusal, refuse, withoutReply, withoutToken } from "./reply.ts";
import { type Rules, refusal } from "./rules.ts";
import type { Scrubber, Scrubbers } from "./scrub.ts";

/** What all requests have in common. */
export interface RelayContext {
  readonly upstreams: Upstreams;
  readonly rules: Rules;
  readonly journal: Journal;
  readonly scrubbers: Scrubbers;
  /** Milliseconds without a byte from an API, after which it is given up. */
  readonly silence: number;
}

/** A request that is to be sent on. */
export interface Call {
  /** Whose token it is to have; null: none, and it goes through as it is. */
  readonly api: Api | null;
  readonly origin: string;
  /** Path and query. */
  readonly target: string;
  readonly via: Entry["via"];
  /** What goes out of the program's own headers, with the token among them. */
  headers(own: readonly string[], credential: Credential): readonly string[];
}

const NOTHING: Credential = { token: new Secret(""), headers: [], secrets: [] };

/** @throws AuthError */
export async function credentialFor({ api }: Call): Promise<Credential> {
  return api === null ? NOTHING : api.credential();
}

export function entryOf({ api, origin, target, via }: Call, { method = "" }: IncomingMessage): Omit<Entry, "status"> {
  return { connection: api?.connection ?? null, via, method, origin, path: pathOf(target) };
}

/** Why the request isn't sent; null: it may be. */
export function faultOf({ rules }: RelayContext, call: Call, request: IncomingMessage): Refusal | null {
  const { method = "", headers, rawHeaders } = request;
  const fault = pathFault(call.target);
  if (fault !== null) return malformed(`The path ${fault}.`);
  if (count(rawHeaders, "host") > 1 || count(rawHeaders, "content-length") > 1)
    return malformed("It has a header twice that can be there only once.");
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
    if (response.writableFinished) return;
    upstream?.destroy();
    proxy.journal.write({ ...entry, status: null });
  });
  try {
    let credential: Credential | null = await credentialFor(call).catch((error: unknown) => {
      turnDown(withoutToken(error));
      return null;
    });
    if (credential === null) return;
    for (let isFirst = true, isFresh = false; ; ) {
      if (response.destroyed) return;
      upstream = open(proxy, call, request, credential);
      const reply = await replyTo(proxy, upstream, body).catch((error: unknown) => {
        if (isFresh || upstream === null || !isStale(error, upstream, request, body)) throw error;
        return null;
      });
      const next: Credential | null =
        reply !== null && isFirst && body.isWhole ? await afterRefusal(call, reply, credential) : null;
      if (reply !== null && next === null) {
        deliver(proxy, call.api, request, reply, response);
        response.once("finish", () => proxy.journal.write({ ...entry, status: reply.statusCode ?? null }));
        return;
      }
      body.detach();
      if (next === null) isFresh = true;
      else {
        isFirst = false;
        reply?.resume();
        credential = next;
      }
    }
  } catch (error) {
    turnDown(withoutReply(streamFailure(error, call.origin)));
  }
}

const IDEMPOTENT = ["GET", "HEAD", "OPTIONS", "PUT", "DELETE"];

/** A connection that was kept had ended when the request came: it is sent again where that does no harm (RFC 9110 §9.2.2). */
function isStale(error: unknown, upstream: ClientRequest, { method = "" }: IncomingMessage, body: Body): boolean {
  const isCut = ["ECONNRESET", "EPIPE"].includes(errorCode(error) ?? "");
  return isCut && upstream.reusedSocket && IDEMPOTENT.includes(method) && body.isWhole;
}

/** What is compressed can't be searched for the token: neither a body nor a WebSocket's frames (RFC 7692). */
const COMPRESSIONS = ["accept-encoding", "sec-websocket-extensions"];

/** A request's head, without the body. */
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
  const own = endToEnd(rawHeaders, call.api === null ? ["host"] : ["host", ...COMPRESSIONS]);
  const headers = [
    ...["Host", new URL(origin).host],
    ...call.headers(own, credential),
    ...(call.api === null ? [] : ["Accept-Encoding", "identity"]),
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

/**
 * What to try once more with. null: the reply is the answer. A 401 may say that the token may do too little, which no refresh
 * changes (RFC 6750 §3.1).
 */
export async function afterRefusal(
  { api }: Call,
  { statusCode, headers }: IncomingMessage,
  credential: Credential,
): Promise<Credential | null> {
  const isRefused = statusCode === 401 && !/insufficient_scope/i.test(headers["www-authenticate"] ?? "");
  if (!isRefused || api === null) return null;
  try {
    return await api.renewed(credential);
  } catch {
    return null; // The engine has logged why; the program reads of the refusal.
  }
}

/** Sends the reply on, as fast as the program takes it. */
function deliver(
  { scrubbers }: RelayContext,
  api: Api | null,
  request: IncomingMessage,
  reply: IncomingMessage,
  response: ServerResponse,
): void {
  const { body, isDecoded } = api === null ? { body: reply, isDecoded: false } : decoded(reply);
  const scrubber = scrubbers.of(api);
  const without = isDecoded ? ["content-encoding", "content-length"] : [];
  const [status = "", ...headers] = scrubber.texts([reply.statusMessage ?? "", ...endToEnd(reply.rawHeaders, without)]);
  response.writeHead(reply.statusCode ?? 502, status, headers);
  // The connection itself: a head that wasn't sent yet would go out, and look like a whole reply without a body.
  const fail = (): void => {
    request.socket.destroy();
    response.destroy();
  };
  reply.on("error", fail);
  reply.on("aborted", fail);
  body.on("error", fail);
  if (request.method === "HEAD") {
    reply.resume();
    return void response.end();
  }
  const length = isDecoded ? Number.NaN : Number(reply.headers["content-length"]);
  // What an API sends piece by piece (server-sent events) may have a pause after its head; else it goes out with the body.
  if (Number.isNaN(length)) setImmediate(() => response.destroyed || response.flushHeaders());
  pour(body, scrubber, response, length);
}

const NO_BYTES = new Uint8Array(0);

/** What a masker gives is valid until its next call, unless it is the chunk itself. */
function owned(clean: Uint8Array, chunk: Uint8Array): Uint8Array {
  return clean.buffer === chunk.buffer ? clean : Buffer.from(clean);
}

/** Between two chunks a secret may be cut in two; what is no more than its beginning isn't kept from a program that waits. */
const PAUSE_MS = 30;

/** @param length in bytes, where it is known: the end goes out with what is before it */
export function pour(from: Readable, scrubber: Scrubber, to: Writable, length = Number.NaN): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let size = 0;
  let isFinished = false;
  from.on("data", (chunk: Buffer) => {
    clearTimeout(timer);
    size += chunk.length;
    const clean = owned(scrubber.feed(chunk), chunk);
    if (size === length) return finish(clean);
    if (clean.length > 0 && !to.write(clean)) from.pause();
    if (scrubber.isHolding) timer = setTimeout(() => to.write(Buffer.from(scrubber.pause())), PAUSE_MS);
  });
  to.on("drain", () => from.resume());
  to.on("close", () => clearTimeout(timer));
  // A body without bytes ends here, though its length was told.
  from.on("end", () => isFinished || finish(NO_BYTES));
  const finish = (last: Uint8Array): void => {
    isFinished = true;
    clearTimeout(timer);
    const rest = scrubber.end();
    to.end(rest.length === 0 ? last : Buffer.concat([last, rest]));
  };
}
