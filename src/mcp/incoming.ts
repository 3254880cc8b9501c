/** A message of the server while it arrives: buffered until it is complete, unless it is too large for that. */
import type { Lines, OpenLine } from "./lines.ts";
import { withoutByteOrderMark } from "./message.ts";
import { Skim } from "./skim.ts";

/** Bytes. A message larger than HELD is passed on as it arrives, unread. One that has to be read may have LONGEST. */
const HELD = 4 * 1024 * 1024;
const LONGEST = 64 * 1024 * 1024;

export type Received =
  | { readonly kind: "held"; readonly bytes: Uint8Array }
  /** It was passed to the client part by part. Only these members of it are known. */
  | { readonly kind: "passed"; readonly id?: unknown; readonly method?: unknown }
  | { readonly kind: "too long" };

export class Incoming {
  readonly #lines: Lines | null;
  #parts: Uint8Array[] = [];
  #size = 0;
  #open: OpenLine | null = null;
  #skim = new Skim();

  /** @param lines gets large messages; null: every message has to be read */
  constructor(lines: Lines | null) {
    this.#lines = lines;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  async add(part: Uint8Array): Promise<void> {
    this.#size += part.length;
    if (this.#open !== null) return this.#pass(this.#open, part);
    if (this.#size > LONGEST) return;
    this.#parts.push(part);
    if (this.#size <= HELD || this.#lines === null) return;
    this.#open = await this.#lines.open();
    this.#skim = new Skim();
    await this.#pass(this.#open, withoutByteOrderMark(Buffer.concat(this.#parts.splice(0))));
  }

  async #pass(open: OpenLine, part: Uint8Array): Promise<void> {
    this.#skim.add(part);
    await open.write(part);
  }

  /** The message is complete. */
  async end(): Promise<Received> {
    if (this.#open !== null) {
      await this.#open.close();
      this.#open = null;
      this.#size = 0;
      return { kind: "passed", ...this.#skim.found };
    }
    const [only, ...others] = this.#parts.splice(0);
    const isLong = this.#size > LONGEST;
    this.#size = 0;
    if (isLong) return { kind: "too long" };
    const bytes = only !== undefined && others.length === 0 ? only : Buffer.concat([only ?? NONE, ...others]);
    return { kind: "held", bytes: withoutByteOrderMark(bytes) };
  }

  /** The message was cut off. The part that the client has becomes an invalid line, which it ignores. */
  async cut(): Promise<void> {
    this.#parts = [];
    this.#size = 0;
    const open = this.#open;
    this.#open = null;
    await open?.close();
  }
}

const NONE = new Uint8Array(0);
