/** The account of a token: from the token reply, from its id_token, or by a request. */
import type { Http, HttpReply } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import { firstText, type Json } from "../platform/json.ts";
import { holdsSecret, redact } from "../platform/redact.ts";
import type { Secret } from "../platform/secret.ts";
import { originOf } from "../platform/url.ts";
import type { Dialect } from "../providers/defaults.ts";
import { isSuccess, readBody } from "./body.ts";
import type { ProofKey } from "./dpop.ts";
import { tokenHeaders } from "./header.ts";
import { decodeJwt } from "./idtoken.ts";
import { lowerCased } from "./send.ts";
import type { Account, Server } from "./types.ts";

/** The account that a token reply names, or null. */
export async function accountIn(dialect: Dialect, body: Json, claims: Json | null): Promise<Account | null> {
  const source = dialect.account.from === "reply" ? body : claims;
  return source === null ? null : accountOf(dialect, source);
}

export type AccountAnswer =
  | { readonly kind: "known"; readonly account: Account; readonly scopes: readonly string[] | null }
  /** The provider has no such endpoint. */
  | { readonly kind: "unsupported" }
  /** It is about another account than the id_token: none of it may be used (OpenID Connect Core §5.3.2). */
  | { readonly kind: "contradicted" }
  /** 401 or 403: the provider does not take this token. */
  | { readonly kind: "refused"; readonly status: number }
  /** @param reason in words, without secrets */
  | { readonly kind: "unreachable"; readonly reason: string };

/**
 * Asks the provider, unless the reply named the account. The id_token's account counts where the provider can't be asked.
 * @param options.timeout milliseconds
 */
export async function askAccount(
  http: Http,
  server: Server,
  tokens: {
    readonly accessToken: Secret;
    readonly idToken?: Secret | null;
    readonly account?: Account | null;
    readonly proof?: ProofKey;
  },
  options: { readonly timeout: number },
): Promise<AccountAnswer> {
  const { dialect, endpoints } = server;
  const account = tokens.account ?? null;
  const byToken: AccountAnswer | null = account === null ? null : { kind: "known", account, scopes: null };
  if (byToken !== null && dialect.account.from !== "userinfo") return byToken;
  if (endpoints.userinfo === undefined) return byToken ?? { kind: "unsupported" };
  const answer = await askUserinfo(http, server, endpoints.userinfo, tokens, options.timeout);
  return answer.kind === "known" || answer.kind === "contradicted" ? answer : (byToken ?? answer);
}

async function askUserinfo(
  http: Http,
  server: Server,
  url: string,
  { accessToken, idToken, proof }: Parameters<typeof askAccount>[2],
  timeout: number,
): Promise<AccountAnswer> {
  const { dialect, issuer } = server;
  let reply: HttpReply;
  try {
    const { method, body, header, headers } = dialect.account;
    const common = {
      accept: "application/json",
      ...(body !== undefined && { "content-type": "application/json" }),
      ...lowerCased(headers),
      ...tokenHeaders(header === undefined ? server : { ...server, dialect: { ...dialect, header } }, accessToken),
    };
    const ask = (proved: Readonly<Record<string, string>> = {}): Promise<HttpReply> =>
      http({
        method,
        url,
        headers: { ...common, ...proved },
        ...(body !== undefined && { body }),
        timeout,
        retry: true,
      });
    reply = proof?.needed
      ? await (await import("./dpop.ts")).askProved(proof, method, url, accessToken, ask)
      : await ask();
  } catch (error) {
    if (error instanceof HttpError) return { kind: "unreachable", reason: error.message };
    throw error;
  }
  const { status } = reply;
  if (status === 401 || status === 403) return { kind: "refused", status };
  const raw = { status, headers: { "content-type": reply.headers.get("content-type") ?? "" }, body: reply.body };
  const body = isSuccess(raw) ? readBody(raw) : null;
  if (body === null) {
    const what = isSuccess(raw) ? "a reply that is no JSON object" : `HTTP ${status}`;
    return { kind: "unreachable", reason: `${what}: ${originOf(url)}` };
  }
  const subject = idToken ? decodeJwt(idToken.reveal())?.claims.sub : undefined;
  if (subject !== undefined && body.sub !== undefined && body.sub !== subject) return { kind: "contradicted" };
  // An issuer must name the subject; without it, both could be about different accounts.
  if (subject !== undefined && body.sub === undefined && issuer !== null)
    return { kind: "unreachable", reason: `a reply without a subject: ${originOf(url)}` };
  const account = (await accountOf(dialect, body)) ?? { id: null, label: null, organization: null };
  return { kind: "known", account, scopes: grantedScopes(dialect, reply.headers) };
}

async function accountOf({ account: paths, functions }: Dialect, source: Json): Promise<Account | null> {
  const fields = ((await functions?.account?.(source)) ?? source) as Json;
  const id = firstText(fields, paths.id);
  const account = {
    // Not redacted: ids are compared, and redacted ones would be equal.
    id: id === null || id.length > LONGEST_ID || holdsSecret(id) ? null : id,
    label: redacted(firstText(fields, paths.label)),
    organization: redacted(firstText(fields, paths.organization)),
  };
  return account.id === null && account.label === null ? null : account;
}

/** OpenID Connect Core §2 allows a subject 255 characters. */
const LONGEST_ID = 1024;

function redacted(name: string | null): string | null {
  return name === null ? null : redact(name);
}

function grantedScopes(dialect: Dialect, headers: Headers): string[] | null {
  const name = dialect.account.scopesHeader;
  const value = name === undefined ? null : headers.get(name);
  return value === null
    ? null
    : redact(value)
        .split(/[\s,]+/)
        .filter((scope) => scope !== "");
}
