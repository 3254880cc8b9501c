/**
 * Google for programs: service accounts by JWT bearer (RFC 7523), and workload identity by token exchange (RFC 8693),
 * as documented at https://developers.google.com/identity/protocols/oauth2/service-account and
 * https://cloud.google.com/iam/docs/reference/sts/rest/v1/TopLevel/token
 */
import { dated, verified } from "./assertions.ts";
import { random } from "./grants.ts";
import { type Call, json, type Server, serve } from "./server.ts";

export interface GoogleServiceOptions {
  /** The service account's public key: SPKI in PEM. */
  readonly publicKey: string;
  /** Seconds. */
  readonly accessLifetime?: number;
}

const EMAIL = "robot@project.iam.gserviceaccount.com";
const KEY_ID = "c0ffee00112233445566778899aabbccddeeff00";
const AUDIENCE = "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/ci/providers/repo";
const SCOPE = "https://www.googleapis.com/auth/cloud-platform";

export function startGoogleService({ publicKey, accessLifetime = 3599 }: GoogleServiceOptions) {
  const live = new Map<string, number>();
  const state = { keyDeleted: false, delegated: ["ada@example.com"], trusted: new Set<string>() };
  let now!: () => number;

  const server: Server = serve((url, clock) => {
    now = clock.now;

    async function token({ form }: Call): Promise<Response> {
      if (form.get("grant_type") !== "urn:ietf:params:oauth:grant-type:jwt-bearer")
        return refuse("unsupported_grant_type", "Invalid grant_type");
      // Nothing but these two.
      if ([...form.keys()].sort().join(" ") !== "assertion grant_type") return refuse("invalid_request", "Bad Request");
      const found = await verified(form.get("assertion"), publicKey, "RS256");
      if (found === null || state.keyDeleted) return refuse("invalid_grant", "Invalid JWT Signature.");
      const { header, claims } = found;
      if (header.kid !== KEY_ID) return refuse("invalid_grant", "Invalid JWT Signature.");
      if (claims.iss !== EMAIL) return refuse("invalid_grant", "Invalid grant: account not found");
      if (claims.aud !== `${url}/token`) return refuse("invalid_grant", "Invalid JWT: Failed audience check.");
      const { iat, exp } = claims as { iat: number; exp: number };
      const seconds = now() / 1000;
      if (exp - iat > 3600 || exp < seconds || iat > seconds + 30)
        return refuse(
          "invalid_grant",
          "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values in the JWT claim.",
        );
      if (typeof claims.scope !== "string") return refuse("invalid_scope", "Empty or missing scope not allowed.");
      if (claims.sub !== undefined && !state.delegated.includes(String(claims.sub)))
        return refuse(
          "unauthorized_client",
          "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
          401,
        );
      return json({ access_token: issue(), expires_in: accessLifetime, token_type: "Bearer" }, 200, dated(now()));
    }

    function exchange({ form }: Call): Response {
      const expected = {
        grant_type: "urn:ietf:params:oauth:grant-type:token-exchange",
        audience: AUDIENCE,
        requested_token_type: "urn:ietf:params:oauth:token-type:access_token",
        subject_token_type: "urn:ietf:params:oauth:token-type:jwt",
        scope: SCOPE,
      };
      for (const [name, value] of Object.entries(expected))
        if (form.get(name) !== value) return refuse("invalid_request", `Invalid value for ${name}.`);
      if (!state.trusted.has(form.get("subject_token") ?? ""))
        return refuse("invalid_grant", "The given credential is rejected by the attribute condition.");
      return json({
        access_token: issue(),
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: accessLifetime,
      });
    }

    function issue(): string {
      const token = `ya29.c.${random("base62", 160)}`;
      live.set(token, now() + accessLifetime * 1000);
      return token;
    }

    function refuse(error: string, description: string, status = 400): Response {
      return json({ error, error_description: description }, status, dated(now()));
    }

    return { "POST /token": token, "POST /v1/token": exchange };
  });

  return {
    server,
    email: EMAIL,
    audience: AUDIENCE,
    endpoints: { token: `${server.url}/token`, mint: `${server.url}/v1/token` },
    state,
    isLive: (token: string): boolean => now() < (live.get(token) ?? 0),
    /** The file that the console gives out. */
    keyFile: (key: string, more: object = {}): string =>
      JSON.stringify({
        type: "service_account",
        project_id: "project",
        private_key_id: KEY_ID,
        private_key: key,
        client_email: EMAIL,
        client_id: "108000000000000000000",
        auth_uri: "https://accounts.google.com/o/oauth2/auth",
        token_uri: `${server.url}/token`,
        auth_provider_x509_cert_url: "https://www.googleapis.com/oauth2/v1/certs",
        universe_domain: "googleapis.com",
        ...more,
      }),
  };
}
