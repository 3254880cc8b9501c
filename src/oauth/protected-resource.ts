/**
 * What an API says about itself (RFC 9728): its own name, which authorization servers give tokens for it, and which scopes.
 * An MCP server must publish it (MCP 2026-07-28, "Authorization Server Discovery").
 */
import * as v from "valibot";
import { AuthError } from "../platform/errors.ts";
import type { Http, HttpReply } from "../platform/http.ts";
import { HttpError } from "../platform/http-failure.ts";
import type { Json } from "../platform/json.ts";
import { isPrivateHost } from "../platform/private-host.ts";
import { holdsSecret, outsideWords } from "../platform/redact.ts";
import { addressFault, coversUrl } from "../platform/url.ts";
import { type BearerChallenge, bearerChallenge } from "./challenge.ts";
import { isPassingStatus } from "./classify.ts";
import { discover, fetchDocument, WEB_PAGE } from "./discovery.ts";

export interface ProtectedResource {
  /** As it was asked for. */
  readonly url: string;
  /** As it names itself: what tokens are asked for (RFC 8707). */
  readonly resource: string;
  /** Those that give tokens for it, in its order: at least one. */
  readonly issuers: readonly [string, ...string[]];
  /** Those that a token needs: the challenge's, else all of the metadata's; empty: it says none. */
  readonly scopes: readonly string[];
  /** It takes only tokens that are bound to a key (RFC 9449, RFC 9728 §2). */
  readonly bound: boolean;
}

const names = v.optional(v.array(v.string()));
const Metadata = v.object({
  resource: v.string(),
  authorization_servers: names,
  scopes_supported: names,
  dpop_bound_access_tokens_required: v.optional(v.boolean()),
});

/** An API that answers at all does so in this time; the request is not for its answer. */
const PROBE_TIME = 10_000;

/**
 * Asks a URL whether an API is there that takes tokens: first by a request without one, then at the well-known places.
 * @returns null where it publishes nothing of the kind: it may be an issuer
 * @throws AuthError `provider_unavailable` for metadata of another API, or that leads to a place where nothing may be sent
 */
export async function findProtectedResource(http: Http, url: string): Promise<ProtectedResource | null> {
  const answer = await requestWithoutToken(http, url);
  if (answer === "unreachable") return null;
  const { isRefused, challenge } = answer;
  if (challenge?.resourceMetadata != null) return namedByChallenge(http, url, challenge);
  for (const place of placesOf(new URL(url))) {
    const document = await fetchDocument(http, place, "metadata of its API").catch((error: unknown) => {
      // An issuer may answer anything where it publishes nothing.
      if (isRefused || !(error instanceof AuthError)) throw error;
      return null;
    });
    if (document === null || document === WEB_PAGE || typeof document.resource !== "string") continue;
    return readMetadata(url, document, challenge);
  }
  return isRefused ? ofBefore2025(http, url, challenge) : null;
}

/** The metadata that a challenge names: what the API says now of who gives tokens for it. */
export async function namedByChallenge(
  http: Http,
  url: string,
  challenge: BearerChallenge,
): Promise<ProtectedResource> {
  const place = challenge.resourceMetadata ?? "";
  requireReachable(url, place, "its metadata");
  const document = await fetchDocument(http, place, "metadata of its API");
  if (document === null || document === WEB_PAGE)
    throw faulty(url, "there is none where its challenge says, or it is no JSON");
  return readMetadata(url, document, challenge);
}

/**
 * That an API answers at the URL which `findProtectedResource` found nothing of, and takes requests without a token.
 * @throws HttpError where nothing answers; AuthError `rate_limited`, `provider_unavailable` for what is no such API's answer
 */
export async function requireOpen(http: Http, url: string): Promise<void> {
  const status = await statusOf(http, url);
  const isOpen = status < 500 && ![401, 403, 404, 408, 410, 425, 429].includes(status);
  if (isOpen) return;
  throw new AuthError(
    status === 429 ? "rate_limited" : "provider_unavailable",
    `${url} answers with HTTP ${status}, and doesn't say who gives tokens for it.`,
    { hint: isPassingStatus(status) ? "Try again later." : "Check the URL, or ask the server's operator." },
  );
}

/** Also where the rest of the answer is of no use: a long list, say. */
async function statusOf(http: Http, url: string): Promise<number> {
  try {
    return (await listTools(http, url)).status;
  } catch (error) {
    if (error instanceof HttpError && error.failure === "reply too large" && error.status !== null) return error.status;
    throw error;
  }
}

