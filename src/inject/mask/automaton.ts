/**
 * Finds the forms of secrets in a stream, byte by byte. All forms that may have begun are followed at once; each set of
 * them is a state, made when it is first reached, so that a byte costs one table lookup whatever the number of secrets.
 */
import { Filter } from "./filter.ts";
import type { Form } from "./forms.ts";
import { advance, begun, distinct, placeOf, type Thread } from "./thread.ts";

interface State {
  readonly threads: readonly Thread[];
  /** Bytes since the earliest of its threads began. */
  readonly length: number;
  /** The same for those that reveal something of a secret. */
  readonly revealing: number;
  /** Bytes of the longest form that ends here; 0: none does. */
  readonly found: number;
}

/**
 * The most states (1 KiB each) and threads that are kept. Beyond that, all but the current one are dropped: output made to
 * reach many states costs time, not memory.
 */
const MOST_STATES = 4096;
const MOST_THREADS = 100_000;
const UNKNOWN = -1;

export class Automaton {
  /** Every form, at its beginning. */
  #begun: readonly Thread[] = [];
  /** The same by the byte that each may begin with. */
  #beginnings = new Map<number, Thread[]>();
  #states: State[] = [];
  #threads = 0;
  #ids = new Map<string, number>();
  /** By state and byte, the state after it. */
  #table = new Int32Array(0);
  #filter: Filter | null = null;
  #now = 0;

  constructor() {
    this.#forget();
  }

  add(forms: readonly Form[]): void {
    this.#begun = [...this.#begun, ...forms.map(begun)];
    for (const thread of this.#begun.slice(-forms.length))
      for (const byte of thread.step.next.keys())
        this.#beginnings.set(byte, [...(this.#beginnings.get(byte) ?? []), thread]);
    this.#filter = null;
    // Forms that have begun are still followed.
    const { threads } = this.#states[this.#now] as State;
    this.#forget();
    this.#now = this.#stateOf(threads, 0);
  }

  /** Bytes before this place that may be of a form. */
  get length(): number {
    return (this.#states[this.#now] as State).length;
  }

  /** The same for forms that reveal something of their secret. */
  get revealing(): number {
    return (this.#states[this.#now] as State).revealing;
  }

  /** @param found called for each form that ends: where the longest one begins, which may be before these bytes, and its end */
  feed(bytes: Buffer, found: (start: number, end: number) => void): void {
    const { length } = bytes;
    this.#filter ??= new Filter(this.#begun);
    const filter = this.#filter;
    let table = this.#table;
    let state = this.#now;
    for (let i = 0, near = 0; i < length; ) {
      if (state === 0 && i >= near) {
        i = filter.pass(bytes, i);
        near = i + filter.step;
      }
      do {
        const at = (state << 8) | (bytes[i++] as number);
        state = table[at] as number;
        if (state < 0) {
          state = this.#made(at >> 8, at & 0xff);
          table = this.#table;
          const { found: longest } = this.#states[state] as State;
          if (longest > 0) found(i - longest, i);
        }
      } while (i < length && (state !== 0 || i < near));
    }
    this.#now = state;
  }

  #made(from: number, byte: number): number {
    const { threads } = this.#states[from] as State;
    const after: Thread[] = [];
    let longest = 0;
    for (const thread of [...threads, ...(this.#beginnings.get(byte) ?? [])])
      longest = Math.max(longest, advance(thread, byte, after));
    if (this.#states.length === MOST_STATES || this.#threads > MOST_THREADS) {
      this.#forget();
      return this.#stateOf(after, longest);
    }
    const to = this.#stateOf(after, longest);
    // Not where a form ends: `found` has to be called each time.
    if (longest === 0) this.#table[(from << 8) | byte] = to;
    return to;
  }

  #stateOf(reached: readonly Thread[], found: number): number {
    const threads = distinct(reached);
    const places = threads.map((thread) => `${placeOf(thread)} ${thread.length}`);
    const key = `${found};${places.join()}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    const revealing = longestOf(threads.filter(({ form, unit }) => unit > form.harmless));
    return this.#keep(key, { threads, length: longestOf(threads), revealing, found });
  }

  #keep(key: string, state: State): number {
    const id = this.#states.length;
    if (id * 256 === this.#table.length) {
      const size = Math.min(MOST_STATES, Math.max(64, id * 2));
      this.#table = grown(this.#table, size * 256, UNKNOWN);
    }
    this.#states.push(state);
    this.#threads += state.threads.length;
    this.#ids.set(key, id);
    return id;
  }

  /** With one state, the first: no form has begun. */
  #forget(): void {
    this.#states = [];
    this.#threads = 0;
    this.#ids.clear();
    this.#table = new Int32Array(0);
    this.#stateOf([], 0);
  }
}

function longestOf(threads: readonly Thread[]): number {
  return threads.reduce((longest, { length }) => Math.max(longest, length), 0);
}

function grown(from: Int32Array<ArrayBuffer>, size: number, fill: number): Int32Array<ArrayBuffer> {
  const to = new Int32Array(size).fill(fill);
  to.set(from);
  return to;
}
