/** The outcome of a refresh: the record after it, and what every command reports. */

import type { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import { errorFrom, renewalRefused } from "./failure.ts";
import type { Connection, Failure, Note, Tokens } from "./record.ts";
import { loginRequired } from "./ref.ts";
import type { ResourceRef } from "./resource.ts";
import { isAlive, stillWorks } from "./status.ts";
import type { Stored } from "./store.ts";

export interface RefreshOptions {
  /** Milliseconds that the token should still live. 0: the provider's margin. */
  readonly minTtl: number;
  /** Refresh a token that is still good, whatever the back-off. */
  readonly force: boolean;
  /** The access token that an API just refused: refresh only if it is still the stored one. */
  readonly rejected: Secret | null;
  /** Named by its provider alone, or not at all: the environment's variables for its host must agree with the login (RULES.md 3.1). */
  readonly mustAgree: boolean;
  /** An API that the login's own token isn't for. */
  readonly resource?: ResourceRef;
}

export type Outcome =
  /** Nothing was due. `warning`: a demand for more lifetime could not be met. */
  | { readonly kind: "valid"; readonly stored: Stored; readonly warning?: string }
  /** New tokens: by this call, or (`adopted`) by another that ran at the same time. */
  | {
      readonly kind: "refreshed";
      readonly stored: Stored;
      readonly adopted: boolean;
      readonly warning?: string;
      /** The disk failed after sending: these tokens work, and are stored nowhere. */
      readonly unstored?: AuthError;
    }
  /** No new tokens. The old access token may live on. */
  | {
      readonly kind: "failed";
      readonly stored: Stored;
      readonly error: AuthError;
      /** Whether the provider may have ended the access token too. Absent: the stored failure says. */
      readonly accessDoubtful?: boolean;
    };

/** What a command reports of an outcome, and how it ends. */
export interface OutcomeReport {
  /** Its access token may be used now; null: there is none. */
  readonly usable: Stored | null;
  /** For a command that hands out the token: what is wrong although there is one. */
  readonly warning: string | null;
  /** How `refresh` ends, and every command for which there is no usable token. */
  readonly error: AuthError | null;
}

/**
 * The one place where an outcome becomes words and a code, for every command (CLI.md §4).
 *
 * @param rejected the access token that an API just refused: it isn't handed out again
 */
export function reportOf(outcome: Outcome, now: number, rejected: Secret | null = null): OutcomeReport {
  const { stored } = outcome;
  if (outcome.kind === "valid") {
    const error = renewalRefused(stored, now);
    return { usable: stored, warning: outcome.warning ?? error?.message ?? null, error };
  }
  if (outcome.kind === "refreshed")
    return { usable: stored, warning: outcome.warning ?? null, error: outcome.unstored ?? null };
  const { error } = outcome;
  const { tokens, failure } = stored.record;
  const usable = tokens !== null && isAlive(tokens, now) && rejected?.equals(tokens.accessToken) !== true;
  if (!usable) return { usable: null, warning: null, error };
  const doubtful = outcome.accessDoubtful ?? failure?.accessDoubtful ?? false;
  return { usable: stored, warning: `${sentence(error.message)} The current token ${stillWorks(doubtful)}.`, error };
}

function sentence(message: string): string {
  return message.endsWith(".") ? message : `${message}.`;
}

/** Takes over another process's outcome: same result, nothing sent (RULES.md 2.5). @param first as it was before */
export function adoptOutcome(stored: Stored, first: Stored, now: number): Outcome {
  const { failure, tokens } = stored.record;
  if (tokens === null) throw loginRequired(stored.ref);
  const before = first.record.tokens?.accessToken;
  const renewed = before === undefined || !before.equals(tokens.accessToken);
  if (!renewed && failure !== null) return { kind: "failed", stored, error: errorFrom(stored, failure, now) };
  return { kind: "refreshed", stored, adopted: true };
}

/** A record after a refresh that brought tokens. */
export function succeeded(record: Connection, tokens: Tokens): Connection {
  return {
    ...record,
    tokens,
    refreshedAt: tokens.obtainedAt,
    outcomes: record.outcomes + 1,
    note: null,
    failure: null,
  };
}

/** A record after a refresh that brought none. Nothing of its credentials is deleted. */
export function failed(record: Connection, failure: Failure, deadKey: string | null): Connection {
  const dead = deadKey === null || record.dead.includes(deadKey) ? record.dead : [...record.dead.slice(-7), deadKey];
  return { ...record, outcomes: record.outcomes + 1, note: noteAfter(record.note, failure), failure, dead };
}

/** The note stays while an outcome is unknown: this attempt's, or an earlier one's that this attempt did not settle. */
function noteAfter(note: Note | null, failure: Failure): Note | null {
  if (note === null || failure.class === "dead") return null;
  const ended = { ...note, ended: true } as const;
  if (failure.inDoubt || failure.unreadable) return { ...ended, doubtSince: note.doubtSince ?? note.sentAt };
  return note.doubtSince === null ? null : ended;
}

/** The access token of a connection that has one. */
export function tokenOf(stored: Stored): Secret {
  if (stored.record.tokens === null) throw loginRequired(stored.ref);
  return stored.record.tokens.accessToken;
}
