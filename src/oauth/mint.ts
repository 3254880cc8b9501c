/**
 * Token requests without a person: client credentials (RFC 6749 §4.4), JWT bearer (RFC 7523), token exchange (RFC 8693), and
 * a POST with a self-signed JWT as bearer. Sending and reading are two steps, as for a refresh.
 */
import type { Http } from "../platform/http.ts";
import type { Secret } from "../platform/secret.ts";
import { serverTime } from "./classify.ts";
import { readTokenReply } from "./reply.ts";
import { post, resourceOf, scopeOf, sendGrant } from "./send.ts";
import type { Client, RawReply, Server, TokenReply } from "./types.ts";

export interface MintRequest {
  /** The endpoint. */
  readonly url: string;
  readonly use: "grant" | "request" | "assertion" | "exchange";
  /** A signed JWT, or another issuer's token. null: the client's own secret proves it (`assertion`). */
  readonly proof: Secret | null;
  readonly scopes: readonly string[];
  /** Of the provider's own. */
  readonly parameters: Readonly<Record<string, string>>;
  /** Milliseconds for the whole exchange. */
  readonly timeout: number;
}

const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";
const TOKEN_EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange";
const CLIENT_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/** @throws OAuthFailure only when no reply came */
export function sendMint(http: Http, server: Server, client: Client, request: MintRequest): Promise<RawReply> {
  const { url, use, timeout } = request;
  const proof = request.proof?.reveal() ?? "";
  const common = { ...request.parameters, ...scopeOf(server, request.scopes) };
  switch (use) {
    case "request":
      return post({ http, server, timeout }, url, new URLSearchParams(common), { authorization: `Bearer ${proof}` });
    case "assertion":
      return sendMinted("client_credentials", {
        ...common,
        ...(proof === "" ? {} : { client_assertion_type: CLIENT_ASSERTION, client_assertion: proof }),
      });
    // The scope is in the assertion, where the provider wants one.
    case "grant":
      return sendMinted(JWT_BEARER, { ...request.parameters, assertion: proof });
    case "exchange":
      return sendMinted(TOKEN_EXCHANGE, { ...common, subject_token: proof });
  }

  function sendMinted(type: string, parameters: Readonly<Record<string, string>>): Promise<RawReply> {
    // A JWT grant, or another issuer's token, may identify the client (RFC 7523 §2.1, RFC 8693 §2.1).
    if (client.id === "")
      return post(
        { http, server, timeout },
        url,
        new URLSearchParams({ ...parameters, ...resourceOf(server), grant_type: type }),
      );
    return sendGrant({ http, server, client, withSecret: true, timeout }, { type, parameters, url });
  }
}

/**
 * No refresh token: the proof gets the next token (RFC 6749 §4.4.3).
 * @throws OAuthFailure
 */
export async function readMinted(server: Server, client: Client, raw: RawReply, now: number): Promise<TokenReply> {
  // An id_token is checked against a client, even where the request names none. An assertion proves who asks, too.
  const authentication = client.authentication === "none" ? "private_key_jwt" : client.authentication;
  const checked = { ...client, id: client.id === "" ? "none" : client.id, authentication } as const;
  const reply = await readTokenReply(server, checked, raw, { subject: null, now });
  return { ...reply, refreshToken: null, refreshExpiresIn: null, refreshTimeout: null, account: null };
}

/** Milliseconds that the server's clock is ahead of ours, by its `Date`; less than half a minute is none. */
export function clockOffsetOf(raw: RawReply, now: number): number {
  const offset = serverTime(raw, now) - now;
  return Math.abs(offset) < 30_000 ? 0 : offset;
}
