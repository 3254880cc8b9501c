/** One attempt under the lock: note, send, keep, parse, commit. Each step is durable before the next begins. */
import { feature } from "bun:bundle";
import { decodeRaw, encodeRaw } from "../oauth/raw.ts";
import { sendRefresh } from "../oauth/refresh.ts";
import { readTokenReply } from "../oauth/reply.ts";
import { OAuthFailure, type RawReply, type TokenReply } from "../oauth/types.ts";
import type { AuditEvent } from "../platform/audit-event.ts";
import { AuthError } from "../platform/errors.ts";
import { faultPoint, leaks, mutated, printEarly } from "../platform/faults.ts";
import type { Secret } from "../platform/secret.ts";
import { awaitReply, deferSignals, heldSignal, type ReplyWait } from "../platform/signals.ts";
import { clientFingerprint } from "./clients.ts";
import { type CommitResult, commitOutcome, retryCommit } from "./commit-outcome.ts";
import type { Counterpart } from "./counterpart.ts";
import { errorFrom, failureFrom } from "./failure.ts";
import { adoptOutcome, failed, type Outcome, succeeded } from "./outcome.ts";
import { madeFrom } from "./pin.ts";
import type { Connection, Note, Tokens } from "./record.ts";
import { type ConnectionRef, display, typed } from "./ref.ts";
import type { RefreshLease } from "./refresh-lease.ts";
import type { Services } from "./services.ts";
import { advanced, notFound, type Stored, successor } from "./store.ts";
import { tokensFrom, unreadValues } from "./tokens.ts";

/** What an attempt needs at hand from its first step to its last. */
interface Attempt {
  readonly services: Services;
  readonly counterpart: Counterpart;
  readonly hold: RefreshLease;
  /** The record with its note. */
  readonly noted: Stored;
  readonly note: Note;
  /** When the reply came, as far as it is known. Milliseconds since the epoch. */
  now(): number;
}

/**
 * Sends the refresh token once. Precondition: the lock is held and nothing kept is waiting.
 *
 * @param timeout milliseconds for the exchange
 * @returns `again` when the record changed before anything was sent: let go of the lock and look anew
 */
export async function attempt(
  services: Services,
  counterpart: Counterpart,
  current: Stored,
  hold: RefreshLease,
  timeout: number,
): Promise<Outcome | "again"> {
  const { server, client } = counterpart;
  const refreshToken = current.record.tokens?.refreshToken;
  if (!refreshToken) throw notFound(current.ref);
  const key = await deadKey(services, counterpart, refreshToken, current.view?.resource);
  if (current.record.dead.includes(key)) return knownDead(current, services.context.now());

  await hold.reply.prepare();
  const signals = deferSignals();
  try {
    refuseWhenInterrupted(current.ref);
    const noted = await takeNote(services, counterpart, current, key, hold);
    if (noted === "again") return noted;
    const making: Attempt = { services, counterpart, hold, ...noted, now: () => services.context.now() };
    if (feature("AUTH_TEST")) await faultPoint("note");
    let raw: RawReply;
    try {
      const sent = sendRefresh(services.context.http, server, client, {
        refreshToken,
        scopes: scopesToSend(counterpart, current),
        flow: madeFrom(current.record).flow,
        timeout,
      });
      raw = await awaitReply(sent, whatIsSaid(making));
    } catch (error) {
      if (error instanceof OAuthFailure) return await concludeFailure(making, error);
      // Refused by ourselves: there is nowhere to send it to.
      if (error instanceof AuthError || error instanceof TypeError) await takeBack(making, current.record.note);
      throw error;
    }
    if (feature("AUTH_TEST")) await misbehave(making, raw);
    const unkept = await keep(making, encodeRaw(raw));
    if (feature("AUTH_TEST")) await faultPoint("kept");
    return await conclude(making, await readReply(making, raw), unkept);
  } finally {
    signals.release();
  }
}

/** Of several refreshes at once, a signal lets those go on that were sent: no other is begun. */
export function refuseWhenInterrupted(ref: ConnectionRef): void {
  if (heldSignal()?.aborted)
    throw new AuthError("interrupted", `Interrupted: ${display(ref)} was not refreshed, and nothing was sent.`);
}

