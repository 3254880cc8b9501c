/** What an issuer publishes about itself: OpenID Connect Discovery 1.0 §4, RFC 8414 §3. */
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import type { Http, HttpReply } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import type { Json } from "../platform/json.ts";
import { holdsSecret, outsideWords } from "../platform/redact.ts";
import { isAllowedUrl, normalizeUrl } from "../platform/url.ts";
import type { EndpointName } from "../providers/schema.ts";
import { decodeBody, readBody } from "./body.ts";
import { isPassingStatus } from "./classify.ts";
import { isIssuer } from "./idtoken.ts";

const url = v.optional(v.pipe(v.string(), v.check(isAllowedUrl, "must be https, or http to this machine")));
const names = v.optional(v.array(v.string()));
const Metadata = v.object({
  issuer: v.string(),
  authorization_endpoint: url,
  device_authorization_endpoint: url,
  token_endpoint: url,
  revocation_endpoint: url,
  userinfo_endpoint: url,
  introspection_endpoint: url,
  registration_endpoint: url,
  jwks_uri: url,
  scopes_supported: names,
  token_endpoint_auth_methods_supported: names,
  token_endpoint_auth_signing_alg_values_supported: names,
  grant_types_supported: names,
  code_challenge_methods_supported: names,
  id_token_signing_alg_values_supported: names,
  dpop_signing_alg_values_supported: names,
  pushed_authorization_request_endpoint: url,
  require_pushed_authorization_requests: v.optional(v.boolean()),
  authorization_response_iss_parameter_supported: v.optional(v.boolean()),
  mtls_endpoint_aliases: v.optional(
    v.object({
      device_authorization_endpoint: url,
      token_endpoint: url,
      revocation_endpoint: url,
      introspection_endpoint: url,
      pushed_authorization_request_endpoint: url,
    }),
  ),
  client_id_metadata_document_supported: v.optional(v.boolean()),
});

/** The places of an issuer's metadata, in this order. */
export type Places = (issuer: URL) => readonly string[];

/**
 * @throws AuthError `usage` for an issuer that is no https URL, `network` when it can't be reached,
 * `provider_unavailable` when it has no metadata, or metadata that names another issuer or leads to plain http
 */
