/**
 * Google as its documentation describes it: two kinds of client, a device flow with its own field name and statuses
 * and few scopes, refresh tokens that stay, a grant that dies as a whole.
 */
import { Codes, Devices, keySet, random, signed, userCode, verifierFits, words } from "./grants.ts";
import { type Call, html, json, redirect, type Server, serve } from "./server.ts";

export interface GoogleOptions {
  /** Seconds, as all lifetimes here. */
  readonly accessLifetime?: number;
  /** Time-limited consent: sent as `refresh_token_expires_in`. */
  readonly refreshLifetime?: number;
  readonly deviceLifetime?: number;
  readonly interval?: number;
  readonly approve?: boolean;
}

interface Grant {
  readonly clientId: string;
  readonly refresh: string | null;
  readonly scopes: readonly string[];
  readonly access: Map<string, number>;
  readonly refreshExpiresAt: number;
  alive: boolean;
}

interface Client {
  readonly id: string;
  readonly secret: string;
  readonly kind: "desktop" | "tv";
}

const DESKTOP: Client = { id: "1-desktop.apps.googleusercontent.com", secret: "GOCSPX-desktop", kind: "desktop" };
const TV: Client = { id: "1-tv.apps.googleusercontent.com", secret: "GOCSPX-tv", kind: "tv" };

const DEVICE_SCOPES = [
  "openid",
  "email",
  "profile",
  "https://www.googleapis.com/auth/drive.appdata",
  "https://www.googleapis.com/auth/drive.file",
  "https://www.googleapis.com/auth/youtube",
  "https://www.googleapis.com/auth/youtube.readonly",
];

/** So many grants of one account for one client live at once; the oldest makes room silently. */
const MOST_GRANTS = 100;

