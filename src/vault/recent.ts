/** Records that were read before and are kept open, by a program that reads the same ones again and again. */
import type { Bytes } from "./bytes.ts";
import type { Entry } from "./types.ts";

/** More than a long-running program serves at a time. */
const MAX_RECENT = 64;

interface Recent {
  readonly value: Bytes;
  readonly entry: Entry;
}

/** By storage key: what was read last is kept longest. */
export class RecentEntries {
  readonly #held = new Map<string, Recent>();

  get(key: string): Recent | undefined {
    return this.#held.get(key);
  }

  keep(key: string, recent: Recent): void {
    this.#held.delete(key);
    this.#held.set(key, recent);
    if (this.#held.size <= MAX_RECENT) return;
    for (const oldest of this.#held.keys()) {
      this.#held.delete(oldest);
      return;
    }
  }

  drop(key: string): void {
    this.#held.delete(key);
  }

  clear(): void {
    this.#held.clear();
  }
}
