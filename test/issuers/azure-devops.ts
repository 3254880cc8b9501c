/**
 * Azure DevOps' own OAuth as its documentation, and Sentry's client for it (`identity/vsts/provider.py`), have it: a
 * redirect that is https only, the secret and the code as assertions, lifetimes as text, capitalised errors.
 */
import { random } from "./grants.ts";
import { type Call, html, json, redirect, type Server, serve } from "./server.ts";

export interface AzureDevopsOptions {
  /** Seconds. */
  readonly accessLifetime?: number;
}

const CLIENT = {
  id: "F5F0D1C4-0A4B-4E55-9D58-0CA5AA8F5BDF",
  secret: "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.app.secret",
};
const REDIRECT = "https://app.example/oauth/callback";
const JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

export function startAzureDevops({ accessLifetime = 3599 }: AzureDevopsOptions = {}) {
  const codes = new Set<string>();
  const refreshTokens = new Set<string>();
  const live = new Map<string, number>();
  let now!: () => number;

  const server: Server = serve((_, clock) => {
    now = clock.now;

    function authorize({ query }: Call): Response {
      if (query.get("client_id") !== CLIENT.id || query.get("redirect_uri") !== REDIRECT)
        return html("400: The redirect URL or app id does not match", 400);
      const code = random("base62", 200);
      codes.add(code);
      return redirect(REDIRECT, { code, state: query.get("state") });
    }

    function token({ form, basic }: Call): Response {
      if (basic !== null || form.has("client_id") || form.has("client_secret") || form.has("refresh_token"))
        return refuse("invalid_request", "Unknown parameter");
      if (form.get("client_assertion_type") !== "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
        return refuse("invalid_request", "client_assertion_type");
      if (form.get("client_assertion") !== CLIENT.secret) return refuse("invalid_client", "The client is unknown");
      if (form.get("redirect_uri") !== REDIRECT) return refuse("invalid_request", "The redirect_uri does not match");
      const held = form.get("assertion") ?? "";
      const known = { [JWT_BEARER]: codes, refresh_token: refreshTokens }[form.get("grant_type") ?? ""];
      if (known === undefined) return refuse("unsupported_grant_type", "grant_type");
      if (!known.delete(held)) return refuse("invalid_grant", "The authorization grant is not valid");
      const made = `eyJ0eXAi.${random("base62", 200)}.${random("base62", 80)}`;
      const next = `eyJ0eXAi.${random("base62", 200)}.${random("base62", 80)}`;
      live.set(made, now() + accessLifetime * 1000);
      refreshTokens.add(next);
      return json({
        access_token: made,
        token_type: "jwt-bearer",
        expires_in: String(accessLifetime),
        refresh_token: next,
        scope: "vso.profile",
      });
    }

    function profile({ bearer }: Call): Response {
      if (now() >= (live.get(bearer ?? "") ?? 0)) return html("Azure DevOps Services | Sign In", 203);
      return json({
        displayName: "Ada",
        id: "d6245f20-2af8-44f4-9451-8107cb2767db",
        emailAddress: "ada@example.com",
      });
    }

    return {
      "GET /oauth2/authorize": authorize,
      "POST /oauth2/token": token,
      "GET /_apis/profile/profiles/me": profile,
    };
  });

  function kill(): void {
    refreshTokens.clear();
  }

  return {
    server,
    client: CLIENT,
    redirectUri: REDIRECT,
    endpoints: {
      authorization: `${server.url}/oauth2/authorize`,
      token: `${server.url}/oauth2/token`,
      userinfo: `${server.url}/_apis/profile/profiles/me`,
    },
    kill,
    isLive: (access: string): boolean => now() < (live.get(access) ?? 0),
  };
}

function refuse(error: string, description: string): Response {
  return json({ Error: error, ErrorDescription: description }, 400);
}
