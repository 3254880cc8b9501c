/**
 * The refresh engine (DESIGN.md §6, RULES.md §2): one refresh however many ask, and none lost.
 * Read, lock, read again, note, send once, keep the raw reply, parse, commit, and only then let anyone see a token.
 */
import { feature } from "bun:bundle";
import { faultPoint, mutated } from "../platform/faults.ts";
import { LIMITS } from "../platform/limits.ts";
import { waitForLock } from "../vault/lock.ts";
import { attemptRefresh, refuseWhenInterrupted } from "./attempt.ts";
import { clientFingerprint } from "./clients.ts";
import { errorFrom, isPaused, notTried } from "./failure.ts";
import { foldKeptReply, viewOfNote } from "./fold-reply.ts";
import { inDoubt, isServed, isWithinGrace } from "./in-doubt.ts";
import { refuseEnvironmentMismatch } from "./mismatch.ts";
import { adoptOutcome, type Outcome, type RefreshOptions } from "./outcome.ts";
import { loginAgain, settingsChanged } from "./pin.ts";
import {
  type ConnectionRef,
  changedByOthers,
  connectionError,
  display,
  loginRequired,
  typed,
  vaultName,
} from "./ref.ts";
import { leaseFrom, type RefreshLease } from "./refresh-lease.ts";
import type { Services } from "./services.ts";
import { isAlive, isDue, isJustMinted } from "./status.ts";
import { replyWaits, requireConnection, type Stored } from "./store.ts";
import { type TokenEndpoint, tokenEndpointOf } from "./token-endpoint.ts";
import { locksWhenAnswered } from "./under-way.ts";

/** How often the vault may change under our hands, before anything is sent. */
const ROUNDS = 10;

/** @throws AuthError where there is nothing to refresh with; a refresh that failed is an `Outcome`. */
export async function refreshConnection(
  services: Services,
  ref: ConnectionRef,
  options: RefreshOptions,
): Promise<Outcome> {
  if (services.context.notify === undefined) return refreshed(services, ref, options);
  return (await import("./person-needed.ts")).tellingPerson(services, ref, () => refreshed(services, ref, options));
}

async function refreshed(services: Services, ref: ConnectionRef, options: RefreshOptions): Promise<Outcome> {
  const { vault } = services;
  const first = await requireConnection(vault, ref, options.resource);
  const waits = await replyWaits(services, first);
  const settled = waits ? null : await settleWithoutSending(services, first, options);
  if (settled !== null) return settled;
  if (options.mustAgree) await refuseEnvironmentMismatch(services, first, { client: true });
  await services.refreshElsewhere?.(ref, options);
  for (let round = 0; round < ROUNDS; round++) {
    const outcome = await oneRound(services, first, options, waits);
    if (outcome !== "again") return outcome;
    await vault.reload();
  }
  throw changedByOthers(ref);
}

/**
 * Waits for the lock, or for the outcome of the one who holds it.
 *
 * @param waits as `replyWaits`: then a refresh may not even be due
 */
async function oneRound(
  services: Services,
  first: Stored,
  options: RefreshOptions,
  waits: boolean,
): Promise<Outcome | "again"> {
  const { vault } = services;
  const { ref } = first;
  let seen = first;
  const locks = locksWhenAnswered(
    services,
    () => seen,
    (stored) => isServed(services, stored, options),
  );
  const turn = await waitForLock(locks, vaultName(ref), {
    timeout: LIMITS.lockWait,
    watch: async () => {
      refuseWhenInterrupted(ref);
      seen = await requireConnection(vault, ref, first.view);
      return concluded(seen, first) ? seen : null;
    },
  });
  if (turn.kind === "seen") return adopt(services, turn.value, first);
  if (turn.kind === "timeout") return busy(services, await requireConnection(vault, ref, first.view), first);
  const lease = leaseFrom(turn.lock);
  try {
    if (feature("AUTH_TEST")) await faultPoint("locked");
    const ready = await readyToSend(services, { first, seen, waits }, options, lease);
    return ready === "again" || "kind" in ready ? ready : await send(services, ready.current, options, lease);
  } finally {
    lease.release();
  }
}

/** A record as it was read: before anything, and last before the lock was had. */
interface Reads {
  readonly first: Stored;
  readonly seen: Stored;
  /** As for `oneRound`. */
  readonly waits: boolean;
}

/**
 * Under the lock, before anything is sent: what others have done since the first read counts, and so does a reply that
 * was kept and never committed. It may have been kept for another API than `first` is for: then its tokens are that
 * one's, and its refresh token is everyone's.
 */
