/**
 * Takes secrets out of a stream of bytes, however it is cut into chunks.
 *
 * What may be the beginning of a form is held back until the bytes after it decide, however long that takes: with a time
 * limit, a secret written in two halves would get out. But a program may wait for a key after such a beginning: a prompt
 * ends with `g`, with which the token begins. So `pause` gives out what reveals at most three characters of a secret, and the
 * rest is masked if it comes. A prompt that happens to end with more of it is held back until the next byte.
 */
import type { Secret } from "../../platform/secret.ts";
import { Automaton } from "./automaton.ts";
import { formsOf, isMaskable } from "./forms.ts";

export interface Masker {
  /** @returns what is decided, perhaps the same bytes; they are valid until the next call */
  feed(chunk: Uint8Array): Uint8Array;
  /** For a stream that is silent, and goes on. @returns what is held back, unless it tells something of a secret */
  pause(): Uint8Array;
  /** Whether `pause` would return anything. */
  readonly isHolding: boolean;
  /** @returns the rest: a form that isn't complete is none */
  end(): Uint8Array;
  /** Masks this one too, from here on. @returns false for a value that is too short */
  add(secret: Secret): boolean;
}

export interface MaskOptions {
  /** Puts an asterisk for each character, so that a screen keeps its layout; else `[redacted]` for all of them. */
  readonly keepsWidth?: boolean;
}

/** @param secrets those too short to be told from ordinary text are left out: see `isMaskable` */
export function createMasker(secrets: Iterable<Secret>, { keepsWidth = false }: MaskOptions = {}): Masker {
  const automaton = new Automaton();
  let held: Uint8Array = NOTHING;
  /** For each byte held back whether it is masked. */
  let heldMarks: Uint8Array = NOTHING;
  /** The last byte given out was masked. */
  let within = false;

  const known = new Set<string>();
  const add = (secret: Secret): boolean => {
    const value = secret.reveal();
    if (!isMaskable(value)) return false;
    if (!known.has(value)) automaton.add(formsOf(value));
    known.add(value);
    return true;
  };
  for (const secret of secrets) add(secret);

  /** @returns all but the last `kept` bytes, which are held back */
  const give = (bytes: Uint8Array, marks: Uint8Array | null, kept: number): Uint8Array => {
    const given = bytes.length - Math.min(kept, bytes.length);
    held = new Uint8Array(bytes.subarray(given));
    heldMarks = marks === null ? new Uint8Array(held.length) : new Uint8Array(marks.subarray(given));
    if (marks !== null) return masked(bytes.subarray(0, given), marks);
    within &&= given === 0;
    return bytes.subarray(0, given);
  };

  const masked = (bytes: Uint8Array, marks: Uint8Array): Uint8Array => {
    const pieces: Uint8Array[] = [];
    for (let from = 0, to = 0; from < bytes.length; from = to) {
      const isSecret = marks[from] === 1;
      while (to < bytes.length && (marks[to] === 1) === isSecret) to++;
      const piece = bytes.subarray(from, to);
      if (!isSecret) pieces.push(piece);
      else if (keepsWidth) pieces.push(asterisks(piece));
      else if (!within) pieces.push(REDACTED);
      within = isSecret;
    }
    return pieces.length === 1 ? (pieces[0] as Uint8Array) : Buffer.concat(pieces);
  };

  return {
    feed(chunk) {
      const bytes = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const before = held.length;
      let marks: Uint8Array | null = null;
      if (heldMarks.includes(1)) marks = Buffer.concat([heldMarks, new Uint8Array(chunk.length)]);
      automaton.feed(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length), (start, end) => {
        marks ??= new Uint8Array(bytes.length);
        mark(bytes, marks, Math.max(0, before + start), before + end);
      });
      return give(bytes, marks, automaton.length);
    },
    pause: () => give(held, heldMarks, automaton.revealing),
    get isHolding() {
      return held.length > automaton.revealing;
    },
    end: () => give(held, heldMarks, 0),
    add,
  };
}

/** @returns tells whether a text contains one of the secrets: in any form, or unchanged where it is too short for forms */
export function secretFinder(secrets: Iterable<Secret>): (text: string) => boolean {
  const values = [...secrets].map((secret) => secret.reveal());
  const automaton = new Automaton();
  automaton.add(values.filter(isMaskable).flatMap(formsOf));
  return (text) => {
    let isFound = values.some((value) => value !== "" && text.includes(value));
    // No form goes on after a NUL.
    automaton.feed(Buffer.from(`${text}\0`), () => {
      isFound = true;
    });
    return isFound;
  };
}

const NOTHING = new Uint8Array(0);
const REDACTED = new TextEncoder().encode("[redacted]");
const ESCAPE = 0x1b;
/** Backspace, line feed, carriage return. */
const MOVES = [0x08, 0x0a, 0x0d];

/** Line ends and terminal sequences aren't masked, so that what follows keeps its place and colour. */
function mark(bytes: Uint8Array, marks: Uint8Array, start: number, end: number): void {
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte === ESCAPE) i = endOfSequence(bytes, i);
    else if (!MOVES.includes(byte)) marks[i] = 1;
  }
}

/** `ESC [ … letter`, or `ESC ( B`. @returns where its last byte is */
function endOfSequence(bytes: Uint8Array, start: number): number {
  if (bytes[start + 1] !== 0x5b) return start + 2;
  let at = start + 2;
  while ((bytes[at] as number) < 0x40) at++;
  return at;
}

/** One for each character, of however many bytes of UTF-8. */
function asterisks(text: Uint8Array): Uint8Array {
  return text.filter((byte) => (byte & 0xc0) !== 0x80).fill(0x2a);
}
