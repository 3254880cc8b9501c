/** Graphs of bytes that describe the forms of secrets. */
import type { Way } from "./ways.ts";

/** A position in the bytes of a unit, or of what comes between two units. */
export interface Step {
  readonly id: number;
  readonly next: Map<number, Step>;
  /** How many units are complete here: 1 at a unit's end, 0 at the end of what comes between two; null within. */
  done: 0 | 1 | null;
  /** Whether it is within a unit, which has begun, and may go on. */
  readonly isInUnit: boolean;
}

let steps = 0;

export function step(done: Step["done"] = null, isInUnit = false): Step {
  return { id: steps++, next: new Map(), done, isInUnit };
}

/** Adds one of the ways to write what begins at `first`. @param done what is complete at its end */
export function add(first: Step, [text, anyCase]: Way, done: 0 | 1): void {
  let at = first;
  for (const byte of new TextEncoder().encode(text)) {
    const other = anyCase && isHexLetter(byte) ? byte ^ 0x20 : byte;
    const next: Step = at.next.get(byte) ?? at.next.get(other) ?? step(null, done === 1);
    at.next.set(byte, next);
    at.next.set(other, next);
    at = next;
  }
  at.done = done;
}

function isHexLetter(byte: number): boolean {
  const lower = byte | 0x20;
  return lower >= 0x61 && lower <= 0x66;
}
