/** What a refresh came to: replies become tokens, failures become states that are remembered across processes. */

import type { OAuthFailure } from "../oauth/types.ts";
import { AuthError, type ErrorCode } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import type { Connection, Failure, Note, Tokens } from "./record.ts";
import { type ConnectionRef, display, typed } from "./ref.ts";
import type { ResourceRef } from "./resource.ts";
import type { Stored } from "./store.ts";

export interface Demand {
  /** Milliseconds that the token should still live. 0: the provider's margin. */
  readonly minTtl: number;
  /** Refresh a token that is still good, whatever the back-off. */
  readonly force: boolean;
  /** The access token that an API just refused: refresh only if it is still the stored one. */
  readonly rejected: Secret | null;
  /** The connection was named by its provider alone, so what the environment says of the provider must agree. */
  readonly implicit: boolean;
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
      /** The disk failed after sending: these tokens work, and stand nowhere but here. */
      readonly unstored?: AuthError;
    }
  /** No new tokens. The old access token may live on. */
  | { readonly kind: "failed"; readonly stored: Stored; readonly error: AuthError };

/** Another process's outcome is mine: same result, nothing sent (RULES.md 2.5). @param first as it was before */
export function asMine(stored: Stored, first: Stored): Outcome {
  const { failure, tokens } = stored.record;
  if (tokens === null) throw loginRequired(stored.ref);
  const before = first.record.tokens?.accessToken;
  const renewed = before === undefined || !before.equals(tokens.accessToken);
  if (!renewed && failure !== null) return { kind: "failed", stored, error: errorFrom(failure, stored.ref) };
  return { kind: "refreshed", stored, adopted: true };
}

export function loginRequired(ref: ConnectionRef): AuthError {
  return new AuthError("login_required", `${display(ref)} is not logged in.`, {
    hint: `Run 'auth login ${typed(ref)}'.`,
    connection: display(ref),
  });
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
  if (failure.inDoubt || failure.unreadable) return { ...note, doubtSince: note.doubtSince ?? note.sentAt };
  return note.doubtSince === null ? null : note;
}

const BACK_OFF_CAP = 5 * 60_000;
const RETRY_AFTER_CAP = 60 * 60_000;
const UNREACHED_CAP = 5_000;

/** Classes a failed attempt and says when the next may be made (RULES.md 2.7). */
export function failureFrom(
  failure: OAuthFailure,
  record: Connection,
  ref: ConnectionRef,
  now: number,
  client: string,
): Failure {
  const attempts = (record.failure?.class === "transient" ? record.failure.attempts : 0) + 1;
  const common = {
    at: now,
    reason: failure.reason,
    providerError: failure.providerError,
    hint: null,
    inDoubt: failure.inDoubt,
    unreadable: failure.unreadable,
    attempts,
    retryAt: null,
    retryCap: 0,
    claims: failure.claims,
    client: null,
  } satisfies Partial<Failure>;
  const again = `Log in again: auth login ${typed(ref)}`;
  switch (failure.class) {
    case "dead":
    case "expired":
    case "denied": {
      const doubt = record.note?.doubtSince ?? null;
      if (doubt !== null)
        return {
          ...common,
          class: "dead",
          code: "rotation_lost",
          hint: `The reply to the refresh sent at ${new Date(doubt).toISOString()} was lost, and the provider had already replaced the token.\n${again}`,
        };
      return { ...common, class: "dead", code: "refresh_token_invalid", hint: loggingIn(failure, again) };
    }
    case "interaction":
      return { ...common, class: "interaction", code: "interaction_required", hint: loggingIn(failure, again) };
    case "client": {
      const scope = failure.providerError === "invalid_scope";
      const fallback = scope
        ? `Log in again with scopes that the provider allows: auth login ${typed(ref)} --force --scope <scopes>`
        : `Check the client (auth client set ${ref.provider}), then: auth refresh ${typed(ref)} --force`;
      const code = scope ? "scope_rejected" : "client_rejected";
      return { ...common, class: "client", code, hint: remedy(failure, fallback), client };
    }
    default: {
      const [wait, cap] = backOff(failure, attempts);
      return {
        ...common,
        class: "transient",
        code: transientCode(failure),
        hint: remedy(failure, failure.unreadable ? unreadableHint(ref) : "The login is kept. Try again later."),
        retryAt: now + wait,
        retryCap: cap,
      };
    }
  }
}

/** How long to leave the provider alone, and the most that a stored time may lie ahead. Milliseconds. */
function backOff(failure: OAuthFailure, attempts: number): [wait: number, cap: number] {
  if (failure.retryAfter !== null) return [Math.min(failure.retryAfter * 1000, RETRY_AFTER_CAP), RETRY_AFTER_CAP];
  const wait = Math.min(1000 * 2 ** Math.min(attempts - 1, 20), BACK_OFF_CAP);
  return failure.status === null && !failure.inDoubt
    ? [Math.min(wait, UNREACHED_CAP), UNREACHED_CAP]
    : [wait, BACK_OFF_CAP];
}

function transientCode(failure: OAuthFailure): ErrorCode {
  if (failure.plugin) return "plugin_invalid";
  if (failure.status === 429) return "rate_limited";
  return failure.status === null ? "network" : "provider_unavailable";
}

function unreadableHint(ref: ConnectionRef): string {
  return `The reply is kept, and read again by the next call and by newer versions of auth.\nTo give it up: auth refresh ${typed(ref)} --force, or log in again: auth login ${typed(ref)}`;
}

function remedy(failure: OAuthFailure, fallback: string): string {
  const lines = [failure.meaning, failure.remedy ?? fallback].filter((line) => line !== null);
  // A refresh sends none: which one it was, the login knew.
  return lines.join("\n").replaceAll("{redirectUri}", "the redirect URI of this login");
}

/** Whoever must log in again is told the command, whatever the description says besides. */
function loggingIn(failure: OAuthFailure, again: string): string {
  const hint = remedy(failure, again);
  return hint.includes("auth login ") ? hint : `${hint.replace(/\s*Log in again\.$/, "")}\n${again}`;
}

/** The error that every command which refreshes shows for a stored failure: one text, whoever meets it. */
export function errorFrom(failure: Failure, ref: ConnectionRef): AuthError {
  return new AuthError(
    failure.code as ErrorCode,
    `refresh failed for ${ref.provider} (${ref.name}): ${failure.reason}`,
    {
      hint: failure.hint ?? `Log in again: auth login ${typed(ref)}`,
      connection: display(ref),
    },
  );
}

/** The access token of a connection that has one. */
export function tokenOf(stored: Stored): Secret {
  if (stored.record.tokens === null) throw new AuthError("login_required", `${display(stored.ref)} is not logged in.`);
  return stored.record.tokens.accessToken;
}
