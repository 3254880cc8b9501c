/** The body of a reply without its content codings (RFC 9110 §8.4.1): `identity` is asked for, and not always given. */

import type { Duplex, Readable } from "node:stream";
import { createBrotliDecompress, createUnzip, createZstdDecompress } from "node:zlib";
import type { IncomingMessage } from "../platform/http-server.ts";
import { createInflateAny } from "./inflate.ts";

const DECODERS: Readonly<Record<string, () => Duplex>> = {
  gzip: createUnzip,
  "x-gzip": createUnzip,
  deflate: createInflateAny,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
};

/** The coding isn't known, or the body isn't of it: what can't be searched isn't passed on. */
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
  // The last one was put on last.
  for (const coding of codings.reverse()) {
    const decoder = Object.hasOwn(DECODERS, coding) ? DECODERS[coding]?.() : undefined;
    if (decoder === undefined) throw new Undecodable();
    body.on("error", () => decoder.destroy());
    body = body.pipe(decoder);
  }
  return { body, isDecoded: true };
}
