/** A client registered on the spot, where the issuer offers that (RFC 7591, OpenID Connect Registration 1.0). */
import * as v from "valibot";
import type { Http, HttpReply } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import { type Json, textAt } from "../platform/json.ts";
import { holdsSecret } from "../platform/redact.ts";
import { Secret } from "../platform/secret.ts";
import { syntaxFault } from "../platform/syntax.ts";
import { isSuccess, readBody } from "./body.ts";
import { classifyNoReply } from "./classify.ts";
import type { IssuerDocument } from "./discovery.ts";
import { CLIENT_NAME, OAuthFailure } from "./types.ts";

export interface RegisteredClient {
  readonly id: string;
  /** Only where the issuer gave one that the client is to authenticate with. */
  readonly secret: Secret | null;
  readonly authentication: "none" | "body" | "basic";
  /** When the secret ends; milliseconds since the epoch, null for never. */
  readonly expiresAt: number | null;
  /** With which the registration could be changed or ended (RFC 7592 §3). */
  readonly registrationToken: Secret | null;
}

/**
 * Registers a public native client (RFC 8252 §8.4), which is recognised by its redirect to this machine.
 * @param endpoint the document's `registration`
 * @throws OAuthFailure when the issuer did not register a client
 */
export async function registerClient(
  http: Http,
  document: IssuerDocument,
  endpoint: string,
  redirectUris: readonly string[],
): Promise<RegisteredClient> {
  let reply: HttpReply;
  try {
    reply = await http({
      method: "POST",
      url: endpoint,
      headers: { accept: "application/json", "content-type": "application/json" },
      body: JSON.stringify(metadataOf(document, redirectUris)),
    });
  } catch (error) {
    throw error instanceof HttpError ? classifyNoReply(error) : error;
  }
  const { status } = reply;
  const body = readBody({ status, headers: {}, body: reply.body });
  if (!isSuccess(reply)) {
    const providerError = textAt(body, "error");
    const said = providerError === null ? { reason: `HTTP ${status}` } : { providerError };
    // RFC 7591 §3.2.2.
    const description = textAt(body, "error_description");
    throw new OAuthFailure({ class: "refused", status, description, ...said });
  }
  return readRegistration(body, status);
}

/** The registration request (RFC 7591 §2). */
function metadataOf(document: IssuerDocument, redirectUris: readonly string[]): Json {
  const { endpoints, grantTypes, idTokenAlgorithms, authenticationMethods } = document;
  const wanted = [
    ...(endpoints.authorization === undefined ? [] : ["authorization_code"]),
    ...(endpoints.device === undefined ? [] : ["urn:ietf:params:oauth:grant-type:device_code"]),
    "refresh_token",
  ];
  // RS256 is the default (OpenID Connect Registration §2); not every issuer has it.
  const algorithm = idTokenAlgorithms?.includes("RS256") === false ? idTokenAlgorithms[0] : undefined;
  return {
    client_name: CLIENT_NAME,
    application_type: "native",
    redirect_uris: redirectUris,
    grant_types: grantTypes === null ? wanted : wanted.filter((grant) => grantTypes.includes(grant)),
    response_types: ["code"],
    token_endpoint_auth_method: methodAmong(authenticationMethods),
    ...(algorithm === undefined ? {} : { id_token_signed_response_alg: algorithm }),
  };
}

/** A public client, unless the issuer takes none (RFC 8414 §2). */
function methodAmong(supported: readonly string[] | null): string {
  const known = ["none", "client_secret_basic", "client_secret_post"];
  return known.find((method) => supported?.includes(method)) ?? "none";
}

const Registered = v.object({
  client_id: v.pipe(v.string(), v.nonEmpty(), v.maxLength(1024)),
  client_secret: v.optional(v.pipe(v.string(), v.nonEmpty())),
  // Seconds since the epoch; 0 for never.
  client_secret_expires_at: v.optional(v.fallback(v.number(), 0)),
  token_endpoint_auth_method: v.optional(v.string()),
  registration_access_token: v.optional(v.pipe(v.string(), v.nonEmpty())),
});

/** The issuer may have given another authentication than the requested one (RFC 7591 §3.2.1). */
function readRegistration(body: Json | null, status: number): RegisteredClient {
  const parsed = v.safeParse(Registered, body);
  if (!parsed.success || holdsSecret(parsed.output.client_id)) throw refusal("unreadable reply", status);
  const fault =
    syntaxFault("client id", parsed.output.client_id) ??
    syntaxFault("client secret", parsed.output.client_secret ?? "");
  if (fault !== null) throw refusal(fault, status);
  const { client_id, client_secret, token_endpoint_auth_method: method, registration_access_token } = parsed.output;
  const { client_secret_expires_at: end = 0 } = parsed.output;
  const secret = client_secret === undefined || method === "none" ? null : new Secret(client_secret);
  return {
    id: client_id,
    secret,
    authentication: secret === null ? "none" : method === "client_secret_post" ? "body" : "basic",
    expiresAt: secret === null || end <= 0 ? null : end * 1000,
    registrationToken: registration_access_token === undefined ? null : new Secret(registration_access_token),
  };
}

function refusal(reason: string, status: number): OAuthFailure {
  return new OAuthFailure({ class: "refused", reason, status });
}
