/** How long a token lives, in the many ways that providers say it. */
import type { Dialect } from "../providers/defaults.ts";
import { at, type Json } from "./paths.ts";

const TEN_YEARS = 10 * 365 * 24 * 3600;

/**
 * Seconds from now; null: does not expire. What isn't strictly a number or a time counts as absent ("3600abc", null,
 * true), and the dialect says what absent means.
 * @param now milliseconds, by the clock that the reply's times are to be read by
 */
export function lifetimeOf(body: Json, expiry: Dialect["reply"]["expiry"], now: number): number | null {
  const seconds = secondsOf(at(body, expiry.path), expiry.unit, now);
  if (seconds !== null) return seconds;
  return expiry.absent === "never" ? null : expiry.absent;
}

/** Whole seconds from 0 to ten years, or null. */
export function secondsOf(value: unknown, unit: Dialect["reply"]["expiry"]["unit"], now: number): number | null {
  if (unit === "iso") {
    const time = typeof value === "string" && /^\d{4}-\d\d-\d\d/.test(value) ? Date.parse(value) : Number.NaN;
    return bounded((time - now) / 1000);
  }
  const number = strictNumber(value);
  switch (unit) {
    case "seconds":
      return bounded(number);
    case "milliseconds":
      return bounded(number / 1000);
    case "epoch":
      return bounded(number - now / 1000);
    case "epoch-milliseconds":
      return bounded((number - now) / 1000);
  }
}

/** NaN for whatever isn't a decimal number from its first to its last character. */
function strictNumber(value: unknown): number {
  if (typeof value === "number") return value;
  return typeof value === "string" && /^-?\d+(\.\d+)?$/.test(value) ? Number(value) : Number.NaN;
}

function bounded(seconds: number): number | null {
  if (!Number.isFinite(seconds)) return null;
  return Math.min(Math.max(0, Math.floor(seconds)), TEN_YEARS);
}