async function readyToSend(
  services: Services,
  { first, seen, waits }: Reads,
  options: RefreshOptions,
  lease: RefreshLease,
): Promise<{ readonly current: Stored } | Outcome | "again"> {
  const { vault, context } = services;
  const now = await requireConnection(vault, first.ref, first.view);
  if (concluded(now, first)) return adopt(services, now, first);
  const kept = await foldKeptReply(services, now, lease);
  // Its sender has lost the lock since the last look at the record: with the next one it is waited for.
  if (kept === null && lease.endsByTime && isNoteOfAnother(now, seen)) return "again";
  const after = kept?.stored ?? (await viewOfNote(services, now, now.record.note));
  const isMine = after.view?.resource === first.view?.resource;
  const current = isMine ? after : kept === null ? now : await requireConnection(vault, first.ref, first.view);
  // A reply that can't be used is read again by each call: its refresh token counts, so the old one isn't sent.
  const unusable = [after, current].find(({ record }) => record.failure?.unreadable);
  if (unusable?.record.failure && !options.force)
    return { kind: "failed", stored: current, error: errorFrom(unusable, unusable.record.failure, context.now()) };
  if (kept !== null && isMine && (await isFinal(services, kept, options))) return kept;
  if (kept !== null && !lease.held) return "again";
  return (
    (changed(current, first) || waits ? await settleWithoutSending(services, current, options) : null) ?? { current }
  );
}

async function send(
  services: Services,
  current: Stored,
  options: RefreshOptions,
  lease: RefreshLease,
): Promise<Outcome | "again"> {
  const tokenEndpoint = await tokenEndpointOf(services, current.record);
  if (current.record.mint !== undefined) {
    const { refreshByMinting } = await import("./mint.ts");
    return refreshByMinting(services, tokenEndpoint, current, lease);
  }
  const doubt = inDoubt(services, tokenEndpoint.dialect, current, options);
  if (doubt !== null) return doubt;
  const outcome = await attemptRefresh(services, tokenEndpoint, current, lease, LIMITS.exchange);
  return outcome === "again" ? outcome : againWithinGrace(services, tokenEndpoint, outcome, lease);
}

/** Where a reply was lost within a declared grace, the request is sent once more at once, if the budget allows (RULES.md 2.4). */
async function againWithinGrace(
  services: Services,
  tokenEndpoint: TokenEndpoint,
  outcome: Outcome,
  lease: RefreshLease,
): Promise<Outcome | "again"> {
  const { stored } = outcome;
  const lost = outcome.kind === "failed" && stored.record.failure?.inDoubt && !stored.record.failure.unreadable;
  const timeout = Math.min(LIMITS.exchange, lease.left());
  if (!lost || !lease.held || timeout < LIMITS.exchange / 3) return outcome;
  if (!isWithinGrace(tokenEndpoint.dialect, stored, services.context.now())) return outcome;
  return attemptRefresh(services, tokenEndpoint, stored, lease, timeout);
}

/** What a kept reply came to may have grown old since: then its refresh token, or the old one, is sent now. */
async function isFinal(services: Services, kept: Outcome, options: RefreshOptions): Promise<boolean> {
  const { stored } = kept;
  const { tokens } = stored.record;
  const now = services.context.now();
  if (kept.kind === "failed") return (await settleWithoutSending(services, stored, options)) !== null;
  if (kept.kind === "refreshed" && kept.adopted) return true;
  return tokens === null || isJustMinted(stored, now) || !isDue(tokens, now, options.minTtl);
}

/** Whether the token is good enough, or sending is pointless or forbidden. null: a refresh has to be sent. */
async function settleWithoutSending(
  services: Services,
  stored: Stored,
  options: RefreshOptions,
): Promise<Outcome | null> {
  const { ref, record } = stored;
  const now = services.context.now();
  if (record.tokens === null) throw loginRequired(ref);
  if (record.pinned === null) throw settingsChanged(record);
  const { tokens } = record;
  const refused = options.rejected?.equals(tokens.accessToken) === true;
  const renewable = tokens.refreshToken !== null || record.mint !== undefined;
  if (refused && !renewable) return tokenRefused(stored);
  if (refused && isJustMinted(stored, now)) return newTokenRefused(stored);
  if (!options.force && !refused) {
    if (!isDue(tokens, now, options.minTtl)) return { kind: "valid", stored };
    if (isAlive(tokens, now) && isJustMinted(stored, now)) {
      // That the login is over matters more than that the token is short-lived.
      const isOver = record.failure !== null && record.failure.class !== "transient";
      const over = isOver ? await forbidden(services, stored, options, now) : null;
      return over ?? { kind: "valid", stored, ...(options.minTtl > 0 && { warning: SHORT_LIVED }) };
    }
  }
  if (!renewable) return withoutRefreshToken(stored, now);
  return forbidden(services, stored, options, now);
}

