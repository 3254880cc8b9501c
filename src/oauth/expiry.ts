/** A token's lifetime, in the forms that providers use. */
import { at, type Json } from "../platform/json.ts";
import { outsideWords } from "../platform/redact.ts";
import type { Dialect } from "../providers/defaults.ts";
import { httpDate } from "./http-date.ts";

type Unit = Dialect["reply"]["expiry"]["unit"];

/** A lifetime in a reply. */
export interface Lifetime {
  /** Whole seconds from now; 0: none, or over. null: the reply has none. */
  readonly seconds: number | null;
  /** A value that can't be read, for the log: `expires_in "3600abc"`. null: none. */
  readonly unread: string | null;
}

const TEN_YEARS = 10 * 365 * 24 * 3600;

/**
 * The access token's lifetime: the first of the places that the description names which has one, else `expires_in` or
 * `expires_at` beside the first of them.
 * @param now milliseconds, by the clock that the reply's times are to be read by
 */
export function lifetimeOf(body: Json, expiry: Dialect["reply"]["expiry"], now: number): Lifetime {
  const named = [{ path: expiry.path, unit: expiry.unit }, ...expiry.others];
  const group = expiry.path.slice(0, expiry.path.lastIndexOf(".") + 1);
  const usual = [
    { path: `${group}expires_in`, unit: "seconds" as const },
    { path: `${group}expires_at`, unit: timeUnitOf(at(body, `${group}expires_at`)) },
  ].filter(({ path }) => named.every((one) => one.path !== path));
  let unread: string | null = null;
  for (const { path, unit } of [...named, ...usual]) {
    if (expiry.zero === "absent" && strictNumber(at(body, path)) === 0) continue;
    const lifetime = lifetimeAt(body, path, unit, now);
    unread ??= lifetime.unread;
    if (lifetime.seconds !== null) return { seconds: lifetime.seconds, unread };
  }
  return { seconds: null, unread };
}

/**
 * A lifetime at one place of a reply; null and an empty text count as absent. More than ten years is invalid: the unit must
 * be another one.
 */
export function lifetimeAt(body: Json, path: string, unit: Unit, now: number): Lifetime {
  const value = at(body, path);
  if (value === undefined || value === null || value === "") return { seconds: null, unread: null };
  const isNear = Math.abs(exactSeconds(value, unit, now)) <= TEN_YEARS;
  const seconds = isNear ? secondsOf(value, unit, now) : null;
  return { seconds, unread: seconds === null ? `${path} ${outsideWords(JSON.stringify(value), 40)}` : null };
}

/** `expires_at` is a date at some providers, seconds or milliseconds since the epoch at others. */
function timeUnitOf(value: unknown): Unit {
  if (typeof value === "string" && /^\d{4}-/.test(value)) return "iso";
  if (typeof value === "string" && /^[A-Z][a-z]{2}, /.test(value)) return "http-date";
  return strictNumber(value) >= 1e11 ? "epoch-milliseconds" : "epoch";
}

/** Whole seconds from 0 to ten years, or null for what isn't strictly a number or a time ("3600abc", true). */
export function secondsOf(value: unknown, unit: Unit, now: number): number | null {
  const seconds = exactSeconds(value, unit, now);
  return Number.isFinite(seconds) ? Math.min(Math.max(0, Math.floor(seconds)), TEN_YEARS) : null;
}

/** NaN for what can't be read. */
function exactSeconds(value: unknown, unit: Unit, now: number): number {
  if (unit === "iso") return ((typeof value === "string" ? isoTime(value) : Number.NaN) - now) / 1000;
  if (unit === "http-date")
    return ((typeof value === "string" ? (httpDate(value) ?? Number.NaN) : Number.NaN) - now) / 1000;
  const number = strictNumber(value);
  switch (unit) {
    case "seconds":
      return number;
    case "milliseconds":
      return number / 1000;
    case "epoch":
      return number - now / 1000;
    case "epoch-milliseconds":
      return (number - now) / 1000;
  }
}

/** Milliseconds since the epoch. A time without a zone, which RFC 3339 doesn't allow, is read as UTC. */
function isoTime(text: string): number {
  if (!/^\d{4}-\d\d-\d\d/.test(text)) return Number.NaN;
  const isWithoutZone = text.includes(":") && !/(Z|UTC|GMT|[+-]\d\d(:?\d\d)?)$/i.test(text);
  return Date.parse(isWithoutZone ? `${text}Z` : text);
}

/** NaN for anything that isn't entirely a decimal number. */
function strictNumber(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
}

/** Seconds until the `exp` of a JWT's claims (RFC 7519 §4.1.4), negative when it is over; null where there is none. */
export function secondsToExp(claims: Json | undefined, now: number): number | null {
  const exp = claims?.exp;
  if (typeof exp !== "number") return null;
  const seconds = Math.floor(exp - now / 1000);
  return Math.abs(seconds) <= TEN_YEARS ? seconds : null;
}
