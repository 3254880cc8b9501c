/** A reply that was kept and never stored is taken in, before anything is sent; one of a state that was replaced is blanked. */
import { decodeRaw } from "../oauth/body.ts";
import { OAuthFailure, type TokenReply } from "../oauth/types.ts";
import { deferSignals } from "../platform/signals.ts";
import { type Kept, sameVersion } from "../vault/types.ts";
import { readReply } from "./attempt.ts";
import { type Attempt, blankReply, conclude, versionOf } from "./conclude.ts";
import { decodeKept, type KeptReply, tokensFingerprint } from "./kept-reply.ts";
import type { Outcome } from "./outcome.ts";
import type { Note, Tokens } from "./record.ts";
import type { RefreshLease } from "./refresh-lease.ts";
import type { Services } from "./services.ts";
import { requireConnection, type Stored } from "./store.ts";
import { tokenEndpointOf } from "./token-endpoint.ts";

interface Waiting extends KeptReply {
  /** The record has come further since, by nothing but attempts that brought no tokens. */
  readonly isOvertaken: boolean;
}

/**
 * A reply that reached the disk before a crash, or before the vault went out of reach, or that could not be used when it
 * came. Two machines may have kept one each for the same refresh token: the one that was refused tells no more than that
 * the other has used it up, so tokens count before a failure. Precondition: the lock is held.
 *
 * @returns with the record as it is for the API that the reply is for; null where there is none to take in, or where it is
 *   as unreadable as it was before: then nothing has changed
 */
export async function foldKeptReply(services: Services, seen: Stored, lease: RefreshLease): Promise<Outcome | null> {
  const waiting = await waitingReplies(services, seen, lease);
  if (waiting.length === 0) return null;
  const signals = deferSignals();
  try {
    let refusal: (() => Promise<Outcome>) | null = null;
    for (const { note, raw, isOvertaken } of waiting) {
      const current = await viewOfNote(services, seen, note);
      const tokenEndpoint = await tokenEndpointOf(services, current.record);
      const { sentAt } = note;
      const attempt: Attempt = { services, tokenEndpoint, lease, noted: current, note, sentAt, now: () => sentAt };
      const read = await readReply(attempt, raw);
      if (read instanceof OAuthFailure && read.unreadable && current.record.failure?.unreadable) continue;
      // An attempt that came later and failed is the newer truth, unless this reply used up the token that it sent.
      if (isOvertaken && !replaces(read, current.record.tokens)) continue;
      if (!(read instanceof OAuthFailure)) return await conclude(attempt, read, null);
      refusal ??= () => conclude(attempt, read, null);
    }
    return (await refusal?.()) ?? null;
  } finally {
    signals.release();
  }
}

function replaces(read: TokenReply | OAuthFailure, tokens: Tokens | null): boolean {
  if (read instanceof OAuthFailure || read.refreshToken === null || !tokens?.refreshToken) return false;
  return !read.refreshToken.equals(tokens.refreshToken);
}

/** The record as it is for the API that a refresh was sent for. */
export async function viewOfNote(services: Services, stored: Stored, note: Note | null): Promise<Stored> {
  if (note === null || note.resource === stored.view?.resource) return stored;
  const as = note.resource === undefined ? undefined : { resource: note.resource, scope: null };
  return requireConnection(services.vault, stored.ref, as);
}

/**
 * The reply to what the note says; those to a refresh that came after what the vault has, which was restored from a backup, or
 * whose server lost what it had confirmed; and those that were sent with the very tokens that are there now, although others
 * have tried with them since: the latest first. One that was sent with tokens of this login that have been replaced is
 * blanked: each call would look for it. What doesn't open or tell stays: it may be the only copy of a refresh token.
 */
async function waitingReplies(services: Services, current: Stored, lease: RefreshLease): Promise<Waiting[]> {
  const { version, record } = current;
  const waiting: Waiting[] = [];
  for (const found of await keptFor(current, lease)) {
    const isNoted = record.note !== null && sameVersion(found.version, versionOf(current, record.note));
    const kept = decodeKept(found.bytes);
    if (isNoted && record.note !== null) {
      waiting.push({
        ...(kept ?? { note: record.note, sentFor: null, raw: decodeRaw(found.bytes) }),
        isOvertaken: false,
      });
      continue;
    }
    if (kept === null) continue;
    if (found.version.generation > version.generation) {
      waiting.push({ ...kept, isOvertaken: false });
      continue;
    }
    // Each API has an access token of its own.
    const there = await viewOfNote(services, current, kept.note);
    const tokens = await tokensFingerprint(services.vault, there.record);
    if (kept.sentFor === null || tokens === null) continue;
    if (kept.sentFor === tokens) waiting.push({ ...kept, isOvertaken: true });
    else await blankReply({ services, lease }, found.version);
  }
  return waiting;
}

/** Of this login, the latest first; one that is kept in two places once. */
async function keptFor({ version }: Stored, { reply }: RefreshLease): Promise<Kept[]> {
  const kept = await reply.kept();
  return kept
    .filter((one, i) => kept.findIndex((other) => sameVersion(one.version, other.version)) === i)
    .filter((one) => one.version.incarnation === version.incarnation)
    .sort((one, other) => other.version.generation - one.version.generation);
}
