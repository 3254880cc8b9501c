/** Classifies a token request that brought no tokens: by the provider's own table first, by the status last. */
import type { HttpError, HttpFailure } from "../platform/http-failure.ts";
import { at, type Json, textAt } from "../platform/json.ts";
import { type Dialect, ERROR_DEFAULTS } from "../providers/defaults.ts";
import { httpDate } from "./http-date.ts";
import { shapeLine } from "./shape.ts";
import { type Client, type FailureClass, OAuthFailure, type RawReply } from "./types.ts";

/** The reason of a failure whose reply has more than `LIMITS.tokenReplyBytes`. */
export const TOO_LARGE = "the reply is too large";

/** As CLI.md's refresh table prints them, where that isn't the failure's own name. */
const REASONS: Readonly<Partial<Record<HttpFailure, string>>> = {
  "connection lost": "the reply was lost",
  redirected: "the provider redirected the request",
  "reply too large": TOO_LARGE,
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
 * A reply that brought no tokens. `body` null: it is no object, so no OAuth answer either.
 * @param now milliseconds; only for a Retry-After given as a date
 * @param client as whom it was asked for; null: a 401 is not about a client
 */
export function classifyReply(
  raw: RawReply,
  body: Json | null,
  dialect: Dialect,
  now: number,
  client: Client | null = null,
): OAuthFailure {
  const { status } = raw;
  const code = body === null ? null : (codeOf(body, dialect) ?? usualCode(body));
  const retryAfter = retryAfterOf(raw, now);
  const known = body === null ? meaningOf(dialect.errors.codes, `HTML ${status}`) : lookUp(status, body, code, dialect);
  // A reply with Retry-After says nothing about the request itself.
  const asksToWait = status >= 400 && retryAfter !== null;
  const isVerdict =
    body !== null && !asksToWait && (status < 400 ? code !== null || saysError(body) : !isPassingStatus(status));
  const unknown = {
    class: isVerdict ? unknownClass(status, client) : "transient",
    meaning: null,
    remedy: null,
  } as const;
  // A person's refusal has another status. With 401, some use the same code for a wrong secret (Auth0, Atlassian).
  const isOfClient = known?.class === "denied" && unknown.class === "client";
  const means = known === null || isOfClient ? unknown : known;
  return new OAuthFailure({
    ...means,
    ...(code === null && { reason: status < 400 && !isVerdict ? "unreadable reply" : `HTTP ${status}` }),
    providerError: code,
    description: body === null ? null : descriptionOf(body, code, dialect),
    status,
    retryAfter,
    // After an HTML page the outcome is unknown (RULES.md 2.3).
    inDoubt: inDoubt(status, retryAfter, body !== null && (code !== null || known !== null || isVerdict), means.class),
    claims: body === null ? null : textAt(body, "claims"),
    shape: body === null ? null : shapeLine(body),
  });
}

/**
 * The provider's code for what went wrong, or null where the reply names none: a text, a number, or the first of a list,
 * where the description has codes, else where RFC 6749 §5.2 has them, else where sub-codes are.
 */
export function codeOf(body: Json, dialect: Dialect): string | null {
  const { subcodes, subcodePrefix } = dialect.errors;
  return (
    codeIn(at(body, dialect.reply.error)) ??
    // A gateway before a provider with names of its own may speak plain RFC 6749.
    codeIn(at(body, "error")) ??
    subcodes.flatMap((path) => subcodesAt(body, path, subcodePrefix))[0] ??
    null
  );
}

/**
 * 0 is how many say that nothing went wrong, as a number or as a text ("0", "0000"). An object has its code as `code`,
 * `type` or `status`.
 */
function codeIn(value: unknown): string | null {
  if (typeof value === "string") return /^0*$/.test(value) ? null : value;
  if (typeof value === "number") return value === 0 ? null : String(value);
  if (Array.isArray(value)) return value.map(codeIn).find((code) => code !== null) ?? null;
  if (typeof value !== "object" || value === null) return null;
  for (const name of ["code", "type", "status"]) {
    const inner = at(value, name);
    if (typeof inner === "string" || typeof inner === "number") return codeIn(inner);
  }
  return null;
}

/** Common fields for codes that don't follow RFC 6749 §5.2: `errcode`, `error_code`, `errno`. */
const CODE_FIELD = /^err(or)?_?(code|no)$/i;

function usualCode(body: Json): string | null {
  for (const [name, value] of Object.entries(body)) {
    const code = CODE_FIELD.test(name) ? codeIn(value) : null;
    if (code !== null) return code;
  }
  return null;
}

/** Whether a reply with status 200 says that the request failed, although it has no code. */
function saysError({ ok, success, error, errors }: Json): boolean {
  const isList = Array.isArray(errors) && errors.length > 0;
  return ok === false || success === false || isList || error === true || (typeof error === "object" && error !== null);
}

/** Common fields for messages that don't follow RFC 6749 §5.2. */
const DESCRIPTIONS = [
  ...["error_description", "message", "detail", "error.message", "errors.0.message", "error"],
  ...["errmsg", "err_msg", "error_msg", "error_message", "errorMessage", "msg"],
];

/** The provider's message, where it has one beside the code. */
function descriptionOf(body: Json, code: string | null, { reply }: Dialect): string | null {
  for (const path of [reply.errorDescription, ...DESCRIPTIONS]) {
    const words = textAt(body, path);
    if (words !== null && words !== code) return words;
  }
  return null;
}

interface Meaning {
  readonly class: FailureClass;
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
    const code = typeof value === "number" || typeof value === "string" ? codeIn(value) : null;
    if (code === null) return [];
    return [typeof value === "number" ? `${prefix}${code}` : code];
  });
}

/**
 * An unknown error that a repetition would not change. 401 is about an authenticated client (RFC 6749 §5.2); for a public
 * client only the request itself can be wrong.
 */
function unknownClass(status: number, client: Client | null): FailureClass {
  return status === 401 && client !== null && client.authentication !== "none" ? "client" : "refused";
}

/** Whether the provider doesn't know the client, or accepts it no longer. */
export function refusesClient({ class: means, providerError }: OAuthFailure): boolean {
  return means === "client" && (providerError === "invalid_client" || providerError === "unauthorized_client");
}

/** 408, 425, 429 and 5xx: the server's own state, not the request (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4). */
export function isPassingStatus(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

/** A page, or a 4xx that says nothing, comes from a wrong address or from something in between. */
export function laterOrWhere({ status, unreadable, providerError, cause }: OAuthFailure): string {
  const { failure, remedy, origin } = (cause ?? {}) as Partial<HttpError>;
  if (failure === "host not found") return `${remedy?.replace(/\.$/, "")}: ${origin}`;
  if (providerError !== null || (!unreadable && (status === null || isPassingStatus(status))))
    return "Try again later.";
  return "This is not an OAuth server's answer. Check the address, and the network's sign-in page if it has one.";
}

/**
 * An OAuth error settles that nothing was issued; so do 429, and 503 with Retry-After. A 5xx settles it only with a
 * code that can't mean "failed half-way" (RFC 6749 §5.2 knows no 5xx).
 */
function inDoubt(status: number, retryAfter: number | null, hasVerdict: boolean, means: FailureClass): boolean {
  if (status === 429 || (status === 503 && retryAfter !== null)) return false;
  if (!hasVerdict) return true;
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
