/**
 * Sentry as its source describes it: slashes at the end, errors without description, no scope on refresh, Basic or
 * body but never both, one row for both tokens, rewritten at each refresh without grace.
 */
import { Codes, Devices, random, sameLoopback, userCode, verifierFits, words } from "./grants.ts";
import { type Call, html, json, redirect, type Server, serve } from "./server.ts";

export interface SentryOptions {
  /** Seconds, as all lifetimes here; null: the token never expires. */
  readonly accessLifetime?: number | null;
  readonly deviceLifetime?: number;
  /** Seconds between polls of one device code. */
  readonly interval?: number;
  /** Stored versions refuse a client without a secret at the revocation endpoint. */
  readonly revokeNeedsSecret?: boolean;
  /** Before 26.1.0: no device flow, a page instead. */
  readonly old?: boolean;
  readonly approve?: boolean;
}

interface Row {
  readonly clientId: string;
  access: string;
  refresh: string;
  readonly used: string[];
  readonly scopes: readonly string[];
  /** Of both tokens. */
  expiresAt: number | null;
  alive: boolean;
}

interface Client {
  readonly id: string;
  readonly secret: string | null;
}

const PUBLIC: Client = { id: "sentry-public-client", secret: null };
const CONFIDENTIAL: Client = { id: "sentry-confidential-client", secret: "sentry-client-secret" };

const SCOPES = [
  ...["org:read", "org:write", "org:admin", "org:integrations", "org:ci", "member:read", "member:write", "team:read"],
  ...["team:write", "project:read", "project:write", "project:admin", "project:releases", "event:read", "event:write"],
  ...["event:admin", "alerts:read", "alerts:write", "openid", "profile", "email"],
];

