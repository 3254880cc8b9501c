/**
 * A token endpoint's reply, from the provider's dialect into RFC 6749's words. The id_token is checked apart from the
 * rest, so that a bad one never costs a rotated refresh token (RULES.md 2.2).
 */
import { AuthError } from "../platform/errors.ts";
import { asObject, at, firstText, type Json, textAt } from "../platform/json.ts";
import { outsideWords, redact, redactJson } from "../platform/redact.ts";
import { knowSecret, Secret } from "../platform/secret.ts";
import { syntaxFault } from "../platform/syntax.ts";
import type { Dialect } from "../providers/defaults.ts";
import { accountIn } from "./account.ts";
import { decodeBody, isSuccess, readBody } from "./body.ts";
import { classifyReply, codeOf, serverTime } from "./classify.ts";
import { lifetimeAt, lifetimeOf, secondsToExp } from "./expiry.ts";
import { checkIdToken, decodeJwt, type ExpectedIdToken } from "./idtoken.ts";
import { reportedIn } from "./reported-settings.ts";
import { shapeLine } from "./shape.ts";
import { type Client, OAuthFailure, type RawReply, type Server, type TokenReply } from "./types.ts";

/**
 * @throws OAuthFailure for an error, classed by the dialect, and for a success that can't be used: `unreadable` where
 * it may hold a refresh token
 */
export async function readTokenReply(
  server: Server,
  client: Client,
  raw: RawReply,
  expected: ExpectedIdToken,
): Promise<TokenReply> {
  const { dialect } = server;
  const body = tokensIn(await bodyOf(raw, dialect), dialect);
  if (body !== null) knowTokens(body, dialect);
  // Errors that come with 200 have a code instead of a token, or neither.
  const accessText = body !== null && isSuccess(raw) ? accessTextIn(body, dialect, expected.current) : null;
  if (body === null || accessText === null) throw notTokens(raw, body, dialect, expected.now, client);

  const now = serverTime(raw, expected.now);
  const accessToken = new Secret(accessText);
  const refreshText = textAt(body, dialect.reply.refreshToken);
  const refreshToken = refreshText === null ? null : new Secret(refreshText);
  const fault = syntaxFault("access token", accessText) ?? syntaxFault("refresh token", refreshText ?? "");
  const received = { accessToken, refreshToken };
  if (fault !== null) throw expected.login ? refusedLogin(raw, fault, received) : unusable(raw, body, dialect, fault);
  const idToken = checkIdToken(server, client, at(body, dialect.reply.idToken), { ...expected, now });
  if (idToken.verdict === "refused")
    throw expected.login
      ? refusedLogin(raw, idToken.fault, received, idToken.byClock)
      : unusable(raw, body, dialect, idToken.fault);
  const account = await byPlugin(raw, () => accountIn(dialect, body, idToken.claims), expected.login ? received : null);
  const { subject } = expected;
  if (subject !== null && dialect.account.from === "reply" && account?.id && account.id !== subject)
    throw unusable(raw, body, dialect, "the reply is about another account");

  const { expiry, refreshExpiresIn, refreshTimeout, authorizationExpiresIn } = dialect.reply;
  const lifetime = lifetimeOf(body, expiry, now);
  const refreshLifetimes = [refreshExpiresIn, refreshTimeout, authorizationExpiresIn].map((path) =>
    lifetimeAt(body, path, "seconds", now),
  );
  // Zero is how some say "never".
  const [ofRefreshToken, unused, ofAuthorization] = refreshLifetimes.map(({ seconds }) => seconds || null);
  const scopes = scopesIn(redactJson(at(body, dialect.reply.scope)), dialect.scopes.replySeparator);
  const renewsItself = dialect.refresh.credential === "access_token" ? accessToken : null;
  return {
    accessToken,
    tokenType: redact(textAt(body, dialect.reply.tokenType)?.toLowerCase() ?? "bearer"),
    expiresIn: lifetime.seconds,
    ownExpiresIn: secondsToExp(decodeJwt(accessText)?.claims, now),
    refreshToken: refreshToken ?? renewsItself,
    refreshExpiresIn: ofRefreshToken ?? null,
    refreshTimeout: unused ?? null,
    authorizationExpiresIn: ofAuthorization ?? null,
    unread: [
      ...[lifetime, ...refreshLifetimes].flatMap(({ unread }) => (unread === null ? [] : [unread])),
      ...scopes.unread,
    ],
    scopes: scopes.granted,
    idToken: idToken.token,
    account,
    extra: extraOf(body, dialect),
    reported: reportedIn(dialect.settings, "reply", (path) => at(body, path)),
  };
}

/** @param current the access token that a refresh was sent for: a reply may say that it lives on */
function accessTextIn(body: Json, { reply, refresh }: Dialect, current: Secret | null = null): string | null {
  const text = textAt(body, reply.accessToken);
  const { keepsAccessToken } = refresh;
  if (text !== null || current === null || keepsAccessToken === undefined) return text;
  const livesOn = Object.entries(keepsAccessToken).every(([path, value]) => firstText(body, [path]) === value);
  return livesOn ? current.reveal() : null;
}

