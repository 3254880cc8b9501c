/** Secret values: held so that they aren't printed by mistake, and known to what masks them in texts. */

/** Every value that was ever a secret in this process: what `redact.ts` looks for. */
const known = new Set<string>();

export function knownSecrets(): ReadonlySet<string> {
  return known;
}

/** Those that were held as a `Secret`: what our own lines are searched for. */
const held = new Set<string>();

export function heldSecrets(): ReadonlySet<string> {
  return held;
}

/** Of a program that goes on without the secrets it had: what is found and masked from now on is what comes from now on. */
export function forgetSecrets(): void {
  known.clear();
  held.clear();
}

/** For a secret that is nowhere held as one: a header that was made, a credential in a provider's reply. */
export function knowSecret(value: string): void {
  known.add(value);
}

/**
 * A value that must never be seen by accident. It prints as `[redacted]` wherever it is turned into
 * text: string, JSON, inspection. Only `reveal()` and `plainJson()` give the value, so every use can be found by name.
 */
export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
    known.add(value);
    held.add(value);
  }

  reveal(): string {
    return this.#value;
  }

  get length(): number {
    return this.#value.length;
  }

  /** Equality without an early exit at the first differing character. */
  equals(other: Secret): boolean {
    return sameText(this.#value, other.#value);
  }

  toString(): string {
    return "[redacted]";
  }

  toJSON(): string {
    return inPlain ? this.#value : "[redacted]";
  }

  [Symbol.toPrimitive](): string {
    return "[redacted]";
  }

  /** What `Bun.inspect` and `console.*` call. */
  [Symbol.for("nodejs.util.inspect.custom")](): string {
    return "[redacted]";
  }
}

let inPlain = false;

/** JSON with the secrets in it: for what is sealed at once, and nothing else. */
export function plainJson(value: unknown): string {
  inPlain = true;
  try {
    return JSON.stringify(value);
  } finally {
    inPlain = false;
  }
}

/** Compares two texts in time that depends on their length only (a state, a token). */
export function sameText(a: string, b: string): boolean {
  let difference = a.length ^ b.length;
  for (let i = 0; i < a.length; i++) difference |= a.charCodeAt(i) ^ b.charCodeAt(i % Math.max(1, b.length));
  return difference === 0;
}

/**
 * A secret as it was meant: whatever wrote it to a file, a variable or a pipe ended it with one line ending (LF or CR
 * LF). Anything else, spaces included, may belong to it.
 */
export function cutLineEnd(text: string): string {
  return text.replace(/\r?\n$/, "");
}

/**
 * As they are, in percent or Base64: 20 characters or more without a space or punctuation of a sentence. Dumped byte by
 * byte: as many bytes, with separators.
 */
const LONG = /[\w~+/=.%\\-]{20}|(?:[0-9a-f]{2}[ :]){19}|(?:\d{1,3}, ?){19}/i;

/**
 * Whether a line of our own is worth searching for secrets (`maskHeld`): those that are masked in it are never shorter.
 * Told without loading what searches, for `run`, which prints a line each time.
 */
export function mayHoldSecret(line: string): boolean {
  return LONG.test(line);
}
