/** What a token request that brought no tokens means: by the provider's own table first, by the status last. */
import type { HttpError, HttpFailure } from "../platform/http-failure.ts";
import { type Dialect, ERROR_DEFAULTS } from "../providers/defaults.ts";
import type { ErrorClass } from "../providers/schema.ts";
import { at, type Json } from "./paths.ts";
import { OAuthFailure, type RawReply } from "./types.ts";

/** As CLI.md's refresh table prints them, where that isn't the failure's own name. */
const REASONS: Readonly<Partial<Record<HttpFailure, string>>> = {
  "connection lost": "the reply was lost",
  redirected: "the provider redirected the request",
  "reply too large": "the reply is too large",
};

function reasonFor({ failure, detail }: HttpError): string {
  const words = REASONS[failure] ?? failure;
  return detail === null ? words : `${words} (${detail})`;
}

/** No reply. In doubt unless it is certain that the request never left (RULES.md 2.3). */
export function classifyNoReply(error: HttpError): OAuthFailure {
  return new OAuthFailure({
    class: "transient",
    reason: reasonFor(error),
    remedy: error.lasting ? error.remedy : null,
    status: error.status,
    inDoubt: error.sent,
    cause: error,
  });
}

/**
 * A reply that is not a success. `body` null: it is no object, so no OAuth answer either.
 * @param now milliseconds; only for a Retry-After given as a date
 */
export function classifyReply(raw: RawReply, body: Json | null, dialect: Dialect, now: number): OAuthFailure {
  const { status } = raw;
  const code = body === null ? null : codeOf(body, dialect);
  const retryAfter = retryAfterOf(raw, now);
  const known = body === null ? meaningOf(dialect.errors.codes, `HTML ${status}`) : lookUp(status, body, code, dialect);
  const means = known ?? { class: byStatus(status, code !== null), meaning: null, remedy: null };
  return new OAuthFailure({
    ...means,
    reason: code === null ? (status < 400 ? "unreadable reply" : `HTTP ${status}`) : code,
    providerError: code,
    description: body === null ? null : textAt(body, dialect.reply.errorDescription),
    status,
    retryAfter,
    // A page settles nothing, whatever it means (RULES.md 2.3).
    inDoubt: inDoubt(status, retryAfter, body !== null && (code !== null || known !== null), means.class),
    claims: body === null ? null : textAt(body, "claims"),
  });
}

/** The provider's code for what went wrong, or null where the reply names none. */
export function codeOf(body: Json, dialect: Dialect): string | null {
  const value = at(body, dialect.reply.error);
  if (typeof value === "string" && value !== "") return value;
  // A gateway before a provider with names of its own may speak plain RFC 6749.
  const standard = textAt(body, "error");
  if (standard !== null) return standard;
  // `{"error": {"code" | "type" | "status": …}}`
  for (const name of ["code", "type", "status"]) {
    const inner = at(value, name);
    if (typeof inner === "string" && inner !== "") return inner;
  }
  return null;
}

interface Meaning {
  readonly class: ErrorClass;
  readonly meaning: string | null;
  readonly remedy: string | null;
}

/** Sub-codes first, then the code, each in the provider's table; then the table of the RFCs; the status at last. */
function lookUp(status: number, body: Json, code: string | null, dialect: Dialect): Meaning | null {
  const { codes, subcodes, subcodePrefix } = dialect.errors;
  for (const key of [...subcodes.flatMap((path) => subcodesAt(body, path, subcodePrefix)), code]) {
    const entry = key === null ? null : meaningOf(codes, key);
    if (entry !== null) return entry;
  }
  if (code !== null && Object.hasOwn(ERROR_DEFAULTS, code))
    return { class: ERROR_DEFAULTS[code] ?? "transient", meaning: null, remedy: null };
  return meaningOf(codes, `HTTP ${status}`);
}

function meaningOf(codes: Dialect["errors"]["codes"], key: string): Meaning | null {
  const entry = Object.hasOwn(codes, key) ? codes[key] : undefined;
  if (entry === undefined) return null;
  if (typeof entry === "string") return { class: entry, meaning: null, remedy: null };
  return { class: entry.class, meaning: entry.meaning ?? null, remedy: entry.remedy ?? null };
}

function subcodesAt(body: Json, path: string, prefix: string): string[] {
  const found = at(body, path);
  return (Array.isArray(found) ? found : [found]).flatMap((value) => {
    if (typeof value === "number") return [`${prefix}${value}`];
    return typeof value === "string" && value !== "" ? [value] : [];
  });
}

/**
 * A code that nobody described: asking again unchanged won't help where the provider calls it our fault, and nothing
 * may be given up because of a word we don't know.
 */
function byStatus(status: number, hasCode: boolean): ErrorClass {
  if (!hasCode || status >= 500 || [408, 425, 429].includes(status)) return "transient";
  return "client";
}

/**
 * An OAuth error settles that nothing was issued; so do 429, and 503 with Retry-After. A 5xx settles it only with a
 * code that can't mean "failed half-way" (RFC 6749 §5.2 knows no 5xx).
 */
function inDoubt(status: number, retryAfter: number | null, hasCode: boolean, means: ErrorClass): boolean {
  if (status === 429 || (status === 503 && retryAfter !== null)) return false;
  if (!hasCode) return true;
  return status >= 500 && means === "transient";
}

/** Seconds, from a number or a date (RFC 9110 §10.2.3); the date is read by the server's own clock where it shows one. */
function retryAfterOf(raw: RawReply, now: number): number | null {
  const value = raw.headers["retry-after"]?.trim();
  if (value === undefined || value === "") return null;
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const until = httpDate(value);
  if (until === null) return null;
  return Math.max(0, Math.ceil((until - serverTime(raw, now)) / 1000));
}

/** Milliseconds by the server's clock, else by ours. */
export function serverTime(raw: RawReply, now: number): number {
  return httpDate(raw.headers.date ?? "") ?? now;
}

/** RFC 9110 §5.6.7, in the one form that is still sent. `Date.parse` alone takes "-1" for a date. */
function httpDate(text: string): number | null {
  const date = /^[A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT$/.test(text)
    ? Date.parse(text)
    : Number.NaN;
  return Number.isNaN(date) ? null : date;
}

function textAt(body: Json, path: string): string | null {
  const value = at(body, path);
  return typeof value === "string" && value !== "" ? value : null;
}
