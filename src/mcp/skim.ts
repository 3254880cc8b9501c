/** Reads the `id` and `method` of a JSON object that is too large to be buffered, as its bytes pass. */
import { jsonIn } from "./message.ts";

/** Bytes of a name or value that is kept: neither an id nor a method is longer. */
const LONGEST = 4 * 1024;

/** Bytes of a string. In a longer one, `indexOf` is faster than a loop. */
const SHORT_TEXT = 64;
const PIECE = 1024;

const [QUOTE, BACKSLASH, COMMA, COLON] = [0x22, 0x5c, 0x2c, 0x3a];
const [OPEN_OBJECT, CLOSE_OBJECT, OPEN_ARRAY, CLOSE_ARRAY] = [0x7b, 0x7d, 0x5b, 0x5d];

export class Skim {
  /** Members of the outermost object, once they were read. */
  readonly found: { id?: unknown; method?: unknown } = {};
  #depth = 0;
  #inText = false;
  #isEscaped = false;
  /** Bytes so far of the outermost object's current name or value. */
  #kept: number[] = [];
  #name: unknown = null;

  add(part: Uint8Array): void {
    let at = 0;
    while (at < part.length) {
      at = this.#skip(part, at);
      const byte = part[at++];
      if (byte === undefined) return;
      if (this.#inText) this.#addToText(byte);
      else this.#addOutside(byte);
    }
  }

  /** Handles nearly all bytes of a large message: in local variables, since private fields cost several times as much. */
  #skip(part: Uint8Array, from: number): number {
    const isFull = this.#kept.length > LONGEST;
    let depth = this.#depth;
    let inText = this.#inText;
    let isEscaped = this.#isEscaped;
    let at = from;
    for (; at < part.length && (depth > 1 || (isFull && inText)); at++) {
      if (inText && !isEscaped) at = endOfQuiet(part, at);
      const byte = part[at];
      if (inText) {
        if (isEscaped) isEscaped = false;
        else if (byte === BACKSLASH) isEscaped = true;
        else if (byte === QUOTE) inText = false;
      } else if (byte === QUOTE) inText = true;
      else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) depth++;
      else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--;
    }
    this.#depth = depth;
    this.#inText = inText;
    this.#isEscaped = isEscaped;
    return at;
  }

  #addToText(byte: number): void {
    if (this.#depth === 1) this.#keep(byte);
    if (this.#isEscaped) this.#isEscaped = false;
    else if (byte === BACKSLASH) this.#isEscaped = true;
    else if (byte === QUOTE) this.#inText = false;
  }

  #addOutside(byte: number): void {
    if (byte === QUOTE) this.#inText = true;
    if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) {
      if (this.#depth === 1) this.#endMember();
      this.#depth--;
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      this.#depth++;
      // A value that holds others is neither an id nor a method.
      if (this.#depth === 2) this.#name = null;
    } else if (this.#depth === 1) {
      if (byte === COLON) {
        this.#name = this.#read();
        this.#kept = [];
      } else if (byte === COMMA) this.#endMember();
      else this.#keep(byte);
    }
  }

  #keep(byte: number): void {
    if (this.#kept.length <= LONGEST) this.#kept.push(byte);
  }

  #endMember(): void {
    if (this.#name === "id" || this.#name === "method") this.found[this.#name] = this.#read();
    this.#name = null;
    this.#kept = [];
  }

  #read(): unknown {
    return jsonIn(new Uint8Array(this.#kept));
  }
}

/** The next quote or backslash in a string; the part's end where there is none. */
function endOfQuiet(part: Uint8Array, from: number): number {
  const near = Math.min(from + SHORT_TEXT, part.length);
  for (let at = from; at < near; at++) if (part[at] === QUOTE || part[at] === BACKSLASH) return at;
  // In pieces, so that neither search runs far past the other's match.
  for (let at = near; at < part.length; at += PIECE) {
    const piece = part.subarray(at, at + PIECE);
    const [quote, backslash] = [piece.indexOf(QUOTE), piece.indexOf(BACKSLASH)];
    if (quote >= 0 || backslash >= 0)
      return at + Math.min(quote < 0 ? PIECE : quote, backslash < 0 ? PIECE : backslash);
  }
  return part.length;
}
