/** Builds replies as the description declares them, each value at its path. */
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
  for (const [i, step] of steps.entries()) {
    if (!Object.hasOwn(here, step)) here[step] = /^\d+$/.test(steps[i + 1] ?? last) ? [] : {};
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
    case "http-date":
      return new Date(now + seconds * 1000).toUTCString();
  }
}

export type ErrorReply =
  | { readonly status: number; readonly body: Body }
  | { readonly status: number; readonly html: string; readonly headers?: Record<string, string> };

/** Entries of `errors.codes` for replies that name none. */
export const BY_STATUS = /^(HTTP|HTML) (\d{3})$/;

/**
 * An error reply whose meaning depends on `code` alone: an entry of `errors.codes`, or a code of the RFCs.
 * @param status 400, or 200 where a provider's errors look like successes
 */
export function errorReply({ reply, errors }: Dialect, code: string, status = 400): ErrorReply {
  const body: Body = {};
  const [, kind, byStatus] = BY_STATUS.exec(code) ?? [];
  if (kind === "HTTP") return { status: Number(byStatus), body: { note: "no code" } };
  if (kind === "HTML") return { status: Number(byStatus), html: "<h1>No</h1>" };
  const { error, errorDescription } = reply;
  // `{"error": {"code": …, "message": …}}`: the code is searched for inside, too.
  const place = errorDescription.startsWith(`${error}.`) ? `${error}.code` : error;
  const [subcodes] = errors.subcodes;
  const number = subcodeNumber(errors, code);
  if (number !== null && subcodes !== undefined) {
    put(body, place, "invalid_grant", "reply.error");
    put(body, subcodes, [number], "errors.subcodes.0");
  } else put(body, place, isNumber(code) ? Number(code) : code, "reply.error");
  put(body, errorDescription, "As the contract test has it.", "reply.errorDescription");
  return { status, body };
}

export function responseOf(reply: ErrorReply): Response {
  const { status } = reply;
  if ("body" in reply) return Response.json(reply.body, { status });
  return new Response(reply.html, { status, headers: { "content-type": "text/html", ...reply.headers } });
}

/** A provider whose codes are numbers sends them as such. */
function isNumber(code: string): boolean {
  return /^[1-9]\d{0,14}$/.test(code);
}

/** The number, where a code is the prefix for sub-codes and a number. */
function subcodeNumber({ subcodePrefix }: Dialect["errors"], code: string): number | null {
  if (subcodePrefix === "" || !code.startsWith(subcodePrefix)) return null;
  const rest = code.slice(subcodePrefix.length);
  return /^\d+$/.test(rest) ? Number(rest) : null;
}

/** Codes of a class: the description's own, then those of the RFCs that it doesn't redefine. */
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

/** In seconds, each under its field in `reply`. */
export const REFRESH_LIFETIMES = {
  refreshExpiresIn: 30 * 24 * 3600,
  refreshTimeout: 20 * 24 * 3600,
  authorizationExpiresIn: 90 * 24 * 3600,
};

/** Where a reply may say how long the access token lives. */
export function placesOf({
  path,
  unit,
  others,
}: Dialect["reply"]["expiry"]): { path: string; unit: typeof unit; field: string }[] {
  const further = others.map((one, i) => ({ ...one, field: `reply.expiry.others.${i}.path` }));
  return [{ path, unit, field: "reply.expiry.path" }, ...further];
}

/** Lifetimes in a reply beyond RFC 6749. */
export interface Lifetimes {
  /** Seconds that the access token lives; null: the reply doesn't say. */
  readonly access: number | null;
  /** The place that says it. */
  readonly place: number;
  /** Whether it says how long the refresh token and the authorization live. */
  readonly refresh: boolean;
}

export const USUAL_LIFETIMES: Lifetimes = { access: LIFETIME, place: 0, refresh: true };

/** RFC 6749 §5.1 with the provider's names. @param accessToken null: the old one stays valid */
export function putTokens(
  body: Body,
  { reply, scopes, errors, refresh: refreshing }: Dialect,
  accessToken: string | null,
  of: {
    readonly scopes: readonly string[];
    readonly refreshToken: string | null;
    readonly lifetimes: Lifetimes;
  },
): void {
  const { access, place, refresh } = of.lifetimes;
  if (accessToken !== null) put(body, reply.accessToken, accessToken, "reply.accessToken");
  put(body, reply.tokenType, "bearer", "reply.tokenType");
  if (of.scopes.length > 0) put(body, reply.scope, of.scopes.join(scopes.replySeparator || " "), "reply.scope");
  const named = placesOf(reply.expiry)[place];
  if (access !== null && named !== undefined)
    put(body, named.path, access === 0 ? 0 : expiryOf(named.unit, access, Date.now()), named.field);
  if (of.refreshToken !== null) {
    put(body, reply.refreshToken, of.refreshToken, "reply.refreshToken");
    for (const [field, seconds] of Object.entries(refresh ? REFRESH_LIFETIMES : {}))
      put(body, reply[field as keyof typeof REFRESH_LIFETIMES], seconds, `reply.${field}`);
  }
  // Providers with numeric codes use 0 for success.
  const isSuccessNamed = Object.hasOwn(refreshing.keepsAccessToken ?? {}, reply.error);
  if (Object.keys(errors.codes).some(isNumber) && !isSuccessNamed) put(body, reply.error, 0, "reply.error");
  for (const [i, path] of reply.extra.entries()) put(body, path, `kept ${i}`, `reply.extra.${i}`);
}

const ACCOUNT = { id: "4711", label: "ada@example.com", organization: "Analytical Engines" };

/** Puts the account at the first declared path. Several fields may share a path. */
export function putAccount(body: Body, { account }: Dialect): void {
  for (const field of ["id", "label", "organization"] as const) {
    const [path] = account[field];
    if (path !== undefined && firstText(body, [path]) === null) put(body, path, ACCOUNT[field], `account.${field}.0`);
  }
}

/** OpenID Connect Core §2. Its signature isn't checked: it came from the token endpoint itself. */
export function idToken(
  dialect: Dialect,
  issuer: string | null,
  clientId: string,
  nonce: string | null,
  jti: string,
): string {
  const now = Math.floor(Date.now() / 1000);
  const claims: Body = { iss: issuer ?? "https://issuer.example", aud: clientId, iat: now, exp: now + LIFETIME, jti };
  if (nonce !== null) claims.nonce = nonce;
  if (dialect.account.from !== "reply") putAccount(claims, dialect);
  claims.sub ??= ACCOUNT.id;
  const part = (value: unknown): string =>
    new TextEncoder().encode(JSON.stringify(value)).toBase64({ alphabet: "base64url", omitPadding: true });
  return `${part({ alg: "ES256", typ: "JWT" })}.${part(claims)}.${part("not checked")}`;
}
