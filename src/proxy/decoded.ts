/** The body of a reply without its content codings (RFC 9110 §8.4.1): servers don't always obey `identity`. */
import { Duplex, pipeline, type Readable } from "node:stream";
import { createBrotliDecompress, createInflate, createInflateRaw, createUnzip, createZstdDecompress } from "node:zlib";
import type { IncomingMessage } from "../platform/http-server.ts";

const DECODERS: Readonly<Record<string, () => Duplex>> = {
  gzip: createUnzip,
  "x-gzip": createUnzip,
  deflate: createInflateAny,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** The coding is unknown, or the body doesn't have it: a reply that can't be searched isn't passed on. */
export class Undecodable extends Error {}

/** Resolves once the body of a reply has begun, or is over. @throws Undecodable, and Error where the reply is cut off */
export function begun(reply: Readable, body: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    body.once("readable", resolve);
    body.once("end", resolve);
    body.once("error", () => reject(new Undecodable()));
    for (const end of ["aborted", "error"]) reply.once(end, () => reject(new Error("cut off")));
  });
}

/** @throws Undecodable */
export function decoded(reply: IncomingMessage): { body: Readable; isDecoded: boolean } {
  const codings = (reply.headers["content-encoding"] ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  const hasBody = reply.statusCode !== 204 && reply.statusCode !== 304 && reply.headers["content-length"] !== "0";
  if (codings.length === 0 || !hasBody) return { body: reply, isDecoded: false };
  let body: Readable = reply;
  // The last one was applied last.
  for (const coding of codings.reverse()) {
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding]?.() : undefined;
    if (decoder === undefined) throw new Undecodable();
    body.on("error", () => decoder.destroy());
    body = body.pipe(decoder);
  }
  return { body, isDecoded: true };
}

/**
 * The coding `deflate`: zlib's format (RFC 1950), or the raw one of RFC 1951, which some servers send by that name (RFC 9110
 * §8.4.1.2). The first byte tells: its low half is 8 in zlib's format, and padding, which is zero, in a raw block.
 */
function createInflateAny(): Duplex {
  return Duplex.from(async function* (coded: AsyncIterable<Buffer>) {
    const chunks = coded[Symbol.asyncIterator]();
    const { value: first, done } = await chunks.next();
    if (done) return;
    const isZlib = ((first[0] ?? 0) & 0x0f) === 8;
    const all = async function* () {
      yield first;
      yield* { [Symbol.asyncIterator]: () => chunks };
    };
    // A failure is thrown where the outcome is read.
    yield* pipeline(all(), isZlib ? createInflate() : createInflateRaw(), () => {});
  });
}
