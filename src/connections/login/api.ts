/**
 * A login for an API that says itself who gives its tokens (RFC 9728): an MCP server. What MCP 2026-07-28,
 * "Authorization", demands of its client beyond OAuth is here.
 */
import { withoutSecrets } from "../../oauth/challenge.ts";
import { discover, type IssuerDocument, placesForMcp, placesIn } from "../../oauth/discovery.ts";
import { findProtectedResource, type ProtectedResource, requireReachable } from "../../oauth/protected-resource.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { withoutEnd } from "../../platform/escape.ts";
import { isSameUrl, normalizeUrl } from "../../platform/url.ts";
import type { ResolvedProvider } from "../../providers/resolve.ts";
import { asLoggedIn } from "../pin.ts";
import type { Connection, Pinned } from "../record.ts";
import type { Services } from "../services.ts";
import type { LoginRequest } from "./request.ts";

export interface ApiLogin {
  readonly api: ProtectedResource;
  /** Of the issuer that was chosen among the API's. */
  readonly document: IssuerDocument;
}

/**
 * @returns null where the description says itself where tokens come from
 * @throws AuthError `provider_unavailable`, `network`; `usage` where no API is there
 */
export async function apiLogin(
  { context: { http } }: Services,
  { resource }: ResolvedProvider,
  request: LoginRequest,
  profile: Connection | null,
): Promise<ApiLogin | null> {
  if (resource === null) return null;
  const api = request.api ?? (await findProtectedResource(http, resource));
  if (api === null)
    throw usage(
      `${resource} is no MCP server that takes tokens.`,
      "Check the URL: a server that takes none needs no login.",
    );
  const issuer = issuerOf(api, request.issuer, loginOf(profile)?.issuer ?? null);
  const document = await discover(http, issuer, placesForMcp);
  requireUsable(api, issuer, document);
  return { api, document };
}

/** The one that the person names; that of the login that is there; else the first. */
function issuerOf({ url, issuers }: ProtectedResource, named: string | null, before: string | null): string {
  const isOne = (wanted: string): string | undefined => issuers.find((issuer) => isSameUrl(issuer, wanted));
  if (named === null) return (before === null ? undefined : isOne(before)) ?? issuers[0];
  const found = isOne(named);
  if (found !== undefined) return found;
  throw usage(`${url} doesn't take tokens of ${named}.`, `It names: ${issuers.join(", ")}`);
}

function requireUsable({ url, scopes }: ProtectedResource, issuer: string, document: IssuerDocument): void {
  // RFC 8414 §3.3. A slash at the end doesn't count: both spellings have the same well-known address.
  if (withoutEnd(document.issuer, "/") !== withoutEnd(normalizeUrl(issuer), "/"))
    throw new AuthError("provider_unavailable", `${issuer} says that it is another issuer.`, {
      hint: "Nothing was sent. Its operator has to mend this.",
    });
  if (withoutSecrets(scopes).length < scopes.length)
    throw new AuthError("provider_unavailable", `A scope that ${url} asks for holds a secret of the login.`, {
      hint: "It was sent nowhere. The server's operator has to mend this.",
    });
  for (const [name, place] of placesIn(document)) requireReachable(url, place, `${name} of its authorization server`);
  if (document.challengeMethods?.includes("S256") !== true)
    throw new AuthError("provider_unavailable", `${document.issuer} doesn't say that it takes PKCE by S256.`, {
      hint: "MCP demands it of each authorization server, so no login is made there. Its operator has to say so in code_challenge_methods_supported.",
    });
}

/**
 * What is asked for: what the person names, wholly; else what the login asked for before and is to ask for again; else
 * what the API says. More scopes go beside all that was asked for before (MCP "Step-Up Authorization Flow").
 */
export function scopesForApi(
  { api, document }: ApiLogin,
  { scopes, moreScopes }: LoginRequest,
  profile: Connection | null,
  offline: string | undefined,
): readonly string[] {
  const more = moreScopes ?? [];
  if (scopes !== null) return [...new Set([...scopes, ...more])];
  const before = [...(profile?.scopes ?? []), ...(more.length === 0 ? [] : (loginOf(profile)?.asked ?? []))];
  const wanted = [...(before.length > 0 ? before : api.scopes), ...more];
  // Alone it would take the place of the scopes that the issuer gives where none is named (RFC 6749 §3.3).
  const asksOffline =
    wanted.length > 0 && offline !== undefined && document.scopesSupported?.includes(offline) === true;
  return [...new Set([...wanted, ...(asksOffline ? [offline] : [])])];
}

/** The API's own name, unless a person named another, or none (`--no-resource`), now or at the login before. */
export function resourceForApi(
  { api }: ApiLogin,
  { resource, withoutResource }: LoginRequest,
  profile: Connection | null,
): string | undefined {
  if (resource !== undefined) return resource;
  const login = loginOf(profile);
  const left = login?.asked !== undefined && login.resource === undefined;
  return withoutResource || left ? undefined : api.resource;
}

function loginOf(profile: Connection | null): Pinned | null {
  return profile === null ? null : asLoggedIn(profile).pinned;
}

/** Where the client is kept, of a login whose issuer another than the person chose: by that issuer itself. */
export function clientPlaceOf(login: ApiLogin | null): { readonly clientPlace?: string } {
  return login === null ? {} : { clientPlace: login.document.issuer };
}

/** Why a login needs another client than the one before; null where it doesn't. */
export function movedNotice(login: ApiLogin | null, profile: Connection | null): string | null {
  const before = loginOf(profile)?.issuer ?? null;
  if (login === null || before === null || isSameUrl(before, login.document.issuer)) return null;
  return `${login.api.url} now takes tokens of ${login.document.issuer}, no longer of ${before}: the client of that issuer isn't used there.`;
}

/**
 * The URL of a client's own metadata, as its id (draft-ietf-oauth-client-id-metadata-document §3): https, with a path.
 * @throws AuthError `usage`
 */
export function requireClientMetadataUrl(text: string, source: string): string {
  const url = URL.parse(text);
  const isOne =
    url !== null &&
    /^https:\/\/[\x21-\x7e]+$/.test(text) &&
    url.href === text &&
    url.pathname !== "/" &&
    !/[#@\\]|\?/.test(text);
  if (isOne) return text;
  throw usage(
    `${source} is not the URL of a client's metadata.`,
    "It is https, with a path, and without user, query and fragment: https://example.com/auth/client.json",
  );
}
