/**
 * The one way in which a form is sent to a server: with what shows which client it is (RFC 6749 §2.3), in the provider's
 * dialect, whose JSON bodies, headers, names and further parameters are laid over it here.
 */
import { AuthError } from "../platform/errors.ts";
import type { Http, HttpReply } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import { LIMITS } from "../platform/limits.ts";
import { knowSecret } from "../platform/secret.ts";
import { type Dialect, overlaid, REDIRECT_URI } from "../providers/defaults.ts";
import type { EndpointName } from "../providers/schema.ts";
import { classifyNoReply } from "./classify.ts";
import type { Client, RawReply, Server } from "./types.ts";

export interface Posting {
  readonly http: Http;
  readonly server: Server;
  /** Its certificate is shown, where it has one. */
  readonly client?: Client;
  /** Parameters of the provider's own in the place of those that it doesn't want from the protocol. */
  readonly own?: Readonly<Record<string, string>>;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Sending extends Posting {
  readonly client: Client;
  /** Whether a client that has a secret authenticates with it. */
  readonly withSecret: boolean;
}

export interface Grant {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of the provider's own, where those aren't its `tokenParameters`. They go before those of the grant. */
  readonly further?: Readonly<Record<string, string>>;
  /** What `{redirectUri}` stands for in these; null: one with it is left out. */
  readonly redirectUri?: string | null | undefined;
  /** Where that isn't the token endpoint. */
  readonly url?: string;
}

/**
 * A request to the token endpoint (RFC 6749 §3.2). Sent once; where tokens are bound to a key, once more after a
 * refused proof.
 *
 * @throws OAuthFailure when no reply came
 */
export async function sendGrant(sending: Sending, grant: Grant): Promise<RawReply> {
  const { server, client } = sending;
  const url = new URL(grant.url ?? endpointOf(server, "token")).href;
  const further = withRedirect(grant.further ?? server.dialect.request.tokenParameters, grant.redirectUri ?? null);
  const { own, others } = inPlace(server, further);
  const parameters = { ...others, ...grant.parameters, ...resourceOf(server), grant_type: grant.type };
  const whole = { ...sending, own };
  if (client.proof === undefined) return sendForm(whole, url, parameters);
  return (await import("./dpop.ts")).sendProved(client.proof, whole, url, parameters);
}

/** Of a provider's own parameters those that are in the place of one which it doesn't want from the protocol. */
export function inPlace(
  { dialect }: Server,
  further: readonly (readonly [string, string])[],
): Record<"own" | "others", Readonly<Record<string, string>>> {
  const isInPlace = ([name]: readonly [string, string]): boolean => nameOf(name, dialect.request.names) === false;
  return {
    own: Object.fromEntries(further.filter(isInPlace)),
    others: Object.fromEntries(further.filter((one) => !isInPlace(one))),
  };
}

/** The server, spoken to as it wants to be for one kind of request. */
export function spokenTo(server: Server, different: Parameters<typeof overlaid>[1]): Server {
  return { ...server, dialect: overlaid(server.dialect, different) };
}

/** `{redirectUri}` filled in; where there was no redirect, what names it is left out. */
function withRedirect(parameters: Readonly<Record<string, string>>, redirectUri: string | null): [string, string][] {
  return Object.entries(parameters).flatMap(([name, value]): [string, string][] => {
    if (!value.includes(REDIRECT_URI)) return [[name, value]];
    return redirectUri === null ? [] : [[name, value.replaceAll(REDIRECT_URI, () => redirectUri)]];
  });
}

/**
 * Sent once.
 *
 * @param headers beside those of the client and the dialect
 * @throws OAuthFailure when no reply came
 */
export async function sendForm(
  sending: Sending,
  url: string,
  parameters: URLSearchParams | Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  const form = new URLSearchParams(parameters);
  return post(sending, url, form, { ...headers, ...(await authenticate(sending, url, form)) });
}

/** RFC 6749 §3.3. Nothing where none is wanted. */
export function scopeOf({ dialect }: Server, scopes: readonly string[]): { scope?: string } {
  return scopes.length === 0 ? {} : { scope: scopes.join(dialect.scopes.separator) };
}

/** RFC 8707 §2. */
export function resourceOf({ resource }: Server): { resource?: string } {
  return resource === undefined ? {} : { resource };
}

/**
 * Puts the client into the form: by a signed assertion or its secret; one without either only names itself.
 *
 * @returns the headers that go with it
 */
async function authenticate(
  { client, server, withSecret }: Sending,
  url: string,
  form: URLSearchParams,
): Promise<Record<string, string>> {
  if (client.key?.certificate !== undefined) {
    // It is proved by the connection (RFC 8705 §2).
    form.set("client_id", client.id);
    return {};
  }
  if (client.key !== undefined) {
    const { addAssertion } = await import("./jwt.ts");
    await addAssertion(form, client.id, client.key, server, url);
    return {};
  }
  const secret = withSecret && client.authentication !== "none" ? client.secret : null;
  const { basic, withoutSecret } = server.dialect.client;
  const { authentication = client.authentication } = server.dialect.request;
  if (secret !== null && authentication === "basic")
    return { authorization: `Basic ${btoa(basicOf(client.id, secret.reveal(), basic))}` };
  if (client.secret === null && withoutSecret === "basic")
    return { authorization: `Basic ${btoa(basicOf(client.id, "", undefined))}` };
  form.set("client_id", client.id);
  if (secret !== null) form.set("client_secret", secret.reveal());
  return {};
}

/**
 * The credentials of a Basic header: each form-encoded first (RFC 6749 §2.3.1), which leaves `-`, `_` and `.` as they are.
 * Escaped, those would read as another client to a server that doesn't decode.
 *
 * @param as the description's own template, in which nothing is encoded
 */
function basicOf(id: string, secret: string, as: Dialect["client"]["basic"]): string {
  if (as === "{clientSecret}:") return `${secret}:`;
  if (as !== undefined) return `${id}:${secret}`;
  const encoded = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1);
  return `${encoded(id)}:${encoded(secret)}`;
}

