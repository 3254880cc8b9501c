/**
 * GitHub as its documentation describes it: an OAuth App, or a GitHub App whose user tokens expire.
 * Form-encoded replies unless JSON is asked for; errors with status 200; scopes joined by commas.
 */
import { Codes, Devices, random, sameLoopback, userCode, verifierFits, words } from "./grants.ts";
import { type Call, html, json, redirect, type Server, serve } from "./server.ts";

export interface GithubOptions {
  /** `app`: 8 hours and a rotating refresh token. `oauth-app`: no expiry, no refresh token. */
  readonly mode?: "app" | "oauth-app";
  /** Of an OAuth App: whether `offline_access` brings tokens that expire, as it does since 2026; earlier it is no scope. */
  readonly offlineAccess?: boolean;
  readonly clientId?: string;
  readonly clientSecret?: string;
  /** Seconds, as all lifetimes here. */
  readonly accessLifetime?: number;
  readonly refreshLifetime?: number;
  readonly deviceLifetime?: number;
  readonly interval?: number;
  /** What `slow_down` adds to the interval. */
  readonly slowDownBy?: number;
  readonly deviceFlow?: boolean;
  /** Approve device codes at once. */
  readonly approve?: boolean;
}

interface Token {
  readonly access: string;
  readonly refresh: string | null;
  readonly scopes: readonly string[];
  readonly byDevice: boolean;
  readonly expiresAt: number;
  readonly refreshExpiresAt: number;
  alive: boolean;
}

