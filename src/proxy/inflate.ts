/**
 * The coding `deflate`: zlib's format (RFC 1950), and what some servers send by that name, the bare one of RFC 1951 (RFC 9110
 * §8.4.1.2). The first byte tells which: where zlib says "8", the bare one has the padding of a block, which is zero.
 */
import { Duplex, pipeline } from "node:stream";
import { createInflate, createInflateRaw } from "node:zlib";

export function createInflateAny(): Duplex {
  return Duplex.from(async function* (coded: AsyncIterable<Buffer>) {
    const chunks = coded[Symbol.asyncIterator]();
    const { value: first, done } = await chunks.next();
    if (done) return;
    const isZlib = ((first[0] ?? 0) & 0x0f) === 8;
    const all = async function* () {
      yield first;
      yield* { [Symbol.asyncIterator]: () => chunks };
    };
    // Its failure is thrown where the outcome is read.
    yield* pipeline(all(), isZlib ? createInflate() : createInflateRaw(), () => {});
  });
}
