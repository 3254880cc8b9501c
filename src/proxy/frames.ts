/**
 * A WebSocket's bytes on their way to the program, searched for secrets: the contents of its frames as one text, so that one
 * that comes in two fragments is found (RFC 6455 §5.4). The frames stay what they are.
 */
import type { Scrubber } from "./scrub.ts";

/** @param fresh makes one that gives as many bytes as it takes */
export function frameScrubber(fresh: () => Scrubber): Scrubber {
  const scrubber = fresh();
  /** For what may come between fragments: a ping, the end. */
  let control: Scrubber | null = null;
  /** The bytes that have come of a frame's head. */
  let head = NOTHING;
  /** Bytes that are to come of a frame's contents. */
  let left = 0;
  let isControl = false;
  /** What goes out, in its order: bytes as they are, or the number of those that the scrubber is to give. */
  let waiting: (Uint8Array | number)[] = [];
  let searched: Uint8Array = NOTHING;

  const read = (chunk: Uint8Array): void => {
    const given = [searched];
    for (let at = 0; at < chunk.length; ) {
      if (left === 0) {
        head = Buffer.concat([head, chunk.subarray(at, ++at)]);
        const size = contentsOf(head);
        if (size === null) continue;
        [left, isControl] = [size, ((head[0] ?? 0) & 8) !== 0];
        waiting.push(head);
        head = NOTHING;
        continue;
      }
      const part = chunk.subarray(at, at + left);
      at += part.length;
      left -= part.length;
      if (isControl) {
        control ??= fresh();
        waiting.push(Buffer.from(control.feed(part)));
        if (left > 0) continue;
        waiting.push(Buffer.from(control.end()));
        control = null;
      } else {
        waiting.push(part.length);
        given.push(Buffer.from(scrubber.feed(part)));
      }
    }
    searched = Buffer.concat(given);
  };

  /** What is decided, up to the first byte that isn't. */
  const give = (): Uint8Array => {
    const given: Uint8Array[] = [];
    let used = 0;
    while (used < waiting.length) {
      const next = waiting[used] as Uint8Array | number;
      if (typeof next !== "number") given.push(next);
      else {
        const part = searched.subarray(0, next);
        searched = searched.subarray(part.length);
        given.push(part);
        if (part.length < next) {
          waiting[used] = next - part.length;
          break;
        }
      }
      used++;
    }
    waiting = waiting.slice(used);
    return Buffer.concat(given);
  };

  return {
    feed(chunk) {
      read(chunk);
      return give();
    },
    pause() {
      searched = Buffer.concat([searched, scrubber.pause()]);
      return give();
    },
    get isHolding() {
      return scrubber.isHolding;
    },
    end() {
      searched = Buffer.concat([searched, scrubber.end()]);
      return Buffer.concat([give(), head]);
    },
    texts: (values) => scrubber.texts(values),
  };
}

const NOTHING: Uint8Array = new Uint8Array(0);

/** Bytes of a frame's contents (RFC 6455 §5.2). null: its head isn't whole. */
function contentsOf(head: Uint8Array): number | null {
  if (head.length < 2) return null;
  const short = (head[1] as number) & 0x7f;
  const extended = short === 127 ? 8 : short === 126 ? 2 : 0;
  const key = ((head[1] as number) & 0x80) === 0 ? 0 : 4;
  if (head.length < 2 + extended + key) return null;
  const view = Buffer.from(head);
  if (extended === 0) return short;
  return extended === 2 ? view.readUInt16BE(2) : Number(view.readBigUInt64BE(2));
}
