/** How long a login's tokens last, in the words that `status` and `login` share. */
import type { Tokens } from "../connections/record.ts";
import type { Stored } from "../connections/store.ts";
import { duration, type ListEntry } from "../connections/view.ts";
import { localTime } from "../platform/local-time.ts";

/** Whether a new access token is got without a person. */
export function isRenewed(entry: ListEntry, stored: Stored | null): boolean {
  return entry.status === "connected" && (entry.refreshable || stored?.record.mint !== undefined);
}

/** `expires 2026-11-26 18:32 +01:00 (in 45 minutes)`, `renewed when used (expired 2 days ago)`, `expiry unknown`. */
export function accessTokenLife(entry: ListEntry, stored: Stored | null, now: number): string | null {
  if (entry.status === "not_connected" || entry.status === "unreadable") return null;
  if (entry.expiresAt === null) return "expiry unknown";
  const at = Date.parse(entry.expiresAt);
  if (at > now) return `expires ${localTime(at)} (in ${duration(at - now)})`;
  if (isRenewed(entry, stored)) return `renewed when used (expired ${duration(now - at)} ago)`;
  return `expired ${localTime(at)} (${duration(now - at)} ago)`;
}

/** When the refresh token ends if it isn't used. null: unknown. */
export function refreshTokenLife(tokens: Tokens | null, now: number): string | null {
  const at = tokens?.refreshExpiresAt ?? null;
  if (at === null) return null;
  return at > now ? `expires in ${duration(at - now)} unless it is used` : `expired ${duration(now - at)} ago`;
}

/** When a person has to log in again, however often the tokens are renewed. null: unknown. */
export function authorizationLife(tokens: Tokens | null, now: number): string | null {
  const at = tokens?.authorizationExpiresAt ?? null;
  if (at === null) return null;
  return `${localTime(at)} (${at > now ? `in ${duration(at - now)}` : `${duration(now - at)} ago`})`;
}

/** The end of `Logged in to X as Y`: what comes after the first access token. */
export function loginLife({ record: { tokens, mint, kind } }: Stored, now: number): string {
  if (tokens?.refreshToken) return ". The token is renewed for you.";
  if (mint !== undefined) return ". 'auth token' gets a new token when this one is due.";
  // As issued: an hour, though a second of it has passed.
  const whole = tokens?.expiresAt == null ? null : tokens.expiresAt - Math.min(tokens.obtainedAt, now);
  if (kind !== "oauth") return whole === null ? "; expiry unknown." : ` for ${duration(whole)}.`;
  const span = whole === null ? "; expiry unknown" : ` for ${duration(whole)}`;
  return `${span}; the provider gave no refresh token.`;
}
