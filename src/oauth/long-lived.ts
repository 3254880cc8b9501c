/**
 * A second exchange after the login's own: the token that came lives an hour or so, and is exchanged for one that lives
 * for weeks (Meta: https://developers.facebook.com/docs/threads/get-started/long-lived-tokens).
 */
import { AuthError } from "../platform/errors.ts";
import type { Http } from "../platform/http.ts";
import { loginError } from "./login-error.ts";
import { readTokenReply } from "./reply.ts";
import { sendGrant, spokenTo } from "./send.ts";
import { type Client, OAuthFailure, type Server, type TokenReply } from "./types.ts";

/**
 * Fields that the second reply lacks are taken from the first. The first token is not revoked: it expires soon, and revoking
 * it may end the grant.
 *
 * @param now milliseconds
 * @throws AuthError whose cause has the first tokens as `received`, so that they are given back
 */
export async function exchangeForLongLived(
  http: Http,
  server: Server,
  client: Client,
  first: TokenReply,
  now: number,
): Promise<TokenReply> {
  const { dialect, endpoints } = server;
  const { longLived } = dialect;
  if (longLived === undefined) return first;
  const spoken = spokenTo(server, longLived.request);
  const grant = {
    type: longLived.grantType,
    parameters: { [longLived.parameter]: first.accessToken.reveal() },
    further: {},
    ...(endpoints.exchange !== undefined && { url: endpoints.exchange }),
  };
  try {
    const raw = await sendGrant({ http, server: spoken, client, withSecret: true }, grant);
    const reply = await readTokenReply(spoken, client, raw, { subject: null, now, login: true });
    return {
      ...reply,
      ...(first.redirectUri !== undefined && { redirectUri: first.redirectUri }),
      refreshToken: reply.refreshToken ?? first.refreshToken,
      unread: [...first.unread, ...reply.unread],
      scopes: reply.scopes ?? first.scopes,
      idToken: reply.idToken ?? first.idToken,
      account: reply.account ?? first.account,
      extra: { ...first.extra, ...reply.extra },
      reported: { ...first.reported, ...reply.reported },
    };
  } catch (error) {
    // Refused here: a plugin's function failed, or there is no endpoint.
    if (error instanceof AuthError) {
      const failure = new OAuthFailure({ class: "transient", reason: error.message, received: first, cause: error });
      throw error.restated({ cause: failure });
    }
    if (!(error instanceof OAuthFailure)) throw error;
    const received = error.received ?? first;
    const refused = error.class === "dead" ? { class: "refused" as const } : {};
    throw loginError(server, new OAuthFailure({ ...error, ...refused, received, cause: error.cause }));
  }
}
