/**
 * A form as RFC 6749 has it, posted in the provider's dialect: JSON bodies, headers, other names and further parameters
 * are laid over it here.
 */
import type { Http, HttpReply } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import { LIMITS } from "../platform/limits.ts";
import { knowSecret } from "../platform/secret.ts";
import type { Dialect } from "../providers/defaults.ts";
import { classifyNoReply } from "./classify.ts";
import { renamed } from "./names.ts";
import type { RawReply, Server } from "./types.ts";

export interface Posting {
  readonly http: Http;
  readonly server: Server;
  /** Milliseconds. */
  readonly timeout?: number;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Sent once, as it is: no client is added (`sendForm` does that).
 *
 * @throws OAuthFailure when no reply came
 */
export async function post(
  { http, server, timeout, signal }: Posting,
  url: string,
  form: URLSearchParams,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  const { format, method, headers: own } = server.dialect.request;
  knowSent(form, headers);
  const shaped = await byPlugin(server.dialect, url, inDialect(form, server.dialect), {
    accept: "application/json",
    ...headers,
    ...(format !== "query" && { "content-type": TYPES[format] }),
    ...lowerCased(own),
  });
  let reply: HttpReply;
  try {
    reply = await http({
      method,
      url: format === "query" ? withQuery(url, shaped.parameters) : url,
      headers: shaped.headers,
      ...(format !== "query" && { body: bodyOf(format, shaped.parameters) }),
      timeout: timeout ?? LIMITS.exchange,
      maxBytes: LIMITS.tokenReplyBytes,
      ...(signal === undefined ? {} : { signal }),
    });
  } catch (error) {
    throw error instanceof HttpError ? classifyNoReply(error) : error;
  }
  return { status: reply.status, headers: kept(reply.headers), body: reply.body };
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
