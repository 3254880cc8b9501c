/** Tokens that a login or a refresh received and that can't be kept must not live on at the provider. */
import { revokeTokens } from "../oauth/revoke.ts";
import type { Account } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import type { Tokens } from "./record.ts";
import type { Services } from "./services.ts";
import { listReadable } from "./store.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";

/**
 * Revokes them, best effort, and not where it would end a login in the vault (RULES 1.3, 2.9).
 *
 * @param account null: unknown, so it may be any stored login's
 * @param kept the tokens of the login that took their place: they stay. null: there is none
 * @returns whether the provider says that they are revoked
 */
export async function revokeReceived(
  services: Services,
  { server, client, dialect }: TokenEndpoint,
  owner: { readonly provider: string; readonly account: Account | null },
  { accessToken, refreshToken }: Pick<Tokens, "accessToken" | "refreshToken">,
  kept: Tokens | null = null,
): Promise<boolean> {
  if (dialect.revocation.endsGrant === true && (await sharesGrant(services, owner, client.id))) return false;
  const isKept = (token: Secret): boolean =>
    kept?.accessToken.equals(token) === true || kept?.refreshToken?.equals(token) === true;
  const revoked = await revokeTokens(services.context.http, server, client, {
    accessToken: isKept(accessToken) ? null : accessToken,
    refreshToken: refreshToken === null || isKept(refreshToken) ? null : refreshToken,
  });
  return revoked === true;
}

/** Whether a stored login has this grant, which would end with any of its tokens. Where that can't be known: yes. */
async function sharesGrant(
  { vault, context }: Services,
  { provider, account }: { readonly provider: string; readonly account: Account | null },
  clientId: string,
): Promise<boolean> {
  try {
    return (await listReadable(vault)).some(
      ({ ref, record }) =>
        ref.provider === provider &&
        record.tokens !== null &&
        record.pinned?.clientId === clientId &&
        (account?.id == null || record.account?.id === account.id),
    );
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    context.debug(`whether another login shares this grant can't be found out: ${error.message}`);
    return true;
  }
}
