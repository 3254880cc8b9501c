/**
 * Searches a WebSocket's bytes for secrets: the contents of its frames as one stream, so that a secret in two fragments is
 * found (RFC 6455 §5.4). The frames keep their form.
 */
import type { Scrubber } from "./scrub.ts";

/** @param fresh makes one whose output is as long as its input */
export function frameScrubber(fresh: () => Scrubber): Scrubber {
  const scrubber = fresh();
  /** For control frames, which may come between fragments. */
  let control: Scrubber | null = null;
  /** The bytes so far of a frame's header. */
  let head = NOTHING;
  /** Bytes left of a frame's contents. */
  let left = 0;
  let isControl = false;
  /** The output in order: bytes, or a number of bytes that the scrubber has yet to return. */
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

  /** The output, up to the first byte that isn't decided. */
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

/** Bytes of a frame's contents (RFC 6455 §5.2). null: its header isn't complete. */
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
