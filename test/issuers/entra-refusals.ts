/** The errors of Microsoft Entra ID: a number in words and in a list, and what traces the request. */
import { json } from "./server.ts";

type Refusal = readonly [error: string, description: string, status?: number];

/** By the number in AADSTS…. */
export const REFUSALS = {
  50011: ["invalid_client", "The redirect URI does not match."],
  50020: ["invalid_grant", "User account does not exist in tenant."],
  54005: ["invalid_grant", "OAuth2 Authorization code was already redeemed."],
  70000: ["invalid_grant", "Provided grant is invalid or malformed."],
  70003: ["unsupported_grant_type", "The app requested an unsupported grant type."],
  70011: [
    "invalid_scope",
    "The provided value for the input parameter 'scope' is not valid. It contains more than one resource.",
  ],
  70016: ["authorization_pending", "OAuth 2.0 device flow error. Authorization is pending. Continue polling."],
  70017: ["authorization_declined", "The end user denied the authorization request."],
  70018: ["bad_verification_code", "Invalid verification code."],
  70019: ["slow_down", "Polling too often."],
  70020: ["expired_token", "The provided device code has expired."],
  90002: ["invalid_request", "Tenant not found. Check to make sure you have the correct tenant ID."],
  501481: ["invalid_grant", "The Code_Verifier does not match the code_challenge."],
  700016: ["unauthorized_client", "Application with identifier was not found in the directory."],
  700025: [
    "invalid_client",
    "Client is public so neither 'client_assertion' nor 'client_secret' should be presented.",
    401,
  ],
  700082: ["invalid_grant", "The refresh token has expired due to inactivity."],
  7000215: ["invalid_client", "Invalid client secret provided.", 401],
  7000218: [
    "invalid_client",
    "The request body must contain the following parameter: 'client_assertion' or 'client_secret'.",
    401,
  ],
} as const satisfies Readonly<Record<number, Refusal>>;

export function refusal(
  now: number,
  [error, description, status = 400]: Refusal,
  code: number,
  more: object,
): Response {
  const timestamp = new Date(now)
    .toISOString()
    .replace("T", " ")
    .replace(/\.\d+Z/, "Z");
  const [trace, correlation] = [crypto.randomUUID(), crypto.randomUUID()];
  return json(
    {
      error,
      error_description: `AADSTS${code}: ${description} Trace ID: ${trace} Correlation ID: ${correlation} Timestamp: ${timestamp}`,
      error_codes: [code],
      timestamp,
      trace_id: trace,
      correlation_id: correlation,
      error_uri: `https://login.microsoftonline.com/error?code=${code}`,
      ...more,
    },
    status,
  );
}