export function startGoogle(options: GoogleOptions = {}) {
  const { accessLifetime = 3599, refreshLifetime, deviceLifetime = 1800, interval = 5 } = options;
  const codes = new Codes();
  const grants: Grant[] = [];
  const decisions = {
    authorize: "approve" as "approve" | "deny",
    /** Granular consent: only these of the scopes asked for are granted. */
    grantOnly: null as readonly string[] | null,
    /** The organisation's session control wants a new sign-in. */
    reauthenticate: false,
  };
  let devices!: Devices;
  let now!: () => number;

  const server: Server = serve((url, clock) => {
    now = clock.now;
    devices = new Devices(clock);
    if (options.approve) devices.decision = "approved";

    function authorize({ query }: Call): Response {
      const to = query.get("redirect_uri") ?? "";
      if (query.get("client_id") !== DESKTOP.id) return html("Error 401: invalid_client", 401);
      // A desktop client's redirect needs no registration, but must be this very machine by address.
      if (!["127.0.0.1", "[::1]"].includes(URL.parse(to)?.hostname ?? ""))
        return html("Error 400: redirect_uri_mismatch", 400);
      const state = query.get("state");
      if (decisions.authorize === "deny") return redirect(to, { error: "access_denied", state });
      const code = codes.addFor(query, `4/${random("base62", 60)}`);
      return redirect(to, { code, state, scope: query.get("scope"), authuser: "0", prompt: "consent" });
    }

    function device({ form }: Call): Response {
      if (form.get("client_id") !== TV.id)
        return json(
          {
            error: "invalid_client",
            error_description:
              "Only clients of type 'TVs and Limited Input devices' can use the OAuth 2.0 flow for TV and Limited-Input Device Applications.",
          },
          401,
        );
      const scope = form.get("scope") ?? "";
      const beyond = words(scope).filter((word) => !DEVICE_SCOPES.includes(word));
      if (beyond.length > 0)
        return json(
          { error: "invalid_scope", error_description: `Invalid device flow scope: ${beyond.join(" ")}` },
          400,
        );
      const issued = devices.add(
        {
          deviceCode: `AH-1${random("base62", 96)}`,
          userCode: userCode("consonants"),
          clientId: TV.id,
          scope,
          interval,
        },
        deviceLifetime,
      );
      return json({
        device_code: issued.deviceCode,
        user_code: issued.userCode,
        verification_url: `${url}/device`,
        expires_in: deviceLifetime,
        interval,
      });
    }

    async function token({ form }: Call): Promise<Response> {
      const client = [DESKTOP, TV].find(({ id }) => id === form.get("client_id"));
      if (client === undefined)
        return json({ error: "invalid_client", error_description: "The OAuth client was not found." }, 401);
      const secret = form.get("client_secret");
      if (secret === null)
        return json({ error: "invalid_request", error_description: "client_secret is missing." }, 400);
      if (secret !== client.secret) return json({ error: "invalid_client", error_description: "Unauthorized" }, 401);
      switch (form.get("grant_type")) {
        case "authorization_code":
          return byCode(form, client);
        case "urn:ietf:params:oauth:grant-type:device_code":
          return byDevice(form, client);
        case "refresh_token":
          return refresh(form, client);
        default:
          return json({ error: "unsupported_grant_type", error_description: "Invalid grant_type" }, 400);
      }
    }

    async function byCode(form: URLSearchParams, client: Client): Promise<Response> {
      const code = codes.take(form.get("code"));
      if (code === null || code.clientId !== client.id) return dead("Malformed auth code.");
      if (form.get("redirect_uri") !== code.redirectUri)
        return json({ error: "redirect_uri_mismatch", error_description: "Bad Request" }, 400);
      if (!verifierFits(code, form.get("code_verifier"))) return dead("Invalid code verifier.");
      return issue(client, words(code.scope), code.nonce);
    }

    async function byDevice(form: URLSearchParams, client: Client): Promise<Response> {
      const found = devices.find(form.get("device_code"));
      if (found === null || found.clientId !== client.id || devices.expired(found)) return dead("Bad Request");
      if (devices.tooFast(found)) return json({ error: "slow_down", error_description: "Forbidden" }, 403);
      if (found.state === "pending")
        return json({ error: "authorization_pending", error_description: "Precondition Required" }, 428);
      devices.drop(found);
      if (found.state === "denied") return json({ error: "access_denied", error_description: "Forbidden" }, 403);
      return issue(client, words(found.scope), null);
    }

    async function refresh(form: URLSearchParams, client: Client): Promise<Response> {
      const grant = grants.find(({ refresh: held }) => held !== null && held === form.get("refresh_token"));
      if (grant === undefined || !grant.alive || grant.clientId !== client.id || now() >= grant.refreshExpiresAt)
        return dead("Token has been expired or revoked.");
      if (decisions.reauthenticate)
        return json(
          {
            error: "invalid_grant",
            error_description: "reauth related error (invalid_rapt)",
            error_uri: "https://support.google.com/a/answer/9368756",
            error_subtype: "invalid_rapt",
          },
          400,
        );
      // No refresh token in the reply: the old one stays.
      return json(await reply(grant, null));
    }

    async function issue(client: Client, asked: readonly string[], nonce: string | null): Promise<Response> {
      const only = decisions.grantOnly;
      const grant: Grant = {
        clientId: client.id,
        refresh: `1//${random("base62", 100)}`,
        scopes: only === null ? asked : asked.filter((scope) => only.includes(scope)),
        access: new Map(),
        refreshExpiresAt: refreshLifetime === undefined ? Number.POSITIVE_INFINITY : now() + refreshLifetime * 1000,
        alive: true,
      };
      grants.push(grant);
      const living = grants.filter(({ alive, clientId }) => alive && clientId === client.id);
      if (living.length > MOST_GRANTS && living[0] !== undefined) living[0].alive = false;
      return json({
        ...(await reply(grant, nonce)),
        refresh_token: grant.refresh,
        ...(refreshLifetime === undefined ? {} : { refresh_token_expires_in: refreshLifetime }),
      });
    }

    async function reply(grant: Grant, nonce: string | null): Promise<Record<string, unknown>> {
      const access = `ya29.${random("base62", 120)}`;
      grant.access.set(access, now() + accessLifetime * 1000);
      const seconds = Math.floor(now() / 1000);
      const idToken = await signed({
        iss: url,
        aud: grant.clientId,
        sub: "110169484474386276334",
        email: "ada@example.com",
        email_verified: true,
        iat: seconds,
        exp: seconds + 3600,
        ...(nonce === null ? {} : { nonce }),
      });
      return {
        access_token: access,
        expires_in: accessLifetime,
        scope: grant.scopes.join(" "),
        token_type: "Bearer",
        ...(grant.scopes.includes("openid") ? { id_token: idToken } : {}),
      };
    }

    function revoke({ form, query }: Call): Response {
      const token = form.get("token") ?? query.get("token") ?? "";
      const grant = grants.find(({ refresh, access, alive }) => alive && (refresh === token || access.has(token)));
      if (grant === undefined)
        return json({ error: "invalid_token", error_description: "Token expired or revoked" }, 400);
      grant.alive = false;
      return json({});
    }

    function userinfo({ bearer }: Call): Response {
      if (!isLive(bearer ?? ""))
        return json({ error: "invalid_request", error_description: "Invalid Credentials" }, 401);
      return json({
        sub: "110169484474386276334",
        name: "Ada Lovelace",
        email: "ada@example.com",
        email_verified: true,
      });
    }

    return {
      "GET /o/oauth2/v2/auth": authorize,
      "POST /device/code": device,
      "POST /token": token,
      "POST /revoke": revoke,
      "GET /v1/userinfo": userinfo,
      "GET /oauth2/v3/certs": async () => json(await keySet()),
    };
  });

  function isLive(access: string): boolean {
    return grants.some((grant) => grant.alive && now() < (grant.access.get(access) ?? 0));
  }

  /** The person removes the app's access, or a week in Testing is over. */
  function kill(): void {
    for (const grant of grants) grant.alive = false;
  }

  return {
    server,
    desktop: DESKTOP,
    tv: TV,
    endpoints: {
      authorization: `${server.url}/o/oauth2/v2/auth`,
      device: `${server.url}/device/code`,
      token: `${server.url}/token`,
      revocation: `${server.url}/revoke`,
      userinfo: `${server.url}/v1/userinfo`,
    },
    devices,
    decisions,
    grants,
    isLive,
    kill,
  };
}

function dead(description: string): Response {
  return json({ error: "invalid_grant", error_description: description }, 400);
}
