/** A reply that was kept and never stored is taken in, before anything is sent; one of a state that was replaced is blanked. */
import { decodeRaw } from "../oauth/body.ts";
import { OAuthFailure, type TokenReply } from "../oauth/types.ts";
import { deferSignals } from "../platform/signals.ts";
import { sameVersion, type Version } from "../vault/types.ts";
import { readReply } from "./attempt.ts";
import { type Attempt, blankReply, conclude, versionOf } from "./conclude.ts";
import { decodeKept, type KeptReply, tokensFingerprint } from "./kept-reply.ts";
import type { Outcome } from "./outcome.ts";
import type { Note, Tokens } from "./record.ts";
import { vaultName } from "./ref.ts";
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
 * came. Precondition: the lock is held.
 *
 * @returns with the record as it is for the API that the reply is for; null where there is none to take in, or where it is
 *   as unreadable as it was before: then nothing has changed
 */
export async function foldKeptReply(services: Services, seen: Stored, lease: RefreshLease): Promise<Outcome | null> {
  const kept = await waitingReply(services, seen, lease);
  if (kept === null) return null;
  const { note } = kept;
  const current = await viewOfNote(services, seen, note);
  const tokenEndpoint = await tokenEndpointOf(services, current.record);
  const signals = deferSignals();
  try {
    const { sentAt } = note;
    const attempt: Attempt = { services, tokenEndpoint, lease, noted: current, note, sentAt, now: () => sentAt };
    const read = await readReply(attempt, kept.raw);
    if (read instanceof OAuthFailure && read.unreadable && current.record.failure?.unreadable) return null;
    // An attempt that came later and failed is the newer truth, unless this reply used up the token that it sent.
    if (kept.isOvertaken && !replaces(read, current.record.tokens)) return null;
    return await conclude(attempt, read, null);
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
 * The reply to what the note says; or to a refresh that came after what the vault has, which was restored from a backup, or
 * whose server lost what it had confirmed; or to one that was sent with the very tokens that are there now, although others
 * have tried with them since. Where all that is kept was sent with tokens of this login that have been replaced, it is
 * blanked: each call would look for it. What doesn't open or tell stays: it may be the only copy of a refresh token.
 */
async function waitingReply(services: Services, current: Stored, lease: RefreshLease): Promise<Waiting | null> {
  const { reply } = lease;
  const { version, record } = current;
  const noted = record.note && (await reply.read(versionOf(current, record.note)));
  if (record.note && noted) {
    const kept = decodeKept(noted) ?? { note: record.note, sentFor: null, raw: decodeRaw(noted) };
    return { ...kept, isOvertaken: false };
  }
  const all = await reply.kept();
  const others = all
    .filter((kept) => kept.version.incarnation === version.incarnation)
    .sort((one, other) => other.version.generation - one.version.generation);
  const replaced: Version[] = [];
  for (const found of others) {
    const kept = decodeKept(found.bytes);
    if (kept === null) continue;
    if (found.version.generation > version.generation) return { ...kept, isOvertaken: false };
    // Each API has an access token of its own.
    const there = await viewOfNote(services, current, kept.note);
    const tokens = await tokensFingerprint(services.vault, there.record);
    if (kept.sentFor === null || tokens === null) continue;
    if (kept.sentFor === tokens) return { ...kept, isOvertaken: true };
    replaced.push(found.version);
  }
  if (replaced.length === 0 || replaced.length < all.length) return null;
  const here = await services.vault.keptVersion(vaultName(current.ref));
  if (here === null || replaced.some((at) => sameVersion(at, here))) await blankReply({ services, lease });
  return null;
}
