/**
 * The refresh of a connection that has no refresh token but can prove itself: a new token under the same lock, cached
 * until the next is due. No note and no kept reply: nothing rotates, so a lost reply costs nothing.
 */
import { OAuthFailure } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import { mintingOf } from "../providers/minting.ts";
import { clientFingerprint } from "./clients.ts";
import { type CommitResult, commitOutcome } from "./commit-outcome.ts";
import { errorFrom, failureFrom } from "./failure.ts";
import { type MintOrder, mintToken } from "./mint-token.ts";
import { failed, type Outcome, succeeded } from "./outcome.ts";
import { madeFrom } from "./pin.ts";
import type { Connection } from "./record.ts";
import { display } from "./ref.ts";
import type { RefreshLease } from "./refresh-lease.ts";
import type { Services } from "./services.ts";
import { notFound, type Stored } from "./store.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";
import { tokensFrom, unreadValues } from "./tokens.ts";

/** Precondition: the lock is held. */
export async function mint(
  services: Services,
  tokenEndpoint: TokenEndpoint,
  current: Stored,
  lease: RefreshLease,
): Promise<Outcome> {
  const { context } = services;
  const order = await orderOf(services, tokenEndpoint, current);
  let next: (record: Connection) => Connection;
  try {
    const { reply, at, clockOffset } = await mintToken(services, order);
    const unread = unreadValues(reply);
    if (unread !== null) context.debug(`warning: ${display(current.ref)}: ${unread}`);
    const tokens = tokensFrom(reply, tokenEndpoint.dialect, { at, previous: current.record.tokens, minted: true });
    next = (record) => ({ ...succeeded(record, tokens), mint: { ...order.mint, clockOffset } });
  } catch (error) {
    if (error instanceof AuthError) return { kind: "failed", stored: current, error };
    if (!(error instanceof OAuthFailure)) throw error;
    return concludeFailure(services, tokenEndpoint, current, error, lease);
  }
  let committed: CommitResult;
  try {
    committed = await commitOutcome(services, current, next, lease);
  } catch (error) {
    return unstored(services, current, next, error);
  }
  if (committed.kind === "gone") throw notFound(current.ref);
  if (committed.kind === "replaced") return { kind: "refreshed", stored: committed.stored, adopted: true };
  await context.audit({ event: "refresh", status: "success", connection: display(current.ref) });
  return { kind: "refreshed", stored: committed.stored, adopted: false };
}

/** The provider gave a token and the vault can't take it: it works all the same, and another one can be had at any time. */
async function unstored(
  { context }: Services,
  current: Stored,
  next: (record: Connection) => Connection,
  cause: unknown,
): Promise<Outcome> {
  if (!(cause instanceof AuthError)) throw cause;
  const { code, message } = cause;
  const connection = display(current.ref);
  await context.audit({ event: "refresh", status: "failure", connection, code, message });
  const warning = `The new token of ${connection} works, but could not be stored: ${message} Until the vault can be written, each call asks for another.`;
  return { kind: "refreshed", stored: { ...current, record: next(current.record) }, adopted: false, warning };
}

async function orderOf(
  services: Services,
  { server, client }: TokenEndpoint,
  { ref, record, view }: Stored,
): Promise<MintOrder> {
  const { flow, settings } = madeFrom(record);
  const minting = mintingOf(await services.registry.get(record.provider), flow);
  if (minting === null || record.mint === undefined)
    throw new AuthError("login_required", `${display(ref)} can't be renewed: its provider no longer has this flow.`, {
      hint: `Log in again: auth login ${display(ref)} --force`,
      connection: display(ref),
    });
  return {
    minting,
    mint: record.mint,
    server,
    client,
    settings,
    scopes: view?.scope ? [view.scope] : (record.mint.scopes ?? record.scopes ?? minting.scopes ?? []),
  };
}

async function concludeFailure(
  services: Services,
  tokenEndpoint: TokenEndpoint,
  current: Stored,
  cause: OAuthFailure,
  lease: RefreshLease,
): Promise<Outcome> {
  const client = await clientFingerprint(services.vault, tokenEndpoint.client);
  // Nothing was at stake: whatever was lost on the way can be asked for again.
  const settled = new OAuthFailure({ ...cause, reason: cause.reason, inDoubt: false, unreadable: false });
  const now = services.context.now();
  const { ref, record } = current;
  const failure = failureFrom(settled, { ref, record, client, killsAccessToken: false }, now);
  await services.context.audit({
    event: "refresh",
    status: "failure",
    connection: display(current.ref),
    class: failure.class,
    code: failure.code,
    providerError: failure.providerError,
    detail: failure.detail ?? null,
    message: failure.reason,
  });
  const committed = await commitOutcome(services, current, (record) => failed(record, failure, null), lease);
  if (committed.kind === "gone") throw notFound(current.ref);
  if (committed.kind === "replaced") return { kind: "refreshed", stored: committed.stored, adopted: true };
  return { kind: "failed", stored: committed.stored, error: errorFrom(committed.stored, failure, now) };
}
