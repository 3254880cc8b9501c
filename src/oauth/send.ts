/**
 * A standard request, spoken in the provider's dialect. The standard part is oauth4webapi's; what differs per provider
 * (JSON bodies, headers, further parameters, whether the secret goes along) is laid over it here.
 */

import type { ClientAuth, CustomFetchOptions, DPoPHandle } from "oauth4webapi";
import * as oauth from "oauth4webapi";
import { type Http, HttpError } from "../platform/http.ts";
import { LIMITS } from "../platform/limits.ts";
import type { Dialect } from "../providers/defaults.ts";
import { classifyNoReply } from "./classify.ts";
import type { ClientKey } from "./client-key.ts";
import { metadataOf } from "./metadata.ts";
import { renamed } from "./names.ts";
import { nonceReply } from "./nonce.ts";
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

/**
 * A request to the token endpoint, sent once; where tokens are bound to a key, once more after a refused proof.
 * @param grant its `url` where that isn't the token endpoint; parameters of the provider's own go before those of the grant
 * @throws OAuthFailure when no reply came
 */
export async function sendGrant(
  sending: Sending,
  grant: {
    readonly type: string;
    readonly parameters: Readonly<Record<string, string>>;
    readonly further: Readonly<Record<string, string>>;
    readonly url?: string;
  },
): Promise<RawReply> {
  const { server, client, timeout = LIMITS.exchange } = sending;
  const end = performance.now() + timeout;
  const send = (DPoP: DPoPHandle | null): Promise<RawReply> =>
    capture({ ...sending, timeout: Math.max(1, end - performance.now()) }, async (options) =>
      oauth.genericTokenEndpointRequest(
        metadataOf(server, grant.url),
        { client_id: client.id },
        await authenticationOf(sending),
        grant.type,
        { ...grant.further, ...grant.parameters, ...resourceOf(server) },
        { ...options, ...(DPoP !== null && { DPoP }) },
      ),
    );
  if (client.proof === undefined) return send(null);
  const { sendProved } = await import("./dpop.ts");
  return sendProved(client.proof, send);
}

/** RFC 8628 §3.1. @throws OAuthFailure when no reply came */
export async function sendDeviceRequest(
  sending: Sending,
  parameters: Readonly<Record<string, string>>,
): Promise<RawReply> {
  const { server, client } = sending;
  return capture(sending, async (options) =>
    oauth.deviceAuthorizationRequest(
      metadataOf(server),
      { client_id: client.id },
      await authenticationOf(sending),
      { ...parameters, ...resourceOf(server) },
      options,
    ),
  );
}

/** RFC 8707 §2. */
export function resourceOf({ resource }: Server): { resource?: string } {
  return resource === undefined ? {} : { resource };
}

/** RFC 9126 §2.1. @throws OAuthFailure when no reply came */
export async function sendAuthorizationRequest(sending: Sending, parameters: URLSearchParams): Promise<RawReply> {
  const { server, client } = sending;
  return capture(sending, async (options) =>
    oauth.pushedAuthorizationRequest(
      metadataOf(server),
      { client_id: client.id },
      await authenticationOf(sending),
      parameters,
      options,
    ),
  );
}

/** RFC 7662 §2.1. @throws OAuthFailure when no reply came */
export async function sendIntrospection(sending: Sending, token: string): Promise<RawReply> {
  const { server, client } = sending;
  return capture(sending, async (options) =>
    oauth.introspectionRequest(metadataOf(server), { client_id: client.id }, await authenticationOf(sending), token, {
      ...options,
      additionalParameters: { token_type_hint: "access_token" },
    }),
  );
}

/** RFC 7009 §2.1. @throws OAuthFailure when no reply came */
export async function sendRevocation(sending: Sending, token: string, hint: string): Promise<RawReply> {
  const { server, client } = sending;
  return capture(sending, async (options) =>
    oauth.revocationRequest(metadataOf(server), { client_id: client.id }, await authenticationOf(sending), token, {
      ...options,
      additionalParameters: { token_type_hint: hint },
    }),
  );
}

/**
 * A POST in which no client takes part (RFC 7523 §2.1, RFC 8693 §2.1), sent once.
 * @throws OAuthFailure when no reply came
 */
export async function sendWithoutClient(
  sending: Omit<Sending, "client" | "withSecret">,
  url: string,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  try {
    return await post(sending, url, { headers, body: new URLSearchParams(parameters) });
  } catch (error) {
    throw error instanceof HttpError ? classifyNoReply(error) : error;
  }
}

/** RFC 6749 §2.3.1; a client without a secret only names itself. */
async function authenticationOf({ server, client, withSecret }: Sending): Promise<ClientAuth> {
  if (client.key !== undefined) return assertionBy(client.key, server);
  if (!withSecret || client.secret === null || client.authentication === "none") return oauth.None();
  const secret = client.secret.reveal();
  return client.authentication === "basic" ? basic(secret) : oauth.ClientSecretPost(secret);
}

/**
 * Form-encoded first (RFC 6749 §2.3.1), and no more than that: the library also escapes `-`, `_` and `.`, which reads as
 * another client wherever a server forgets to decode.
 */
function basic(secret: string): ClientAuth {
  const encoded = (text: string): string => new URLSearchParams({ "": text }).toString().slice(1);
  return (_, { client_id }, __, headers) =>
    headers.set("authorization", `Basic ${btoa(`${encoded(client_id)}:${encoded(secret)}`)}`);
}

/** RFC 7523 §3. The audience is the issuer; where that isn't known, the token endpoint. */
async function assertionBy({ pem, algorithm, keyId }: ClientKey, server: Server): Promise<ClientAuth> {
  const { importPrivateKey } = await import("./key-file.ts");
  const key = await importPrivateKey(pem, algorithm);
  const { token } = server.endpoints;
  return oauth.PrivateKeyJwt(keyId === null ? key : { key, kid: keyId }, {
    [oauth.modifyAssertion]: (_: unknown, claims: Record<string, unknown>) => {
      if (server.issuer === null && token !== undefined) claims.aud = token;
    },
  });
}

type Request = CustomFetchOptions<"POST", URLSearchParams>;

/** Lets the library make its request, sends it our way, and keeps the reply from being read by anyone but us. */
async function capture(
  sending: Sending,
  make: (options: Record<symbol, unknown>) => Promise<Response>,
): Promise<RawReply> {
  let raw: RawReply | undefined;
  const send = async (url: string, request: Request): Promise<Response> => {
    raw = await post(sending, url, request);
    return nonceReply(raw.headers["dpop-nonce"]);
  };
  try {
    // Which addresses may be http is `platform/http`'s to say: loopback only.
    await make({ [oauth.customFetch]: send, [oauth.allowInsecureRequests]: true });
  } catch (error) {
    throw error instanceof HttpError ? classifyNoReply(error) : error;
  }
  if (raw === undefined) throw new Error("the request was not sent");
  return raw;
}

async function post(
  { http, server, timeout, signal }: Omit<Sending, "client" | "withSecret">,
  url: string,
  request: Pick<Request, "headers" | "body">,
): Promise<RawReply> {
  const { format, method, headers } = server.dialect.request;
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