const SHORT_LIVED = "This token was minted moments ago: the provider gives no longer lifetime.";

/** States in which a refresh token is not sent: dead, refused, refused client, interaction, backing off. */
async function forbidden(
  services: Services,
  stored: Stored,
  options: RefreshOptions,
  now: number,
): Promise<Outcome | null> {
  const { failure } = stored.record;
  if (failure === null || (options.force && failure.class !== "dead")) return null;
  if (failure.class === "transient") {
    // What was kept is read again first, by each call.
    if (failure.unreadable || !isPaused(failure, now)) return null;
    return { kind: "failed", stored, error: notTried(stored, failure, failure.retryAt, now) };
  }
  if (failure.class === "client") {
    const { client } = await tokenEndpointOf(services, stored.record);
    if (failure.client !== (await clientFingerprint(services.vault, client))) return null;
  }
  return { kind: "failed", stored, error: errorFrom(stored, failure, now) };
}

function isNoteOfAnother({ record: { note } }: Stored, seen: Stored): boolean {
  if (feature("AUTH_TEST") && mutated("lock-off")) return false;
  return note !== null && !note.ended && note.generation !== seen.record.note?.generation;
}

/** Anything else became of the record: it was edited, its login revoked, or a refresh of it cut off. */
function changed(seen: Stored, first: Stored): boolean {
  if (feature("AUTH_TEST") && mutated("reread-off")) return false;
  return seen.version.generation !== first.version.generation;
}

/** An outcome, or a new login, was committed since `first` was read (RULES.md 2.5). */
function concluded(seen: Stored, first: Stored): boolean {
  if (feature("AUTH_TEST") && mutated("reread-off")) return false;
  return seen.version.incarnation !== first.version.incarnation || seen.record.outcomes > first.record.outcomes;
}

async function adopt(services: Services, stored: Stored, first: Stored): Promise<Outcome> {
  const outcome = adoptOutcome(stored, first, services.context.now());
  const status = outcome.kind === "failed" ? "failure" : "success";
  const code = outcome.kind === "failed" ? { code: outcome.error.code } : {};
  await services.context.audit({ event: "refresh_adopted", status, connection: display(stored.ref), ...code });
  return outcome;
}

async function busy(services: Services, stored: Stored, first: Stored): Promise<Outcome> {
  if (concluded(stored, first)) return adopt(services, stored, first);
  const name = display(stored.ref);
  const message = `Another process has been refreshing ${name} for ${LIMITS.lockWait / 1000} seconds.`;
  return { kind: "failed", stored, error: connectionError(stored.ref, "busy", message, { hint: "Try again." }) };
}

/** An API refused a token that can't be replaced. */
function tokenRefused(stored: Stored): Outcome {
  const { ref } = stored;
  const message = `The API refused the token of ${display(ref)}, and nothing renews that token.`;
  const hint = `${MAY_LACK}: auth status ${typed(ref)} --check\nLog in again: auth login ${typed(ref)} --force`;
  return { kind: "failed", stored, error: connectionError(ref, "token_refused", message, { hint }) };
}

const MAY_LACK = "It may lack a scope, or the login was ended there";

/** Another one would fare no better, as a rule: a server that refuses every token isn't sent one after the other. */
function newTokenRefused(stored: Stored): Outcome {
  const { ref } = stored;
  const message = `The API refused the token of ${display(ref)}, which was made less than a minute ago.`;
  // Of further APIs' tokens no command makes another one at will.
  const another = stored.view === undefined ? `For another one: auth refresh ${typed(ref)} --force\n` : "";
  const hint = `${another}${MAY_LACK}: auth status ${typed(ref)} --check`;
  return { kind: "failed", stored, error: connectionError(ref, "token_refused", message, { hint }) };
}

function withoutRefreshToken(stored: Stored, now: number): Outcome {
  const { ref, record } = stored;
  if (record.tokens !== null && isAlive(record.tokens, now)) return { kind: "valid", stored };
  const message = `The token of ${display(ref)} has expired, and it has no refresh token.`;
  const hint = `Run '${loginAgain(record)}'.`;
  return { kind: "failed", stored, error: connectionError(ref, "token_expired", message, { hint }) };
}
