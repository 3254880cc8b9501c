/** The end of an attempt: what the provider answered is committed before anyone sees a token. */

import { feature } from "bun:bundle";
import { refusesClient } from "../oauth/classify.ts";
import { OAuthFailure, type RawReply, type TokenReply } from "../oauth/types.ts";
import type { AuditEvent } from "../platform/audit-event.ts";
import { AuthError, errorCode, messageOf } from "../platform/errors.ts";
import { faultPoint } from "../platform/faults.ts";
import { awaitReply } from "../platform/signals.ts";
import type { Version } from "../vault/types.ts";
import { clientFingerprint, clientPlace, markRefused } from "./clients.ts";
import { type CommitResult, commitOutcome } from "./commit-outcome.ts";
import { errorFrom, failureFrom } from "./failure.ts";
import { encodeKept, tokensFingerprint } from "./kept-reply.ts";
import { adoptOutcome, failed, type Outcome, succeeded } from "./outcome.ts";
import { madeFrom } from "./pin.ts";
import type { Connection, Mint, Note, Tokens } from "./record.ts";
import { connectionError, display, typed } from "./ref.ts";
import type { RefreshLease } from "./refresh-lease.ts";
import { reportedOtherwise } from "./reported-settings.ts";
import type { Services } from "./services.ts";
import { notFound, type Stored } from "./store.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";
import { refreshFingerprint, tokensFrom, unreadValues } from "./tokens.ts";

/** What an attempt needs at hand from its first step to its last. */
export interface Attempt {
  readonly services: Services;
  readonly tokenEndpoint: TokenEndpoint;
  readonly lease: RefreshLease;
  /** The record with its note. */
  readonly noted: Stored;
  /** null where tokens are minted: nothing rotates, so a lost reply costs nothing. */
  readonly note: Note | null;
  /** Milliseconds since the epoch. */
  readonly sentAt: number;
  /** When the reply came, as far as it is known. Milliseconds since the epoch. */
  now(): number;
}

/** Step 4b. A disk that fails now is no reason to drop the reply. @returns whether it was kept */
export async function keep({ services, lease, noted, note }: Attempt, raw: RawReply): Promise<boolean> {
  if (note === null) return false;
  try {
    const sentFor = await tokensFingerprint(services.vault, noted.record);
    await lease.reply.keep(versionOf(noted, note), encodeKept({ note, sentFor, raw }));
    return true;
  } catch {
    return false;
  }
}

/** What the reply is kept under: the login and the generation of the note, however often the record was edited since. */
export function versionOf({ version }: Stored, { generation }: Note): Version {
  return { incarnation: version.incarnation, generation };
}

/**
 * Step 5: commit what the reply says.
 *
 * @param unkept the reply, where it could not be kept
 * @param mint what the tokens were minted with, as it is to be stored
 */
export async function conclude(
  attempt: Attempt,
  reply: TokenReply | OAuthFailure,
  unkept: RawReply | null,
  mint?: Mint,
): Promise<Outcome> {
  const { services, tokenEndpoint, noted, sentAt } = attempt;
  if (reply instanceof OAuthFailure) return concludeFailure(attempt, reply);
  const unread = unreadValues(reply);
  if (unread !== null) services.context.debug(`warning: ${display(noted.ref)}: ${unread}`);
  // Where tokens go was settled at the login (RULES.md 3.1).
  for (const said of reportedOtherwise(tokenEndpoint.dialect, reply.reported, madeFrom(noted.record).settings))
    services.context.debug(
      `warning: ${display(noted.ref)}: the provider now says ${said}; only a new login follows it.`,
    );
  const context = { at: sentAt, previous: noted.record.tokens, minted: mint !== undefined };
  const received = tokensFrom(reply, tokenEndpoint.dialect, context);
  const tokens = { ...received, refreshFingerprint: await refreshFingerprint(services.vault, received.refreshToken) };
  const change = (record: Connection): Connection => ({ ...succeeded(record, tokens), ...(mint && { mint }) });
  let committed: CommitResult;
  try {
    committed = await commitOutcome(services, noted, change, attempt.lease, "tokens");
  } catch (error) {
    return unstored(attempt, change(noted.record), unkept, error);
  }
  if (feature("AUTH_TEST")) await faultPoint("commit");
  await blank(attempt);
  if (committed.kind === "gone") {
    await revoke(attempt, tokens, null);
    throw notFound(noted.ref);
  }
  if (committed.kind === "replaced" || committed.kind === "overtaken") {
    if (committed.stored.version.incarnation === noted.version.incarnation) await adoptNewer(attempt);
    else await revokeForNewLogin(attempt, tokens, committed.stored);
    return adoptOutcome(committed.stored, noted, attempt.now());
  }
  await audit(attempt, "success");
  return { kind: "refreshed", stored: await withIntrospectedExpiry(attempt, committed.stored), adopted: false };
}

