/** The replies of a contract test's issuer to renewals other than RFC 6749 §6. */
import { overlaid } from "../providers/defaults.ts";
import type { EndpointName } from "../providers/schema.ts";
import { type Body, put, putTokens, USUAL_LIFETIMES } from "./bodies.ts";
import type { Grant } from "./grants.ts";
import type { Issuer } from "./issuer.ts";
import { type Call, ReceivedRequest } from "./request.ts";

/** A login's first tokens, where a second request exchanges them. */
export function shortLived({ provider, grants }: Issuer, grant: Grant): Body {
  const body: Body = {};
  const lifetimes = { ...USUAL_LIFETIMES, access: 600 };
  putTokens(body, provider.dialect, grants.addShort(grant), { scopes: grant.scopes, refreshToken: null, lifetimes });
  return body;
}

/** The request of `longLived`, which may have its own form; null: another request. */
export function exchangeAt(
  { provider: { dialect }, endpoints }: Issuer,
  call: Call,
  names: readonly EndpointName[],
): ReceivedRequest | null {
  const { longLived } = dialect;
  if (longLived === undefined || !names.includes(endpoints.exchange === undefined ? "token" : "exchange")) return null;
  const received = ReceivedRequest.orNull(call, overlaid(dialect, longLived.request));
  return received?.sent(longLived.parameter) == null ? null : received;
}

/** A refresh without a new access token: the old one stays valid. */
export function livesOn(
  { provider: { dialect }, lifetimes }: Issuer,
  { next }: NonNullable<ReturnType<Issuer["grants"]["use"]>>,
): Body {
  const body: Body = {};
  for (const [path, value] of Object.entries(dialect.refresh.keepsAccessToken ?? {}))
    put(body, path, value, `refresh.keepsAccessToken.${path}`);
  const silent = { ...lifetimes, access: null };
  putTokens(body, dialect, null, { scopes: [], refreshToken: next, lifetimes: silent });
  return body;
}
