/**
 * How long a token lives where only the provider's introspection knows (RFC 7662 §2.2, `exp`). Asked once the tokens
 * are stored, with a short time limit: without an answer they are used all the same.
 */
import type { Client, Server, TokenReply } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Secret } from "../platform/secret.ts";
import type { Dialect } from "../providers/defaults.ts";
import type { Tokens } from "./record.ts";
import type { Services } from "./services.ts";
import { expiryOf } from "./tokens.ts";

/** @returns milliseconds since the epoch; null where there is nothing to ask, or no answer */
export async function introspectedExpiry(
  { context }: Services,
  server: Server,
  client: Client,
  token: Secret,
): Promise<number | null> {
  if (!server.dialect.reply.expiry.introspect || server.endpoints.introspection === undefined) return null;
  const { introspect } = await import("../oauth/introspect.ts");
  try {
    const briefly: typeof context.http = (request) => context.http({ ...request, timeout: LIMITS.account });
    const { active, exp } = await introspect(briefly, server, client, token);
    return active && typeof exp === "number" && Number.isFinite(exp) && exp > 0 ? exp * 1000 : null;
  } catch (error) {
    // The token may be good all the same.
    if (!(error instanceof AuthError)) throw error;
    context.debug(`introspection: ${error.message}`);
    return null;
  }
}

/** A login's reply with that lifetime, where its provider is to be asked for it. */
export async function withIntrospectedLifetime(
  services: Services,
  { server, client }: { readonly server: Server; readonly client: Client | null },
  reply: TokenReply,
): Promise<TokenReply> {
  const expiresAt = client === null ? null : await introspectedExpiry(services, server, client, reply.accessToken);
  if (expiresAt === null) return reply;
  return { ...reply, expiresIn: Math.max(0, Math.floor((expiresAt - services.context.now()) / 1000)) };
}

/** The tokens with that lifetime, unless others took their place meanwhile. */
export function withExpiry(current: Tokens | null, token: Secret, expiresAt: number, dialect: Dialect): Tokens | null {
  if (current === null || !current.accessToken.equals(token)) return current;
  const expiresIn = Math.max(0, Math.floor((expiresAt - current.obtainedAt) / 1000));
  const context = { at: current.obtainedAt, previous: current };
  return {
    ...current,
    ...expiryOf({ expiresIn, ownExpiresIn: null }, dialect, context, current.refreshToken !== null),
  };
}
