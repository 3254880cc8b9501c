/** Upgrades (WebSocket, RFC 6455): the handshake gets the token; then bytes are passed on in both directions. */
import type { Duplex, IncomingMessage } from "../platform/http-server.ts";
import type { ClientRequest } from "../platform/http-stream.ts";
import { answerTo, withoutAnswer } from "./answer.ts";
import type { Credential } from "./api.ts";
import { clean, onFailure, streamMasked } from "./clean.ts";
import { frameScrubber } from "./frames.ts";
import { pairs } from "./headers.ts";
import { type Call, entryOf, faultOf, giveUpAfter, open, type RelayContext } from "./relay.ts";
import { malformed, type Refusal, refuseOn } from "./reply.ts";
import { endTogether } from "./tunnel.ts";

type Answer = { readonly reply: IncomingMessage; readonly upgraded: { socket: Duplex; head: Buffer } | null };

export async function upgrade(
  proxy: RelayContext,
  call: Call | Refusal,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): Promise<void> {
  socket.on("error", () => socket.destroy());
  if (!("api" in call)) return refuseOn(socket, call);
  const entry = entryOf(call, request);
  const turnDown = (answer: Refusal): void => {
    proxy.journal.write({ ...entry, status: answer.status, refused: answer.message });
    refuseOn(socket, answer);
  };
  const fault = faultOf(proxy, call, request) ?? notAnUpgrade(request);
  if (fault !== null) return turnDown(fault);
  let upstream: ClientRequest | null = null;
  socket.on("close", () => upstream?.destroy());
  const more = ["Connection", "Upgrade", "Upgrade", request.headers.upgrade ?? ""];
  const send = async (credential: Credential): Promise<Answer> => {
    upstream?.destroy();
    if (socket.destroyed) throw new Error("the program has left");
    upstream = open(proxy, call, request, credential, more);
    return handshake(proxy, upstream);
  };
  try {
    const { reply, upgraded } = await answerTo(call, send, () => true);
    const { scrubbers } = proxy;
    const { status, headers, body, scrubber } = clean(scrubbers, call.origin, reply);
    const isSearched = scrubbers.covers(call.origin);
    // No extension was offered: compressed frames can't be searched.
    if (isSearched && reply.headers["sec-websocket-extensions"] !== undefined) throw new Error("unknown extension");
    proxy.journal.write({ ...entry, status: reply.statusCode ?? null });
    const connection =
      upgraded === null ? ["Connection", "close"] : ["Connection", "Upgrade", "Upgrade", reply.headers.upgrade ?? ""];
    const lines = pairs([...headers, ...connection]).map(([name, value]) => `${name}: ${value}\r\n`);
    socket.write(`HTTP/1.1 ${reply.statusCode} ${status}\r\n${lines.join("")}\r\n`, "latin1");
    if (upgraded === null) {
      onFailure(reply, body, () => socket.destroy());
      return streamMasked(body, scrubber, socket);
    }
    (upstream as ClientRequest | null)?.setTimeout(0);
    if (upgraded.head.length > 0) upgraded.socket.unshift(upgraded.head);
    if (head.length > 0) upgraded.socket.write(head);
    endTogether(socket, upgraded.socket);
    socket.pipe(upgraded.socket);
    const isFramed = isSearched && /^websocket$/i.test(reply.headers.upgrade ?? "");
    return streamMasked(upgraded.socket, isFramed ? frameScrubber(() => scrubbers.of(call.origin)) : scrubber, socket);
  } catch (error) {
    (upstream as ClientRequest | null)?.destroy();
    if (!socket.destroyed) turnDown(withoutAnswer(error, call));
  }
}

function notAnUpgrade({ method, headers }: IncomingMessage): Refusal | null {
  const isPlain =
    method === "GET" && headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;
  return isPlain ? null : malformed("An upgrade is a GET without a body.");
}

function handshake({ silence }: RelayContext, upstream: ClientRequest): Promise<Answer> {
  return new Promise((resolve, reject) => {
    upstream.once("upgrade", (reply: IncomingMessage, socket: Duplex, head: Buffer) =>
      resolve({ reply, upgraded: { socket, head } }),
    );
    upstream.once("response", (reply: IncomingMessage) => resolve({ reply, upgraded: null }));
    upstream.on("error", reject);
    giveUpAfter(upstream, silence);
    upstream.end();
  });
}