/** @throws AuthError `provider_unavailable` when this provider has no such endpoint */
export function endpointOf(server: Server, name: EndpointName): string {
  const url = server.endpoints[name];
  if (url !== undefined) return url;
  throw endpointMissing(server, name);
}

export function endpointMissing({ dialect }: Pick<Server, "dialect">, name: EndpointName): AuthError {
  return new AuthError("provider_unavailable", `${dialect.title} has no ${name} endpoint.`, {
    hint: `Log in with its address: auth login <connection> --force --endpoint ${name}=<url>`,
  });
}

/**
 * Sent once, as it is: no client is added (`sendForm` does that).
 *
 * @throws OAuthFailure when no reply came
 */
export async function post(
  { http, server, client, own = {}, timeout, signal }: Posting,
  url: string,
  form: URLSearchParams,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  const { format, method, headers: declared } = server.dialect.request;
  knowSent(form, headers);
  const shaped = await byPlugin(server.dialect, url, inDialect(form, server.dialect, own), {
    accept: "application/json",
    ...headers,
    ...(format !== "query" && { "content-type": TYPES[format] }),
    ...lowerCased(declared),
  });
  refuseHeaders(server, shaped.headers);
  let reply: HttpReply;
  try {
    reply = await http({
      method,
      url: format === "query" ? withQuery(url, shaped.parameters) : url,
      headers: shaped.headers,
      ...(format !== "query" && { body: bodyOf(format, shaped.parameters) }),
      timeout: timeout ?? LIMITS.exchange,
      maxBytes: LIMITS.tokenReplyBytes,
      ...(client?.key?.certificate !== undefined && {
        certificate: { pem: client.key.certificate, key: client.key.pem },
      }),
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw error instanceof HttpError ? classifyNoReply(error) : error;
  }
  return { status: reply.status, headers: keptHeaders(reply.headers), body: reply.body };
}

/** A setting, or a plugin's function, may have put into one what no header can carry (RFC 9110 §5.5). Nothing is sent then. */
function refuseHeaders({ dialect }: Server, headers: Readonly<Record<string, string>>): void {
  const [name] = Object.entries(headers).find(([, value]) => /[^\t\x20-\x7e]/.test(value)) ?? [];
  if (name === undefined) return;
  const words = `The header ${name} for ${dialect.title} has a character that no header can have.`;
  throw new AuthError("plugin_invalid", words, { hint: "Nothing was sent. Check the settings that it is made of." });
}

/** Parameters that are credentials. Some were made for this one request: an assertion, a proof. */
const CREDENTIALS = [
  ...["code", "code_verifier", "device_code", "refresh_token", "token", "password"],
  ...["client_secret", "client_assertion", "assertion", "subject_token", "actor_token"],
];

/** What is sent may come back in an error's text: it is known as secret before it leaves. */
function knowSent(form: URLSearchParams, headers: Readonly<Record<string, string>>): void {
  for (const name of CREDENTIALS) for (const value of form.getAll(name)) knowSecret(value);
  for (const [name, value] of Object.entries(headers))
    if (/^(authorization|dpop)$/i.test(name)) knowSecret(value.slice(value.indexOf(" ") + 1));
}

/** What a plugin's function makes of it. It may change what is sent, but not where it goes. */
async function byPlugin(
  { functions }: Dialect,
  endpoint: string,
  parameters: URLSearchParams,
  headers: Readonly<Record<string, string>>,
): Promise<{ parameters: URLSearchParams; headers: Readonly<Record<string, string>> }> {
  if (functions?.request === undefined) return { parameters, headers };
  const shaped = await functions.request({ endpoint, parameters: Object.fromEntries(parameters), headers });
  return { parameters: new URLSearchParams(shaped.parameters), headers: lowerCased(shaped.headers) };
}

const TYPES = { form: "application/x-www-form-urlencoded", json: "application/json" };

function bodyOf(format: keyof typeof TYPES, parameters: URLSearchParams): string {
  return format === "json" ? JSON.stringify(Object.fromEntries(parameters)) : parameters.toString();
}

/** After what the address has of its own. */
function withQuery(url: string, parameters: URLSearchParams): string {
  return `${url}${url.includes("?") ? "&" : "?"}${parameters}`;
}

/** The standard's parameters under the provider's names, after those of its own that are as they are. */
function inDialect(
  parameters: URLSearchParams,
  { request: { names, grantTypes } }: Dialect,
  own: Readonly<Record<string, string>>,
): URLSearchParams {
  const spoken = [...parameters].map(([name, value]): [string, string] => [
    name,
    name === "grant_type" && Object.hasOwn(grantTypes, value) ? (grantTypes[value] ?? value) : value,
  ]);
  return new URLSearchParams([...Object.entries(own), ...renamed(spoken, names)]);
}

export function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

const KEPT = ["content-type", "retry-after", "date", "dpop-nonce"];
const LONGEST_HEADER = 1000;

export function keptHeaders(headers: Headers): Record<string, string> {
  const found = KEPT.map((name) => [name, headers.get(name)?.slice(0, LONGEST_HEADER)] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
}

export type Names = Readonly<Record<string, string | false>>;

/** In their order, without those that the provider doesn't want. */
export function renamed(parameters: Iterable<readonly [string, string]>, names: Names): [string, string][] {
  return [...parameters].flatMap(([name, value]): [string, string][] => {
    const known = nameOf(name, names);
    return known === false ? [] : [[known, value]];
  });
}

/** false: it is not sent. */
export function nameOf(name: string, names: Names): string | false {
  return Object.hasOwn(names, name) ? (names[name] ?? name) : name;
}
