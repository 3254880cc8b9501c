/** What a refresh receives for a login that was ended or replaced meanwhile must not live on at the provider. */
import { revokeTokens } from "../oauth/revoke.ts";
import type { Secret } from "../platform/secret.ts";
import { awaitReply } from "../platform/signals.ts";
import type { Tokens } from "./record.ts";
import { display } from "./ref.ts";
import type { Services } from "./services.ts";
import { wouldEndStoredLogin } from "./shared-grant.ts";
import type { Stored } from "./store.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";

/**
 * Best effort, and not where it would end a login in the vault (RULES 1.3, 2.9). Precondition: signals are deferred.
 *
 * @param kept the tokens of the login that took its place: they stay. null: there is none
 * @returns whether the provider says that they are revoked
 */
export async function revokeSuperseded(
  services: Services,
  { server, client, dialect }: TokenEndpoint,
  { ref, record }: Stored,
  { accessToken, refreshToken }: Tokens,
  kept: Tokens | null,
): Promise<boolean> {
  const grant = { provider: ref.provider, clientId: client.id, accountId: record.account?.id ?? null };
  if (await wouldEndStoredLogin(services, dialect, grant)) return false;
  const isKept = (token: Secret): boolean =>
    kept?.accessToken.equals(token) === true || kept?.refreshToken?.equals(token) === true;
  const revocation = revokeTokens(services.context.http, server, client, {
    accessToken: isKept(accessToken) ? null : accessToken,
    refreshToken: refreshToken === null || isKept(refreshToken) ? null : refreshToken,
  });
  const revoked = await awaitReply(revocation, {
    tell: () => {},
    abandoned: `Ended before the provider said whether the replaced tokens of ${display(ref)} were revoked.`,
  });
  return revoked === true;
}
