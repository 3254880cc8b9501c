/**
 * Skips bytes where no form begins. It looks at three neighbouring bytes of each step: a form that begins within the step
 * has these three near its beginning. Most of any text is skipped this way.
 */
import { advance, placeOf, type Thread } from "./thread.ts";

/** Bytes. In longer steps, more of ordinary text would look like a form. */
const FARTHEST = 8;
const ESCAPE = 0x1b;
/** How breaks within a unit begin or end (breaks.ts): up to two bytes of a break may be before it. */
const STOPS = [ESCAPE, 0x08];
const BEFORE_STOP = 2;

export class Filter {
  /** By the hash of three bytes: 1 where a form has them within its first `step` + 2 bytes. */
  readonly #triples = new Uint8Array(1 << 18);
  /** Bytes. */
  readonly step: number;
  #bytes: Buffer | null = null;
  /** The next control byte for a terminal, which may be within a form. */
  #stop = 0;

  /** @param forms at their beginning */
  constructor(forms: readonly Thread[]) {
    const shortest = Math.min(...forms.map(({ form }) => form.units.length));
    this.step = Math.max(1, Math.min(FARTHEST, shortest - 2));
    const seen = new Set<string>();
    let threads = forms;
    for (let i = 0; i < this.step; i++) {
      // Many ways lead to the same place.
      const fresh = new Map(threads.map((thread) => [placeOf(thread), thread]));
      for (const place of seen) fresh.delete(place);
      for (const place of fresh.keys()) seen.add(place);
      threads = [...fresh.values()].flatMap((thread) => this.#learn(thread));
    }
  }

  #learn(thread: Thread): Thread[] {
    return successors(thread).flatMap(([first, after]) => {
      for (const [second, last] of after.flatMap(successors))
        for (const { step } of last)
          for (const third of step.next.keys()) this.#triples[hash(first, second, third)] = 1;
      return after;
    });
  }

  /** @returns the first place from `start` at which a form may begin */
  pass(bytes: Buffer, start: number): number {
    const triples = this.#triples;
    const step = this.step;
    if (bytes !== this.#bytes || this.#stop < start) this.#lookForStop(bytes, start);
    // The next bytes to come may begin with one, too.
    const end = Math.min(bytes.length, this.#stop) - BEFORE_STOP - step - 1;
    let at = start;
    while (
      at < end &&
      triples[hash(bytes[at + step - 1] as number, bytes[at + step] as number, bytes[at + step + 1] as number)] === 0
    )
      at += step;
    return at;
  }

  #lookForStop(bytes: Buffer, start: number): void {
    this.#bytes = bytes;
    const places = STOPS.map((stop) => bytes.indexOf(stop, start)).filter((place) => place >= 0);
    this.#stop = Math.min(Number.POSITIVE_INFINITY, ...places);
  }
}

function hash(first: number, second: number, third: number): number {
  return (first << 10) ^ (second << 5) ^ third;
}

/** The bytes that a form may go on with, but for breaks within a unit and a terminal's sequences, and what becomes of it. */
function successors(thread: Thread): [byte: number, after: Thread[]][] {
  return [...thread.step.next.keys()]
    .filter((byte) => byte !== ESCAPE)
    .map((byte) => {
      const after: Thread[] = [];
      advance(thread, byte, after);
      return [byte, after.filter(({ gap }) => gap === null)];
    });
}
