/** Tokens that a login or a refresh received and that can't be kept must not live on at the provider. */
import { revokeTokens } from "../oauth/revoke.ts";
import type { Account } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import type { Vault } from "../vault/types.ts";
import { asLoggedIn } from "./pin.ts";
import type { Tokens } from "./record.ts";
import { type ConnectionRef, display } from "./ref.ts";
import type { Services } from "./services.ts";
import { listReadable } from "./store.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";

/**
 * Revokes them, best effort, and not where it would end a login in the vault (RULES.md 1.3, 2.9).
 *
 * @param kept the tokens of the login that took their place: they stay. null: there is none
 * @returns whether the provider says that they are revoked
 */
export async function revokeReceived(
  services: Services,
  { server, client, dialect }: TokenEndpoint,
  { provider, account }: Pick<Grant, "provider" | "account">,
  { accessToken, refreshToken }: Pick<Tokens, "accessToken" | "refreshToken">,
  kept: Tokens | null = null,
): Promise<boolean> {
  if (dialect.revocation.endsGrant === true && (await isShared(services, { provider, account, clientId: client.id })))
    return false;
  const isKept = (token: Secret): boolean =>
    kept?.accessToken.equals(token) === true || kept?.refreshToken?.equals(token) === true;
  const revoked = await revokeTokens(services.context.http, server, client, {
    accessToken: isKept(accessToken) ? null : accessToken,
    refreshToken: refreshToken === null || isKept(refreshToken) ? null : refreshToken,
  });
  return revoked === true;
}

/** What a token belongs to at a provider where revoking any of a grant's tokens ends all of them. */
export interface Grant {
  readonly provider: string;
  readonly clientId: string | null;
  /** null, or without an id: unknown. */
  readonly account: Account | null;
}

/**
 * The stored logins that may end when a token of this grant is revoked (RULES.md 2.9): those of the same provider, client
 * and account. A login whose account isn't known may be of any account, and so may a record that doesn't open.
 *
 * @param own the login that is to end, which isn't another
 * @returns as `provider:name`, or `a damaged record` where not even the name opens
 */
export async function loginsSharing(vault: Vault, grant: Grant, own?: ConnectionRef): Promise<string[]> {
  // After a rekey the vault lists its records again, and reports each of them twice.
  const unread = new Set<string>();
  const logins = await listReadable(vault, ({ connection }) => {
    if (connection === undefined) unread.add("a damaged record");
    else if (connection.startsWith(`${grant.provider}:`)) unread.add(connection);
  });
  const sharing = logins.filter(({ ref, record }) => {
    if (own !== undefined && display(ref) === display(own)) return false;
    if (ref.provider !== grant.provider || record.tokens === null) return false;
    const isSameAccount =
      record.account?.id == null || grant.account?.id == null || record.account.id === grant.account.id;
    return isSameAccount && asLoggedIn(record).pinned?.clientId === grant.clientId;
  });
  return [...sharing.map(({ ref }) => display(ref)), ...unread];
}

/** Where it can't be known: yes. */
async function isShared({ vault, context }: Services, grant: Grant): Promise<boolean> {
  try {
    return (await loginsSharing(vault, grant)).length > 0;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    context.debug(`whether another login shares this grant can't be found out: ${error.message}`);
    return true;
  }
}