/** Of the wait for the reply, at a signal. */
function whatIsSaid({ services, noted }: Attempt): ReplyWait {
  return {
    tell: () =>
      services.context.warn(
        "Waiting for the provider's reply, so that the login isn't lost. Press Ctrl-C again to end at once.",
      ),
    abandoned: `Ended before the provider replied to the refresh of ${display(noted.ref)}: the login may be lost. To see: auth refresh ${typed(noted.ref)} --force`,
  };
}

/**
 * A reply that reached the disk before a crash, or that could not be used when it came, is taken in before
 * anything is sent.
 * @returns null where there is none, or where it is as unreadable as it was before: then nothing has changed
 */
export async function foldKeptReply(
  services: Services,
  counterpart: Counterpart,
  current: Stored,
  hold: RefreshLease,
): Promise<Outcome | null> {
  const { note, failure } = current.record;
  if (note === null) return null;
  const bytes = await hold.reply.read(versionOf(current, note));
  if (bytes === null) return null;
  const signals = deferSignals();
  try {
    const making: Attempt = { services, counterpart, hold, noted: current, note, now: () => note.sentAt };
    const read = await readReply(making, decodeRaw(bytes));
    if (read instanceof OAuthFailure && read.unreadable && failure?.unreadable) return null;
    return await conclude(making, read, null);
  } finally {
    signals.release();
  }
}

/** Step 3: the durable mark that a refresh is being sent, counted as a generation of its own. */
async function takeNote(
  services: Services,
  { dialect }: Counterpart,
  current: Stored,
  key: string,
  hold: RefreshLease,
): Promise<{ noted: Stored; note: Note } | "again"> {
  const previous = current.record.note;
  // Where refresh tokens don't rotate, a lost reply took nothing with it: whatever comes next is no consequence of it.
  const inDoubt = previous !== null && dialect.refresh.rotation !== "none";
  const note: Note = {
    sentAt: services.context.now(),
    doubtSince: inDoubt ? (previous.doubtSince ?? previous.sentAt) : null,
    key,
    generation: current.version.generation + 1,
    ...(current.view !== undefined && { resource: current.view.resource }),
  };
  const record: Connection = { ...current.record, note };
  if (feature("AUTH_TEST") && mutated("note-off")) return { noted: { ...current, record }, note };
  const change = successor(current, record);
  const result = await retryCommit(services, change, hold);
  return result === "committed" ? { noted: advanced(current, change.next.version, record), note } : "again";
}

/** Nothing was sent, so nothing is in doubt that wasn't before. */
async function takeBack({ services, noted, hold }: Attempt, previous: Note | null): Promise<void> {
  await commitOutcome(services, noted, (record) => ({ ...record, note: previous }), hold);
}

/** What the reply is kept under: the login and the generation of the note, however often the record was edited since. */
function versionOf({ version }: Stored, { generation }: Note): Stored["version"] {
  return { incarnation: version.incarnation, generation };
}

/** Step 4b. A disk that fails now is no reason to drop the reply: @returns why it could not be kept, or null. */
async function keep({ hold, noted, note }: Attempt, bytes: Uint8Array): Promise<Unkept | null> {
  try {
    await hold.reply.keep(versionOf(noted, note), bytes);
    return null;
  } catch (error) {
    return { bytes, error };
  }
}

interface Unkept {
  readonly bytes: Uint8Array;
  readonly error: unknown;
}

async function readReply(making: Attempt, raw: RawReply): Promise<TokenReply | OAuthFailure> {
  try {
    return await parse(making, raw);
  } catch (error) {
    if (error instanceof OAuthFailure) return error;
    throw error;
  }
}

/** Step 5: commit what the reply says. */
async function conclude(making: Attempt, reply: TokenReply | OAuthFailure, unkept: Unkept | null): Promise<Outcome> {
  const { services, counterpart, noted, note } = making;
  if (reply instanceof OAuthFailure) return concludeFailure(making, reply);
  const unread = unreadValues(reply);
  if (unread !== null) services.context.debug(`warning: ${display(noted.ref)}: ${unread}`);
  const context = { at: note.sentAt, previous: noted.record.tokens, minted: false };
  const tokens = await owned(services, tokensFrom(reply, counterpart.dialect, context));
  return concludeSuccess(making, tokens, unkept);
}