export async function discover(http: Http, given: string, placesOf: Places = usualPlaces): Promise<IssuerDocument> {
  if (!isAllowedUrl(given) || /[?#]/.test(given))
    throw new AuthError("usage", `${escapeText(given)} can't be an issuer.`, {
      hint: "Give an https URL without query, or http on 127.0.0.1.",
    });
  // What a person typed may be spelled differently; what the document says is compared as it is (RFC 8414 §3.3).
  const issuer = normalizeUrl(given);
  let redirect: HttpError | null = null;
  let isPage = false;
  for (const place of placesOf(new URL(issuer))) {
    const answer = await fetchDocument(http, place, "metadata").catch((error: unknown) => {
      if (!(error instanceof AuthError) || !isRedirect(error.cause)) throw error;
      redirect ??= error.cause;
      return null;
    });
    if (answer === WEB_PAGE) isPage = true;
    else if (answer !== null) return readMetadata(issuer, answer);
  }
  if (redirect !== null) throw redirectedMetadata(issuer, redirect);
  if (isPage)
    throw new AuthError("provider_unavailable", `A web page answered in the place of ${issuer}'s OAuth metadata.`, {
      hint: `It may be this network's sign-in page: open a browser, sign in to the network, and try again.\nElse check the issuer's URL. ${DESCRIBE}`,
    });
  throw new AuthError("provider_unavailable", `${issuer} publishes no OAuth metadata.`, {
    hint: `Check the issuer's URL. ${DESCRIBE}`,
  });
}

const DESCRIBE =
  "If it is right, describe the provider by its endpoints: auth provider new <id> --authorization-url <url> --token-url <url>";

function isRedirect(error: unknown): error is HttpError {
  return error instanceof HttpError && error.failure === "redirected";
}

/** A document from another host would not be this issuer's (RFC 8414 §3.3). */
function redirectedMetadata(issuer: string, { location, status }: HttpError): AuthError {
  const there = location === null ? "elsewhere" : `to ${outsideWords(location)}`;
  const message = `${issuer} publishes no OAuth metadata: it redirects ${there} (HTTP ${status}), which is not followed.`;
  return new AuthError("provider_unavailable", message, {
    hint: `If that is the issuer, give its URL instead. ${DESCRIBE.replace("it is right", "it isn't")}`,
  });
}

/** OpenID Connect appends to the issuer's path, RFC 8414 inserts before it. */
function usualPlaces(issuer: URL): string[] {
  const { origin, pathname } = issuer;
  const path = pathname.replace(/\/$/, "");
  return [`${origin}${path}/${OPENID}`, `${origin}/${RFC8414}${path}`];
}

/** The order of MCP 2026-07-28, "Authorization Server Metadata Discovery". */
export function placesForMcp({ origin, pathname }: URL): string[] {
  const path = pathname.replace(/\/$/, "");
  const inserted = [`${origin}/${RFC8414}${path}`, `${origin}/${OPENID}${path}`];
  return path === "" ? inserted : [...inserted, `${origin}${path}/${OPENID}`];
}

const OPENID = ".well-known/openid-configuration";
const RFC8414 = ".well-known/oauth-authorization-server";

/** An HTML page instead of a document: a Wi-Fi's sign-in page, or the start page of a web app. */
export const WEB_PAGE = Symbol("web page");

/**
 * A document that an issuer publishes. null where there is none.
 * @param what after "The issuer's"
 * @throws AuthError `network`, `rate_limited`, `provider_unavailable` when it can't be had now
 */
export async function fetchDocument(http: Http, url: string, what: string): Promise<Json | null | typeof WEB_PAGE> {
  let reply: HttpReply;
  try {
    reply = await http({ method: "GET", url, headers: { accept: "application/json" }, retry: true });
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    const code = error.status === null ? "network" : "provider_unavailable";
    // An unreachable host may still be an issuer, or an API.
    const message = error.sent
      ? `The issuer's ${what} could not be fetched (${error.message}).`
      : `${error.origin} could not be reached: ${error.reason}.`;
    throw new AuthError(code, message, { hint: error.remedy, cause: error });
  }
  const { status, body } = reply;
  if (isPassingStatus(status))
    throw new AuthError(
      status === 429 ? "rate_limited" : "provider_unavailable",
      `The issuer's ${what} could not be fetched (HTTP ${status}: ${url}).`,
      { hint: "Try again later." },
    );
  if (status !== 200) return null;
  const raw = { status, headers: {}, body };
  return readBody(raw) ?? (decodeBody(raw).startsWith("<") ? WEB_PAGE : null);
}

function readMetadata(issuer: string, body: Json): IssuerDocument {
  const parsed = v.safeParse(Metadata, body);
  if (!parsed.success) {
    throw new AuthError("provider_unavailable", `The metadata of ${issuer} is faulty: ${faultOf(parsed.issues)}.`, {
      hint: "Its operator has to mend this.",
    });
  }
  const document = parsed.output;
  // RFC 8414 §3.3: otherwise one issuer could pass for another.
  if (!isIssuer(withoutSlash(document.issuer), withoutSlash(issuer)))
    throw new AuthError(
      "provider_unavailable",
      `${issuer} says that it is another issuer: ${outsideWords(document.issuer)}.`,
      { hint: "If that is the one you mean, give its URL instead." },
    );
  const texts = [...Object.entries(document), ...Object.entries(document.mtls_endpoint_aliases ?? {})];
  const leaking = texts.find(([, value]) => typeof value === "string" && holdsSecret(value));
  if (leaking !== undefined)
    throw new AuthError("provider_unavailable", `The metadata of ${issuer} is faulty: ${leaking[0]} holds a secret.`, {
      hint: "Nothing was sent. Its operator has to mend this.",
    });
  return documentFrom(document);
}

export type IssuerDocument = Readonly<ReturnType<typeof documentFrom>>;

/** null: not in the metadata. */
function documentFrom(metadata: v.InferOutput<typeof Metadata>) {
  const endpoints: Partial<Record<EndpointName, string | undefined>> = {
    authorization: metadata.authorization_endpoint,
    device: metadata.device_authorization_endpoint,
    token: metadata.token_endpoint,
    revocation: metadata.revocation_endpoint,
    userinfo: metadata.userinfo_endpoint,
    introspection: metadata.introspection_endpoint,
  };
  const aliases = metadata.mtls_endpoint_aliases ?? {};
  return {
    /** As it is in the metadata; one for many tenants may hold `{tenant}`. */
    issuer: metadata.issuer,
    endpoints: named(endpoints),
    /** For a client that shows a certificate (RFC 8705 §5). */
    mutualTls: named({
      device: aliases.device_authorization_endpoint,
      token: aliases.token_endpoint,
      revocation: aliases.revocation_endpoint,
      introspection: aliases.introspection_endpoint,
      pushed: aliases.pushed_authorization_request_endpoint,
    }),
    jwksUri: metadata.jwks_uri ?? null,
    /** Authorization replies carry `iss` (RFC 9207). */
    issRequired: metadata.authorization_response_iss_parameter_supported ?? false,
    /** Where clients can be registered (RFC 7591). */
    registration: metadata.registration_endpoint ?? null,
    scopesSupported: metadata.scopes_supported ?? null,
    /** `client_secret_post`, `none` … */
    authenticationMethods: metadata.token_endpoint_auth_methods_supported ?? null,
    /** By which a client may sign its assertions. */
    authenticationAlgorithms: metadata.token_endpoint_auth_signing_alg_values_supported ?? null,
    grantTypes: metadata.grant_types_supported ?? null,
    /** RFC 7636: `S256`, `plain`. */
    challengeMethods: metadata.code_challenge_methods_supported ?? null,
    idTokenAlgorithms: metadata.id_token_signing_alg_values_supported ?? null,
    /** Where an authorization request has to be pushed first (RFC 9126 §5); null where it need not be. */
    pushed: (metadata.require_pushed_authorization_requests && metadata.pushed_authorization_request_endpoint) || null,
    /** It takes DPoP proofs by ES256 (RFC 9449 §5.1). */
    dpop: metadata.dpop_signing_alg_values_supported?.includes("ES256") ?? false,
    /** A client's id may be the URL of its metadata (draft-ietf-oauth-client-id-metadata-document). */
    clientMetadata: metadata.client_id_metadata_document_supported ?? false,
  };
}

/** Every URL that a request may go to by this document, and what it is in words. */
export function placesIn({ endpoints, mutualTls, pushed, registration, jwksUri }: IssuerDocument): [string, string][] {
  const all: Readonly<Record<string, string | null>> = {
    ...renamed({ ...endpoints, pushed, registration }, (name) => `the ${name} endpoint`),
    ...renamed(mutualTls, (name) => `the ${name} endpoint for certificates`),
    "the key set": jwksUri,
  };
  return Object.entries(all).filter((entry): entry is [string, string] => entry[1] !== null);
}

function renamed<V>(urls: Readonly<Record<string, V>>, rename: (name: string) => string): Record<string, V> {
  return Object.fromEntries(Object.entries(urls).map(([name, url]) => [rename(name), url]));
}

function named<N extends string>(urls: Partial<Record<N, string | undefined>>): Readonly<Partial<Record<N, string>>> {
  return Object.fromEntries(Object.entries(urls).filter(([, url]) => url !== undefined)) as Partial<Record<N, string>>;
}

/** Ignores a slash at the end, which a person may forget or add. */
function withoutSlash(issuer: string): string {
  return issuer.endsWith("/") ? issuer.slice(0, -1) : issuer;
}

/** In words: which field, and whether it is missing or wrong. */
function faultOf([issue]: [v.BaseIssue<unknown>, ...v.BaseIssue<unknown>[]]): string {
  const field = v.getDotPath(issue) ?? "the document";
  if (issue.received === "undefined") return `${field} is missing`;
  return `${field} ${issue.message.startsWith("must ") ? issue.message : "is not what it has to be"}`;
}
