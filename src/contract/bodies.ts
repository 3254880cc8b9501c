/** Replies as a description says they look: every value at the path that it names. */
import { firstText } from "../platform/json.ts";
import { type Dialect, ERROR_DEFAULTS } from "../providers/defaults.ts";
import type { ErrorClass } from "../providers/schema.ts";
import { Mismatch } from "./check.ts";

export type Body = Record<string, unknown>;

/** How long an access token of the test lives, in seconds. */
export const LIFETIME = 3600;

/** Sets the value at a dotted path. @throws Mismatch where something else is there already */
export function put(body: Body, path: string, value: unknown, field: string): void {
  const steps = path.split(".");
  const last = steps.pop() ?? "";
  let here = body;
  for (const step of steps) {
    if (!Object.hasOwn(here, step)) here[step] = {};
    const next = here[step];
    if (typeof next !== "object" || next === null)
      throw new Mismatch(`${field} is ${path}, but ${step} is a value of its own in the same reply`);
    here = next as Body;
  }
  const held = Object.hasOwn(here, last) ? here[last] : undefined;
  if (held !== undefined && held !== value)
    throw new Mismatch(`${field} is ${path}, where the same reply has something else`);
  here[last] = value;
}

/** A lifetime in the unit that the description names. */
function expiryOf(unit: Dialect["reply"]["expiry"]["unit"], seconds: number, now: number): number | string {
  switch (unit) {
    case "seconds":
      return seconds;
    case "milliseconds":
      return seconds * 1000;
    case "epoch":
      return Math.ceil(now / 1000) + seconds;
    case "epoch-milliseconds":
      return now + seconds * 1000;
    case "iso":
      return new Date(now + seconds * 1000).toISOString();
  }
}

export type ErrorReply =
  | { readonly status: number; readonly body: Body }
  | { readonly status: number; readonly html: string; readonly headers?: Record<string, string> };

/** Entries of `errors.codes` for replies that name none. */
export const BY_STATUS = /^(HTTP|HTML) (\d{3})$/;

/**
 * An error reply whose meaning hangs on `code` alone: an entry of `errors.codes`, or a word of the RFCs.
 * @param status 400, or 200 where a provider's errors look like successes
 */
export function errorReply({ reply, errors }: Dialect, code: string, status = 400): ErrorReply {
  const body: Body = {};
  const [, kind, byStatus] = BY_STATUS.exec(code) ?? [];
  if (kind === "HTTP") return { status: Number(byStatus), body: { note: "no code" } };
  if (kind === "HTML") return { status: Number(byStatus), html: "<h1>No</h1>" };
  const { error, errorDescription } = reply;
  // `{"error": {"code": …, "message": …}}`: a code is looked for inside too.
  const place = errorDescription.startsWith(`${error}.`) ? `${error}.code` : error;
  const [subcodes] = errors.subcodes;
  const number = subcodeNumber(errors, code);
  if (number !== null && subcodes !== undefined) {
    put(body, place, "invalid_grant", "reply.error");
    put(body, subcodes, [number], "errors.subcodes.0");
  } else put(body, place, code, "reply.error");
  put(body, errorDescription, "As the contract test has it.", "reply.errorDescription");
  return { status, body };
}

/** The number, where a code is the prefix for sub-codes and a number. */
function subcodeNumber({ subcodePrefix }: Dialect["errors"], code: string): number | null {
  if (subcodePrefix === "" || !code.startsWith(subcodePrefix)) return null;
  const rest = code.slice(subcodePrefix.length);
  return /^\d+$/.test(rest) ? Number(rest) : null;
}

/** Codes of a class: the description's own, then those of the RFCs that it leaves as they are. */
export function codesOf(dialect: Dialect, wanted: ErrorClass): string[] {
  const { codes } = dialect.errors;
  const own = Object.entries(codes).filter(([code, entry]) => classOf(entry) === wanted && !BY_STATUS.test(code));
  const standard = Object.entries(ERROR_DEFAULTS).filter(
    ([code, means]) => means === wanted && !Object.hasOwn(codes, code),
  );
  return [...own, ...standard].map(([code]) => code);
}

export function classOf(entry: ErrorClass | { readonly class: ErrorClass }): ErrorClass {
  return typeof entry === "string" ? entry : entry.class;
}

const REFRESH_LIFETIME = 30 * 24 * 3600;

/** RFC 6749 §5.1 in the provider's words. @param of.lifetime seconds; null: the reply doesn't say */
export function putTokens(
  body: Body,
  { reply, scopes }: Dialect,
  accessToken: string,
  of: { readonly scopes: readonly string[]; readonly refreshToken: string | null; readonly lifetime: number | null },
): void {
  put(body, reply.accessToken, accessToken, "reply.accessToken");
  put(body, reply.tokenType, "bearer", "reply.tokenType");
  if (of.scopes.length > 0) put(body, reply.scope, of.scopes.join(scopes.replySeparator || " "), "reply.scope");
  if (of.lifetime !== null)
    put(body, reply.expiry.path, expiryOf(reply.expiry.unit, of.lifetime, Date.now()), "reply.expiry.path");
  if (of.refreshToken !== null) {
    put(body, reply.refreshToken, of.refreshToken, "reply.refreshToken");
    put(body, reply.refreshExpiresIn, REFRESH_LIFETIME, "reply.refreshExpiresIn");
  }
  for (const [i, path] of reply.extra.entries()) put(body, path, `kept ${i}`, `reply.extra.${i}`);
}

const ACCOUNT = { id: "4711", label: "ada@example.com", organization: "Analytical Engines" };

/** Puts the account where the description looks for it first. Several fields may have one path. */
export function putAccount(body: Body, { account }: Dialect): void {
  for (const field of ["id", "label", "organization"] as const) {
    const [path] = account[field];
    if (path !== undefined && firstText(body, [path]) === null) put(body, path, ACCOUNT[field], `account.${field}.0`);
  }
}

/** OpenID Connect Core §2. Its signature isn't checked: it came from the token endpoint itself. */
export function idToken(dialect: Dialect, issuer: string | null, clientId: string, nonce: string | null): string {
  const now = Math.floor(Date.now() / 1000);
  const claims: Body = { iss: issuer ?? "https://issuer.example", aud: clientId, iat: now, exp: now + 3600 };
  if (nonce !== null) claims.nonce = nonce;
  if (dialect.account.from !== "reply") putAccount(claims, dialect);
  claims.sub ??= ACCOUNT.id;
  const part = (value: unknown): string =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
  return `${part({ alg: "ES256", typ: "JWT" })}.${part(claims)}.${part("not checked")}`;
}
