/** The end of an attempt: what the provider said is committed before anyone sees a token, or told for what it is. */
import { feature } from "bun:bundle";
import { OAuthFailure, type TokenReply } from "../oauth/types.ts";
import type { AuditEvent } from "../platform/audit-event.ts";
import { AuthError } from "../platform/errors.ts";
import { faultPoint } from "../platform/faults.ts";
import { clientFingerprint } from "./clients.ts";
import { type CommitResult, commitOutcome } from "./commit-outcome.ts";
import { errorFrom, failureFrom } from "./failure.ts";
import { adoptOutcome, failed, type Outcome, succeeded } from "./outcome.ts";
import type { Connection, Note, Tokens } from "./record.ts";
import { display, typed } from "./ref.ts";
import type { RefreshLease } from "./refresh-lease.ts";
import type { Services } from "./services.ts";
import { notFound, type Stored } from "./store.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";
import { tokensFrom, unreadValues } from "./tokens.ts";

/** What an attempt needs at hand from its first step to its last. */
export interface Attempt {
  readonly services: Services;
  readonly tokenEndpoint: TokenEndpoint;
  readonly lease: RefreshLease;
  /** The record with its note. */
  readonly noted: Stored;
  readonly note: Note;
  /** When the reply came, as far as it is known. Milliseconds since the epoch. */
  now(): number;
}

export interface Unkept {
  readonly bytes: Uint8Array;
  readonly error: unknown;
}

/** Step 4b. A disk that fails now is no reason to drop the reply: @returns why it could not be kept, or null. */
export async function keep({ lease, noted, note }: Attempt, bytes: Uint8Array): Promise<Unkept | null> {
  try {
    await lease.reply.keep(versionOf(noted, note), bytes);
    return null;
  } catch (error) {
    return { bytes, error };
  }
}

/** What the reply is kept under: the login and the generation of the note, however often the record was edited since. */
export function versionOf({ version }: Stored, { generation }: Note): Stored["version"] {
  return { incarnation: version.incarnation, generation };
}

/** Step 5: commit what the reply says. */
export async function conclude(
  attempt: Attempt,
  reply: TokenReply | OAuthFailure,
  unkept: Unkept | null,
): Promise<Outcome> {
  const { services, tokenEndpoint, noted, note } = attempt;
  if (reply instanceof OAuthFailure) return concludeFailure(attempt, reply);
  const unread = unreadValues(reply);
  if (unread !== null) services.context.debug(`warning: ${display(noted.ref)}: ${unread}`);
  const context = { at: note.sentAt, previous: noted.record.tokens, minted: false };
  const tokens = await owned(services, tokensFrom(reply, tokenEndpoint.dialect, context));
  return concludeSuccess(attempt, tokens, unkept);
}

async function concludeSuccess(attempt: Attempt, tokens: Tokens, unkept: Unkept | null): Promise<Outcome> {
  const { services, noted, lease } = attempt;
  let committed: CommitResult;
  try {
    committed = await commitOutcome(services, noted, (record) => succeeded(record, tokens), lease);
  } catch (error) {
    return unstored(attempt, tokens, unkept, error);
  }
  if (feature("AUTH_TEST")) await faultPoint("commit");
  await blank(attempt);
  if (committed.kind === "gone") {
    await revokeReceived(attempt, tokens, null);
    throw notFound(noted.ref);
  }
  if (committed.kind === "replaced") {
    if (committed.stored.version.incarnation === noted.version.incarnation) await audit(attempt, "success");
    else await withdrawn(attempt, tokens, committed.stored);
    return adoptOutcome(committed.stored, noted, attempt.now());
  }
  await audit(attempt, "success");
  return { kind: "refreshed", stored: await withLearntExpiry(attempt, committed.stored), adopted: false };
}

/** What only introspection tells is a commit of its own: the tokens were safe before anyone was asked. */
async function withLearntExpiry({ services, tokenEndpoint, lease }: Attempt, stored: Stored): Promise<Stored> {
  const { server, client, dialect } = tokenEndpoint;
  const token = stored.record.tokens?.accessToken;
  if (token === undefined || !dialect.reply.expiry.introspect) return stored;
  const { introspectedExpiry, withExpiry } = await import("./introspected.ts");
  const expiresAt = await introspectedExpiry(services, server, client, token);
  if (expiresAt === null) return stored;
  const learnt = (record: Connection): Connection => ({
    ...record,
    tokens: withExpiry(record.tokens, token, expiresAt, dialect),
  });
  const committed = await commitOutcome(services, stored, learnt, lease);
  return committed.kind === "committed" ? committed.stored : stored;
}

/** The provider gave new tokens and the vault can't take them: they still work, and whoever asked gets them. */
async function unstored(attempt: Attempt, tokens: Tokens, unkept: Unkept | null, cause: unknown): Promise<Outcome> {
  const { noted } = attempt;
  const name = display(noted.ref);
  const nowhere = unkept === null ? null : await keep(attempt, unkept.bytes);
  await audit(attempt, "failure", { code: "vault_unwritable", message: messageOf(cause) });
  const warning =
    nowhere === null
      ? `The new token of ${name} could not be stored: ${messageOf(cause)} It works, and its reply is kept beside the vault: the next call stores it, once the vault can be written.`
      : `The new token of ${name} could not be stored anywhere: ${messageOf(cause)} It works until it expires, but the login behind it is lost: make the vault writable, then log in again: auth login ${typed(noted.ref)}`;
  return {
    kind: "refreshed",
    stored: { ...noted, record: succeeded(noted.record, tokens) },
    adopted: false,
    warning,
    ...(nowhere !== null && { unstored: lost(attempt, cause) }),
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
  { services, tokenEndpoint, noted }: Attempt,
  tokens: Tokens,
  kept: Tokens | null,
): Promise<boolean> {
  const { revokeSuperseded } = await import("./revoke-superseded.ts");
  return revokeSuperseded(services, tokenEndpoint, noted, tokens, kept);
}

/** A new login took this one's place while the provider was asked: its tokens count, and those that came are revoked. */
async function withdrawn(attempt: Attempt, tokens: Tokens, replacement: Stored): Promise<void> {
  const revoked = await revokeReceived(attempt, tokens, replacement.record.tokens);
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
  const failure = failureFrom(cause, { ref: noted.ref, record: noted.record, client, killsAccessToken }, now);
  await audit(attempt, "failure", {
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
    committed = await commitOutcome(services, noted, change, lease);
  } catch (error) {
    // The note stands on the disk, and the reply beside it: the next call reads it again.
    services.context.warn(`The outcome of the refresh could not be stored: ${messageOf(error)}`);
    const stored = { ...noted, record: change(noted.record) };
    return { kind: "failed", stored, error: errorFrom(stored, failure, services.context.now()) };
  }
  if (committed.kind === "gone") {
    await blank(attempt);
    throw notFound(noted.ref);
  }
  if (committed.kind === "replaced") return adoptOutcome(committed.stored, noted, now);
  if (!failure.unreadable) await blank(attempt);
  return {
    kind: "failed",
    stored: committed.stored,
    error: errorFrom(committed.stored, failure, services.context.now()),
  };
}

/** Only by the holder, and never a reason to fail: once its outcome is committed, a kept reply opens for nobody. */
async function blank({ services, lease }: Attempt): Promise<void> {
  if (!lease.held) return;
  try {
    await lease.reply.blank();
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

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