export function startSentry(options: SentryOptions = {}) {
  const {
    accessLifetime = 2_592_000,
    deviceLifetime = 600,
    interval = 5,
    revokeNeedsSecret = true,
    old = false,
  } = options;
  const codes = new Codes();
  const rows: Row[] = [];
  const decisions = { authorize: "approve" as "approve" | "deny" };
  let devices!: Devices;
  let now!: () => number;

  const server: Server = serve((url, clock) => {
    now = clock.now;
    devices = new Devices(clock);
    if (options.approve) devices.decision = "approved";

    function authorize({ query }: Call): Response {
      const to = query.get("redirect_uri") ?? "";
      const client = clientOf(query.get("client_id"));
      if (client === null || !sameLoopback("http://127.0.0.1/callback", to)) return html("Invalid client", 400);
      const state = query.get("state");
      if (query.get("response_type") !== "code") return redirect(to, { error: "unsupported_response_type", state });
      if (unknownScope(query.get("scope"))) return redirect(to, { error: "invalid_scope", state });
      const challenge = query.get("code_challenge");
      if (client.secret === null && challenge === null) return redirect(to, { error: "invalid_request", state });
      if (challenge !== null && query.get("code_challenge_method") !== "S256")
        return redirect(to, { error: "invalid_request", state });
      if (decisions.authorize === "deny") return redirect(to, { error: "access_denied", state });
      return redirect(to, { code: codes.addFor(query), state });
    }

    function device({ form }: Call): Response {
      if (old) return html("CSRF Verification Failed", 403);
      const client = clientOf(form.get("client_id"));
      if (client === null) return refuse("invalid_client", 401);
      const scope = form.get("scope") ?? "";
      if (unknownScope(scope)) return refuse("invalid_scope");
      const issued = devices.add(
        { deviceCode: random("hex", 64), userCode: userCode("consonants"), clientId: client.id, scope, interval },
        deviceLifetime,
      );
      return json({
        device_code: issued.deviceCode,
        user_code: issued.userCode,
        verification_uri: `${url}/oauth/device/`,
        verification_uri_complete: `${url}/oauth/device/?user_code=${issued.userCode}`,
        expires_in: deviceLifetime,
        interval,
      });
    }

    function token(call: Call): Response {
      const { form, basic } = call;
      if (basic !== null && (form.has("client_id") || form.has("client_secret"))) return refuse("invalid_request");
      const client = clientOf(basic?.id ?? form.get("client_id"));
      const secret = basic?.secret ?? form.get("client_secret");
      if (client === null || (client.secret !== null && secret !== client.secret)) return refuse("invalid_client", 401);
      switch (form.get("grant_type")) {
        case "authorization_code":
          return byCode(form, client);
        case "urn:ietf:params:oauth:grant-type:device_code":
          return byDevice(form, client);
        case "refresh_token":
          return refresh(form, client);
        default:
          return refuse("unsupported_grant_type");
      }
    }

    function byCode(form: URLSearchParams, client: Client): Response {
      const code = codes.take(form.get("code"));
      if (code === null || code.clientId !== client.id || code.redirectUri !== form.get("redirect_uri"))
        return refuse("invalid_grant");
      return verifierFits(code, form.get("code_verifier")) ? issue(client, words(code.scope)) : refuse("invalid_grant");
    }

    function byDevice(form: URLSearchParams, client: Client): Response {
      const found = devices.find(form.get("device_code"));
      if (found === null || found.clientId !== client.id) return refuse("invalid_grant");
      if (devices.tooFast(found)) return refuse("slow_down");
      if (devices.expired(found)) {
        devices.drop(found);
        return refuse("expired_token");
      }
      if (found.state === "pending") return refuse("authorization_pending");
      devices.drop(found);
      return found.state === "denied" ? refuse("access_denied") : issue(client, words(found.scope));
    }

    function refresh(form: URLSearchParams, client: Client): Response {
      if (form.has("scope")) return refuse("invalid_request");
      const given = form.get("refresh_token");
      if (given === null) return refuse("invalid_request");
      const row = rows.find((one) => one.alive && one.clientId === client.id && one.refresh === given);
      if (row === undefined) {
        // A used token that comes back ends the whole family of a public client.
        if (client.secret === null) for (const one of rows) if (one.used.includes(given)) one.alive = false;
        return refuse("invalid_grant");
      }
      if (row.expiresAt !== null && now() >= row.expiresAt) return refuse("invalid_grant");
      row.used.push(row.refresh);
      row.access = random("hex", 64);
      row.refresh = random("hex", 64);
      row.expiresAt = expiry();
      return json(reply(row));
    }

    function issue(client: Client, scopes: readonly string[]): Response {
      const row: Row = {
        clientId: client.id,
        access: random("hex", 64),
        refresh: random("hex", 64),
        used: [],
        scopes,
        expiresAt: expiry(),
        alive: true,
      };
      rows.push(row);
      return json(reply(row));
    }

    function expiry(): number | null {
      return accessLifetime === null ? null : now() + accessLifetime * 1000;
    }

    function reply(row: Row): Record<string, unknown> {
      return {
        access_token: row.access,
        refresh_token: row.refresh,
        expires_in: accessLifetime,
        expires_at: row.expiresAt === null ? null : new Date(row.expiresAt).toISOString(),
        token_type: "Bearer",
        scope: row.scopes.join(" "),
        user: { id: "42", name: "Grace Hopper", email: "grace@example.com" },
      };
    }

    function revoke({ form, basic }: Call): Response {
      const client = clientOf(basic?.id ?? form.get("client_id"));
      const secret = basic?.secret ?? form.get("client_secret");
      if (
        client === null ||
        (revokeNeedsSecret && secret === null) ||
        (client.secret !== null && secret !== client.secret)
      )
        return refuse("invalid_client", 400);
      const token = form.get("token");
      const row = rows.find(
        ({ access, refresh, clientId }) => clientId === client.id && (access === token || refresh === token),
      );
      if (row !== undefined) row.alive = false;
      return new Response(null, { status: 200 }); // Also for a token that isn't known.
    }

    function index({ bearer }: Call): Response {
      if (bearer === null) return json({ version: "0", auth: null, user: null });
      const row = rows.find(({ access }) => access === bearer);
      if (row === undefined || !isLive(bearer)) return json({ detail: "Invalid token" }, 401);
      const user = { id: "42", name: "Grace Hopper", username: "grace", email: "grace@example.com" };
      return json({ version: "0", auth: { scopes: row.scopes }, user });
    }

    return {
      "GET /oauth/authorize/": authorize,
      "POST /oauth/device/code/": device,
      "POST /oauth/token/": token,
      "POST /oauth/revoke/": revoke,
      "GET /api/0/": index,
    };
  });

  function isLive(access: string): boolean {
    return rows.some((row) => row.alive && row.access === access && (row.expiresAt === null || now() < row.expiresAt));
  }

  /** The application is switched off, or its access removed. */
  function kill(): void {
    for (const row of rows) row.alive = false;
  }

  return {
    server,
    publicClient: PUBLIC,
    confidentialClient: CONFIDENTIAL,
    endpoints: {
      authorization: `${server.url}/oauth/authorize/`,
      device: `${server.url}/oauth/device/code/`,
      token: `${server.url}/oauth/token/`,
      revocation: `${server.url}/oauth/revoke/`,
      userinfo: `${server.url}/api/0/`,
    },
    devices,
    decisions,
    rows,
    isLive,
    kill,
  };
}

function clientOf(id: string | null): Client | null {
  return [PUBLIC, CONFIDENTIAL].find((client) => client.id === id) ?? null;
}

function unknownScope(scope: string | null): boolean {
  return words(scope).some((word) => !SCOPES.includes(word));
}

/** The code and nothing more. */
function refuse(error: string, status = 400): Response {
  return json({ error }, status, status === 401 ? { "www-authenticate": 'Basic realm="oauth"' } : {});
}
