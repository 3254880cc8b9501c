/** A refresh that failed: the state that is remembered across processes, and the error that every command shows for it. */
import { laterOrWhere, refusesClient, TOO_LARGE } from "../oauth/classify.ts";
import type { Client, OAuthFailure } from "../oauth/types.ts";
import type { AuthError, ErrorCode } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import { localTime } from "../platform/local-time.ts";
import { commandLine, placeholder } from "../platform/shell-word.ts";
import { flagOf } from "../providers/settings.ts";
import type { Connection, Failure } from "./record.ts";
import { type ConnectionRef, connectionError, display, typed } from "./ref.ts";
import { isAlive, stillWorks } from "./status.ts";
import type { Stored } from "./store.ts";

const BACK_OFF_CAP = 5 * 60_000;
const RETRY_AFTER_CAP = 60 * 60_000;
const UNREACHED_CAP = 5_000;

/** What a failed attempt was made with. */
export interface FailedAttempt {
  readonly ref: ConnectionRef;
  /** With the note of the attempt. */
  readonly record: Connection;
  /** Of a client that auth registered. */
  readonly registration?: Client["registration"] | undefined;
  /** Keyed hash of the client as whom it was made. */
  readonly client: string;
  /** Whether a refresh ends the access token that was there before (`refresh.killsAccessToken`). */
  readonly killsAccessToken: boolean;
}

/**
 * Classes a failed attempt and says when the next may be made (RULES.md 2.7).
 * @param now milliseconds since the epoch
 */
export function failureFrom(failure: OAuthFailure, attempt: FailedAttempt, now: number): Failure {
  const { ref, record } = attempt;
  const attempts = (record.failure?.class === "transient" ? record.failure.attempts : 0) + 1;
  const common = {
    at: now,
    reason: failure.reason,
    providerError: failure.providerError,
    detail: failure.description,
    hint: null,
    inDoubt: failure.inDoubt,
    unreadable: failure.unreadable,
    attempts,
    retryAt: null,
    retryCap: 0,
    claims: failure.claims,
    client: null,
    // The provider may have rotated, or ended the whole grant.
    accessDoubtful: attempt.killsAccessToken && (failure.inDoubt || failure.unreadable),
  } satisfies Partial<Failure>;
  const again = `Log in again: auth login ${typed(ref)}`;
  switch (failure.class) {
    case "dead":
    case "expired": {
      const dead = { ...common, class: "dead", accessDoubtful: true } as const;
      const doubt = record.note?.doubtSince ?? null;
      if (doubt === null) return { ...dead, code: "refresh_token_invalid", hint: loggingIn(failure, again) };
      const lost = `The reply to the refresh sent at ${localTime(doubt, true)} was lost, and the provider had already replaced the token.`;
      return { ...dead, code: "rotation_lost", hint: `${lost}\n${again}` };
    }
    // No person is asked for a refresh who could decline it: `access_denied` says nothing of the refresh token.
    case "denied":
    case "refused":
      return {
        ...common,
        class: "refused",
        code: "refresh_refused",
        reason: `the provider refused the refresh (${refusalOf(failure)})`,
        hint: `${again}\nOr send the same refresh token once more: auth refresh ${typed(ref)} --force`,
        accessDoubtful: true,
      };
    case "interaction":
      return { ...common, class: "interaction", code: "interaction_required", hint: loggingIn(failure, again) };
    case "client": {
      const scope = failure.providerError === "invalid_scope";
      const fallback = scope
        ? `Log in again with scopes that the provider allows: auth login ${typed(ref)} --force --scope <scopes>`
        : clientHint(failure, attempt, now);
      const code = scope ? "scope_rejected" : "client_rejected";
      const hint = remedy(failure, fallback).replaceAll("{setClient}", () => clientSetCommand(record));
      return { ...common, class: "client", code, hint, client: attempt.client };
    }
    default: {
      const [wait, cap] = backOff(failure, attempts);
      return {
        ...common,
        class: "transient",
        code: transientCode(failure),
        hint: remedy(failure, failure.unreadable ? unreadableHint(ref) : passingHint(failure, ref)),
        retryAt: now + wait,
        retryCap: cap,
      };
    }
  }
}

/** `HTTP 400`, or `HTTP 400: <its code>`. Its words are the failure's detail. */
function refusalOf({ status, providerError }: OAuthFailure): string {
  return providerError === null ? `HTTP ${status}` : `HTTP ${status}: ${providerError}`;
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
  return `The reply is kept, and read again by the next call and by newer versions of auth.\nTo send the old refresh token once more: auth refresh ${typed(ref)} --force\nOr log in again: auth login ${typed(ref)} --force`;
}

/** A public client has no secret to set again, and a 401 with a code of the provider's own may be about the login. */
function clientHint(failure: OAuthFailure, { ref, record, registration }: FailedAttempt, now: number): string {
  const { providerError } = failure;
  if (registration !== undefined && refusesClient(failure)) {
    const isExpired = registration.expiresAt !== null && registration.expiresAt <= now;
    const what = `The client that was registered there ${isExpired ? "has expired" : "is no longer accepted"}.`;
    return `${what}\nLog in again, which registers another: auth login ${typed(ref)}`;
  }
  const retry = `then: auth refresh ${typed(ref)} --force`;
  const login = `auth login ${typed(ref)} --force`;
  if (record.pinned?.authentication === "none" && record.mint === undefined)
    return `Check that the provider still accepts the client ${record.pinned.clientId}, ${retry}\nOr log in with another: ${login} --client-id <id>`;
  const check = `Check the client (${clientSetCommand(record)}), ${retry}`;
  return providerError !== null && CLIENT_CODES.includes(providerError)
    ? check
    : `${check}\nIf the client is right, log in again: ${login}`;
}

