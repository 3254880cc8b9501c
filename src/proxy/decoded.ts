/** The body of a reply without its content codings (RFC 9110 §8.4.1): `identity` is asked for, and not always given. */

import type { Duplex, Readable } from "node:stream";
import { createBrotliDecompress, createUnzip, createZstdDecompress } from "node:zlib";
import type { IncomingMessage } from "../platform/http-server.ts";

const DECODERS: Readonly<Record<string, () => Duplex>> = {
  gzip: createUnzip,
  "x-gzip": createUnzip,
  deflate: createUnzip,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** @throws Error for a coding that isn't known: what can't be searched isn't passed on */
export function decoded(reply: IncomingMessage): { body: Readable; isDecoded: boolean } {
  const codings = (reply.headers["content-encoding"] ?? "")
    .toLowerCase()
    .split(",")
    .map((coding) => coding.trim())
    .filter((coding) => coding !== "" && coding !== "identity");
  const hasBody = reply.statusCode !== 204 && reply.statusCode !== 304 && reply.headers["content-length"] !== "0";
  if (codings.length === 0 || !hasBody) return { body: reply, isDecoded: false };
  let body: Readable = reply;
  // The last one was put on last.
  for (const coding of codings.reverse()) {
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding]?.() : undefined;
    if (decoder === undefined) throw new Error("unknown content coding");
    body.on("error", () => decoder.destroy());
    body = body.pipe(decoder);
  }
  return { body, isDecoded: true };
}
