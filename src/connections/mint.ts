/**
 * Tokens of a connection that has no refresh token but can prove itself: the claims are filled in and signed, or another
 * issuer's token is fetched, and the provider is asked. A refresh is a new token under the same lock, cached until the
 * next is due; no note and no kept reply, because nothing rotates, so a lost reply costs nothing.
 */
import { clockOffsetOf, readMinted, sendMint } from "../oauth/mint.ts";
import { endpointMissing } from "../oauth/send.ts";
import { bareReply, type Client, OAuthFailure, type RawReply, type Server, type TokenReply } from "../oauth/types.ts";
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Secret } from "../platform/secret.ts";
import { type Minting, mintingOf, type Signing, templateOf } from "../providers/minting.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { fill, type Values } from "../providers/template.ts";
import { type Attempt, conclude } from "./conclude.ts";
import type { Voucher } from "./identity-assertion.ts";
import type { Outcome } from "./outcome.ts";
import { madeFrom } from "./pin.ts";
import type { Mint } from "./record.ts";
import { connectionError, display } from "./ref.ts";
import type { RefreshLease } from "./refresh-lease.ts";
import type { Services } from "./services.ts";
import type { Stored } from "./store.ts";
import { subjectToken, vouchingConnection } from "./subject-token.ts";
import type { TokenEndpoint } from "./token-endpoint.ts";

/** The refresh of such a connection. Precondition: the lock is held. */
export async function refreshByMinting(
  services: Services,
  tokenEndpoint: TokenEndpoint,
  current: Stored,
  lease: RefreshLease,
): Promise<Outcome> {
  const definition = await services.registry.get(current.record.provider);
  const order = await withVoucher(services, orderOf(definition, tokenEndpoint, current));
  const now = (): number => services.context.now();
  const attempt: Attempt = { services, tokenEndpoint, lease, noted: current, note: null, sentAt: now(), now };
  let minted: Minted;
  try {
    minted = await mintToken(services.context, order);
  } catch (error) {
    if (error instanceof AuthError) return { kind: "failed", stored: current, error };
    if (!(error instanceof OAuthFailure)) throw error;
    // Nothing rotates: what was lost on the way can be requested again.
    const harmless = { ...error, reason: error.reason, inDoubt: false, unreadable: false };
    return conclude(attempt, new OAuthFailure(harmless), null);
  }
  const { reply, at, clockOffset } = minted;
  return conclude({ ...attempt, sentAt: at }, reply, null, { ...order.mint, clockOffset });
}

function orderOf(
  definition: ProviderDefinition,
  { server, client }: TokenEndpoint,
  { ref, record, view }: Stored,
): MintOrder {
  const { flow, settings } = madeFrom(record);
  const { mint } = record;
  const minting = mintingOf(definition, flow);
  if (minting === null || mint === undefined)
    throw connectionError(
      ref,
      "login_required",
      `${display(ref)} can't be renewed: its provider no longer has this flow.`,
      { hint: `Log in again: auth login ${display(ref)} --force` },
    );
  const scopes = view?.scope ? [view.scope] : (mint.scopes ?? record.scopes ?? minting.scopes ?? []);
  return { minting, mint, server, client, settings, scopes };
}

/** What minting needs of the outside. */
export type MintContext = Pick<Context, "env" | "http" | "now">;

export interface MintOrder {
  readonly minting: Minting;
  readonly mint: Mint;
  readonly server: Server;
  readonly client: Client;
  readonly settings: Values;
  readonly scopes: readonly string[];
  /** Where the login of another connection vouches for this one. */
  readonly voucher?: Voucher;
}

/** @throws AuthError where that connection is gone, or can't vouch for any */
export async function withVoucher(services: Services, order: MintOrder): Promise<MintOrder> {
  const via = vouchingConnection(order.mint);
  if (via === null) return order;
  const { voucherOf } = await import("./identity-assertion.ts");
  const { server, client, scopes } = order;
  return { ...order, voucher: await voucherOf(services, via, { server, client, scopes }) };
}

export interface Minted {
  readonly reply: TokenReply;
  /** When the request was sent: milliseconds. */
  readonly at: number;
  readonly clockOffset: number;
}

/**
 * Nothing rotates, so a second try does no harm: where what we signed was refused and the provider's clock is another
 * than we thought, it is signed again by that clock.
 * @throws OAuthFailure; AuthError when there is nothing to prove ourselves with
 */
