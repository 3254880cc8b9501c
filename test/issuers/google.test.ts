/** The Google issuer keeps to what Google documents: told in plain requests. */
import { afterEach, describe, expect, test } from "bun:test";
import { startGoogle } from "./google.ts";
import { DEVICE_GRANT, type Fields, followed, PKCE, post, started, stopAll, VERIFIER } from "./wire.ts";

afterEach(stopAll);

describe("google", () => {
  async function login(google: ReturnType<typeof startGoogle>, scope = "openid email") {
    const redirect_uri = "http://127.0.0.1:5/callback";
    const location = await followed(google.endpoints.authorization, {
      client_id: google.desktop.id,
      redirect_uri,
      scope,
      state: "s",
      ...PKCE,
    });
    const code = location.searchParams.get("code") ?? "";
    return post(google.endpoints.token, {
      ...client(google.desktop),
      grant_type: "authorization_code",
      code,
      redirect_uri,
      code_verifier: VERIFIER,
    });
  }
  const client = ({ id, secret }: { id: string; secret: string }) => ({ client_id: id, client_secret: secret });

  test("device: its own field name, few scopes, the secret while polling, and statuses of its own", async () => {
    const google = started(startGoogle({ interval: 0 }));
    const wide = await post(google.endpoints.device, {
      client_id: google.tv.id,
      scope: "https://www.googleapis.com/auth/cloud-platform",
    });
    expect(wide).toMatchObject({ status: 400, body: { error: "invalid_scope" } });
    const device = await post(google.endpoints.device, { client_id: google.tv.id, scope: "openid email" });
    expect(device.body.verification_url).toBeString();
    expect(device.body.verification_uri).toBeUndefined();
    const poll = (who: Fields) =>
      post(google.endpoints.token, { ...who, grant_type: DEVICE_GRANT, device_code: String(device.body.device_code) });
    expect(await poll({ client_id: google.tv.id })).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    expect(await poll({ client_id: google.tv.id, client_secret: "x" })).toMatchObject({
      status: 401,
      body: { error: "invalid_client" },
    });
    expect(await poll(client(google.tv))).toMatchObject({ status: 428, body: { error: "authorization_pending" } });
    google.devices.decide("slow_down");
    expect(await poll(client(google.tv))).toMatchObject({ status: 403, body: { error: "slow_down" } });
    google.devices.decide("deny");
    expect(await poll(client(google.tv))).toMatchObject({ status: 403, body: { error: "access_denied" } });
  });

  test("the refresh token stays: a refresh brings none, and it works again", async () => {
    const google = started(startGoogle());
    const first = await login(google);
    expect(first.body).toMatchObject({ expires_in: 3599, token_type: "Bearer" });
    const refresh = () =>
      post(google.endpoints.token, {
        ...client(google.desktop),
        grant_type: "refresh_token",
        refresh_token: String(first.body.refresh_token),
      });
    for (const reply of [await refresh(), await refresh()]) {
      expect(reply.body.access_token).toStartWith("ya29.");
      expect(reply.body.refresh_token).toBeUndefined();
    }
  });

  test("revoking the access token ends the grant, refresh token included", async () => {
    const google = started(startGoogle());
    const { access_token, refresh_token } = (await login(google)).body as Fields;
    expect((await post(google.endpoints.revocation, { token: String(access_token) })).status).toBe(200);
    const reply = await post(google.endpoints.token, {
      ...client(google.desktop),
      grant_type: "refresh_token",
      refresh_token: String(refresh_token),
    });
    expect(reply).toMatchObject({
      status: 400,
      body: { error: "invalid_grant", error_description: "Token has been expired or revoked." },
    });
    expect(await post(google.endpoints.revocation, { token: String(access_token) })).toMatchObject({
      status: 400,
      body: { error: "invalid_token" },
    });
  });

  test("session control is invalid_grant with a sub-type; granular consent grants less than was asked", async () => {
    const google = started(startGoogle());
    google.decisions.grantOnly = ["openid"];
    const first = await login(google);
    expect(first.body.scope).toBe("openid");
    google.decisions.reauthenticate = true;
    const reply = await post(google.endpoints.token, {
      ...client(google.desktop),
      grant_type: "refresh_token",
      refresh_token: String(first.body.refresh_token),
    });
    expect(reply.body).toMatchObject({ error: "invalid_grant", error_subtype: "invalid_rapt" });
  });

  test("the hundred and first login silently ends the first", async () => {
    const google = started(startGoogle());
    for (let i = 0; i < 101; i++) await login(google);
    expect(google.grants.map(({ alive }) => alive)).toEqual([false, ...Array<boolean>(100).fill(true)]);
  });
});
