/**
 * The browser flow: authorization code (RFC 6749 §4.1) for a native app (RFC 8252), with PKCE (RFC 7636), state, the
 * issuer's name in the answer (RFC 9207), and a nonce where an id_token is asked for.
 */
import * as oauth from "oauth4webapi";
import { AuthError } from "../platform/errors.ts";
import { redact } from "../platform/redact.ts";
import { Secret, sameText } from "../platform/secret.ts";
import { isAllowedUrl, namedPort } from "../platform/url.ts";
import { redirectUriOf } from "../providers/defaults.ts";
import { codeIn, pastedParameters, WrongPaste } from "./answer.ts";
import { type Authorization, sentRedirect } from "./code.ts";
import { type Listener, type ListenerOptions, listen, type Reception } from "./listener.ts";
import { registered } from "./login-error.ts";
import type { Page } from "./page.ts";
import { reportedIn } from "./reported-settings.ts";
import { endpointOf, nameOf, renamed, resourceOf, scopeOf } from "./send.ts";
import type { Account, Client, Server } from "./types.ts";

export interface BrowserRequest {
  readonly scopes: readonly string[];
  /** null: any that is free. */
  readonly port: number | null;
  /** A redirect URI that the provider requires. Unless it is loopback, the answer has to be pasted. */
  readonly redirectUri: string | null;
  /** Milliseconds. */
  readonly timeout: number;
  readonly signal?: AbortSignal;
  /** The `claims` that the provider demands (OpenID Connect Core §5.5). */
  readonly claims?: string | null;
}

export interface BrowserLogin {
  /** For the browser. */
  readonly url: string;
  readonly redirectUri: string;
  /** Rejects with AuthError `access_denied`, `login_timeout`, `interrupted` … */
  readonly callback: Promise<Authorization>;
  /** The same checks for what a person pasted. @throws WrongPaste for no answer to this login; AuthError as `callback` */
  accept(pasted: string): Authorization;
  /** The login succeeded: the browser's page shows that, and the account. */
  succeed(account?: Account | null): Promise<void>;
  /** The login failed after the answer: the browser's page shows why. @param error null: only the terminal does */
  fail(error: AuthError | null): Promise<void>;
  /** Ends the wait and lets go of the port. */
  close(): void;
}

/** @throws AuthError when the provider has no such endpoint, or the redirect can't be listened on */
export async function startBrowserLogin(
  server: Server,
  client: Client,
  request: BrowserRequest,
): Promise<BrowserLogin> {
  const authorizationEndpoint = endpointOf(server, "authorization");
  const state = oauth.generateRandomState();
  const { authorize } = server.dialect;
  const asksIdToken = authorize.nonce === "openid" && request.scopes.includes("openid");
  const nonce = authorize.nonce === "always" || asksIdToken ? oauth.generateRandomNonce() : null;
  const verifier = authorize.pkce ? new Secret(oauth.generateRandomCodeVerifier()) : null;
  const answer = Promise.withResolvers<Authorization>();
  // Not awaited where the answer is pasted.
  answer.promise.catch(() => {});

  const { listener, redirectUri } = openRedirect(server, request, receive);
  const parameters = {
    redirect_uri: sentRedirect(server, redirectUri),
    state,
    ...scopeOf(server, request.scopes),
    ...resourceOf(server),
    ...(nonce === null ? {} : { nonce }),
    ...(request.claims ? { claims: request.claims } : {}),
    ...(verifier === null
      ? {}
      : {
          code_challenge: await challengeOf(verifier.reveal(), authorize.pkce),
          code_challenge_method: authorize.pkce === "plain" ? "plain" : "S256",
        }),
  };
  const { offline } = server.dialect.scopes;
  const asksOffline = offline !== undefined && request.scopes.includes(offline);
  const url = authorizationUrl(server, client, authorizationEndpoint, parameters, asksOffline);

  const timer = setTimeout(() => end(timedOut(server, client, redirectUri)), request.timeout);
  const onAbort = (): void => end(interrupted());
  request.signal?.addEventListener("abort", onAbort);
  if (request.signal?.aborted) onAbort();

  function end(error: AuthError): void {
    answer.reject(error);
    close();
  }

  function close(): void {
    clearTimeout(timer);
    request.signal?.removeEventListener("abort", onAbort);
    listener?.close(failurePage(server));
  }

  function isMine(parameters: URLSearchParams): boolean {
    const [given, ...more] = parameters.getAll(nameOf("state", authorize.names) || "state");
    return given !== undefined && more.length === 0 && sameText(given, state);
  }

  function authorizationIn(parameters: URLSearchParams): Authorization {
    const kept = authorize.extra.map((name) => [name, parameters.get(name)] as const);
    const code = codeIn(server, parameters, redirectUri);
    const extra = Object.fromEntries(kept.flatMap(([name, value]) => (value === null ? [] : [[name, redact(value)]])));
    const reported = reportedIn(server.dialect.settings, "answer", (name) => parameters.get(name));
    return { code, redirectUri, verifier, nonce, extra, reported };
  }

  function receive(parameters: URLSearchParams): Reception {
    if (!isMine(parameters)) return { kind: "stray" };
    try {
      answer.resolve(authorizationIn(parameters));
      return { kind: "answer" };
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      answer.reject(error);
      return { kind: "failure", page: failurePage(server, error) };
    }
  }

  return {
    url,
    redirectUri,
    callback: answer.promise,
    accept(pasted) {
      const parameters = pastedParameters(pasted, redirectUri, server);
      if (!isMine(parameters))
        throw new WrongPaste("This is the answer to another login: its state is not this one's.");
      return authorizationIn(parameters);
    },
    async succeed(account = null) {
      await listener?.conclude(successPage(server, account));
    },
    async fail(error) {
      await listener?.conclude(failurePage(server, error));
    },
    close,
  };
}

