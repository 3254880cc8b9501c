/** One attempt under the lock: note, send, keep the reply. Each step is durable before the next begins. */
import { feature } from "bun:bundle";
import { sendRefresh } from "../oauth/refresh.ts";
import { readTokenReply } from "../oauth/reply.ts";
import { OAuthFailure, type RawReply, type TokenReply } from "../oauth/types.ts";
import { AuthError, messageOf } from "../platform/errors.ts";
import { faultPoint, leaks, mutated, printEarly } from "../platform/faults.ts";
import type { Secret } from "../platform/secret.ts";
import { awaitReply, deferSignals, heldSignal, inFlight, type ReplyWait } from "../platform/signals.ts";
import { advanced, successor } from "./changes.ts";
import { commitOutcome, retryCommit } from "./commit-outcome.ts";
import { type Attempt, conclude, keep } from "./conclude.ts";
import { errorFrom } from "./failure.ts";
import type { Outcome } from "./outcome.ts";
import { madeFrom } from "./pin.ts";
import type { Connection, Note } from "./record.ts";
import { type ConnectionRef, connectionError, display, typed } from "./ref.ts";
import type { RefreshLease } from "./refresh-lease.ts";
import type { Services } from "./services.ts";
import { notFound, type Stored } from "./store.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";

/**
 * Sends the refresh token once. Precondition: the lock is held and nothing kept is waiting.
 *
 * @param timeout milliseconds for the exchange
 * @returns `again` when the record changed before anything was sent: release the lock and read again
 */
export function attemptRefresh(...given: Parameters<typeof noteAndSend>): Promise<Outcome | "again"> {
  return inFlight(noteAndSend(...given));
}

async function noteAndSend(
  services: Services,
  tokenEndpoint: TokenEndpoint,
  current: Stored,
  lease: RefreshLease,
  timeout: number,
): Promise<Outcome | "again"> {
  const { server, client } = tokenEndpoint;
  const refreshToken = current.record.tokens?.refreshToken;
  if (!refreshToken) throw notFound(current.ref);
  const key = await deadKey(services, tokenEndpoint, refreshToken, current.view?.resource);
  if (current.record.dead.includes(key)) return knownDead(current, services.context.now());

  await lease.reply.prepare();
  const signals = deferSignals();
  try {
    refuseWhenInterrupted(current.ref);
    const taken = await takeNote(services, tokenEndpoint, current, key, lease);
    if (taken === "again") return taken;
    const { sentAt } = taken.note;
    const attempt: Attempt = { services, tokenEndpoint, lease, ...taken, sentAt, now: () => services.context.now() };
    if (feature("AUTH_TEST")) await faultPoint("note");
    const lasts = await confirmLease(attempt);
    if (lasts === 0) {
      await takeBack(attempt, current.record.note);
      return "again";
    }
    let raw: RawReply;
    try {
      const sent = sendRefresh(services.context.http, server, client, {
        refreshToken,
        scopes: scopesToSend(tokenEndpoint, current),
        flow: madeFrom(current.record).flow,
        timeout: Math.min(timeout, lasts),
      });
      raw = await awaitReply(sent, replyWait(attempt));
    } catch (error) {
      if (error instanceof OAuthFailure) return await conclude(attempt, error, null);
      // Refused by ourselves: there is nowhere to send it to.
      if (error instanceof AuthError || error instanceof TypeError) await takeBack(attempt, current.record.note);
      throw error;
    }
    if (feature("AUTH_TEST")) await misbehave(attempt, raw);
    const isKept = await keep(attempt, raw);
    if (feature("AUTH_TEST")) await faultPoint("kept");
    return await conclude(attempt, await readReply(attempt, raw), isKept ? null : raw);
  } finally {
    signals.release();
  }
}

/** Of several refreshes at once, a signal lets those go on that were sent: no other is begun. */
export function refuseWhenInterrupted(ref: ConnectionRef): void {
  if (heldSignal()?.aborted)
    throw new AuthError("interrupted", `Interrupted: ${display(ref)} was not refreshed, and nothing was sent.`);
}

/** What a signal during the wait for the reply is answered with. */
function replyWait({ services, noted }: Attempt): ReplyWait {
  return {
    tell: () =>
      services.context.warn(
        "Waiting for the provider's reply, so that the login isn't lost. Press Ctrl-C again to end at once.",
      ),
    abandoned: `Ended before the provider replied to the refresh of ${display(noted.ref)}: the login may be lost. To see: auth refresh ${typed(noted.ref)} --force`,
  };
}

