/**
 * Redaction by value: a text is searched for every secret this process knows, as it is and in the encodings a secret
 * takes on its way through URLs, headers and dumps. Every text from outside passes here before it is stored, logged or
 * shown (RULES 3.5); every log and every message passes again, as the last net.
 */
import { feature } from "bun:bundle";
import { escapeText } from "./escape.ts";
import { mutated } from "./faults.ts";
import { knownSecrets } from "./secret.ts";

const MASK = "[redacted]";

/** Shorter values can't be told from ordinary text; nothing we store is that short. */
const SHORTEST = 4;
/** A piece of Base64 shorter than this occurs in ordinary words. */
const SHORTEST_PIECE = 8;

/** The text with every known secret masked. */
export function redact(text: string): string {
  if (feature("AUTH_TEST") && mutated("redaction-off")) return text;
  indexSecrets();
  let masked = "";
  let end = 0;
  // All are found in the text as it came, whatever their order, and overlapping ones are masked as one: a secret may
  // begin with another one, or end with what another one begins with.
  for (let at = 0; at + SHORTEST <= text.length; at++)
    for (const { form } of formsAt(text, at)) {
      if (at >= end) masked += text.slice(end, at) + MASK;
      end = Math.max(end, at + form.length);
    }
  return masked + text.slice(end);
}

/** Whether a text that can't be masked, since it is to be used (a URL, an id), has a known secret in it. */
export function holdsSecret(text: string): boolean {
  indexSecrets();
  for (let at = 0; at + SHORTEST <= text.length; at++)
    if (formsAt(text, at).some(({ secretLength }) => secretLength >= SHORTEST_WORTH_REFUSING)) return true;
  return false;
}

/** A client's secret like `secret` or `test` is in many an address by chance. */
const SHORTEST_WORTH_REFUSING = 12;

interface Form {
  readonly form: string;
  readonly secretLength: number;
}

/** By its first characters, so that a text is gone through once, however many secrets a reply brought. */
const formsByStart = new Map<string, Form[]>();
let indexed = 0;

/** Secrets are only ever added. */
function indexSecrets(): void {
  const known = knownSecrets();
  if (known.size === indexed) return;
  for (const secret of [...known].slice(indexed)) {
    if (secret.length < SHORTEST) continue;
    for (const form of formsOf(secret)) {
      const start = form.slice(0, SHORTEST);
      const same = formsByStart.get(start);
      if (same === undefined) formsByStart.set(start, [{ form, secretLength: secret.length }]);
      else same.push({ form, secretLength: secret.length });
    }
  }
  indexed = known.size;
}

function formsAt(text: string, at: number): Form[] {
  const candidates = formsByStart.get(text.slice(at, at + SHORTEST));
  return candidates === undefined ? NONE : candidates.filter(({ form }) => text.startsWith(form, at));
}

const NONE: Form[] = [];

/** The same value with every text in it redacted, names of fields too. */
export function redactJson<T>(value: T): T {
  return copy(value) as T;
}

function copy(value: unknown): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map(copy);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [redact(name), copy(held)]));
}

/** How a secret is written on its way, each at least as long as itself but for pieces of Base64. */
function formsOf(secret: string): Iterable<string> {
  const bytes = new TextEncoder().encode(secret);
  const hex = bytes.toHex();
  const pairs = hex.match(/../g) ?? [];
  const json = JSON.stringify(secret).slice(1, -1);
  // Half a surrogate pair, which JSON can hold, can't be percent-encoded.
  const percent = encodeURIComponent(secret.toWellFormed());
  const everyByte = pairs.map((pair) => `%${pair}`).join("");
  const form = formEncoded(secret);
  return new Set([
    secret,
    json,
    // PHP escapes slashes, others everything beyond ASCII; a log line within JSON is escaped twice.
    json.replaceAll("/", "\\/"),
    asciiOnly(json),
    JSON.stringify(json).slice(1, -1),
    percent,
    form,
    everyByte,
    everyByte.toUpperCase(),
    lowerEscapes(percent),
    lowerEscapes(form),
    hex,
    hex.toUpperCase(),
    pairs.join(" "),
    pairs.join(":"),
    ...base64Pieces(bytes),
    // RFC 6749 §2.3.1: within Basic credentials a client's secret is form-encoded first.
    ...(form === secret ? [] : base64Pieces(new TextEncoder().encode(form))),
    [...bytes].join(","),
    [...bytes].join(", "),
  ]);
}

function formEncoded(text: string): string {
  return new URLSearchParams({ "": text }).toString().slice(1);
}

function asciiOnly(json: string): string {
  return json.replace(/[^\x20-\x7e]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}

function lowerEscapes(text: string): string {
  return text.replace(/%[0-9A-F]{2}/g, (digits) => digits.toLowerCase());
}

/**
 * Base64 of a text that has the secret somewhere inside (`id:secret` in a Basic header) shows it in one of three
 * alignments. For each: the characters that depend on nothing but the secret, in both alphabets.
 */
function base64Pieces(bytes: Uint8Array): string[] {
  const pieces: string[] = [];
  for (const shift of [0, 1, 2]) {
    const padded = new Uint8Array(shift + bytes.length);
    padded.set(bytes, shift);
    const first = Math.ceil((shift * 8) / 6);
    const last = Math.floor((padded.length * 8) / 6);
    for (const alphabet of ["base64", "base64url"] as const) {
      const piece = padded.toBase64({ alphabet, omitPadding: true }).slice(first, last);
      if (piece.length >= SHORTEST_PIECE) pieces.push(piece);
    }
  }
  return pieces;
}

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
