/**
 * An issuer that approves everything, and answers the token endpoint only when a test says so: what a signal does while
 * a reply is on its way is tested at exactly that moment.
 */
import { json } from "./server.ts";

export interface HeldIssuer {
  readonly url: string;
  /** Access tokens that live at the issuer. A refresh replaces its login's, a revocation ends it. */
  readonly live: Set<string>;
  /** Requests to the token endpoint so far. */
  readonly asked: () => number;
  /** From now on the replies of the token endpoint wait. Their tokens are live already. @param grant only for this one */
  hold(grant?: string): void;
  /** Access tokens made from now on live that many seconds. */
  expireAfter(seconds: number): void;
  /** Lets all waiting replies go, and later ones at once. */
  letGo(): void;
  /** A description of it, with all flows. @param more further lines of TOML */
  manifest(id: string, more?: string, origins?: readonly string[]): string;
  stop(): Promise<void>;
}

/** @param lifetime seconds that access tokens live @param before the number of the last token before its first */
export function startHeld(lifetime = 3600, before = 0): HeldIssuer {
  const live = new Set<string>();
  let lives = lifetime;
  let asked = 0;
  let made = before;
  let held: PromiseWithResolvers<void> | null = null;
  let heldGrant: string | undefined;

  async function token(form: URLSearchParams): Promise<Response> {
    asked++;
    const given = form.get("refresh_token");
    if (given !== null && !live.has(given.replace("refresh", "access"))) return json({ error: "invalid_grant" }, 400);
    if (given !== null) live.delete(given.replace("refresh", "access"));
    const n = ++made;
    live.add(`access-${n}`);
    if (heldGrant === undefined || heldGrant === form.get("grant_type")) await held?.promise;
    return json({
      access_token: `access-${n}`,
      refresh_token: `refresh-${n}`,
      token_type: "Bearer",
      expires_in: lives,
      user: { id: "42" },
    });
  }

  async function answer(request: Request): Promise<Response> {
    const { pathname, searchParams, origin } = new URL(request.url);
    const form = new URLSearchParams(await request.text());
    switch (pathname) {
      case "/device":
        return json({
          device_code: "device-code",
          user_code: "ABCD",
          verification_uri: `${origin}/approve`,
          interval: 1,
          expires_in: 300,
        });
      case "/authorize": {
        const back = new URL(searchParams.get("redirect_uri") ?? "");
        back.search = String(new URLSearchParams({ code: "code-1", state: searchParams.get("state") ?? "" }));
        return new Response(null, { status: 302, headers: { location: back.href } });
      }
      case "/token":
        return token(form);
      case "/revoke":
        live.delete((form.get("token") ?? "").replace("refresh", "access"));
        return json({});
      default:
        return json({}, 404);
    }
  }

  const server = Bun.serve({ hostname: "127.0.0.1", port: 0, idleTimeout: 60, fetch: answer });
  const url = `http://127.0.0.1:${server.port}`;
  return {
    url,
    live,
    asked: () => asked,
    hold(grant) {
      heldGrant = grant;
      held ??= Promise.withResolvers();
    },
    expireAfter(seconds) {
      lives = seconds;
    },
    letGo() {
      held?.resolve();
      held = null;
    },
    manifest: (id, more = "", origins = []) => `
id = "${id}"
title = "${id.toUpperCase()}"
flows = ["device", "browser", "code", "client-credentials", "exchange"]
origins = ${JSON.stringify(origins)}
[endpoints]
authorization = "${url}/authorize"
device = "${url}/device"
token = "${url}/token"
revocation = "${url}/revoke"
[client]
id = "cli"
[account]
from = "reply"
id = ["user.id"]
[minting.client-credentials]
use = "assertion"
account = "{clientId}"
[minting.exchange]
use = "exchange"
account = "{clientId}"
${more}`,
    stop: () => server.stop(true),
  };
}
