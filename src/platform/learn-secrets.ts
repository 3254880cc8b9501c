/**
 * What a text from outside holds of credentials becomes a known secret of this process, before anything else is made of
 * that text: every text that is shown, logged or stored afterwards is searched for it (`redact.ts`; RULES.md 3.5). JSON and
 * forms are read as such, JSON within a string too; the rest is searched as text: a page, a header line, half a reply.
 */
import { feature } from "bun:bundle";
import { withoutEnd } from "./escape.ts";
import { faultAtOnce } from "./faults.ts";
import { knownSecrets, knowSecret } from "./secret.ts";

/** Names of credentials, in any notation, with anything before or behind: `newRefresh`, `refresh-tkn`, `x_api_keys`. */
const CREDENTIAL =
  /token|tkn|secret|password|passwd|passphrase|pwd|assertion|credential|jwt|refresh|renew|bearer|cookie|verifier|(api|access|private)key|(device|auth|authorization)code|^authorization$/;
/** Names that ordinary values have as well, such as a user's key and an error's code. */
const AMBIGUOUS = /code|key|session/;
/** What describes a credential: `token_type`, `refresh_token_expires_in`, `client_secret_id`. */
const DESCRIPTION =
  /(types?|use|usage|endpoints?|ur[il]s?|supported|expiry|expires|expiration|(expires|issued|created|updated)(in|at|on)|lifetime|ttl|timeout|date|time|timestamp|methods?|alg|algorithms?|format|hint|name|label|title|description|message|detail|details|reason|errors?|status|count|limit|length|scopes?|permissions?|version|audience|issuer|subject|email|login|user|id|ids|publickey|(user|error|status)codes?|keywords?)$/;

/** Words that a reply has where a credential might be: `"token": "invalid_token"`. */
const WORD =
  /^((invalid|expired|missing|unknown|unsupported|unauthorized|revoked|required|malformed|incorrect|insufficient)[a-z _-]*|(access|refresh|id|bearer)_?token|authentication|authorization|credentials?|client_secret(_\w+)?|true|false|null|none|bearer|basic|dpop|active|inactive|access|refresh|opaque|optional|forbidden)$/i;
const ADDRESS_OR_TIME = /^(https?:\/\/|\d{4}-\d\d-\d\d[T ]\d\d:\d\d)/i;

/** Shorter values would be found in ordinary text. */
const SHORTEST = 4;
/** In a text that has no structure, and under names that say little. */
const SHORTEST_IN_PROSE = 8;

/** A text with more, or longer ones, is made to keep us searching: it isn't read. */
const MOST_VALUES = 5_000;
const MOST_CHARACTERS = 512 * 1024;
/** Of all texts together. */
const MOST_IN_ALL = 200_000;
let inAll = 0;

/** JSON in a string of a form in a string …: deeper, only the text is searched. */
const MOST_LAYERS = 5;

/** What was found in one text. */
class Found {
  #values = 0;
  #characters = 0;

  get isTooMuch(): boolean {
    return this.#values > MOST_VALUES || this.#characters > MOST_CHARACTERS || inAll > MOST_IN_ALL;
  }

  add(value: string): void {
    if (knownSecrets().has(value)) return;
    this.#values++;
    this.#characters += value.length;
    inAll++;
    if (!this.isTooMuch) knowSecret(value);
  }
}

/**
 * In a time that grows as the text does.
 * @param text a reply's body, or any other text from outside
 * @returns false where it holds more credentials than are searched for: nothing of it may be used, since any of its other
 * texts may repeat one
 */
export function learnSecrets(text: string): boolean {
  if (feature("AUTH_TEST")) faultAtOnce("reply-learn");
  const found = new Found();
  learnFromText(text, 0, found);
  return !found.isTooMuch;
}

function learnFromText(text: string, layer: number, found: Found): void {
  const value = layer < MOST_LAYERS ? parsedText(text) : undefined;
  if (value !== undefined) learnFrom(value, layer + 1, found);
  // Also of what could be parsed: of a name that occurs twice, the parsed object has the last value only.
  search(text, found);
}

