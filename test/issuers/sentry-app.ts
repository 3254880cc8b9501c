/**
 * The installation tokens of Sentry's integration platform, as its source answers (`sentry_app_authorizations.py`,
 * `sentry_apps/token_exchange/`): JSON only, 201, camelCase, and a refresh deletes the old tokens at once.
 */
import { random } from "./grants.ts";
import { type Call, json, type Server, serve } from "./server.ts";

export interface SentryAppOptions {
  /** Seconds. Default: eight hours. */
  readonly accessLifetime?: number;
}

interface Row {
  readonly id: string;
  readonly token: string;
  readonly refreshToken: string;
  readonly expiresAt: number;
}

const CLIENT = { id: "4c1f".repeat(16), secret: "9d2e".repeat(16) };
const INSTALLATION = "7a485448-a9e2-4c85-8a3c-4f44175783c9";
const SCOPES = ["org:read", "event:admin"];

export function startSentryApp({ accessLifetime = 8 * 3600 }: SentryAppOptions = {}) {
  const codes = new Set<string>();
  const rows: Row[] = [];
  let now!: () => number;
  let made = 0;

  const server: Server = serve((_, clock) => {
    now = clock.now;

    function authorize({ json: body }: Call, rest: string): Response {
      if (body === null) return detail("Invalid request", 401);
      if (body.client_id !== CLIENT.id || body.client_secret !== CLIENT.secret)
        return detail("Authentication credentials were not provided.", 401);
      if (rest !== `${INSTALLATION}/authorizations/`) return detail("The requested resource does not exist", 404);
      switch (body.grant_type) {
        case "authorization_code":
          if (body.code === undefined) return json({ code: ["This field is required."] }, 400);
          if (!codes.delete(String(body.code)))
            return detail("Could not find grant for given code and installation", 401);
          return json(issue(), 201);
        case "refresh_token": {
          if (body.refresh_token === undefined) return json({ refresh_token: ["This field is required."] }, 400);
          const held = rows.findIndex(({ refreshToken }) => refreshToken === body.refresh_token);
          if (held < 0) return detail("Given refresh token does not exist", 401);
          rows.splice(held, 1);
          return json(issue(), 201);
        }
        default:
          return detail("Invalid grant_type", 403);
      }
    }

    function issue(): object {
      const expiresAt = now() + accessLifetime * 1000;
      const row = { id: String(++made), token: random("hex", 64), refreshToken: random("hex", 64), expiresAt };
      rows.push(row);
      return {
        id: row.id,
        scopes: SCOPES,
        application: null,
        expiresAt: new Date(expiresAt).toISOString().replace(/\.(\d+)Z/, ".$1000Z"),
        dateCreated: new Date(now()).toISOString(),
        state: null,
        token: row.token,
        refreshToken: row.refreshToken,
      };
    }

    return { "POST /api/0/sentry-app-installations/*": authorize };
  });

  /** Someone installs the integration: Sentry sends its server this code. */
  function install(): string {
    const code = random("hex", 32);
    codes.add(code);
    return code;
  }

  return {
    server,
    client: CLIENT,
    installation: INSTALLATION,
    endpoints: { token: `${server.url}/api/0/sentry-app-installations/${INSTALLATION}/authorizations/` },
    install,
    isLive: (token: string): boolean => rows.some((row) => row.token === token && now() < row.expiresAt),
    kill: () => void rows.splice(0),
  };
}

function detail(text: string, status: number): Response {
  return json({ detail: text }, status);
}
