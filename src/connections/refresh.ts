/**
 * The refresh engine (DESIGN.md §6, RULES.md §2): one refresh however many ask, and none lost.
 * Read, lock, read again, note, send once, keep the raw reply, parse, commit, and only then let anyone see a token.
 */
import { feature } from "bun:bundle";
import { AuthError } from "../platform/errors.ts";
import { faultPoint, mutated } from "../platform/faults.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Dialect } from "../providers/defaults.ts";
import { waitForLock } from "../vault/lock.ts";
import { attemptRefresh, foldKeptReply, refuseWhenInterrupted } from "./attempt.ts";
import { clientFingerprint } from "./clients.ts";
import { errorFrom, isPaused, notTried } from "./failure.ts";
import { refuseEnvironmentMismatch } from "./mismatch.ts";
import { adoptOutcome, loginRequired, type Outcome, type RefreshOptions } from "./outcome.ts";
import { loginAgain, settingsChanged } from "./pin.ts";
import { type ConnectionRef, display, typed, vaultName } from "./ref.ts";
import { leaseFrom, type RefreshLease } from "./refresh-lease.ts";
import type { Services } from "./services.ts";
import { isAlive, isDue, isJustMinted } from "./status.ts";
import { requireConnection, type Stored } from "./store.ts";
import { type TokenEndpoint, tokenEndpointOf } from "./token-endpoint.ts";

/** How often the vault may change under our hands, before anything is sent. */
const ROUNDS = 10;

/** @throws AuthError where there is nothing to refresh with; a refresh that failed is an `Outcome`. */
export async function refreshConnection(
  services: Services,
  ref: ConnectionRef,
  options: RefreshOptions,
): Promise<Outcome> {
  const { vault } = services;
  const first = await requireConnection(vault, ref, options.resource);
  const settled = await settleWithoutSending(services, first, options);
  if (settled !== null) return settled;
  if (options.implicit) await refuseEnvironmentMismatch(services, first, { client: true });
  for (let round = 0; round < ROUNDS; round++) {
    const outcome = await oneRound(services, first, options);
    if (outcome !== "again") return outcome;
    await vault.reload();
  }
  throw new AuthError("busy", `${display(ref)} is being changed by other processes.`, {
    hint: "Try again.",
    connection: display(ref),
  });
}

async function oneRound(services: Services, first: Stored, options: RefreshOptions): Promise<Outcome | "again"> {
  const { vault } = services;
  const { ref } = first;
  const turn = await waitForLock(vault, vaultName(ref), {
    timeout: LIMITS.lockWait,
    watch: async () => {
      refuseWhenInterrupted(ref);
      const seen = await requireConnection(vault, ref, first.view);
      return concluded(seen, first) ? seen : null;
    },
  });
  if (turn.kind === "seen") return adopt(services, turn.value, first);
  if (turn.kind === "timeout") return busy(services, await requireConnection(vault, ref, first.view), first);
  const lease = leaseFrom(turn.lock);
  try {
    if (feature("AUTH_TEST")) await faultPoint("locked");
    return await underLock(services, first, options, lease);
  } finally {
    lease.release();
  }
}

async function underLock(
  services: Services,
  first: Stored,
  options: RefreshOptions,
  lease: RefreshLease,
): Promise<Outcome | "again"> {
  let current = await requireConnection(services.vault, first.ref, first.view);
  if (concluded(current, first)) return adopt(services, current, first);
  const tokenEndpoint = await tokenEndpointOf(services, current.record);
  const others = await foldForeignReply(services, current, lease);
  if (others?.kind === "failed" && others.stored.record.failure?.unreadable && !options.force) return others;
  if (others !== null && !lease.held) return "again";
  if (others !== null) current = await requireConnection(services.vault, first.ref, first.view);
  const folded = others === null ? await foldKeptReply(services, tokenEndpoint, current, lease) : null;
  if (folded !== null) {
    if (await isFinal(services, folded, options)) return folded;
    if (!lease.held) return "again";
    current = folded.stored;
  } else if (changed(current, first)) {
    const settled = await settleWithoutSending(services, current, options);
    if (settled !== null) return settled;
  }
  if (current.record.mint !== undefined)
    return (await import("./mint.ts")).mint(services, tokenEndpoint, current, lease);
  const doubt = inDoubt(services, tokenEndpoint.dialect, current, options) ?? waiting(services, current, options);
  if (doubt !== null) return doubt;
  const outcome = await attemptRefresh(services, tokenEndpoint, current, lease, LIMITS.exchange);
  return outcome === "again" ? outcome : againWithinGrace(services, tokenEndpoint, outcome, lease);
}

/** A reply that was kept for another API than mine: its tokens are that one's, its refresh token is ours. */
async function foldForeignReply(
  services: Services,
  { ref, record, view }: Stored,
  lease: RefreshLease,
): Promise<Outcome | null> {
  const { note } = record;
  if (note === null || note.resource === view?.resource) return null;
  const as = note.resource === undefined ? undefined : { resource: note.resource, scope: null };
  const other = await requireConnection(services.vault, ref, as);
  return foldKeptReply(services, await tokenEndpointOf(services, other.record), other, lease);
}