async function requestWithoutToken(
  http: Http,
  url: string,
): Promise<{ readonly isRefused: boolean; readonly challenge: BearerChallenge | null } | "unreachable"> {
  try {
    const { status, headers } = await listTools(http, url);
    return { isRefused: status === 401, challenge: bearerChallenge(headers.get("www-authenticate")) };
  } catch (error) {
    if (!(error instanceof HttpError)) throw error;
    if (error.failure === "interrupted") throw error;
    // Whatever it sent, it was no refusal; what can't be reached is reported where it is asked next.
    return error.status === null && error.failure !== "connection timed out"
      ? "unreachable"
      : { isRefused: false, challenge: null };
  }
}

/**
 * A list of tools is what each MCP server has, and asking for it changes nothing; some let `initialize` through without a
 * token. The wire of 2026-07-28, of which older servers read the body alone.
 */
function listTools(http: Http, url: string): Promise<HttpReply> {
  const about = {
    "io.modelcontextprotocol/protocolVersion": WIRE,
    "io.modelcontextprotocol/clientCapabilities": {},
  };
  return http({
    method: "POST",
    url,
    headers: {
      accept: "application/json, text/event-stream",
      "content-type": "application/json",
      "mcp-protocol-version": WIRE,
      "mcp-method": "tools/list",
    },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "tools/list", params: { _meta: about } }),
    timeout: PROBE_TIME,
  });
}

const WIRE = "2026-07-28";

/** RFC 9728 §3.1: the well-known part goes before the path; then at the root. */
function placesOf({ origin, pathname }: URL): string[] {
  const root = `${origin}/.well-known/oauth-protected-resource`;
  const path = pathname.replace(/\/$/, "");
  return path === "" ? [root] : [`${root}${path}`, root];
}

/** Servers of MCP 2025-03-26 have no such metadata: their own origin is the authorization server. */
async function ofBefore2025(
  http: Http,
  url: string,
  challenge: BearerChallenge | null,
): Promise<ProtectedResource | null> {
  const { origin } = new URL(url);
  // An issuer that refuses requests which it doesn't know.
  if (await publishesMetadata(http, url)) return null;
  if (!(await publishesMetadata(http, origin)))
    throw new AuthError("provider_unavailable", `${url} wants a token, and doesn't say who gives it.`, {
      hint: "It publishes neither protected resource metadata (RFC 9728) nor OAuth metadata at its origin.\nCheck the URL, or ask the server's operator.",
    });
  return { url, resource: url, issuers: [origin], scopes: challenge?.scopes ?? [], bound: challenge?.bound ?? false };
}

async function publishesMetadata(http: Http, issuer: string): Promise<boolean> {
  try {
    await discover(http, issuer);
    return true;
  } catch (error) {
    if (error instanceof AuthError && error.code !== "network") return false;
    throw error;
  }
}

function readMetadata(url: string, document: Json, challenge: BearerChallenge | null): ProtectedResource {
  const parsed = v.safeParse(Metadata, document);
  if (!parsed.success) throw faulty(url, `${v.getDotPath(parsed.issues[0]) ?? "it"} is missing or wrong`);
  const { resource, authorization_servers: issuers = [], scopes_supported: scopes = [] } = parsed.output;
  // RFC 9728 §3.3: else one API could have tokens of another.
  if (addressFault(resource) !== null || !coversUrl(resource, url))
    throw faulty(url, `it is about another API, ${outsideWords(resource)}`);
  if (holdsSecret(resource)) throw faulty(url, "resource holds a secret");
  const [first, ...others] = issuers;
  if (first === undefined) throw faulty(url, "it names no authorization server");
  for (const issuer of issuers) requireReachable(url, issuer, "its authorization server");
  const wanted = challenge !== null && challenge.scopes.length > 0 ? challenge.scopes : scopes;
  const bound = parsed.output.dpop_bound_access_tokens_required ?? challenge?.bound ?? false;
  return { url, resource, issuers: [first, ...others], scopes: [...new Set(wanted)], bound };
}

/**
 * Where a server leads: never by plain http, and never from the internet into the network that this machine is in.
 * @param what the place is, in words
 * @throws AuthError `provider_unavailable`
 */
export function requireReachable(url: string, place: string, what: string): void {
  const fault = addressFault(place);
  if (fault !== null) throw faulty(url, `the address of ${what} ${fault} (${outsideWords(place)})`);
  const [from, to] = [new URL(url).hostname, new URL(place).hostname];
  if (isPrivateHost(to) && !isPrivateHost(from))
    throw faulty(url, `${what} is at ${outsideWords(to)}, in a private network, where the server itself isn't`);
}

function faulty(url: string, what: string): AuthError {
  return new AuthError("provider_unavailable", `The metadata of ${url} can't be used: ${what}.`, {
    hint: "Nothing was sent there. The server's operator has to mend this; check the URL too.",
  });
}