/** RFC 7636 §4.2; or in hexadecimal, where a provider wants that instead of base64url. */
async function challengeOf(verifier: string, how: Server["dialect"]["authorize"]["pkce"]): Promise<string> {
  if (how === "plain") return verifier;
  const challenge = await oauth.calculatePKCECodeChallenge(verifier);
  return how === "S256-hex" ? Uint8Array.fromBase64(challenge, { alphabet: "base64url" }).toHex() : challenge;
}

/** The redirect URI and its listener; no listener where it isn't on this machine. */
function openRedirect(
  server: Server,
  request: BrowserRequest,
  receive: ListenerOptions["receive"],
): { readonly listener: Listener | null; readonly redirectUri: string } {
  const text = request.redirectUri ?? redirectUriOf(server.dialect);
  const wanted = new URL(text);
  if (wanted.hash !== "" || wanted.search !== "" || !isAllowedUrl(wanted.href))
    throw new AuthError("usage", "A redirect URI must be https, or http to this machine, without query and fragment.");
  if (wanted.protocol === "https:") return { listener: null, redirectUri: request.redirectUri ?? wanted.href };
  const { hostname, pathname } = wanted;
  const { redirect } = server.dialect.authorize;
  if (hostname !== "127.0.0.1" && hostname !== "localhost" && hostname !== "[::1]")
    throw new AuthError("usage", `Nothing listens on ${hostname}.`, { hint: "Use 127.0.0.1 or localhost." });
  const asked = request.redirectUri === null ? (redirect.ports ?? [redirect.port ?? 0]) : [0];
  const named = request.redirectUri === null ? null : namedPort(text);
  const port = named ?? request.port;
  const listener = listenAtOneOf(port === null ? asked : [port], { hostname, path: pathname, receive });
  // Providers compare texts: a slash is sent only where there is one (RFC 6749 §3.1.2.3).
  const path = pathname === "/" && !text.endsWith("/") ? "" : pathname;
  return { listener, redirectUri: `http://${hostname}:${listener.port}${path}` };
}

/** At the first that is free. @throws AuthError as `listen` does for the last of them */
function listenAtOneOf([port = 0, ...others]: readonly number[], options: Omit<ListenerOptions, "port">): Listener {
  try {
    return listen({ ...options, port });
  } catch (error) {
    if (others.length === 0 || !(error instanceof AuthError)) throw error;
    return listenAtOneOf(others, options);
  }
}

/**
 * The provider's own parameters first, so that none of them can replace one of the protocol's. Some pages take the
 * whole request behind their `#`.
 * @param offline whether the scope that asks for a refresh token is among the scopes
 */
function authorizationUrl(
  server: Server,
  client: Client,
  endpoint: string,
  parameters: Readonly<Record<string, string>>,
  offline: boolean,
): string {
  const url = new URL(endpoint);
  const { parameters: always, offlineParameters, names, fragment } = server.dialect.authorize;
  const own = { ...always, ...(offline ? offlineParameters : {}) };
  const protocol = { response_type: "code", client_id: client.id, ...parameters };
  for (const [name, value] of [...Object.entries(own), ...renamed(Object.entries(protocol), names)])
    url.searchParams.set(name, value);
  // Spaces as %20: not every server decodes a plus.
  const query = url.search.replaceAll("+", "%20");
  url.search = fragment === undefined ? query : "";
  return fragment === undefined ? url.href : `${url.href}#${fragment}${query}`;
}

function successPage({ dialect, endpoints }: Server, account: Account | null): Page {
  const host = endpoints.authorization === undefined ? null : `at ${new URL(endpoints.authorization).host}`;
  const name = account?.label ?? account?.id ?? null;
  const who = [name === null ? null : `as ${name}`, host].filter((part) => part !== null).join(", ");
  return {
    kind: "success",
    title: `Logged in to ${dialect.title}`,
    text: `${who[0]?.toUpperCase() ?? ""}${who.slice(1)}.\nYou can close this page and go back to the terminal.`,
  };
}

function failurePage({ dialect }: Server, error: AuthError | null = null): Page {
  return {
    kind: "failure",
    title: `The login to ${dialect.title} failed`,
    text: [error?.message, "Nothing was stored. The terminal says more."].filter(Boolean).join("\n"),
    quote: error?.detail ?? null,
  };
}

/**
 * The error after the timeout. Its hint names the redirect URI: a provider that doesn't know it shows an error in the browser,
 * and never redirects. Not for a client that auth registered or publishes, whose redirect URI is right.
 */
function timedOut(server: Server, client: Client, redirectUri: string): AuthError {
  const hasPage = client.registration === undefined && !isAllowedUrl(client.id);
  const redirect = `Was there an error about the redirect? On the client's page, enter ${registered(server, redirectUri)}`;
  return new AuthError("login_timeout", `The login at ${server.dialect.title} was not finished in time.`, {
    hint: ["Log in again; --timeout <seconds> gives more time.", ...(hasPage ? [redirect] : [])].join("\n"),
  });
}

function interrupted(): AuthError {
  return new AuthError("interrupted", "The login was interrupted.", { hint: "No login was stored." });
}
