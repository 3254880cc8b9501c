/** What `auth refresh --json` says of a refresh that brought, or didn't need, a new token (CLI.md §4). */
import type { Outcome } from "../connections/outcome.ts";
import { iso } from "../connections/view.ts";

export interface RefreshDocument {
  readonly success: true;
  readonly refreshed: boolean;
  readonly message: string;
  /** Seconds from now; null without expiry. */
  readonly expiresIn: number | null;
  readonly expiresAt: string | null;
}

export function refreshDocument(outcome: Exclude<Outcome, { kind: "failed" }>, now: number): RefreshDocument {
  const refreshed = outcome.kind === "refreshed";
  const expiresAt = outcome.stored.record.tokens?.expiresAt ?? null;
  return {
    success: true,
    refreshed,
    message: refreshed ? "Token refreshed successfully" : "Token still valid",
    expiresIn: expiresAt === null ? null : Math.floor(Math.max(0, expiresAt - now) / 1000),
    expiresAt: expiresAt === null ? null : iso(expiresAt),
  };
}
