/** One token, minted: the claims filled in and signed, or another issuer's token fetched, and the provider asked. */
import { clockOffsetOf, readMinted, sendMint } from "../oauth/mint.ts";
import { type Client, OAuthFailure, type RawReply, type Server, type TokenReply } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Secret } from "../platform/secret.ts";
import { type Minting, type Signing, templateOf } from "../providers/minting.ts";
import { fill, type Values } from "../providers/template.ts";
import type { Mint } from "./record.ts";
import type { Services } from "./services.ts";
import { subjectToken } from "./subject-token.ts";

export interface MintOrder {
  readonly minting: Minting;
  readonly mint: Mint;
  readonly server: Server;
  readonly client: Client;
  readonly settings: Values;
  readonly scopes: readonly string[];
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
export async function mintToken(services: Services, order: MintOrder): Promise<Minted> {
  const { context } = services;
  const signs = signingOf(order) !== null;
  let clockOffset = signs ? order.mint.clockOffset : 0;
  for (let again = false; ; again = true) {
    const at = context.now();
    if (order.minting.use === "bearer") return { reply: await signedToken(order, at), at, clockOffset };
    const raw = await send(services, order, at + clockOffset);
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

async function send(services: Services, order: MintOrder, now: number): Promise<RawReply> {
  const { minting, server, client, scopes } = order;
  if (minting.use === "bearer") throw new Error("a token that is signed here is not asked for");
  return sendMint(services.context.http, server, client, {
    url: endpointOf(order),
    use: minting.use,
    proof: await proofOf(services, order, now),
    scopes,
    parameters: filled(minting.parameters ?? {}, valuesOf(order)),
    timeout: LIMITS.exchange,
  });
}

async function proofOf(services: Services, order: MintOrder, now: number): Promise<Secret | null> {
  const { mint, minting } = order;
  switch (mint.proof) {
    case "secret":
      return null;
    case "subject-token":
      return subjectToken(services, mint, fill(minting.audience ?? "{}", valuesOf(order)));
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

/** What proves a client says so (RFC 10070); a description may name another type, for providers that refuse this one. */
const TYPES: Readonly<Partial<Record<Minting["use"], Readonly<Record<string, string>>>>> = {
  assertion: { typ: "client-authentication+jwt" },
};

/** Made here, and sent to nobody. */
async function signedToken(order: MintOrder, now: number): Promise<TokenReply> {
  const { lifetimeSeconds = 0, backdateSeconds = 0 } = order.minting.sign ?? {};
  return {
    accessToken: await sign(order, now),
    tokenType: "bearer",
    expiresIn: lifetimeSeconds - backdateSeconds,
    ownExpiresIn: null,
    refreshToken: null,
    refreshExpiresIn: null,
    refreshTimeout: null,
    authorizationExpiresIn: null,
    unread: [],
    scopes: null,
    idToken: null,
    account: null,
    extra: {},
  };
}

function endpointOf({ minting, server }: MintOrder): string {
  const name = minting.endpoint ?? "token";
  const url = server.endpoints[name];
  if (url !== undefined) return url;
  throw new AuthError("provider_unavailable", `${server.dialect.title} has no ${name} endpoint here.`, {
    hint: `Name it: --endpoint ${name}=https://…`,
  });
}

/** What templates may name; what has no value is not there. */
export function valuesOf(order: MintOrder): Values {
  const { server, client, minting, mint, settings, scopes } = order;
  const more = {
    clientId: client.id,
    tokenEndpoint: server.endpoints[minting.endpoint ?? "token"] ?? "",
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
