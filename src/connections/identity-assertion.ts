/**
 * One connection vouches for another: a person's login at an identity provider gets them tokens of an API's issuer, without
 * a browser there (MCP "Enterprise-Managed Authorization").
 */

import { exchangeForAssertion } from "../oauth/identity-assertion.ts";
import { decodeJwt } from "../oauth/idtoken.ts";
import { type Account, type Client, OAuthFailure, type Server } from "../oauth/types.ts";
import type { AuthError, ErrorCode } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import { access } from "./access.ts";
import { type ConnectionRef, connectionError, display, typed } from "./ref.ts";
import type { Services } from "./services.ts";
import { requireConnection, type Stored } from "./store.ts";
import { tokenEndpointOf } from "./token-endpoint.ts";

export interface Voucher {
  /** Whose the identity provider's login is. */
  readonly account: Account | null;
  /** A grant for one use: another one each time. @throws AuthError that concerns the identity provider's connection */
  assertion(): Promise<Secret>;
}

/** Where the tokens are wanted. */
export interface Vouched {
  readonly server: Pick<Server, "issuer" | "resource">;
  readonly client: Pick<Client, "id">;
  readonly scopes: readonly string[];
}

/** @throws AuthError `connection_not_found`, `usage` */
export async function voucherOf(services: Services, via: ConnectionRef, vouched: Vouched): Promise<Voucher> {
  const stored = await requireConnection(services.vault, via);
  const { issuer, resource = null } = vouched.server;
  if (issuer === null) throw new Error("only an API's issuer is vouched at");
  const target = { issuer, resource, clientId: vouched.client.id, scopes: vouched.scopes };
  return {
    account: stored.record.account,
    assertion: async () => {
      const { idToken, record } = await livingIdToken(services, via);
      const { server, client } = await tokenEndpointOf(services, record);
      const { http, now } = services.context;
      try {
        return await exchangeForAssertion(http, server, client, idToken, target, now);
      } catch (error) {
        throw error instanceof OAuthFailure ? refused(via, issuer, error) : error;
      }
    },
  };
}

/** Milliseconds that an ID token has to live for an exchange. */
const MARGIN = 30_000;

/** A refresh brings a new one, where the provider gives one at refreshes (OpenID Connect Core §12.2). */
async function livingIdToken(
  services: Services,
  via: ConnectionRef,
): Promise<{ readonly idToken: Secret; readonly record: Stored["record"] }> {
  const options = { minTtl: 0, mustAgree: false };
  const first = (await access(services, via, options)).stored;
  const held = idTokenIn(first, services.context.now());
  if (held !== null) return held;
  const rejected = first.record.tokens?.accessToken;
  const second = rejected && (await access(services, via, { ...options, rejected }).catch(() => null));
  const latest = second ? idTokenIn(second.stored, services.context.now()) : null;
  if (latest !== null) return latest;
  const what = first.record.tokens?.idToken
    ? "whose ID token is over, and no refresh brought another"
    : "without an ID token";
  throw connectionError(via, "login_required", `${display(via)} is a login ${what}: it can't vouch for you.`, {
    hint: `Log in for one: auth login ${typed(via)} --force --scope openid,offline_access`,
  });
}

function idTokenIn({ record }: Stored, now: number) {
  const idToken = record.tokens?.idToken;
  const exp = idToken && decodeJwt(idToken.reveal())?.claims.exp;
  return idToken && typeof exp === "number" && exp * 1000 - now >= MARGIN ? { idToken, record } : null;
}

/** What the identity provider said. Its login is none the worse for it, unless it wants the person again. */
function refused(via: ConnectionRef, issuer: string, failure: OAuthFailure): AuthError {
  const { reason, description: detail, providerError } = failure;
  const isPersonWanted = failure.class === "interaction" || providerError === "insufficient_user_authentication";
  const message = `${display(via)} gave no assertion for ${issuer}: ${reason}.`;
  const [code, hint] = isPersonWanted
    ? (["interaction_required", `Log in there again: auth login ${typed(via)} --force`] as const)
    : verdictOf(failure);
  return connectionError(via, code, message, { hint, detail, cause: failure });
}

function verdictOf({ class: kind, status, providerError, remedy }: OAuthFailure): readonly [ErrorCode, string] {
  // A success that can't be used.
  if (providerError === null && remedy !== null) return ["provider_unavailable", remedy];
  if (kind === "transient") return [status === null ? "network" : "provider_unavailable", "Try again later."];
  const who = "Whoever runs the identity provider decides which programs may reach which servers: ask there.";
  return [kind === "client" ? "client_rejected" : "access_denied", who];
}
