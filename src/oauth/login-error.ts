/** Errors of a login for the person who logs in. */
import { AuthError, type ErrorCode } from "../platform/errors.ts";
import { redirectUriOf } from "../providers/defaults.ts";
import { laterOrWhere } from "./classify.ts";
import type { OAuthFailure, Server } from "./types.ts";

/**
 * @param failure of a device request, a poll, a code exchange, or an authorization reply
 * @param redirectUri the one that was sent, where there was one: a remedy may name it
 */
export function loginError(server: Server, failure: OAuthFailure, redirectUri?: string): AuthError {
  const { title } = server.dialect;
  const [code, message, hint] = errorFor(failure, title);
  // The description classifies this code for a refresh.
  const isRefusedCode = failure.class === "dead" && failure.providerError === "invalid_grant";
  return new AuthError(code, `${message} (${failure.reason})`, {
    hint: (isRefusedCode ? [REFUSED_CODE, hint] : [failure.meaning, failure.remedy ?? hint])
      .filter((line) => line !== null)
      .join("\n")
      .replaceAll("{redirectUri}", () => registered(server, redirectUri)),
    detail: failure.description,
    cause: failure,
  });
}

/**
 * The redirect URI as it is entered on a client's page: on this machine, the port is chosen at each login (RFC 8252
 * §7.3), unless the provider wants the one, or one of those, that are registered.
 */
export function registered({ dialect }: Server, sent?: string): string {
  const uri = sent ?? redirectUriOf(dialect);
  const { port, ports } = dialect.authorize.redirect;
  if (port !== undefined || ports !== undefined) return uri;
  return uri.replace(/^(http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])):\d+/, "$1");
}

/** RFC 6749 §5.2. */
const REFUSED_CODE = "The code was used before, has expired, or is not for this client and redirect URI.";

function errorFor(failure: OAuthFailure, title: string): [code: ErrorCode, message: string, hint: string] {
  switch (failure.class) {
    case "denied":
      return ["access_denied", `${title}: the login was refused`, "No login was stored. Log in again to retry."];
    case "expired":
      return ["login_timeout", `${title}: the code expired before it was approved`, "Log in again."];
    case "dead":
      return ["access_denied", `${title} refused the login's code`, "Log in again."];
    case "client":
      return failure.providerError === "invalid_scope"
        ? ["scope_rejected", `${title} refused the scopes`, "Check them: --scope"]
        : ["client_rejected", `${title} refused the client`, `Check ${CLIENT}.`];
    case "interaction":
      return ["interaction_required", `${title} wants more from you`, "Log in again, with --flow browser if you can."];
    case "refused":
      if (failure.providerError !== null || (failure.status ?? 500) < 400)
        return ["client_rejected", `${title} refused the login`, `Check the request, ${CLIENT}.`];
  }
  return [unreached(failure), `${title} could not complete the login`, laterOrWhere(failure)];
}

export const CLIENT = "the client id and secret, and what the client may do";

function unreached(failure: OAuthFailure): ErrorCode {
  if (failure.status === 429) return "rate_limited";
  return failure.status === null ? "network" : "provider_unavailable";
}
