/**
 * An API that wants a second key beside each token, and takes a token's end from the token itself: Etsy's `x-api-key:
 * keystring:shared_secret` (https://github.com/etsy/open-api/discussions/1529), Slack's `auth.revoke`. Logins are by device.
 */
import { random } from "./grants.ts";
import { type Call, json, type Server, serve } from "./server.ts";

export function startKeyed({ secret = "shared-5ecret/+=", clientId = "keystring1" } = {}) {
  const live = new Map<string, string>();
  const server: Server = serve((url) => {
    /** The token of a request that has the key too. */
    const shown = ({ bearer, headers }: Call): string | null =>
      headers.get("x-api-key") === `${clientId}:${secret}` && headers.get("x-version") === "3" ? bearer : null;

    return {
      "POST /device": () =>
        json({ device_code: "d", user_code: "WDJB", verification_uri: `${url}/activate`, expires_in: 60, interval: 1 }),
      "POST /token": ({ form }) => {
        if (form.get("client_id") !== clientId) return json({ error: "invalid_client" }, 401);
        const refresh = form.get("refresh_token");
        if (refresh !== null && ![...live.values()].includes(refresh)) return json({ error: "invalid_grant" }, 400);
        const access = `at_${random("hex", 24)}`;
        live.set(access, refresh ?? `rt_${random("hex", 24)}`);
        const lifetime = { expires_in: 3600, refresh_token: live.get(access) };
        return json({ access_token: access, token_type: "Bearer", ...lifetime });
      },
      "POST /me": (call) => {
        if (shown(call) === null) return json({ error: "Shared secret is required in x-api-key header." }, 403);
        return live.has(call.bearer ?? "") ? json({ user_id: 7, name: "ada" }) : json({}, 401);
      },
      "GET /revoke": (call) => {
        const token = shown(call);
        return token !== null && live.delete(token) ? json({ ok: true }) : json({ ok: false, error: "invalid_auth" });
      },
    };
  });

  /** As its author would describe it, in TOML. @param more further lines, at the end */
  function manifest(more = ""): string {
    return `id = "keyed"
title = "Keyed"
flows = ["device", "token"]

[endpoints]
device = "${server.url}/device"
token = "${server.url}/token"
userinfo = "${server.url}/me"
revocation = "${server.url}/revoke"

[client]
kind = "public"

[companions.apiKey]
title = "The app's shared secret"
header = "x-api-key: {clientId}:{secret}"
required = true

[companions.version]
title = "The version of the API"
header = "x-version: 3"

[revocation]
style = "bearer"
request.method = "GET"

[account]
method = "POST"
id = ["user_id"]
label = ["name"]
${more}`;
  }

  return { server, secret, clientId, live, manifest };
}