export function startGithub(options: GithubOptions = {}) {
  const {
    mode = "app",
    offlineAccess = true,
    clientId = "Iv23liTestClient",
    clientSecret = "github-client-secret",
    accessLifetime = 28_800,
    refreshLifetime = 15_897_600,
    deviceLifetime = 900,
    interval = 5,
    slowDownBy = 5,
    deviceFlow = true,
  } = options;
  const codes = new Codes();
  const tokens: Token[] = [];
  const decisions = { authorize: "approve" as "approve" | "deny" };
  let devices!: Devices;
  let now!: () => number;

  const server: Server = serve((url, clock) => {
    now = clock.now;
    devices = new Devices(clock);
    if (options.approve) devices.decision = "approved";

    function authorize({ query }: Call): Response {
      const to = query.get("redirect_uri") ?? "";
      if (query.get("client_id") !== clientId) return html("Page not found", 404);
      if (!sameLoopback("http://127.0.0.1/callback", to))
        return redirect("http://127.0.0.1/callback", { error: "redirect_uri_mismatch", state: query.get("state") });
      if (decisions.authorize === "deny")
        return redirect(to, {
          error: "access_denied",
          error_description: "The user has denied your application access.",
          state: query.get("state"),
        });
      return redirect(to, { code: codes.addFor(query, random("hex", 20)), state: query.get("state") });
    }

    function device(call: Call): Response {
      if (call.form.get("client_id") !== clientId) return refuse(call, "incorrect_client_credentials");
      if (!deviceFlow) return refuse(call, "device_flow_disabled");
      const scope = call.form.get("scope") ?? "";
      const issued = devices.add(
        { deviceCode: random("hex", 40), userCode: userCode("base36"), clientId, scope, interval },
        deviceLifetime,
      );
      return answer(call, {
        device_code: issued.deviceCode,
        user_code: issued.userCode,
        verification_uri: `${url}/login/device`,
        expires_in: deviceLifetime,
        interval,
      });
    }

    function token(call: Call): Response {
      const { form } = call;
      if (form.get("client_id") !== clientId) return refuse(call, "incorrect_client_credentials");
      const secret = form.get("client_secret");
      if (secret !== null && secret !== clientSecret) return refuse(call, "incorrect_client_credentials");
      switch (form.get("grant_type")) {
        case "urn:ietf:params:oauth:grant-type:device_code":
          return byDevice(call);
        case "refresh_token":
          return refresh(call, secret);
        case "authorization_code":
        case null:
          return byCode(call, secret);
        default:
          return refuse(call, "unsupported_grant_type");
      }
    }

    function byDevice(call: Call): Response {
      const found = devices.find(call.form.get("device_code"));
      if (found === null) return refuse(call, "incorrect_device_code");
      if (devices.expired(found)) return refuse(call, "expired_token");
      if (devices.tooFast(found)) {
        found.interval += slowDownBy;
        return refuse(call, "slow_down", { interval: found.interval });
      }
      if (found.state === "pending") return refuse(call, "authorization_pending");
      devices.drop(found);
      return found.state === "denied" ? refuse(call, "access_denied") : issue(call, words(found.scope), true);
    }

    function byCode(call: Call, secret: string | null): Response {
      // GitHub tells no public clients from confidential ones: this flow wants the secret, PKCE or not.
      if (secret === null) return refuse(call, "incorrect_client_credentials");
      const code = codes.take(call.form.get("code"));
      const { form } = call;
      if (code === null || !verifierFits(code, form.get("code_verifier"))) return refuse(call, "bad_verification_code");
      if (form.has("redirect_uri") && form.get("redirect_uri") !== code.redirectUri)
        return refuse(call, "redirect_uri_mismatch");
      return issue(call, words(code.scope), false);
    }

    function refresh(call: Call, secret: string | null): Response {
      const old = tokens.find(({ refresh: held }) => held !== null && held === call.form.get("refresh_token"));
      if (old?.byDevice !== true && secret === null) return refuse(call, "incorrect_client_credentials");
      if (old === undefined || !old.alive || now() >= old.refreshExpiresAt) return refuse(call, "bad_refresh_token");
      old.alive = false; // And with it the old access token, at once.
      return issue(call, old.scopes, old.byDevice);
    }

    function issue(call: Call, scopes: readonly string[], byDevice: boolean): Response {
      const isApp = mode === "app";
      const expires = isApp || (offlineAccess && scopes.includes("offline_access"));
      const made: Token = {
        access: `${isApp ? "ghu_" : "gho_"}${random("base62", 36)}`,
        refresh: expires ? `ghr_${random("base62", 76)}` : null,
        scopes,
        byDevice,
        expiresAt: expires ? now() + accessLifetime * 1000 : Number.POSITIVE_INFINITY,
        refreshExpiresAt: now() + refreshLifetime * 1000,
        alive: true,
      };
      tokens.push(made);
      return answer(call, {
        access_token: made.access,
        ...(expires
          ? { expires_in: accessLifetime, refresh_token: made.refresh, refresh_token_expires_in: refreshLifetime }
          : {}),
        token_type: "bearer",
        scope: isApp ? "" : scopes.filter((scope) => scope !== "offline_access").join(","),
      });
    }

    function user({ bearer }: Call): Response {
      const held = live(bearer);
      if (held === undefined) return json({ message: "Bad credentials", status: "401" }, 401);
      const headers: Record<string, string> = mode === "app" ? {} : { "x-oauth-scopes": held.scopes.join(", ") };
      return json({ login: "octocat", id: 583231, name: "The Octocat", email: null }, 200, headers);
    }

    function revoke(call: Call, rest: string): Response {
      if (call.basic?.id !== clientId || call.basic.secret !== clientSecret || rest !== `${clientId}/token`)
        return json({ message: "Not Found", status: "404" }, 404);
      const held = tokens.find(({ access }) => access === call.json?.access_token);
      if (held === undefined) return json({ message: "Validation Failed" }, 422);
      held.alive = false;
      return new Response(null, { status: 204 });
    }

    return {
      "GET /login/oauth/authorize": authorize,
      "POST /login/device/code": device,
      "POST /login/oauth/access_token": token,
      "GET /user": user,
      "GET /api/v3/user": user,
      "DELETE /applications/*": revoke,
      "DELETE /api/v3/applications/*": revoke,
    };
  });

  function live(access: string | null): Token | undefined {
    return tokens.find((token) => token.alive && token.access === access && now() < token.expiresAt);
  }

  /** The person revokes the app: every token dies. */
  function kill(): void {
    for (const token of tokens) token.alive = false;
  }

  return {
    server,
    clientId,
    clientSecret,
    endpoints: {
      authorization: `${server.url}/login/oauth/authorize`,
      device: `${server.url}/login/device/code`,
      token: `${server.url}/login/oauth/access_token`,
      userinfo: `${server.url}/user`,
      revocation: `${server.url}/applications/{clientId}/token`,
    },
    devices,
    decisions,
    tokens,
    isLive: (access: string) => live(access) !== undefined,
    kill,
  };
}

const WORDS: Readonly<Record<string, string>> = {
  authorization_pending: "The authorization request is still pending.",
  slow_down: "Too many requests have been made in the same timeframe.",
  access_denied: "The authorization request was denied.",
  expired_token: "This device_code has expired.",
  incorrect_device_code: "The device_code provided is not valid.",
  incorrect_client_credentials: "The client_id and/or client_secret passed are incorrect.",
  bad_verification_code: "The code passed is incorrect or expired.",
  bad_refresh_token: "The refresh token passed is incorrect or expired.",
  redirect_uri_mismatch: "The redirect_uri MUST match the registered callback URL for this application.",
  device_flow_disabled: "Device Flow must be explicitly enabled for this App",
  unsupported_grant_type: "The grant type is not supported.",
};

/** Status 200, and the code in the body. */
function refuse(call: Call, error: string, more: Record<string, unknown> = {}): Response {
  return answer(call, { error, error_description: WORDS[error], error_uri: "https://docs.github.com", ...more });
}

function answer(call: Call, fields: Record<string, unknown>): Response {
  if (call.headers.get("accept")?.includes("application/json")) return json(fields);
  const form = new URLSearchParams(
    Object.entries(fields).map(([name, value]): [string, string] => [name, String(value)]),
  );
  return new Response(form.toString(), {
    headers: { "content-type": "application/x-www-form-urlencoded; charset=utf-8" },
  });
}
