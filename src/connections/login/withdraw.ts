/** A login that was approved and can't be kept: what the provider gave must not live on. */
import { revokeTokens } from "../../oauth/revoke.ts";
import type { Account, TokenReply } from "../../oauth/types.ts";
import { AuthError } from "../../platform/errors.ts";
import { display } from "../ref.ts";
import type { Services } from "../services.ts";
import { listReadable } from "../store.ts";
import type { LoginPlan } from "./plan.ts";
import { HeldElsewhere } from "./store.ts";

/**
 * Revokes what a login received, best effort.
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
  if (!isOurs(plan, cause)) return cause;
  const revoked = await revokeReceived(services, plan, reply, account);
  if (!(cause instanceof AuthError) || !/^(vault_|key_|busy$|interrupted$)/.test(cause.code)) return cause;
  const { title } = plan.provider.definition;
  const there = revoked
    ? `The new login was revoked at ${title}.`
    : `The new login could not be revoked at ${title}, where it goes on: end it in the account's settings there.`;
  return new AuthError(cause.code, `${title} approved the login, but it could not be stored: ${cause.message}`, {
    hint: cause.hint === undefined ? there : `${there}\n${cause.hint}`,
    connection: display(plan.request.ref),
    cause,
  });
}

/** A pasted token, another program's login, a token that another connection holds: not ours to end. */
function isOurs(plan: LoginPlan, cause: unknown): boolean {
  if (plan.client === null || plan.mint !== undefined || plan.refreshToken !== undefined) return false;
  return !(cause instanceof HeldElsewhere);
}

/** @returns whether the provider says that they are revoked; false where that would end another login too */
export async function revokeReceived(
  services: Services,
  plan: LoginPlan,
  { accessToken, refreshToken }: Pick<TokenReply, "accessToken" | "refreshToken">,
  account: Account | null,
): Promise<boolean> {
  const { client, server } = plan;
  if (client === null || (await endsAnother(services, plan, account))) return false;
  return (await revokeTokens(services.context.http, server, client, { accessToken, refreshToken })) === true;
}

/** Where revoking one token ends the whole grant, a stored login of the same account would go too (RULES 2.9). */
async function endsAnother({ vault, context }: Services, plan: LoginPlan, account: Account | null): Promise<boolean> {
  if (plan.provider.dialect.revocation.endsGrant !== true) return false;
  try {
    return (await listReadable(vault)).some(
      ({ ref, record }) =>
        ref.provider === plan.request.ref.provider &&
        record.tokens !== null &&
        record.pinned?.clientId === plan.client?.id &&
        (account === null || record.account?.id === account.id),
    );
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    context.debug(`whether another login shares this grant can't be told: ${error.message}`);
    return true;
  }
}
