/** A reply on its way to the program: decoded, so that it can be searched, and without the token. */
import type { Readable, Writable } from "node:stream";
import type { IncomingMessage } from "../platform/http-server.ts";
import { decoded, Undecodable } from "./decoded.ts";
import { endToEnd, isChunkedAtMost } from "./headers.ts";
import type { Scrubber, Scrubbers } from "./scrub.ts";

export interface Clean {
  /** The words after the status code. */
  readonly status: string;
  /** Those of the message; name, value, name, value … */
  readonly headers: string[];
  /** Not searched yet: `pour` does it, by `scrubber`. */
  readonly body: Readable;
  readonly scrubber: Scrubber;
  /** Of the body, in bytes. NaN: it isn't known. */
  readonly length: number;
}

/** @param origin that it comes from @throws Undecodable */
export function clean(scrubbers: Scrubbers, origin: string, reply: IncomingMessage): Clean {
  if (!isChunkedAtMost(reply)) throw new Undecodable();
  const { body, isDecoded } = scrubbers.covers(origin) ? decoded(reply) : { body: reply, isDecoded: false };
  const scrubber = scrubbers.of(origin);
  const without = isDecoded ? ["content-encoding", "content-length"] : [];
  const [status = "", ...headers] = scrubber.texts([reply.statusMessage ?? "", ...endToEnd(reply.rawHeaders, without)]);
  const length = isDecoded ? Number.NaN : Number(reply.headers["content-length"]);
  return { status, headers, body, scrubber, length };
}

/** Calls back where the reply is cut off, or can't be decoded: it can't be ended as if it were whole. */
export function onFailure(reply: IncomingMessage, body: Readable, fail: () => void): void {
  reply.on("error", fail);
  reply.on("aborted", fail);
  body.on("error", fail);
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
