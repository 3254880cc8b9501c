/** A token reply as it is stored: what came, what is kept from before, and when each token ends. */
import type { TokenReply } from "../oauth/types.ts";
import type { Secret } from "../platform/secret.ts";
import type { Dialect } from "../providers/defaults.ts";
import type { Vault } from "../vault/types.ts";
import type { Tokens } from "./record.ts";
import { marginOf } from "./status.ts";

/** A token that is over when it comes is not refreshed again for so long. Milliseconds. */
const NOT_AGAIN = 60_000;

export interface TokensContext {
  /** When the request was sent, so that a lifetime is never counted too long. Milliseconds since the epoch. */
  readonly at: number;
  /** null at a login. */
  readonly previous: Tokens | null;
  /** A new token can be had without a person and without a refresh token: it is minted. */
  readonly minted: boolean;
}

/** A missing refresh token means keep the old one, a missing scope means unchanged, an empty one none (RFC 6749 §6, §5.1). */
export function tokensFrom(reply: TokenReply, dialect: Dialect, context: TokensContext): Tokens {
  const { at, previous } = context;
  const refreshToken = reply.refreshToken ?? previous?.refreshToken ?? null;
  return {
    accessToken: reply.accessToken,
    tokenType: reply.tokenType,
    obtainedAt: at,
    ...expiryOf(reply, dialect, context, refreshToken !== null || context.minted),
    refreshToken,
    ...refreshEnds(reply, dialect, at, previous, refreshToken !== null),
    refreshFingerprint: null,
    idToken: reply.idToken ?? previous?.idToken ?? null,
    scopes: [...(reply.scopes ?? previous?.scopes ?? [])],
    extra: { ...previous?.extra, ...reply.extra },
    ...(previous?.proofKey && { proofKey: previous.proofKey }),
  };
}

/**
 * When the access token ends, by the first that tells: the reply; the token itself, where it is a JWT; on a refresh,
 * the last known lifetime; the description. Else it isn't known, and the token is never due by time.
 *
 * A lifetime of 0 counts as none where the token can't be renewed. Where it can, it is due, but after a refresh
 * not again within a minute: each call would use up a refresh token.
 */
export function expiryOf(
  reply: Pick<TokenReply, "expiresIn" | "ownExpiresIn">,
  { reply: { expiry }, refresh }: Dialect,
  { at, previous }: Pick<TokensContext, "at" | "previous">,
  renewable: boolean,
): Pick<Tokens, "expiresAt" | "dueAt"> {
  const { expiresIn, ownExpiresIn } = reply;
  const isOver = expiresIn === 0 && renewable;
  const assumed = isOver ? null : (lastLifetime(previous) ?? (expiry.absent === "never" ? null : expiry.absent));
  const seconds = expiresIn || (ownExpiresIn ?? assumed);
  if (renewable && (isOver || (seconds !== null && seconds <= 0)))
    return {
      expiresAt: seconds !== null && seconds > 0 ? at + seconds * 1000 : null,
      dueAt: previous === null ? at : at + NOT_AGAIN,
    };
  if (seconds === null) return { expiresAt: null, dueAt: null };
  const lifetime = seconds * 1000;
  return { expiresAt: at + lifetime, dueAt: at + lifetime - marginOf(Math.max(0, lifetime), refresh.marginSeconds) };
}

/** Seconds. */
function lastLifetime(previous: Tokens | null): number | null {
  if (previous === null || previous.expiresAt === null || previous.expiresAt <= previous.obtainedAt) return null;
  return Math.floor((previous.expiresAt - previous.obtainedAt) / 1000);
}

/**
 * When the refresh token ends if it isn't used, and when the whole authorization ends however often it is
 * (draft-ietf-oauth-refresh-token-expiration). What a reply lacks is as the description has it, or as it was.
 */
function refreshEnds(
  reply: TokenReply,
  { refresh: { lifetime } }: Dialect,
  at: number,
  previous: Tokens | null,
  refreshable: boolean,
): Pick<Tokens, "refreshExpiresAt" | "authorizationExpiresAt"> {
  if (!refreshable) return { refreshExpiresAt: null, authorizationExpiresAt: null };
  const sooner = [reply.refreshExpiresIn, reply.refreshTimeout].filter((seconds) => seconds !== null);
  const sliding = sooner.length > 0 ? Math.min(...sooner) : lifetime?.slidingSeconds;
  const absolute = reply.authorizationExpiresIn ?? (previous === null ? lifetime?.absoluteSeconds : undefined);
  return {
    refreshExpiresAt: sliding === undefined ? (previous?.refreshExpiresAt ?? null) : at + sliding * 1000,
    authorizationExpiresAt: absolute === undefined ? (previous?.authorizationExpiresAt ?? null) : at + absolute * 1000,
  };
}

/** To find out whether two connections hold one refresh token (RULES.md 2.6). */
export async function refreshFingerprint(
  vault: Pick<Vault, "fingerprint">,
  token: Secret | null,
): Promise<string | null> {
  return token === null ? null : vault.fingerprint(`refresh\0${token.reveal()}`);
}

/** The log's warning about values that can't be read; null where all can. */
export function unreadValues({ unread }: TokenReply): string | null {
  if (unread.length === 0) return null;
  return `The provider's reply has what can't be read, and counts as not there: ${unread.join(", ")}.`;
}
