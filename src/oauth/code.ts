/** Exchanges a code for tokens (RFC 6749 §4.1.3). */
import type { Http } from "../platform/http.ts";
import type { Secret } from "../platform/secret.ts";
import { loginError } from "./login-error.ts";
import { readTokenReply } from "./reply.ts";
import type { ReportedSettings } from "./reported-settings.ts";
import { sendGrant } from "./send.ts";
import { type Client, OAuthFailure, type Server, type TokenReply } from "./types.ts";

/** The provider's answer, and what is sent with it to the token endpoint. */
export interface Authorization {
  readonly code: Secret;
  /** The one that the request for the code named; null: none. */
  readonly redirectUri: string | null;
  /** PKCE's (RFC 7636); null where the request had no challenge. */
  readonly verifier: Secret | null;
  readonly nonce: string | null;
  /** Other parameters of the answer that are stored. */
  readonly extra: Readonly<Record<string, string>>;
  /** Reported settings, unchecked. */
  readonly reported: ReportedSettings;
}

/** The value of `redirect_uri`: some providers use a name instead of the address (`authorize.redirect.value`). */
export function sentRedirect({ dialect }: Server, redirectUri: string): string {
  return dialect.authorize.redirect.value ?? redirectUri;
}

/**
 * @param now milliseconds
 * @throws AuthError when the provider doesn't give tokens for the code
 */
export async function exchangeCode(
  http: Http,
  server: Server,
  client: Client,
  { code, redirectUri, verifier, nonce, extra }: Authorization,
  now: number,
): Promise<TokenReply> {
  const sent = redirectUri === null ? null : sentRedirect(server, redirectUri);
  const parameters = {
    code: code.reveal(),
    ...(sent !== null && { redirect_uri: sent }),
    ...(verifier !== null && { code_verifier: verifier.reveal() }),
  };
  try {
    const sending = { http, server, client, withSecret: true };
    const raw = await sendGrant(sending, { type: "authorization_code", parameters, redirectUri: sent });
    const reply = await readTokenReply(server, client, raw, { subject: null, nonce, now, login: true });
    return { ...reply, extra: { ...extra, ...reply.extra }, ...(sent !== null && { redirectUri: sent }) };
  } catch (error) {
    throw error instanceof OAuthFailure ? loginError(server, error, redirectUri ?? undefined) : error;
  }
}
