/** A refresh whose outcome is unknown (RULES.md 2.4). */
import type { Dialect } from "../providers/defaults.ts";
import { notTried } from "./failure.ts";
import type { Outcome, RefreshOptions } from "./outcome.ts";
import type { Services } from "./services.ts";
import { isAlive } from "./status.ts";
import type { Stored } from "./store.ts";

/**
 * A refresh was sent and its outcome is unknown, and no reply to it was kept. While the access token lives it is served
 * and nothing is sent, unless a provider that doesn't rotate, or a declared grace, makes a second try harmless
 * (RULES.md 2.4).
 */
export function inDoubt(services: Services, dialect: Dialect, stored: Stored, options: RefreshOptions): Outcome | null {
  const { note, tokens, failure } = stored.record;
  const now = services.context.now();
  if (note === null || tokens === null || !isServed(services, stored, options)) return null;
  if (dialect.refresh.rotation === "none" || isWithinGrace(dialect, stored, now)) return null;
  const error = notTried(stored, failure, tokens.expiresAt, now);
  return { kind: "failed", stored, error, accessDoubtful: dialect.refresh.killsAccessToken };
}

/** Whether its token is given while a refresh is in doubt. */
export function isServed({ context }: Services, { record: { tokens } }: Stored, options: RefreshOptions): boolean {
  if (tokens === null || options.force || !isAlive(tokens, context.now())) return false;
  return options.rejected?.equals(tokens.accessToken) !== true;
}

export function isWithinGrace({ refresh }: Dialect, { record }: Stored, now: number): boolean {
  if (record.note === null) return false;
  const age = now - (record.note.doubtSince ?? record.note.sentAt);
  return age >= 0 && age < refresh.graceSeconds * 1000;
}