/** RFC 6749 §5.2. */
const CLIENT_CODES = ["invalid_client", "unauthorized_client", "unsupported_grant_type"];

/** A success that brought no tokens, or too much to be read, may have cost the refresh token. */
function passingHint(failure: OAuthFailure, ref: ConnectionRef): string {
  if (failure.reason === TOO_LARGE)
    return `It has more than ${LIMITS.tokenReplyBytes / 1024} KiB, so it was not read: a new refresh token in it may be lost.\nLog in again: auth login ${typed(ref)} --force`;
  const later = `The login is kept. ${laterOrWhere(failure)}`;
  const isSuccess = failure.status !== null && failure.status < 300;
  return isSuccess && failure.inDoubt ? `${later}\nIf that isn't it, log in again: auth login ${typed(ref)}` : later;
}

function remedy(failure: OAuthFailure, fallback: string): string {
  const lines = [failure.meaning, failure.remedy ?? fallback].filter((line) => line !== null);
  // A refresh sends none: which one it was, the login knew.
  return lines.join("\n").replaceAll("{redirectUri}", "the redirect URI of this login");
}

/** A hint to log in again holds the command, even where the description has words of its own. */
function loggingIn(failure: OAuthFailure, again: string): string {
  const hint = remedy(failure, again);
  return hint.includes("auth login ") ? hint : `${hint.replace(/Log in again\.$/, "").trimEnd()}\n${again}`;
}

/**
 * The error of a stored failure, in the same words for every command.
 * @param now milliseconds since the epoch
 */
export function errorFrom({ ref, record }: Stored, failure: Failure, now: number): AuthError {
  const message = `refresh failed for ${ref.provider} (${ref.name}): ${failure.reason}`;
  const again = `Log in again: auth login ${typed(ref)}`;
  const { detail } = failure;
  // Nothing is left to be served, and the refresh token may be the one that was replaced.
  if (failure.unreadable && record.tokens !== null && !isAlive(record.tokens, now))
    return connectionError(ref, "token_expired", message, {
      hint: `The reply can't be used, and the access token has expired.\n${again}\nOr send the old refresh token once more: auth refresh ${typed(ref)} --force`,
      detail,
    });
  return connectionError(ref, failure.code, message, { hint: failure.hint ?? again, detail });
}

/**
 * The error while no new attempt is made: nothing was sent, and when the next try is.
 * @param failure null: the attempt was cut off, so its reply was lost
 * @param until milliseconds since the epoch; null: only by a command that forces it
 */
export function notTried({ ref }: Stored, failure: Failure | null, until: number | null, now: number): AuthError {
  const when = until === null ? "by itself" : `until ${clockTime(until, now)}`;
  const reason = failure?.reason ?? "the reply was lost";
  const message = `${display(ref)} was not refreshed. Not tried again ${when} (the last try failed: ${reason}).`;
  return connectionError(ref, failure?.code ?? "network", message, {
    hint: `Now: auth refresh ${typed(ref)} --force`,
    detail: failure?.detail,
  });
}

/** Whether the last refresh failed in a way that only a person can mend. */
export function needsPerson({ failure }: Connection): boolean {
  return failure !== null && failure.class !== "transient";
}

/**
 * The error of a refresh that wasn't due, for a login that the provider won't renew: the token still works, but there will
 * be no other until a person acts. null: the last refresh, if it failed, failed in a way that may pass.
 * @param now milliseconds since the epoch
 */
export function renewalRefused(stored: Stored, now: number): AuthError | null {
  const { failure, tokens } = stored.record;
  if (failure === null || failure.class === "transient" || tokens === null) return null;
  const { code, hint = "", detail } = errorFrom(stored, failure, now);
  const works = stillWorks(failure.accessDoubtful);
  const until = tokens.expiresAt === null ? "" : ` until ${clockTime(tokens.expiresAt, now)}`;
  const why = failure.providerError ?? failure.reason;
  const message = `The token ${works}${until}, but the provider refused to renew this login: ${why}.`;
  return connectionError(stored.ref, code, message, { hint, detail });
}

/** The command that sets this login's client again, with all that names it. */
export function clientSetCommand({ provider, pinned, settings, clientId }: Connection): string {
  const id = pinned?.clientId ?? clientId ?? placeholder("id");
  const secret = pinned?.authentication === "none" ? [] : ["--client-secret", "-"];
  const issuer = settings.issuer ?? pinned?.issuer ?? null;
  const others = Object.entries(settings).filter(([name]) => name !== "issuer");
  const flags = others.flatMap(([name, value]) => [`--${flagOf(name)}`, value]);
  const words = ["auth", "client", "set", provider, "--client-id", id, ...secret];
  return commandLine([...words, ...(issuer === null ? [] : ["--issuer", issuer]), ...flags]);
}

/** Whether no new attempt is made yet. A time further ahead than its cap comes from a wrong clock, and is ignored. */
export function isPaused(failure: Failure | null, now: number): failure is Failure & { readonly retryAt: number } {
  if (failure?.class !== "transient" || failure.retryAt === null) return false;
  const ahead = failure.retryAt - now;
  return ahead > 0 && ahead <= failure.retryCap;
}

/** `15:27` in the person's time zone: with seconds where it is near, with the date where it is not today. */
export function clockTime(at: number, now: number): string {
  const time = new Date(at);
  const two = (part: number): string => String(part).padStart(2, "0");
  const parts = [time.getHours(), time.getMinutes(), ...(at - now < 120_000 ? [time.getSeconds()] : [])];
  const clock = parts.map(two).join(":");
  if (time.toDateString() === new Date(now).toDateString()) return clock;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}