async function parse({ counterpart, noted, now }: Attempt, raw: RawReply): Promise<TokenReply> {
  return readTokenReply(counterpart.server, counterpart.client, raw, {
    subject: noted.record.account?.id ?? null,
    now: now(),
  });
}

async function concludeSuccess(making: Attempt, tokens: Tokens, unkept: Unkept | null): Promise<Outcome> {
  const { services, noted, hold } = making;
  let committed: CommitResult;
  try {
    committed = await commitOutcome(services, noted, (record) => succeeded(record, tokens), hold);
  } catch (error) {
    return unstored(making, tokens, unkept, error);
  }
  if (feature("AUTH_TEST")) await faultPoint("commit");
  await blank(making);
  if (committed.kind === "gone") {
    await revokeReceived(making, tokens, null);
    throw notFound(noted.ref);
  }
  if (committed.kind === "replaced") {
    if (committed.stored.version.incarnation === noted.version.incarnation) await audit(making, "success");
    else await withdrawn(making, tokens, committed.stored);
    return adoptOutcome(committed.stored, noted, making.now());
  }
  await audit(making, "success");
  return { kind: "refreshed", stored: await withLearntExpiry(making, committed.stored), adopted: false };
}

/** What only introspection tells is a commit of its own: the tokens were safe before anyone was asked. */
async function withLearntExpiry({ services, counterpart, hold }: Attempt, stored: Stored): Promise<Stored> {
  const { server, client, dialect } = counterpart;
  const token = stored.record.tokens?.accessToken;
  if (token === undefined || !dialect.reply.expiry.introspect) return stored;
  const { introspectedExpiry, withExpiry } = await import("./introspected.ts");
  const expiresAt = await introspectedExpiry(services, server, client, token);
  if (expiresAt === null) return stored;
  const learnt = (record: Connection): Connection => ({
    ...record,
    tokens: withExpiry(record.tokens, token, expiresAt, dialect),
  });
  const committed = await commitOutcome(services, stored, learnt, hold);
  return committed.kind === "committed" ? committed.stored : stored;
}

/** The provider gave new tokens and the vault can't take them: they still work, and whoever asked gets them. */
async function unstored(making: Attempt, tokens: Tokens, unkept: Unkept | null, cause: unknown): Promise<Outcome> {
  const { noted } = making;
  const name = display(noted.ref);
  const nowhere = unkept === null ? null : await keep(making, unkept.bytes);
  await audit(making, "failure", { code: "vault_unwritable", message: messageOf(cause) });
  const warning =
    nowhere === null
      ? `The new token of ${name} could not be stored: ${messageOf(cause)} It works, and its reply is kept beside the vault: the next call stores it, once the vault can be written.`
      : `The new token of ${name} could not be stored anywhere: ${messageOf(cause)} It works until it expires, but the login behind it is lost: make the vault writable, then log in again: auth login ${typed(noted.ref)}`;
  return {
    kind: "refreshed",
    stored: { ...noted, record: succeeded(noted.record, tokens) },
    adopted: false,
    warning,
    ...(nowhere !== null && { unstored: lost(making, cause) }),
  };
}

function lost({ noted }: Attempt, cause: unknown): AuthError {
  return new AuthError("vault_unwritable", `The new token of ${display(noted.ref)} could not be stored anywhere.`, {
    hint: `${messageOf(cause)}\nMake the vault writable, then log in again: auth login ${typed(noted.ref)}`,
    connection: display(noted.ref),
    cause,
  });
}

async function revokeReceived(
  { services, counterpart, noted }: Attempt,
  tokens: Tokens,
  kept: Tokens | null,
): Promise<boolean> {
  const { revokeSuperseded } = await import("./revoke-superseded.ts");
  return revokeSuperseded(services, counterpart, noted, tokens, kept);
}

/** A new login took this one's place while the provider was asked: its tokens count, and those that came are revoked. */
async function withdrawn(making: Attempt, tokens: Tokens, replacement: Stored): Promise<void> {
  const revoked = await revokeReceived(making, tokens, replacement.record.tokens);
  const end = revoked
    ? "what the refresh brought was revoked at the provider"
    : "what the refresh brought was dropped, and not revoked at the provider";
  await audit(making, "failure", { message: `a new login took its place meanwhile: ${end}` });
}