/** Step 3: the durable mark that a refresh is being sent, counted as a generation of its own. */
async function takeNote(
  services: Services,
  { dialect }: TokenEndpoint,
  current: Stored,
  key: string,
  lease: RefreshLease,
): Promise<{ noted: Stored; note: Note } | "again"> {
  const previous = current.record.note;
  // Where refresh tokens don't rotate, a lost reply took nothing with it: whatever comes next is no consequence of it.
  const inDoubt = previous !== null && dialect.refresh.rotation !== "none";
  const serverTime = lease.serverTime();
  const note: Note = {
    sentAt: services.context.now(),
    ...(serverTime !== null && { serverTime }),
    doubtSince: inDoubt ? (previous.doubtSince ?? previous.sentAt) : null,
    key,
    generation: current.version.generation + 1,
    ...(current.view !== undefined && { resource: current.view.resource }),
  };
  const record: Connection = { ...current.record, note };
  if (feature("AUTH_TEST") && mutated("note-off")) return { noted: { ...current, record }, note };
  const change = successor(current, record);
  const result = await retryCommit(services, change, lease);
  return result === "committed" ? { noted: advanced(current, change.next.version, record), note } : "again";
}

/** Milliseconds that the lock lasts. A server that can't be asked is no proof that it does: nothing is sent then. */
async function confirmLease({ lease, services }: Attempt): Promise<number> {
  if (feature("AUTH_TEST") && mutated("lease-unchecked")) return Number.POSITIVE_INFINITY;
  try {
    return await lease.confirm();
  } catch (error) {
    services.context.debug(`the lock could not be renewed: ${messageOf(error)}`);
    return 0;
  }
}

/** Nothing was sent, so nothing is in doubt that wasn't before. */
async function takeBack({ services, noted, lease }: Attempt, previous: Note | null): Promise<void> {
  await commitOutcome(services, noted, (record) => ({ ...record, note: previous }), lease, "nothing");
}

export async function readReply(attempt: Attempt, raw: RawReply): Promise<TokenReply | OAuthFailure> {
  try {
    return await parse(attempt, raw);
  } catch (error) {
    if (error instanceof OAuthFailure) return error;
    throw error;
  }
}

async function parse({ tokenEndpoint, noted, now }: Attempt, raw: RawReply): Promise<TokenReply> {
  return readTokenReply(tokenEndpoint.server, tokenEndpoint.client, raw, {
    subject: noted.record.account?.id ?? null,
    current: noted.record.tokens?.accessToken ?? null,
    now: now(),
  });
}

/** A dead token is known by itself, its client and its endpoint: another resource's death marks nothing else (RULES.md 2.7). */
function deadKey(
  services: Services,
  { server, client }: TokenEndpoint,
  refreshToken: Secret,
  resource = server.resource,
): Promise<string> {
  const endpoint = server.endpoints.refresh ?? server.endpoints.token ?? "";
  const place = resource === undefined ? endpoint : `${endpoint}\0${resource}`;
  return services.vault.fingerprint(`dead\0${refreshToken.reveal()}\0${client.id}\0${place}`);
}

function knownDead(current: Stored, now: number): Outcome {
  const { ref, record } = current;
  const message = `refresh failed for ${ref.provider} (${ref.name}): invalid_grant`;
  const hint = `Log in again: auth login ${typed(ref)}`;
  const error =
    record.failure === null
      ? connectionError(ref, "refresh_token_invalid", message, { hint })
      : errorFrom(current, record.failure, now);
  return { kind: "failed", stored: current, error };
}

function scopesToSend(tokenEndpoint: TokenEndpoint, { record, view }: Stored): readonly string[] | null {
  if (tokenEndpoint.dialect.refresh.scope !== "granted") return null;
  const { offline } = tokenEndpoint.dialect.scopes;
  const granted = view === undefined ? (record.tokens?.scopes ?? []) : view.scope === null ? [] : [view.scope];
  return offline === undefined || granted.includes(offline) ? granted : [...granted, offline];
}

/** Test build only: what the mutants do with a reply before it is kept. */
async function misbehave(attempt: Attempt, raw: RawReply): Promise<void> {
  if (leaks()) attempt.services.context.debug(`leaked: ${attempt.noted.record.tokens?.refreshToken?.reveal()}`);
  if (mutated("print-before-commit")) await printEarly((await parse(attempt, raw)).accessToken.reveal());
  if (mutated("validate-before-commit")) await parse(attempt, raw);
  await faultPoint("reply-read");
}