/** This process was held up for longer than its lock lasts, and another has refreshed meanwhile. */
async function adoptNewer(attempt: Attempt): Promise<void> {
  const message = "another process refreshed meanwhile: its newer token counts";
  attempt.services.context.warn(`The refresh of ${display(attempt.noted.ref)} took too long: ${message}.`);
  await audit(attempt, "failure", { message });
}

/** What only introspection tells is a commit of its own: the tokens were safe before the provider is asked. */
async function withIntrospectedExpiry(attempt: Attempt, stored: Stored): Promise<Stored> {
  const { services, tokenEndpoint, lease } = attempt;
  const { server, client, dialect } = tokenEndpoint;
  const token = stored.record.tokens?.accessToken;
  if (token === undefined || !dialect.reply.expiry.introspect) return stored;
  const { introspectedExpiry, withExpiry } = await import("./introspected.ts");
  const expiresAt = await introspectedExpiry(services, server, client, token);
  if (expiresAt === null) return stored;
  const change = (record: Connection): Connection => ({
    ...record,
    tokens: withExpiry(record.tokens, token, expiresAt, dialect),
  });
  try {
    const committed = await commitOutcome(services, stored, change, lease, "nothing");
    return committed.kind === "committed" ? committed.stored : stored;
  } catch (error) {
    // The tokens are stored; when they end is asked again after the next refresh.
    services.context.debug(`the expiry of ${display(stored.ref)} could not be stored: ${messageOf(error)}`);
    return stored;
  }
}

/** The provider gave new tokens and the vault can't take them: they still work, and the caller gets them. */
async function unstored(
  attempt: Attempt,
  record: Connection,
  unkept: RawReply | null,
  cause: unknown,
): Promise<Outcome> {
  const { noted, note } = attempt;
  const name = display(noted.ref);
  const why = messageOf(cause);
  const isKept = unkept === null || (await keep(attempt, unkept));
  await audit(attempt, "failure", { code: "vault_unwritable", message: why });
  const outcome = { kind: "refreshed", stored: { ...noted, record }, adopted: false } as const;
  if (note === null)
    return {
      ...outcome,
      warning: `The new token of ${name} works, but could not be stored: ${why} Until the vault can be written, each call asks for another.`,
    };
  if (isKept && errorCode(cause) === "vault_locked") return { ...outcome, warning: lockedOut(noted, cause) };
  if (isKept)
    return {
      ...outcome,
      warning: `The new token of ${name} could not be stored: ${why} It works, and its reply is kept: the next call on this machine stores it, once the vault can be written.`,
    };
  const message = `The new token of ${name} could not be stored anywhere`;
  const remedy = `then log in again: auth login ${typed(noted.ref)}`;
  const hint = `${why}\nMake the vault writable, ${remedy}`;
  return {
    ...outcome,
    warning: `${message}: ${why} It works until it expires, but the login behind it is lost: make the vault writable, ${remedy}`,
    unstored: connectionError(noted.ref, "vault_unwritable", `${message}.`, { hint, cause }),
  };
}

/** The vault was given a new key meanwhile, which this machine hasn't: the reply opens here alone, by the former one, once it has. */
function lockedOut({ ref }: Stored, cause: unknown): string {
  const remedy = cause instanceof AuthError && cause.hint ? ` ${cause.hint.replaceAll("\n", " ")}` : "";
  const where = "It works until it expires; the login behind it is on this machine alone";
  const next = "Once the vault opens here again, the next call stores it, unless someone has logged in anew by then.";
  return `The new token of ${display(ref)} could not be stored: ${messageOf(cause)} ${where}. ${next}${remedy}`;
}

