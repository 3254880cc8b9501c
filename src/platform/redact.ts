/**
 * Redaction by value: a text from outside is searched for every secret this process knows, as it is and in the encodings a
 * secret takes on its way through URLs, headers and dumps, where it enters or where it is put between our own words, and
 * before it is stored, logged or shown (RULES.md 3.5). Our own words are never searched for them: a secret may be a word of
 * ours, by chance (`secret`) or because a provider calls one a token.
 */
import { feature } from "bun:bundle";
import { escapeText } from "./escape.ts";
import { mutated } from "./faults.ts";
import { heldSecrets, knownSecrets, mayHoldSecret } from "./secret.ts";

const MASK = "[redacted]";

/** Shorter values can't be told from ordinary text; nothing we store is that short. */
const SHORTEST = 4;
/** A piece of Base64 shorter than this occurs in ordinary words. */
const SHORTEST_PIECE = 8;
/** A longer text is no message, name or scope: it is masked whole, which bounds the time that a search takes. */
const LONGEST_SEARCHED = 8 * 1024;

/** A text from outside with every known secret masked. */
export function redact(text: string): string {
  if (feature("AUTH_TEST") && mutated("redaction-off")) return text;
  return text.length > LONGEST_SEARCHED ? MASK : masked(text, allForms());
}

/**
 * One of our own lines, as the last net: only secrets that this process holds as such are masked, and only those that
 * can't be words, names or addresses.
 */
export function maskHeld(line: string): string {
  if (feature("AUTH_TEST") && mutated("redaction-off")) return line;
  return mayHoldSecret(line) ? masked(line, heldForms()) : line;
}

function masked(text: string, forms: Forms): string {
  let result = "";
  let end = 0;
  // All are found in the text as it came, whatever their order, and overlapping ones are masked as one: a secret may
  // begin with another one, or end with what another one begins with.
  for (let at = 0; at + SHORTEST <= text.length; at++) {
    const longest = formsAt(text, at, forms)[0];
    if (longest === undefined) continue;
    if (at >= end) result += text.slice(end, at) + MASK;
    end = Math.max(end, at + longest.text.length);
  }
  return result + text.slice(end);
}

/** Whether a text that can't be masked, since it is to be used (a URL, an id), has a known secret in it. */
export function holdsSecret(text: string): boolean {
  if (text.length > LONGEST_SEARCHED) return true;
  const forms = allForms();
  for (let at = 0; at + SHORTEST <= text.length; at++)
    if (formsAt(text, at, forms).some(({ secret }) => secret.length >= SHORTEST_WORTH_REFUSING)) return true;
  return false;
}

/** A client's secret like `secret` or `test` is in many an address by chance. */
const SHORTEST_WORTH_REFUSING = 12;

interface Form {
  readonly text: string;
  readonly secret: string;
  /** The longest other form that this one begins with. */
  shorter?: Form | undefined;
}

/** By their first characters; in order, once they were looked for. */
interface Forms {
  readonly byStart: Map<string, { forms: Form[]; sorted: boolean }>;
  /** How many secrets are in. They are only ever added. */
  count: number;
}

const all: Forms = { byStart: new Map(), count: 0 };
const held: Forms = { byStart: new Map(), count: 0 };

function allForms(): Forms {
  return upToDate(all, knownSecrets(), (secret) => secret.length >= SHORTEST);
}

function heldForms(): Forms {
  return upToDate(held, heldSecrets(), isUnmistakable);
}

function upToDate(forms: Forms, secrets: ReadonlySet<string>, wanted: (secret: string) => boolean): Forms {
  if (secrets.size === forms.count) return forms;
  for (const secret of [...secrets].slice(forms.count))
    for (const text of wanted(secret) ? formsOf(secret) : []) {
      const start = text.slice(0, SHORTEST);
      const same = forms.byStart.get(start);
      if (same === undefined) forms.byStart.set(start, { forms: [{ text, secret }], sorted: true });
      else {
        same.forms.push({ text, secret });
        same.sorted = false;
      }
    }
  forms.count = secrets.size;
  return forms;
}

/** The forms that are in the text at this place, the longest first. In a time that grows little with their number. */
function formsAt(text: string, at: number, { byStart }: Forms): Form[] {
  const same = byStart.get(text.slice(at, at + SHORTEST));
  if (same === undefined) return NONE;
  if (!same.sorted) sort(same);
  const rest = text.slice(at);
  // The last form that isn't behind the rest of the text, in the order of their characters: whatever form the rest begins
  // with, this one begins with too.
  let [low, high] = [0, same.forms.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((same.forms[middle] as Form).text <= rest) low = middle + 1;
    else high = middle;
  }
  const found: Form[] = [];
  for (let form = same.forms[low - 1]; form !== undefined; form = form.shorter)
    if (rest.startsWith(form.text) && !isWithinWord(form, text, at)) found.push(form);
  return found;
}

const NONE: Form[] = [];

function sort(same: { forms: Form[]; sorted: boolean }): void {
  const before: Form[] = [];
  same.forms.sort((a, b) => (a.text < b.text ? -1 : a.text > b.text ? 1 : 0));
  for (const form of same.forms) {
    while (before.length > 0 && !form.text.startsWith((before.at(-1) as Form).text)) before.pop();
    form.shorter = before.at(-1);
    before.push(form);
  }
  same.sorted = true;
}

/** A secret that is a short word is masked as a word: `open` isn't in `openid`. */
function isWithinWord({ text: form, secret }: Form, text: string, at: number): boolean {
  if (form !== secret || secret.length >= SHORTEST_PIECE || !/^[A-Za-z]+$/.test(secret)) return false;
  return /\w/.test(text[at - 1] ?? "") || /\w/.test(text[at + form.length] ?? "");
}

/** The same value with every text in it redacted, names of fields too. */
export function redactJson<T>(value: T): T {
  return copy(value, redact) as T;
}

/** The same of a value of our own making, as `maskHeld` does it. */
export function maskHeldJson<T>(value: T): T {
  return copy(value, maskHeld) as T;
}

function copy(value: unknown, safe: (text: string) => string): unknown {
  if (typeof value === "string") return safe(value);
  if (Array.isArray(value)) return value.map((one) => copy(one, safe));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [safe(name), copy(held, safe)]));
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
  const safe = withoutRandomWords(redact(text));
  const line = escapeText(safe);
  return line.length > longest ? `${line.slice(0, longest - 1)}…` : line;
}

/** Without words that look like credentials: for texts with what no one said is secret, as a URL from another program's file. */
export function withoutRandomWords(text: string): string {
  return text.replace(WORD, (word) => (looksRandom(word) ? "[redacted]" : word));
}

const WORD = /[A-Za-z0-9][A-Za-z0-9_~+=-]{15,}/g;
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** No command, name, address or number: long, of one word, and mixed as generators mix. A host's name has no capitals. */
export function isUnmistakable(secret: string): boolean {
  if (!/^[\w~+/=.-]{20,}$/.test(secret) || !looksRandom(secret)) return false;
  return !secret.includes(".") || /[A-Z]/.test(secret);
}

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