export async function mintToken(context: MintContext, order: MintOrder): Promise<Minted> {
  const signs = signingOf(order) !== null;
  let clockOffset = signs ? order.mint.clockOffset : 0;
  for (let again = false; ; again = true) {
    const at = context.now();
    if (order.minting.use === "bearer") return { reply: await signedToken(order, at), at, clockOffset };
    const raw = await send(context, order, at + clockOffset);
    const measured = signs ? clockOffsetOf(raw, context.now()) : 0;
    try {
      const reply = await readMinted(order.server, order.client, raw, context.now());
      return { reply, at, clockOffset: measured };
    } catch (error) {
      const refused = error instanceof OAuthFailure && error.class !== "transient";
      if (again || !refused || measured === clockOffset) throw error;
      clockOffset = measured;
    }
  }
}

async function send(context: MintContext, order: MintOrder, now: number): Promise<RawReply> {
  const { minting, server, client, scopes } = order;
  if (minting.use === "bearer") throw new Error("a token that is signed here is not requested");
  return sendMint(context.http, server, client, {
    url: endpointOf(order),
    use: minting.use,
    proof: await proofOf(context, order, now),
    scopes,
    // The identity provider has put the scopes that it allows into the assertion.
    parameters: filled(
      minting.parameters ?? {},
      valuesOf(order.voucher === undefined ? order : { ...order, scopes: [] }),
    ),
    timeout: LIMITS.exchange,
  });
}

async function proofOf(context: MintContext, order: MintOrder, now: number): Promise<Secret | null> {
  const { mint, minting } = order;
  switch (mint.proof) {
    case "secret":
      return null;
    case "subject-token":
      if (order.voucher !== undefined) return order.voucher.assertion();
      return subjectToken(context, mint, fill(minting.audience ?? "{}", valuesOf(order)));
    default:
      return sign(order, now);
  }
}

/** The claims that are signed with the connection's key, or null where it has none. */
function signingOf({ mint, minting }: MintOrder): Signing | null {
  return mint.proof === "key" || mint.proof === "certificate" ? (minting.sign ?? null) : null;
}

async function sign(order: MintOrder, now: number): Promise<Secret> {
  const signing = signingOf(order);
  const { secret } = order.mint;
  if (signing === null || secret === null)
    throw new AuthError("client_missing", "The key is missing.", { hint: "Log in again with --key." });
  const values = valuesOf(order);
  const { signJwt } = await import("../oauth/jwt.ts");
  return signJwt(
    {
      algorithm: signing.algorithm,
      header: { ...TYPES[order.minting.use], ...filled(signing.header ?? {}, values) },
      claims: filled(signing.claims, values),
      lifetime: signing.lifetimeSeconds,
      backdate: signing.backdateSeconds ?? 0,
      unique: signing.unique ?? false,
    },
    secret,
    now,
  );
}

/** The type of a client's own assertion (RFC 10070). A description may name another, for providers that refuse this one. */
const TYPES: Readonly<Partial<Record<Minting["use"], Readonly<Record<string, string>>>>> = {
  assertion: { typ: "client-authentication+jwt" },
};

/** A token that is made here, without a request. */
async function signedToken(order: MintOrder, now: number): Promise<TokenReply> {
  const { lifetimeSeconds = 0, backdateSeconds = 0 } = order.minting.sign ?? {};
  return bareReply(await sign(order, now), { expiresIn: lifetimeSeconds - backdateSeconds });
}

function endpointOf({ minting, server }: MintOrder): string {
  const name = minting.endpoint ?? "token";
  const url = server.endpoints[name];
  if (url !== undefined) return url;
  throw endpointMissing(server, name);
}

/** What templates may name; what has no value is not there. */
export function valuesOf(order: MintOrder): Values {
  const { server, client, minting, mint, settings, scopes } = order;
  const more = {
    clientId: client.id,
    tokenEndpoint: server.endpoints[minting.endpoint ?? "token"] ?? "",
    issuer: server.issuer ?? "",
    scope: scopes.join(server.dialect.scopes.separator),
  };
  return {
    ...settings,
    ...mint.values,
    ...Object.fromEntries(Object.entries(more).filter(([, value]) => value !== "")),
  };
}

function filled(claims: Signing["claims"], values: Values): Record<string, string> {
  const found = Object.entries(claims).map(([name, claim]) => {
    const template = templateOf(claim, values);
    return [name, template === null ? null : fill(template, values)] as const;
  });
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== null));
}
