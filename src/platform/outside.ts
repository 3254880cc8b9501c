/**
 * Texts from outside, made fit to be stored, logged or shown (RULES 3.5). What a reply holds of credentials is learnt
 * first (`learnSecrets`), so that a provider that repeats a new token in an error's text is redacted too.
 */
import { feature } from "bun:bundle";
import { escapeText } from "./escape.ts";
import { mutated } from "./faults.ts";
import { redact } from "./redact.ts";
import { knowSecret } from "./secret.ts";

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
function looksRandom(word: string): boolean {
  if (UUID.test(word) || (feature("AUTH_TEST") && mutated("redaction-off"))) return false;
  const count = (pattern: RegExp): number => word.match(pattern)?.length ?? 0;
  const digits = count(/\d/g);
  const upper = count(/[A-Z]/g);
  const lower = count(/[a-z]/g);
  if (digits === 0 || upper + lower === 0) return false;
  return digits >= 4 || (upper >= 3 && lower >= 3);
}

/** Fields that hold a credential, at any depth and in any notation: JSON, JSON in JSON, a form, a page, half a reply. */
const FIELD =
  /((?:access|refresh|id|registration_access|session|bearer)_?token|client_?secret|(?:client_?)?assertion|device_?code|code_?verifier|api_?key|private_?key|password|token|secret|jwt)\\*["']?\s*[:=]\s*\\*["']?([^"'&\s,;{}<>[\]]{8,})/gi;
const SCHEME = /\b(?:bearer|basic|dpop)\s+([A-Za-z0-9._~+/=-]{8,})/gi;

/** Words of the protocol that stand where a credential might: `"token": "invalid_token"`. */
const PROTOCOL_WORD =
  /^(invalid|expired|missing|unknown|unsupported|unauthorized|revoked|required|malformed|incorrect|insufficient)|^(access|refresh|id|bearer)_?token$|^(authentication|authorization|credentials?|client_secret(_\w+)?)$/i;

/**
 * Makes the credentials that a text from outside holds known secrets of this process: everything that is said, logged or
 * stored afterwards is searched for them.
 */
export function learnSecrets(text: string): void {
  for (const [, , value] of text.matchAll(FIELD)) if (value !== undefined) learn(value);
  for (const [, value] of text.matchAll(SCHEME)) if (value !== undefined && /\d/.test(value)) learn(value);
}

function learn(raw: string): void {
  // The backslash before the quote that ended it.
  const value = raw.replace(/\\+$/, "");
  if (PROTOCOL_WORD.test(value)) return;
  for (const form of new Set([value, unescaped(value), percentDecoded(value)])) if (form.length >= 8) knowSecret(form);
}

function unescaped(value: string): string {
  if (!value.includes("\\")) return value;
  try {
    return String(JSON.parse(`"${value}"`));
  } catch {
    return value; // No JSON: it is looked for as it is.
  }
}

function percentDecoded(value: string): string {
  if (!value.includes("%")) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value; // Not percent-encoded: it is looked for as it is.
  }
}