/** A reply that was lost within a declared grace is asked for a second time at once, if the budget allows (RULES.md 2.4). */
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
async function isFinal(services: Services, folded: Outcome, options: RefreshOptions): Promise<boolean> {
  const { stored } = folded;
  const { tokens, failure } = stored.record;
  if (folded.kind === "failed") {
    const unreadable = failure?.unreadable === true && !options.force;
    return unreadable || (await settleWithoutSending(services, stored, options)) !== null;
  }
  const now = services.context.now();
  if (folded.kind === "refreshed" && folded.adopted) return true;
  return tokens === null || isJustMinted(tokens, now) || !isDue(tokens, now, options.minTtl);
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
  if (refused && (!renewable || isJustMinted(tokens, now))) return tokenRefused(stored);
  if (!options.force && !refused) {
    if (!isDue(tokens, now, options.minTtl)) return { kind: "valid", stored };
    if (isAlive(tokens, now) && isJustMinted(tokens, now))
      return { kind: "valid", stored, ...(options.minTtl > 0 && { warning: SHORT_LIVED }) };
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
  const stop = (): Outcome | null =>
    failure === null ? null : { kind: "failed", stored, error: errorFrom(stored, failure, now) };
  if (failure?.class === "dead") return stop();
  if (options.force) return null;
  if (failure?.class === "interaction" || failure?.class === "refused") return stop();
  if (failure?.class === "client") {
    const { client } = await tokenEndpointOf(services, stored.record);
    return failure.client === (await clientFingerprint(services.vault, client)) ? stop() : null;
  }
  // What was kept is read again first, by each call.
  if (failure?.unreadable || !isPaused(failure, now)) return null;
  return { kind: "failed", stored, error: notTried(stored, failure, failure.retryAt, now) };
}

/**
 * A refresh was sent and its outcome is unknown, and no reply to it was kept. While the access token lives it is served
 * and nothing is sent, unless a provider that doesn't rotate, or a declared grace, makes a second try harmless
 * (RULES.md 2.4).
 */
function inDoubt(services: Services, dialect: Dialect, stored: Stored, options: RefreshOptions): Outcome | null {
  const { note, tokens, failure } = stored.record;
  const now = services.context.now();
  if (note === null || tokens === null || options.force || !isAlive(tokens, now)) return null;
  if (options.rejected?.equals(tokens.accessToken)) return null;
  if (dialect.refresh.rotation === "none" || isWithinGrace(dialect, stored, now)) return null;
  const error = notTried(stored, failure, tokens.expiresAt, now);
  return { kind: "failed", stored, error, accessDoubtful: dialect.refresh.killsAccessToken };
}

/** A reply that can't be used is kept, and read again by each call: its refresh token counts, so the old one isn't sent. */
function waiting(services: Services, stored: Stored, { force }: RefreshOptions): Outcome | null {
  const { failure } = stored.record;
  if (failure?.unreadable !== true || force) return null;
  return { kind: "failed", stored, error: errorFrom(stored, failure, services.context.now()) };
}

function isWithinGrace({ refresh }: Dialect, { record }: Stored, now: number): boolean {
  if (record.note === null) return false;
  const age = now - (record.note.doubtSince ?? record.note.sentAt);
  return age >= 0 && age < refresh.graceSeconds * 1000;
}

/** Anything else became of the record: it was edited, its login revoked, or a refresh of it cut off. */
function changed(seen: Stored, first: Stored): boolean {
  if (feature("AUTH_TEST") && mutated("reread-off")) return false;
  return seen.version.generation !== first.version.generation;
}

/** Someone committed an outcome, or a new login, since `first` was read (RULES.md 2.5). */
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
  const seconds = LIMITS.lockWait / 1000;
  return {
    kind: "failed",
    stored,
    error: new AuthError("busy", `Another process has been refreshing ${display(stored.ref)} for ${seconds} seconds.`, {
      hint: "Try again.",
      connection: display(stored.ref),
    }),
  };
}

/** An API refused a token that can't be replaced, or was minted a moment ago: a new one would fare no better. */
function tokenRefused(stored: Stored): Outcome {
  const { ref } = stored;
  const error = new AuthError(
    "token_refused",
    `The API refused a token of ${display(ref)} that refreshing doesn't mend.`,
    {
      hint: `It may lack a scope, or the login was ended there: auth status ${typed(ref)} --check\nLog in again: auth login ${typed(ref)} --force`,
      connection: display(ref),
    },
  );
  return { kind: "failed", stored, error };
}

function withoutRefreshToken(stored: Stored, now: number): Outcome {
  const { ref, record } = stored;
  if (record.tokens !== null && isAlive(record.tokens, now)) return { kind: "valid", stored };
  return {
    kind: "failed",
    stored,
    error: new AuthError("token_expired", `The token of ${display(ref)} has expired, and it has no refresh token.`, {
      hint: `Run '${loginAgain(record)}'.`,
      connection: display(ref),
    }),
  };
}
