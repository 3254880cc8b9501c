/** The state of a connection, derived from its record and the clock alone (CLI.md §3). */
import type { Connection, Failure, Tokens } from "./record.ts";
import type { Stored } from "./store.ts";

export type Status = "not_connected" | "connected" | "expired" | "invalid" | "misconfigured" | "unreadable";
export type Reason =
  | "refresh_failing"
  | "in_doubt"
  | "reply_unreadable"
  | "refresh_rejected"
  | "refresh_refused"
  | "rotation_lost"
  | "expired_no_refresh"
  | "interaction_required"
  | "client_rejected"
  | "scope_rejected"
  | "settings_changed"
  | "rolled_back"
  | "corrupt";

export interface State {
  readonly status: Status;
  readonly reason: Reason | null;
}

export function stateOf(record: Connection, now: number): State {
  const { tokens, failure } = record;
  if (tokens === null) return { status: "not_connected", reason: null };
  if (record.pinned === null) return { status: "not_connected", reason: "settings_changed" };
  if (failure?.class === "client")
    return {
      status: "misconfigured",
      reason: failure.code === "scope_rejected" ? "scope_rejected" : "client_rejected",
    };
  if (failure?.class === "dead")
    return { status: "invalid", reason: failure.code === "rotation_lost" ? "rotation_lost" : "refresh_rejected" };
  if (failure?.class === "refused") return { status: "invalid", reason: "refresh_refused" };
  if (failure?.class === "interaction") return { status: "invalid", reason: "interaction_required" };
  const alive = isAlive(tokens, now);
  // Its refresh token may be the one that was replaced, and nothing is left to be served meanwhile.
  if (!alive && failure?.unreadable) return { status: "invalid", reason: "reply_unreadable" };
  if (!alive && tokens.refreshToken === null && record.mint === undefined)
    return { status: "invalid", reason: "expired_no_refresh" };
  const trouble = troubleOf(record, failure);
  if (alive || trouble === null) return { status: "connected", reason: trouble };
  return { status: "expired", reason: trouble };
}

function troubleOf(record: Connection, failure: Failure | null): Reason | null {
  if (failure?.unreadable) return "reply_unreadable";
  if (record.note !== null || failure?.inDoubt) return "in_doubt";
  return failure === null ? null : "refresh_failing";
}

/** Not past its expiry. A token without one is alive until a provider says otherwise. */
export function isAlive(tokens: Tokens, now: number): boolean {
  return tokens.expiresAt === null || now < tokens.expiresAt;
}

/** @param doubtful whether the provider may have ended the access token together with its refresh token */
export function stillWorks(doubtful: boolean | undefined): string {
  return doubtful ? "may still work" : "still works";
}

/** How far a clock may have been set back since a token was obtained before it counts as due (RULES.md 2.7). */
const CLOCK_TOLERANCE = 5 * 60_000;

/** Whether a refresh is due: less than the margin, or than `minTtl` milliseconds, is left. */
export function isDue(tokens: Tokens, now: number, minTtl = 0): boolean {
  if (tokens.expiresAt === null) return tokens.dueAt !== null && now >= tokens.dueAt;
  if (now < tokens.obtainedAt - CLOCK_TOLERANCE) return true;
  if (now >= (tokens.dueAt ?? tokens.expiresAt)) return true;
  return tokens.expiresAt - now < minTtl;
}

/**
 * Minted less than min(60 s, a tenth of its lifetime) ago: not refreshed again to satisfy a demand (CLI.md §3). Where no
 * lifetime is known, it counts if a refresh brought it: 60 s.
 */
export function isJustMinted({ record, view }: Pick<Stored, "record" | "view">, now: number): boolean {
  const { tokens, refreshedAt } = record;
  if (tokens === null) return false;
  const { obtainedAt, expiresAt, dueAt } = tokens;
  if (expiresAt === null && dueAt !== null) return now < dueAt;
  if (expiresAt === null && view === undefined && refreshedAt !== obtainedAt) return false;
  const longest = expiresAt === null ? 60_000 : Math.min(60_000, (expiresAt - obtainedAt) / 10);
  return now >= obtainedAt && now - obtainedAt < longest;
}

/**
 * The margin: min(300 s, half the lifetime), or the provider's own, in milliseconds (DESIGN.md §6). A token that lives
 * for less than its provider's margin would otherwise be due from its first moment.
 */
export function marginOf(lifetime: number, marginSeconds: number | undefined): number {
  return Math.min((marginSeconds ?? 300) * 1000, lifetime / 2);
}

/**
 * A refresh token of known life that has less than a third of it left: using it is what keeps it alive. Where its end
 * is fixed a refresh doesn't help, and does no harm.
 */
export function dyingOfInactivity({ tokens }: Connection, now: number): boolean {
  if (tokens?.refreshExpiresAt == null || tokens.refreshToken === null) return false;
  return tokens.refreshExpiresAt - now < (tokens.refreshExpiresAt - tokens.obtainedAt) / 3;
}
