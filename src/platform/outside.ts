/**
 * Texts from outside, made fit to be stored, logged or shown (RULES 3.5). What a reply holds of credentials is learnt
 * first (`learn-secrets.ts`), so that a provider that repeats a new token in an error's text is redacted too.
 */
import { feature } from "bun:bundle";
import { escapeText } from "./escape.ts";
import { mutated } from "./faults.ts";
import { redact } from "./redact.ts";

/** Longest text of a provider's that is kept. */
const LONGEST = 200;

/**
 * A provider's own words for what went wrong, on one line and without a credential: what this process knows is masked by
 * value, and what looks like a credential by its looks.
 */
export function outsideWords(text: string, longest = LONGEST): string {
  // Redacted before it is cut: half a secret would not be found.
  const safe = redact(text).replace(WORD, (word) => (looksRandom(word) ? "[redacted]" : word));
  const line = escapeText(safe);
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

const WORD = /[A-Za-z0-9][A-Za-z0-9_~+=-]{15,}/g;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Letters and digits as generators mix them, and no UUID: providers name requests and clients by those. */
export function looksRandom(word: string): boolean {
  if (UUID.test(word) || (feature("AUTH_TEST") && mutated("redaction-off"))) return false;
  const count = (pattern: RegExp): number => word.match(pattern)?.length ?? 0;
  const digits = count(/\d/g);
  const upper = count(/[A-Z]/g);
  const lower = count(/[a-z]/g);
  if (digits === 0 || upper + lower === 0) return false;
  return digits >= 4 || (upper >= 3 && lower >= 3);
}
