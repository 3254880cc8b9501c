/**
 * Server-sent events (WHATWG HTML §9.2.6), of which MCP uses data, id and retry. Data is passed on as bytes and in parts, so
 * that a large event needs no memory; a library would buffer it.
 */

export type Token =
  /** A part of the current event's data. */
  | { readonly kind: "data"; readonly bytes: Uint8Array }
  /** The event is complete. `id`: null where none was ever sent; `retry`: milliseconds. */
  | { readonly kind: "end"; readonly id: string | null; readonly retry: number | null };

/** Bytes of a line other than data; longer ones are ignored. */
const LONGEST_FIELD = 8 * 1024;
const LONGEST_RETRY = 24 * 60 * 60 * 1000;

const [LF, CR, SPACE] = [10, 13, 32];
const DATA = new TextEncoder().encode("data:");
const BREAK = new Uint8Array([LF]);

/** Reads one stream. */
export class EventReader {
  #id: string | null = null;
  #retry: number | null = null;
  /** The line's beginning, until it is known to be data. */
  #head: number[] = [];
  #place: "head" | "space" | "data" | "passed" = "head";
  #hasData = false;
  #afterCr = false;
  #isFirst = true;

  *read(chunk: Uint8Array): Generator<Token> {
    let at = 0;
    let [lf, cr] = [-2, -2];
    while (at < chunk.length) {
      if (this.#afterCr) {
        this.#afterCr = false;
        if (chunk[at] === LF) at++;
        continue;
      }
      // Each is searched for once, however often the other occurs.
      if (lf !== -1 && lf < at) lf = chunk.indexOf(LF, at);
      if (cr !== -1 && cr < at) cr = chunk.indexOf(CR, at);
      const end = Math.min(lf < 0 ? chunk.length : lf, cr < 0 ? chunk.length : cr);
      yield* this.#piece(chunk.subarray(at, end));
      if (end === chunk.length) return;
      this.#afterCr = chunk[end] === CR;
      at = end + 1;
      yield* this.#lineEnd();
    }
  }

  *#piece(piece: Uint8Array): Generator<Token> {
    let at = 0;
    while (this.#place === "head" && at < piece.length) {
      this.#head.push(piece[at++] ?? 0);
      if (this.#isFirst && this.#head.length === 3) this.#skipByteOrderMark();
      if (this.#head.length === DATA.length && DATA.every((byte, i) => this.#head[i] === byte))
        yield* this.#beginData();
      else if (this.#head.length > LONGEST_FIELD) this.#place = "passed";
    }
    if (this.#place === "space" && at < piece.length) {
      if (piece[at] === SPACE) at++;
      this.#place = "data";
    }
    if (this.#place === "data" && at < piece.length) yield { kind: "data", bytes: piece.subarray(at) };
  }

  *#beginData(): Generator<Token> {
    this.#place = "space";
    if (this.#hasData) yield { kind: "data", bytes: BREAK };
    this.#hasData = true;
  }

  *#lineEnd(): Generator<Token> {
    const line = this.#place === "head" ? new TextDecoder().decode(new Uint8Array(this.#head)) : null;
    this.#head = [];
    this.#place = "head";
    this.#isFirst = false;
    if (line === null) return;
    if (line === "") {
      this.#hasData = false;
      yield { kind: "end", id: this.#id, retry: this.#retry };
      return;
    }
    const [, name = line, value = ""] = /^([^:]*):? ?(.*)$/s.exec(line) ?? [];
    if (name === "id" && !value.includes("\0")) this.#id = value;
    if (name === "retry" && /^\d{1,12}$/.test(value)) this.#retry = Math.min(Number(value), LONGEST_RETRY);
  }

  #skipByteOrderMark(): void {
    if (this.#head[0] === 0xef && this.#head[1] === 0xbb && this.#head[2] === 0xbf) this.#head = [];
  }
}
