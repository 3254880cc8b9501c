/** What a contract test's issuer answers where a token is renewed in another way than by RFC 6749 §6. */
import { overlaid } from "../providers/defaults.ts";
import type { EndpointName } from "../providers/schema.ts";
import { type Body, put, putTokens, USUAL_LIFETIMES } from "./bodies.ts";
import type { Grant } from "./grants.ts";
import type { Issuer } from "./issuer.ts";
import { type Call, ReceivedRequest } from "./request.ts";

/** A login's first tokens, where another request exchanges them for those that are kept. */
export function shortLived({ provider, grants }: Issuer, grant: Grant): Body {
  const body: Body = {};
  const lifetimes = { ...USUAL_LIFETIMES, access: 600 };
  putTokens(body, provider.dialect, grants.addShort(grant), { scopes: grant.scopes, refreshToken: null, lifetimes });
  return body;
}

/** The request of `longLived`, which may be written another way than the others; null: it is another. */
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

/** A refresh that brings no access token: the old one lives on. */
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
