/** Upgrades (WebSocket, RFC 6455): the handshake has the token in it; what follows are bytes both ways. */
import type { Duplex, IncomingMessage } from "../platform/http-server.ts";
import { type ClientRequest, streamFailure } from "../platform/http-stream.ts";
import type { Credential } from "./api.ts";
import { endToEnd, pairs } from "./headers.ts";
import {
  afterRefusal,
  type Call,
  credentialFor,
  entryOf,
  faultOf,
  giveUpAfter,
  open,
  pour,
  type RelayContext,
} from "./relay.ts";
import { malformed, type Refusal, refuseOn, withoutReply, withoutToken } from "./reply.ts";

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
  try {
    let credential: Credential | null = await credentialFor(call).catch((error: unknown) => {
      turnDown(withoutToken(error));
      return null;
    });
    if (credential === null) return;
    const more = ["Connection", "Upgrade", "Upgrade", request.headers.upgrade ?? ""];
    for (let isFirst = true; ; isFirst = false) {
      if (socket.destroyed) return;
      upstream = open(proxy, call, request, credential, more);
      const { reply, upgraded } = await answerTo(proxy, upstream);
      const next: Credential | null = isFirst ? await afterRefusal(call, reply, credential) : null;
      if (next !== null) {
        reply.resume();
        credential = next;
        continue;
      }
      proxy.journal.write({ ...entry, status: reply.statusCode ?? null });
      const scrubber = proxy.scrubbers.of(call.api);
      const [status = "", ...kept] = scrubber.texts([
        reply.statusMessage ?? "",
        ...endToEnd(reply.rawHeaders, ["content-length"]),
      ]);
      const connection = upgraded
        ? ["Connection", "Upgrade", "Upgrade", reply.headers.upgrade ?? ""]
        : ["Connection", "close"];
      const lines = pairs([...kept, ...connection]).map(([name, value]) => `${name}: ${value}\r\n`);
      socket.write(`HTTP/1.1 ${reply.statusCode} ${status}\r\n${lines.join("")}\r\n`, "latin1");
      if (upgraded === null) return pour(reply, scrubber, socket);
      upstream.setTimeout(0);
      if (upgraded.head.length > 0) upgraded.socket.unshift(upgraded.head);
      if (head.length > 0) upgraded.socket.write(head);
      tie(socket, upgraded.socket);
      socket.pipe(upgraded.socket);
      // As many asterisks as there were bytes: the frames stay what they are.
      return pour(upgraded.socket, scrubber, socket);
    }
  } catch (error) {
    turnDown(withoutReply(streamFailure(error, call.origin)));
  }
}

function notAnUpgrade({ method, headers }: IncomingMessage): Refusal | null {
  const isPlain =
    method === "GET" && headers["content-length"] === undefined && headers["transfer-encoding"] === undefined;
  return isPlain ? null : malformed("An upgrade is a GET without a body.");
}

function answerTo({ silence }: RelayContext, upstream: ClientRequest): Promise<Answer> {
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

/** The end of one is the end of the other. */
export function tie(one: Duplex, other: Duplex): void {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    from.on("error", () => to.destroy());
    from.on("close", () => to.destroy());
  }
}