/** Precondition: signals are deferred. */
async function revoke(attempt: Attempt, tokens: Tokens, kept: Tokens | null): Promise<boolean> {
  const { services, tokenEndpoint, noted } = attempt;
  const { revokeReceived } = await import("./revoke.ts");
  return awaitReply(revokeReceived(services, tokenEndpoint, noted.record, tokens, kept), {
    tell: () => {},
    abandoned: `Ended before the provider said whether the replaced tokens of ${display(noted.ref)} were revoked.`,
  });
}

/** A new login took this one's place while the provider was asked: its tokens count, and those that came are revoked. */
async function revokeForNewLogin(attempt: Attempt, tokens: Tokens, replacement: Stored): Promise<void> {
  const revoked = await revoke(attempt, tokens, replacement.record.tokens);
  const end = revoked
    ? "what the refresh brought was revoked at the provider"
    : "what the refresh brought was dropped, and not revoked at the provider";
  await audit(attempt, "failure", { message: `a new login took its place meanwhile: ${end}` });
}

async function concludeFailure(attempt: Attempt, cause: OAuthFailure): Promise<Outcome> {
  const { services, tokenEndpoint, noted, note, lease } = attempt;
  const client = await clientFingerprint(services.vault, tokenEndpoint.client);
  const { killsAccessToken } = tokenEndpoint.dialect.refresh;
  const now = attempt.now();
  const { registration } = tokenEndpoint.client;
  const failure = failureFrom(
    cause,
    { ref: noted.ref, record: noted.record, client, registration, killsAccessToken },
    now,
  );
  await audit(attempt, "failure", {
    class: failure.class,
    code: failure.code,
    providerError: failure.providerError,
    detail: failure.detail ?? null,
    message: failure.reason,
  });
  if (cause.shape !== null) services.context.debug(`the reply's fields: ${cause.shape}`);
  const deadKey = failure.class === "dead" && note !== null ? note.key : null;
  const change = (record: Connection): Connection => failed(record, failure, deadKey);
  const failedAs = (stored: Stored): Outcome => ({
    kind: "failed",
    stored,
    error: errorFrom(stored, failure, services.context.now()),
  });
  let committed: CommitResult;
  try {
    committed = await commitOutcome(services, noted, change, lease, "nothing");
  } catch (error) {
    // The note is on the disk, and the reply beside it: the next call reads it again.
    services.context.warn(`The outcome of the refresh could not be stored: ${messageOf(error)}`);
    return failedAs({ ...noted, record: change(noted.record) });
  }
  if (registration !== undefined && refusesClient(cause)) await forgetRegistration(attempt);
  // Of no more use, even where something newer is there; but one that can't be read may have a new refresh token in it.
  if (committed.kind === "gone" || !failure.unreadable) await blank(attempt);
  if (committed.kind === "replaced") return adoptOutcome(committed.stored, noted, now);
  if (committed.kind === "overtaken") return failedAs(committed.stored);
  if (committed.kind === "gone") throw notFound(noted.ref);
  return failedAs(committed.stored);
}

/** The next login registers another client. */
async function forgetRegistration({ services, tokenEndpoint, noted }: Attempt): Promise<void> {
  const { client, server } = tokenEndpoint;
  if (server.endpoints.token === undefined) return;
  try {
    const place = clientPlace(noted.record.pinned ?? {}, server.endpoints.token);
    await markRefused(services.vault, noted.record.provider, place, client);
  } catch (error) {
    services.context.debug(`the refused client could not be marked: ${messageOf(error)}`);
  }
}

async function blank(attempt: Attempt): Promise<void> {
  if (attempt.note !== null) await blankReply(attempt, versionOf(attempt.noted, attempt.note));
}

/** Only by the holder, and never a reason to fail: who takes the lock next finds out that a kept reply is of no more use. */
export async function blankReply(
  { services, lease }: Pick<Attempt, "services" | "lease">,
  version: Version,
): Promise<void> {
  if (!lease.held) return;
  try {
    await lease.reply.blank(version);
  } catch (error) {
    services.context.debug(`the kept reply could not be blanked: ${messageOf(error)}`);
  }
}

function audit(
  { services, noted }: Attempt,
  status: "success" | "failure",
  details: Pick<AuditEvent, "class" | "code" | "providerError" | "detail" | "message"> = {},
): Promise<void> {
  return services.context.audit({ event: "refresh", status, connection: display(noted.ref), ...details });
}
