/** A login that ends before it is stored: by a signal, or because what the provider gave can't be kept and must not live on. */
import type { Account, TokenReply } from "../../oauth/types.ts";
import { AuthError } from "../../platform/errors.ts";
import { awaitReply } from "../../platform/signals.ts";
import { UnknownCommit } from "../../vault/driver.ts";
import { connectionError, display, typed } from "../ref.ts";
import { revokeReceived } from "../revoke.ts";
import type { Services } from "../services.ts";
import type { LoginPlan } from "./plan.ts";
import { HeldElsewhere } from "./store.ts";

/** @throws AuthError `interrupted` as soon as the signal is given */
export async function untilInterrupted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  const interruption = Promise.withResolvers<never>();
  const end = (): void => interruption.reject(interrupted());
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  // The one that isn't waited for may fail later.
  work.catch(() => {});
  try {
    return await Promise.race([interruption.promise, work]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** @param cause what ended the login, if it isn't the signal alone */
export function interrupted(cause?: unknown): AuthError {
  const why = cause instanceof AuthError ? `${cause.message}\n` : "";
  return new AuthError("interrupted", "The login was interrupted.", { hint: `${why}No login was stored.`, cause });
}

/**
 * Revokes what a login received, best effort; not where it may be stored.
 *
 * @param cause why it can't be kept
 * @returns the error to be thrown: the cause, saying what became of the login on each side where it could not be stored
 */
export async function withdraw(
  services: Services,
  plan: LoginPlan,
  reply: TokenReply,
  account: Account | null,
  cause: unknown,
): Promise<unknown> {
  if (cause instanceof UnknownCommit) return maybeStored(plan, cause);
  const isInterrupted = cause instanceof AuthError && cause.code === "interrupted";
  if (!isOurs(plan, cause)) return isInterrupted && plan.mint !== undefined ? notRevocable(plan) : cause;
  const { title } = plan.provider.definition;
  const revoked = await awaitReply(revokeLogin(services, plan, reply, account), {
    tell: () => {},
    abandoned: `Ended before ${title} said whether the login was revoked. Nothing was stored; end it in the account's settings there.`,
  });
  if (isInterrupted) return interruptedAfterApproval(plan, revoked);
  if (!(cause instanceof AuthError) || !/^(vault_|key_|busy$)/.test(cause.code)) return cause;
  const there = revoked
    ? `The new login was revoked at ${title}.`
    : `The new login could not be revoked at ${title}, where it goes on: end it in the account's settings there.`;
  return cause.restated({
    message: `${title} approved the login, but it could not be stored: ${cause.message}`,
    hint: cause.hint === undefined ? there : `${there}\n${cause.hint}`,
    connection: display(plan.request.ref),
  });
}

/** It isn't revoked: it may be in the vault, in the place of the one before. */
function maybeStored({ provider, request }: LoginPlan, cause: UnknownCommit): AuthError {
  const name = typed(request.ref);
  return cause.restated({
    message: `${provider.definition.title} approved the login, but whether it was stored isn't known: ${cause.message}`,
    hint: `The new login was not revoked. Once the server answers again, see which login is there: auth status ${name}\nIf it is an earlier one, log in again: auth login ${name} --force`,
    connection: display(request.ref),
  });
}

function interruptedAfterApproval({ provider, request }: LoginPlan, revoked: boolean): AuthError {
  const { title } = provider.definition;
  const message = revoked
    ? `Interrupted. The login was approved and has been revoked at ${title}; nothing was stored.`
    : `Interrupted. The login was approved at ${title} and could not be revoked there; nothing was stored.`;
  return connectionError(request.ref, "interrupted", message, {
    ...(!revoked && { hint: `End it in the account's settings at ${title}; an access token alone ends by itself.` }),
  });
}

function notRevocable({ provider, request }: LoginPlan): AuthError {
  const { title } = provider.definition;
  const message = `Interrupted. Nothing was stored; a token that ${title} gave ends by itself.`;
  return connectionError(request.ref, "interrupted", message);
}

/** A pasted token, another program's login, a token that another connection holds: not ours to end. */
function isOurs(plan: LoginPlan, cause: unknown): boolean {
  if (plan.client === null || plan.refreshToken !== undefined) return false;
  if (plan.mint !== undefined && plan.mintRevocation === undefined) return false;
  return !(cause instanceof HeldElsewhere);
}

/** @returns whether the provider says that they are revoked; false where that would end another login too */
export async function revokeLogin(
  services: Services,
  { client, server, request, provider: { dialect }, mintRevocation }: LoginPlan,
  reply: Pick<TokenReply, "accessToken" | "refreshToken">,
  account: Account | null,
): Promise<boolean> {
  if (client === null) return false;
  const at = { ...server, endpoints: { ...server.endpoints, ...mintRevocation } };
  return revokeReceived(services, { client, dialect, server: at }, { ...request.ref, account }, reply);
}
