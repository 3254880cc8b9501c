/** The hot path: a connection's access token, refreshed first only if that is due. */
import { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import type { Outcome } from "./outcome.ts";
import type { ConnectionRef } from "./ref.ts";
import { display, typed } from "./ref.ts";
import type { Services } from "./services.ts";
import { isAlive, isDue, stateOf } from "./status.ts";
import { requireConnection, type Stored } from "./store.ts";

export interface Access {
  /** Its record's tokens are never null. */
  readonly stored: Stored;
  /** A token that works now although something is wrong: what to tell the person. */
  readonly warning: string | null;
}

export interface Wish {
  /** Milliseconds the token should still live; 0: the provider's margin. */
  readonly minTtl: number;
  /** See `Demand`. */
  readonly implicit: boolean;
  readonly rejected?: Secret;
}

/**
 * @throws AuthError with exit 4, 5 or 6 when there is no living token to give.
 */
export async function access(services: Services, ref: ConnectionRef, wish: Wish): Promise<Access> {
  const stored = await requireConnection(services.vault, ref);
  const { tokens, failure, pinned, kind } = stored.record;
  const now = services.context.now();
  if (tokens !== null && (pinned !== null || kind !== "oauth") && !isDue(tokens, now, wish.minTtl))
    if (!wish.rejected?.equals(tokens.accessToken))
      return { stored, warning: failure === null ? null : warningOf(stored, now) };
  return renewed(services, stored, wish);
}

async function renewed(services: Services, stored: Stored, wish: Wish): Promise<Access> {
  const { refreshConnection } = await import("./refresh.ts");
  let outcome: Outcome;
  try {
    outcome = await refreshConnection(services, stored.ref, { rejected: null, ...wish, force: false });
  } catch (error) {
    outcome = withoutRefresh(stored, error);
  }
  if (outcome.kind !== "failed") return { stored: outcome.stored, warning: outcome.warning ?? null };
  const { tokens } = outcome.stored.record;
  const refused = tokens !== null && wish.rejected?.equals(tokens.accessToken);
  if (tokens !== null && !refused && isAlive(tokens, services.context.now()))
    return { stored: outcome.stored, warning: `${outcome.error.message}. The current token still works.` };
  throw outcome.error;
}

/** A home that can't be written, or whose key changes just now, stops a refresh; a token that lives is none the worse. */
function withoutRefresh(stored: Stored, error: unknown): Outcome {
  if (error instanceof AuthError && (error.code === "vault_unwritable" || error.code === "busy"))
    return { kind: "failed", stored, error };
  throw error;
}

function warningOf(stored: Stored, now: number): string | null {
  const { ref, record } = stored;
  const { status, reason } = stateOf(record, now);
  // A login in trouble won't mend itself unseen (RULES.md 2.4).
  if (status === "connected")
    return `refresh failed for ${ref.provider} (${ref.name}): ${record.failure?.reason}. The current token still works.`;
  return `${display(ref)} is ${status} (${reason}): the current token still works. Run 'auth login ${typed(ref)}'.`;
}
