/**
 * A form as RFC 6749 has it, posted in the provider's dialect: JSON bodies, headers, other names and further parameters
 * are laid over it here.
 */
import type { Http } from "../platform/http.ts";
import { LIMITS } from "../platform/limits.ts";
import { knowSecret } from "../platform/secret.ts";
import type { Dialect } from "../providers/defaults.ts";
import { renamed } from "./names.ts";
import type { Client, RawReply, Server } from "./types.ts";

export interface Sending {
  readonly http: Http;
  readonly server: Server;
  readonly client: Client;
  /** Whether a client that has a secret authenticates with it. */
  readonly withSecret: boolean;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

export interface Form {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: URLSearchParams;
}

/** RFC 8707 §2. */
export function resourceOf({ resource }: Server): { resource?: string } {
  return resource === undefined ? {} : { resource };
}

/**
 * RFC 6749 §2.3.1: puts the client into the form; one without a secret only names itself. Form-encoded first in the
 * header, and no more than that: escaping `-`, `_` and `.` too reads as another client wherever a server forgets to decode.
 *
 * @returns the headers that go with it
 */
export function introduce({ client, withSecret }: Sending, form: URLSearchParams): Record<string, string> {
  const secret = withSecret && client.authentication !== "none" ? client.secret : null;
  if (secret !== null && client.authentication === "basic") {
    const encoded = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1);
    return { authorization: `Basic ${btoa(`${encoded(client.id)}:${encoded(secret.reveal())}`)}` };
  }
  form.set("client_id", client.id);
  if (secret !== null) form.set("client_secret", secret.reveal());
  return {};
}

/** @throws HttpError */
export async function post(
  { http, server, timeout, signal }: Omit<Sending, "client" | "withSecret">,
  url: string,
  request: Form,
): Promise<RawReply> {
  const { format, method, headers } = server.dialect.request;
  knowSent(request);
  const parameters = inDialect(request.body, server.dialect);
  // The product's own name goes out, set by `platform/http`.
  const { "user-agent": _, "content-type": __, ...standard } = request.headers;
  const shaped = await byPlugin(server.dialect, url, parameters, {
    accept: "application/json",
    ...standard,
    ...(format !== "query" && { "content-type": TYPES[format] }),
    ...lowerCased(headers),
  });
  const reply = await http({
    method,
    url: format === "query" ? withQuery(url, shaped.parameters) : url,
    headers: shaped.headers,
    ...(format !== "query" && { body: bodyOf(format, shaped.parameters) }),
    timeout: timeout ?? LIMITS.exchange,
    maxBytes: LIMITS.tokenReplyBytes,
    ...(signal === undefined ? {} : { signal }),
  });
  return { status: reply.status, headers: kept(reply.headers), body: reply.body };
}

/** Parameters that are credentials. Some were made for this one request: an assertion, a proof. */
const CREDENTIALS = [
  ...["code", "code_verifier", "device_code", "refresh_token", "token", "password"],
  ...["client_secret", "client_assertion", "assertion", "subject_token", "actor_token"],
];

/** What is sent may come back in an error's text: it is known as secret before it leaves. */
function knowSent({ headers, body }: Form): void {
  for (const name of CREDENTIALS) for (const value of body.getAll(name)) knowSecret(value);
  for (const [name, value] of Object.entries(headers))
    if (/^(authorization|dpop)$/i.test(name)) knowSecret(value.slice(value.indexOf(" ") + 1));
}

/** What a plugin's function makes of it. It says what is sent, and has no say in where it goes. */
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

/** The standard's parameters under the provider's names. */
function inDialect(parameters: URLSearchParams, { request: { names, grantTypes } }: Dialect): URLSearchParams {
  const spoken = [...parameters].map(([name, value]): [string, string] => [
    name,
    name === "grant_type" && Object.hasOwn(grantTypes, value) ? (grantTypes[value] ?? value) : value,
  ]);
  return new URLSearchParams(renamed(spoken, names));
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

const KEPT = ["content-type", "retry-after", "date", "dpop-nonce"];
const LONGEST_HEADER = 1000;

function kept(headers: Headers): Record<string, string> {
  const found = KEPT.map((name) => [name, headers.get(name)?.slice(0, LONGEST_HEADER)] as const);
  return Object.fromEntries(found.filter((entry): entry is [string, string] => entry[1] !== undefined));
}
