/** RFC 6749 §6. Sending and reading are two steps: the caller makes the raw reply durable in between. */
import type { Http } from "../platform/http.ts";
import type { Secret } from "../platform/secret.ts";
import { endpointOf, scopeOf, sendGrant, spokenTo } from "./send.ts";
import type { Client, RawReply, Server } from "./types.ts";

export interface RefreshRequest {
  readonly refreshToken: Secret;
  /** null: no scope is sent. */
  readonly scopes: readonly string[] | null;
  /** How the login was made: some want no secret for the refresh of a device login. */
  readonly flow: string | null;
  /** Milliseconds for the whole exchange. */
  readonly timeout: number;
}

/**
 * Sends the refresh token once, and gives the reply as it came, an error too.
 * @throws OAuthFailure only when no reply came
 * @throws AuthError when the provider has no endpoint for it
 */
export function sendRefresh(http: Http, server: Server, client: Client, request: RefreshRequest): Promise<RawReply> {
  const { refreshToken, scopes, flow, timeout } = request;
  const spoken = spokenTo(server, server.dialect.refresh.request);
  const { dialect } = spoken;
  const { secretOnRefresh } = dialect.client;
  const url = server.endpoints.refresh ?? endpointOf(server, "token");
  const withSecret = secretOnRefresh === "always" || (secretOnRefresh === "unless-device" && flow !== "device");
  return sendGrant(
    { http, server: spoken, client, withSecret, timeout },
    {
      type: "refresh_token",
      parameters: { refresh_token: refreshToken.reveal(), ...scopeOf(server, scopes ?? []) },
      further: dialect.request.refreshParameters,
      redirectUri: server.redirectUri,
      url,
    },
  );
}