/** A JSON object, list or string, or the fields of a form; undefined for anything else. */
function parsedText(text: string): unknown {
  const trimmed = text.trim();
  if (/^[{["]/.test(trimmed))
    try {
      return JSON.parse(trimmed);
    } catch {
      return undefined; // No JSON, or cut short: searched as text.
    }
  if (!/^[^\s<>=&]+=[^\s<>]*$/.test(trimmed)) return undefined;
  return [...new URLSearchParams(trimmed)].map(([name, value]) => ({ [name]: value }));
}

/** How likely a value is a credential, by the names above it. */
type Likelihood = "credential" | "perhaps" | "no";

interface Place {
  readonly value: unknown;
  readonly likelihood: Likelihood;
  /** In or beside an error, where codes and keys name what went wrong. */
  readonly inError: boolean;
}

/** With a list of its own instead of recursion: a reply may be nested deeper than the stack. */
function learnFrom(whole: unknown, layer: number, found: Found): void {
  const places: Place[] = [{ value: whole, likelihood: "no", inError: false }];
  for (let place = places.pop(); place !== undefined && !found.isTooMuch; place = places.pop()) {
    const { value } = place;
    if (typeof value === "string") {
      if (isCredential(value, place)) learn(value, SHORTEST, found);
      learnFromText(value, layer, found);
    } else if (Array.isArray(value)) for (const each of value) places.push({ ...place, value: each });
    else if (typeof value === "object" && value !== null)
      for (const field of fieldsOf(value, place)) places.push(field);
  }
}

function fieldsOf(object: object, within: Place): Place[] {
  const fields = Object.entries(object);
  const isKey = typeof (object as { kty?: unknown }).kty === "string";
  const inError = within.inError || fields.some(([name]) => /error|message|fault/i.test(name));
  return fields.map(([name, value]) => ({
    value,
    likelihood: isKey ? (PRIVATE_MEMBERS.includes(name) ? "credential" : "no") : likelihoodOf(name, within.likelihood),
    inError,
  }));
}

/** Of a JSON Web Key (RFC 7518 §6.2.2, §6.3.2, §6.4.1); all the others are public. */
const PRIVATE_MEMBERS = ["d", "p", "q", "dp", "dq", "qi", "oth", "k"];

function likelihoodOf(name: string, above: Likelihood): Likelihood {
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  // `{"token": {"id": …}}` is a token; `token_id` is not.
  if (DESCRIPTION.test(plain) && !(plain === "id" && above !== "no")) return "no";
  if (above === "credential" || CREDENTIAL.test(plain)) return "credential";
  return above === "perhaps" || AMBIGUOUS.test(plain) ? "perhaps" : "no";
}

function isCredential(value: string, { likelihood, inError }: Place): boolean {
  if (likelihood !== "perhaps") return likelihood === "credential";
  return !inError && value.length >= SHORTEST_IN_PROSE && /\d/.test(value) && /[a-z]/i.test(value) && !/\s/.test(value);
}

const NAME = /(?<![\w.-])([\w.-]{1,80})\\*["']?\s*[:=]\s*/g;
const OPENING = /(\\{0,40})(["'])/y;
/** Without quotes. */
const BARE = /[^"'&\s<>]{8,4096}/y;
const SCHEME = /\b(?:bearer|basic|dpop)\s+([A-Za-z0-9._~+/=-]{8,})/gi;

function search(text: string, found: Found): void {
  for (const { 0: whole, 1: name = "", index } of text.matchAll(NAME)) {
    if (found.isTooMuch) return;
    if (likelihoodOf(name, "no") !== "credential") continue;
    const start = index + whole.length;
    const quoted = quotedAt(text, start);
    if (quoted !== null) learn(quoted, SHORTEST, found);
    const bare = quoted === null ? matchAt(BARE, text, start)?.[0] : undefined;
    if (bare === undefined) continue;
    // The sentence or the list that it is in may go on.
    for (const value of [bare, withoutEnd(bare, ".:!?)"), bare.split(LIST, 1)[0] ?? ""])
      learn(value, SHORTEST_IN_PROSE, found);
  }
  for (const [, value] of text.matchAll(SCHEME))
    if (value !== undefined && /\d/.test(value)) learn(value, SHORTEST, found);
}

const LIST = /[,;{}[\]]/;

/** What is in quotes there, up to the end where the text was cut off. Escaped quotes are those of JSON within JSON. */
function quotedAt(text: string, start: number): string | null {
  const [opening, backslashes, quote] = matchAt(OPENING, text, start) ?? [];
  if (opening === undefined || quote === undefined) return null;
  const from = start + opening.length;
  let end = text.indexOf(opening, from);
  // `\"` within a plain text's quotes doesn't end it.
  while (backslashes === "" && end >= 0 && isEscaped(text, end, from)) end = text.indexOf(quote, end + 1);
  return text.slice(from, end < 0 ? text.length : end);
}

function isEscaped(text: string, at: number, from: number): boolean {
  let before = at;
  while (before > from && text[before - 1] === "\\") before--;
  return (at - before) % 2 === 1;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function learn(raw: string, shortest: number, found: Found): void {
  // The backslash before the quote that ended it.
  const value = withoutEnd(raw, "\\");
  if (WORD.test(value) || ADDRESS_OR_TIME.test(value)) return;
  const withoutScheme = value.replace(/^(bearer|basic|dpop)\s+/i, "");
  for (const form of new Set([raw, value, value.trim(), withoutScheme, unescaped(value), percentDecoded(value)]))
    if (form.length >= shortest) found.add(form);
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
