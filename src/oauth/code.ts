/** A code that came some other way than through our own browser login: exchanged as it is (RFC 6749 §4.1.3). */
import type { Http } from "../platform/http.ts";
import type { Secret } from "../platform/secret.ts";
import { sendGrant } from "./grant.ts";
import { loginError } from "./login-error.ts";
import { readTokenReply } from "./reply.ts";
import { type Client, OAuthFailure, type Server, type TokenReply } from "./types.ts";

/**
 * @param redirectUri where the request for the code named one
 * @param now milliseconds
 * @throws AuthError when the provider doesn't give tokens for the code
 */
export async function redeemCode(
  http: Http,
  server: Server,
  client: Client,
  code: Secret,
  redirectUri: string | null,
  now: number,
): Promise<TokenReply> {
  const parameters = { code: code.reveal(), ...(redirectUri === null ? {} : { redirect_uri: redirectUri }) };
  const further = server.dialect.request.tokenParameters;
  try {
    const sending = { http, server, client, withSecret: true };
    const raw = await sendGrant(sending, { type: "authorization_code", parameters, further });
    return await readTokenReply(server, client, raw, { subject: null, now, login: true });
  } catch (error) {
    throw error instanceof OAuthFailure ? loginError(server, error, redirectUri ?? undefined) : error;
  }
}
