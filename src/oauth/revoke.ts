/** Ends a login at the provider (RFC 7009, or the provider's own way). */
import type { Http } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import { LIMITS } from "../platform/limits.ts";
import { outsideWords } from "../platform/redact.ts";
import type { Secret } from "../platform/secret.ts";
import type { Dialect } from "../providers/defaults.ts";
import { isSuccess, readBody } from "./body.ts";
import { codeOf } from "./classify.ts";
import { tokenHeaders } from "./header.ts";
import { keptHeaders, lowerCased, type Sending, sendForm, spokenTo } from "./send.ts";
import { type Client, OAuthFailure, type RawReply, type Server } from "./types.ts";

export interface Revocable {
  readonly accessToken: Secret | null;
  readonly refreshToken: Secret | null;
}

/**
 * Revokes the refresh token first, then the access token. Never fails: a login is erased here whatever the provider
 * says.
 * @param tell is given the reason, in words, where a token is not revoked for certain
 * @returns whether the grant's token (the refresh token, where there is one) is revoked for certain
 */
export async function revokeTokens(
  http: Http,
  server: Server,
  client: Client,
  tokens: Revocable,
  tell: (reason: string) => void = () => {},
): Promise<boolean | "unsupported"> {
  const { revocation } = server.dialect;
  if (server.endpoints.revocation === undefined) return "unsupported";
  const url = server.endpoints.revocation.replace("{clientId}", () => encodeURIComponent(client.id));
  const provesItself = client.secret !== null || client.key !== undefined;
  if (revocation.needsSecret && !provesItself) return "unsupported";
  const { accessToken } = tokens;
  const spoken = spokenTo(server, revocation.request);
  if (revocation.style === "bearer")
    return accessToken === null ? "unsupported" : revokeItself(http, spoken, url, accessToken, tell);

  const sending = { http, server: spoken, client, withSecret: true, timeout: LIMITS.account };
  const results: (boolean | "unsupported")[] = [];
  for (const { token, hint } of sentOf(tokens, revocation.tokens))
    results.push(await revoke(sending, url, token, hint, results.length === 0 ? tell : () => {}));
  return results[0] ?? "unsupported";
}

/** Whether a login ends by its access token alone: nothing else is sent. */
export function endsByAccessToken({ revocation: { style, tokens } }: Dialect): boolean {
  return style === "bearer" || !tokens.includes("refresh_token");
}

type TokenKind = "refresh_token" | "access_token";

/** Which tokens are sent, in order. Where the access token renews itself, both are one. */
function sentOf(
  { refreshToken, accessToken }: Revocable,
  wanted: readonly TokenKind[],
): { readonly token: Secret; readonly hint: TokenKind }[] {
  const isOne = refreshToken !== null && accessToken?.equals(refreshToken) === true;
  const held = [
    { token: isOne && wanted.includes("access_token") ? null : refreshToken, hint: "refresh_token" },
    { token: accessToken, hint: "access_token" },
  ] as const;
  return held.flatMap(({ token, hint }) => (token === null || !wanted.includes(hint) ? [] : [{ token, hint }]));
}

/** 200 also means that the token wasn't known (RFC 7009 §2.2): gone either way. */
async function revoke(
  sending: Sending,
  url: string,
  token: Secret,
  hint: TokenKind,
  tell: (reason: string) => void,
): Promise<boolean | "unsupported"> {
  let raw: RawReply;
  try {
    raw = await sendForm(sending, url, { token_type_hint: hint, token: token.reveal() });
  } catch (error) {
    if (!(error instanceof OAuthFailure)) throw error;
    tell(error.reason);
    return false;
  }
  return isRevokedBy(raw, sending.server.dialect, tell);
}

function isRevokedBy(raw: RawReply, dialect: Dialect, tell: (reason: string) => void): boolean | "unsupported" {
  const body = readBody(raw);
  const code = body === null ? null : codeOf(body, dialect);
  if (code === "unsupported_token_type") return "unsupported";
  const isRevoked = isSuccess(raw) && code === null;
  if (!isRevoked) tell(`HTTP ${raw.status}${code === null ? "" : `: ${outsideWords(code, 40)}`}`);
  return isRevoked;
}

/** The access token, shown as to an API. Nothing else is sent: some refuse a body that they didn't ask for. */
async function revokeItself(
  http: Http,
  server: Server,
  url: string,
  token: Secret,
  tell: (reason: string) => void,
): Promise<boolean | "unsupported"> {
  const { dialect } = server;
  const { method, headers } = dialect.request;
  try {
    const reply = await http({
      method,
      url,
      headers: { accept: "application/json", ...lowerCased(headers), ...tokenHeaders(server, token) },
      timeout: LIMITS.account,
    });
    return isRevokedBy({ status: reply.status, headers: keptHeaders(reply.headers), body: reply.body }, dialect, tell);
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    tell(error.reason);
    return false;
  }
}