async function concludeFailure(making: Attempt, cause: OAuthFailure): Promise<Outcome> {
  const { services, counterpart, noted, note, hold } = making;
  const client = await clientFingerprint(services.vault, counterpart.client);
  const { killsAccessToken } = counterpart.dialect.refresh;
  const now = making.now();
  const failure = failureFrom(cause, { ref: noted.ref, record: noted.record, client, killsAccessToken }, now);
  await audit(making, "failure", {
    class: failure.class,
    code: failure.code,
    providerError: failure.providerError,
    detail: failure.detail ?? null,
    message: failure.reason,
  });
  const change = (record: Connection): Connection =>
    failed(record, failure, failure.class === "dead" ? note.key : null);
  let committed: CommitResult;
  try {
    committed = await commitOutcome(services, noted, change, hold);
  } catch (error) {
    // The note stands on the disk, and the reply beside it: the next call reads it again.
    services.context.warn(`The outcome of the refresh could not be stored: ${messageOf(error)}`);
    const stored = { ...noted, record: change(noted.record) };
    return { kind: "failed", stored, error: errorFrom(stored, failure, services.context.now()) };
  }
  if (committed.kind === "gone") {
    await blank(making);
    throw notFound(noted.ref);
  }
  if (committed.kind === "replaced") return adoptOutcome(committed.stored, noted, now);
  if (!failure.unreadable) await blank(making);
  return {
    kind: "failed",
    stored: committed.stored,
    error: errorFrom(committed.stored, failure, services.context.now()),
  };
}

/** Only by the holder, and never a reason to fail: once its outcome is committed, a kept reply opens for nobody. */
async function blank({ services, hold }: Attempt): Promise<void> {
  if (!hold.held) return;
  try {
    await hold.reply.blank();
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

async function owned(services: Services, tokens: Tokens): Promise<Tokens> {
  if (tokens.refreshToken === null) return tokens;
  return {
    ...tokens,
    refreshFingerprint: await services.vault.fingerprint(`refresh\0${tokens.refreshToken.reveal()}`),
  };
}

/** A dead token is known by itself, its client and its endpoint: another resource's death marks nothing else (RULES.md 2.7). */
function deadKey(
  services: Services,
  { server, client }: Counterpart,
  refreshToken: Secret,
  resource = server.resource,
): Promise<string> {
  const endpoint = server.endpoints.refresh ?? server.endpoints.token ?? "";
  const place = resource === undefined ? endpoint : `${endpoint}\0${resource}`;
  return services.vault.fingerprint(`dead\0${refreshToken.reveal()}\0${client.id}\0${place}`);
}

function knownDead(current: Stored, now: number): Outcome {
  const { ref, record } = current;
  const error =
    record.failure !== null
      ? errorFrom(current, record.failure, now)
      : new AuthError("refresh_token_invalid", `refresh failed for ${ref.provider} (${ref.name}): invalid_grant`, {
          hint: `Log in again: auth login ${typed(ref)}`,
          connection: display(ref),
        });
  return { kind: "failed", stored: current, error };
}

function scopesToSend(counterpart: Counterpart, { record, view }: Stored): readonly string[] | null {
  if (counterpart.dialect.refresh.scope !== "granted") return null;
  const { offline } = counterpart.dialect.scopes;
  const granted = view === undefined ? (record.tokens?.scopes ?? []) : view.scope === null ? [] : [view.scope];
  return offline === undefined || granted.includes(offline) ? granted : [...granted, offline];
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Test build only: what the mutants do with a reply before it is kept. */
async function misbehave(making: Attempt, raw: RawReply): Promise<void> {
  if (leaks()) making.services.context.debug(`leaked: ${making.noted.record.tokens?.refreshToken?.reveal()}`);
  if (mutated("print-before-commit")) await printEarly((await parse(making, raw)).accessToken.reveal());
  if (mutated("validate-before-commit")) await parse(making, raw);
  await faultPoint("reply-read");
}
