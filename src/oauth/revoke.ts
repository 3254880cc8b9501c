/** Ends a login at the provider (RFC 7009, or the provider's own way). */
import type { Http } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Secret } from "../platform/secret.ts";
import { readBody } from "./body.ts";
import { codeOf } from "./classify.ts";
import { sendRevocation } from "./send.ts";
import { type Client, OAuthFailure, type RawReply, type Server } from "./types.ts";

export interface Revocable {
  readonly accessToken: Secret | null;
  readonly refreshToken: Secret | null;
}

/**
 * Revokes the refresh token first, then the access token. Never fails: a login is erased here whatever the provider
 * says.
 * @returns whether the grant's token (the refresh token, where there is one) is revoked for certain
 */
export async function revokeTokens(
  http: Http,
  server: Server,
  client: Client,
  tokens: Revocable,
): Promise<boolean | "unsupported"> {
  const { revocation } = server.dialect;
  if (server.endpoints.revocation === undefined) return "unsupported";
  if (revocation.needsSecret && client.secret === null) return "unsupported";
  if (revocation.style === "delete-basic")
    return tokens.accessToken === null ? "unsupported" : deleteToken(http, server, client, tokens.accessToken);

  const results: (boolean | "unsupported")[] = [];
  // Where the access token renews itself, both are one.
  if (tokens.refreshToken !== null && tokens.accessToken?.equals(tokens.refreshToken) !== true)
    results.push(await revoke(http, server, client, tokens.refreshToken, "refresh_token"));
  if (tokens.accessToken !== null) results.push(await revoke(http, server, client, tokens.accessToken, "access_token"));
  return results[0] ?? "unsupported";
}

/** 200 also means that the token wasn't known (RFC 7009 §2.2): gone either way. */
async function revoke(
  http: Http,
  server: Server,
  client: Client,
  token: Secret,
  hint: string,
): Promise<boolean | "unsupported"> {
  let raw: RawReply;
  try {
    raw = await sendRevocation(
      { http, server, client, withSecret: true, timeout: LIMITS.account },
      token.reveal(),
      hint,
    );
  } catch (error) {
    if (error instanceof OAuthFailure) return false;
    throw error;
  }
  const body = readBody(raw);
  const code = body === null ? null : codeOf(body, server.dialect);
  if (code === "unsupported_token_type") return "unsupported";
  return raw.status >= 200 && raw.status < 300 && code === null;
}

/** The token in the body of a DELETE, the client as Basic credentials; its id may stand in the URL. */
async function deleteToken(http: Http, server: Server, client: Client, token: Secret): Promise<boolean> {
  const credentials = new TextEncoder().encode(`${client.id}:${client.secret?.reveal() ?? ""}`).toBase64();
  try {
    const { status } = await http({
      method: "DELETE",
      url: (server.endpoints.revocation ?? "").replace("{clientId}", () => encodeURIComponent(client.id)),
      headers: {
        accept: "application/json",
        ...server.dialect.request.headers,
        authorization: `Basic ${credentials}`,
        "content-type": "application/json",
      },
      body: JSON.stringify({ access_token: token.reveal() }),
      timeout: LIMITS.account,
    });
    return status >= 200 && status < 300;
  } catch (error) {
    if (error instanceof HttpError) return false;
    throw error;
  }
}