/** Under the names that the description has for them, in an error's reply too. */
function knowTokens(body: Json, { reply }: Dialect): void {
  for (const path of [reply.accessToken, reply.refreshToken, reply.idToken]) {
    const token = textAt(body, path);
    if (token !== null) knowSecret(token);
  }
}

/** As it came, or as the plugin's function has it. */
function bodyOf(raw: RawReply, { functions }: Dialect): Promise<Json | null> {
  const body = readBody(raw);
  const { reply } = functions ?? {};
  if (reply === undefined) return Promise.resolve(body);
  const given = { status: raw.status, headers: raw.headers, body: body ?? decodeBody(raw) };
  return byPlugin(raw, async () => (await reply(given)) as Json);
}

/**
 * What a plugin's function can't read is not lost by that: the reply to a refresh is kept, and read again by the next call.
 *
 * @param received what a login gives back instead
 */
async function byPlugin<T>(
  raw: RawReply,
  work: () => Promise<T>,
  received: OAuthFailure["received"] = null,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    throw new OAuthFailure({
      class: "transient",
      reason: error.message,
      status: raw.status,
      inDoubt: true,
      unreadable: true,
      plugin: true,
      received,
      cause: error,
    });
  }
}

/** Where the reply has no access token, the group that `alternate` names is read instead, beside the other fields. */
function tokensIn(body: Json | null, { reply }: Dialect): Json | null {
  if (body === null || reply.alternate === undefined || textAt(body, reply.accessToken) !== null) return body;
  return { ...body, ...asObject(at(body, reply.alternate)) };
}

function notTokens(raw: RawReply, body: Json | null, dialect: Dialect, now: number, client: Client): OAuthFailure {
  const isError = raw.status >= 300 || (body !== null && codeOf(body, dialect) !== null);
  return !isError && holdsRefreshToken(raw, body, dialect)
    ? unusable(raw, body, dialect, "unreadable reply")
    : classifyReply(raw, body, dialect, now, client);
}

/**
 * Whether the reply holds what a rotation brought: then its bytes are kept. One that was cut off can't be parsed, so its
 * text is looked through for the field with a value; a page or a message that only mentions the name has none.
 */
function holdsRefreshToken(raw: RawReply, body: Json | null, { reply }: Dialect): boolean {
  if (body !== null) return textAt(body, reply.refreshToken) !== null;
  const name = reply.refreshToken.slice(reply.refreshToken.lastIndexOf(".") + 1);
  const field = name.replace(/\W/g, "\\$&");
  return new RegExp(`"${field}"\\s*:\\s*"[^"\\s]|^([^<>\\s]*&)?${field}=[^&<>\\s]`).test(decodeBody(raw));
}

/**
 * OpenID Connect Core §3.1.3.5: an answer whose id_token breaks a rule is refused as a whole, as is one whose tokens have
 * characters that tokens can't have. What came is revoked.
 */
function refusedLogin(
  raw: RawReply,
  reason: string,
  received: NonNullable<OAuthFailure["received"]>,
  byClock = false,
): OAuthFailure {
  const clock = "Check this machine's clock first (auth doctor), then log in again";
  const again = byClock ? clock : "Log in again";
  return new OAuthFailure({
    class: "transient",
    reason,
    status: raw.status,
    inDoubt: true,
    unreadable: true,
    received,
    remedy: `Nothing was stored. ${again}; if it happens again, the issuer's operator has to mend this.`,
  });
}

function unusable(raw: RawReply, body: Json | null, dialect: Dialect, reason: string): OAuthFailure {
  const unreadable = holdsRefreshToken(raw, body, dialect);
  const shape = body === null ? null : shapeLine(body);
  return new OAuthFailure({ class: "transient", reason, status: raw.status, inDoubt: true, unreadable, shape });
}

interface Scopes {
  /** null: the reply names none. */
  readonly granted: readonly string[] | null;
  /** What can't be a scope's name, for the log. */
  readonly unread: readonly string[];
}

/**
 * A list, or a text separated by blanks or as the dialect has it. An empty one means that none was granted; only a
 * reply without any means the requested ones (RFC 6749 §5.1).
 */
function scopesIn(value: unknown, separator: string): Scopes {
  if (typeof value !== "string" && !Array.isArray(value)) return { granted: null, unread: [] };
  const parts = typeof value === "string" ? value.split(separator || " ") : value;
  const names = parts.filter((part) => typeof part === "string").flatMap((part) => part.split(/\s+/));
  const given = names.filter((name) => name !== "");
  const granted = given.filter((name) => syntaxFault("scope", name) === null);
  const unread = given
    .filter((name) => syntaxFault("scope", name) !== null)
    .map((name) => `scope ${outsideWords(name, 40)}`);
  return { granted: granted.length === 0 && given.length > 0 ? null : granted, unread };
}

function extraOf(body: Json, { reply }: Dialect): Record<string, unknown> {
  const kept = reply.extra.map((path) => [path, redactJson(at(body, path))] as const);
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined && value !== null));
}
