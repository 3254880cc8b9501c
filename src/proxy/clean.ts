/** Prepares a reply for the program: decoded, so that it can be searched, and with its secrets masked. */
import type { Readable, Writable } from "node:stream";
import type { IncomingMessage } from "../platform/http-server.ts";
import { decoded, Undecodable } from "./decoded.ts";
import { endToEnd, isChunkedAtMost } from "./headers.ts";
import type { Scrubber, Scrubbers } from "./scrub.ts";

export interface Clean {
  /** The reason phrase. */
  readonly status: string;
  /** Name, value, name, value … */
  readonly headers: string[];
  /** Not searched yet: `streamMasked` does it with `scrubber`. */
  readonly body: Readable;
  readonly scrubber: Scrubber;
  /** Of the body, in bytes. NaN: unknown. */
  readonly length: number;
}

/** @param origin where it comes from @throws Undecodable */
export function clean(scrubbers: Scrubbers, origin: string, reply: IncomingMessage): Clean {
  if (!isChunkedAtMost(reply)) throw new Undecodable();
  const { body, isDecoded } = scrubbers.covers(origin) ? decoded(reply) : { body: reply, isDecoded: false };
  const scrubber = scrubbers.of(origin);
  const without = isDecoded ? ["content-encoding", "content-length"] : [];
  const [status = "", ...headers] = scrubber.texts([reply.statusMessage ?? "", ...endToEnd(reply.rawHeaders, without)]);
  const length = isDecoded ? Number.NaN : Number(reply.headers["content-length"]);
  return { status, headers, body, scrubber, length };
}

/** Calls back where the reply is cut off, or can't be decoded: it must not look complete. */
export function onFailure(reply: IncomingMessage, body: Readable, fail: () => void): void {
  reply.on("error", fail);
  reply.on("aborted", fail);
  body.on("error", fail);
}

const NO_BYTES = new Uint8Array(0);

/** A masker's result is valid until its next call, unless it is the chunk itself. */
function owned(clean: Uint8Array, chunk: Uint8Array): Uint8Array {
  return clean.buffer === chunk.buffer ? clean : Buffer.from(clean);
}

/** A secret may be split between two chunks. After this pause, bytes that reveal too little of one are passed on. */
const PAUSE_MS = 30;

/** @param length in bytes, where known: the last bytes and the end then go out together */
export function streamMasked(from: Readable, scrubber: Scrubber, to: Writable, length = Number.NaN): void {
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
  // An empty body ends here, whatever its length was said to be.
  from.on("end", () => isFinished || finish(NO_BYTES));
  const finish = (last: Uint8Array): void => {
    isFinished = true;
    clearTimeout(timer);
    const rest = scrubber.end();
    to.end(rest.length === 0 ? last : Buffer.concat([last, rest]));
  };
}
