/**
 * GitHub for a GitHub App as itself: a JWT of the app's key brings a token of one installation, as documented at
 * https://docs.github.com/rest/apps/apps#create-an-installation-access-token-for-an-app and
 * https://docs.github.com/apps/creating-github-apps/authenticating-with-a-github-app/generating-a-json-web-token-jwt-for-a-github-app
 */
import { dated, verified } from "./assertions.ts";
import { random } from "./grants.ts";
import { type Call, json, type Server, serve } from "./server.ts";

export interface GithubAppOptions {
  /** SPKI in PEM. */
  readonly publicKey: string;
  /** Seconds. */
  readonly accessLifetime?: number;
}

const CLIENT_ID = "Iv23liabcdefghijklmn";
const INSTALLATION = "48151623";
const DOCS = "https://docs.github.com/rest";

export function startGithubApp({ publicKey, accessLifetime = 3600 }: GithubAppOptions) {
  const live = new Map<string, number>();
  const state = { suspended: false };
  let now!: () => number;

  const server: Server = serve((_, clock) => {
    now = clock.now;

    async function accessTokens({ bearer, headers }: Call, installation: string): Promise<Response> {
      if (!headers.get("user-agent")) return refuse(403, "Request forbidden by administrative rules.");
      const found = await verified(bearer, publicKey, "RS256");
      if (found === null) return refuse(401, "A JSON web token could not be decoded");
      const { iss, iat, exp } = found.claims as { iss: unknown; iat: number; exp: number };
      const seconds = Math.floor(now() / 1000);
      if (iat > seconds)
        return refuse(
          401,
          "'Issued at' claim ('iat') must be an Integer representing the time that the assertion was issued",
        );
      if (exp > seconds + 600) return refuse(401, "'Expiration time' claim ('exp') is too far in the future");
      if (exp < seconds)
        return refuse(
          401,
          "'Expiration time' claim ('exp') must be a numeric value representing the future time at which the assertion expires",
        );
      if (iss !== CLIENT_ID) return refuse(401, "Integration not found");
      if (installation !== `${INSTALLATION}/access_tokens`) return refuse(404, "Not Found");
      if (state.suspended) return refuse(403, "This installation has been suspended");
      // Since April 2026 they are long, and have dots and dashes in them.
      const token = `ghs_${random("base36", 6)}_${random("base62", 200)}.${random("base62", 200)}-${random("base62", 90)}`;
      const until = now() + accessLifetime * 1000;
      live.set(token, until);
      return json(
        {
          token,
          expires_at: new Date(until).toISOString().replace(/\.\d+Z/, "Z"),
          permissions: { contents: "read", metadata: "read" },
          repository_selection: "selected",
        },
        201,
        dated(now()),
      );
    }

    function refuse(status: number, message: string): Response {
      return json({ message, documentation_url: DOCS, status: String(status) }, status, dated(now()));
    }

    return { "POST /app/installations/*": accessTokens };
  });

  return {
    server,
    clientId: CLIENT_ID,
    installation: INSTALLATION,
    endpoints: { mint: `${server.url}/app/installations/${INSTALLATION}/access_tokens` },
    state,
    isLive: (token: string): boolean => now() < (live.get(token) ?? 0),
  };
}
