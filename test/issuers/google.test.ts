/** The Google issuer keeps to what Google documents: told in plain requests. */
import { afterEach, describe, expect, test } from "bun:test";
import { startGoogle } from "./google.ts";
import { codeFrom, type Fields, LOOPBACK, poll, post, refresh, started, stopAll, VERIFIER } from "./wire.ts";

afterEach(stopAll);

describe("google", () => {
  async function login({ endpoints, desktop }: ReturnType<typeof startGoogle>) {
    const code = await codeFrom(endpoints, desktop.id, "openid email");
    const grant = { grant_type: "authorization_code", code, redirect_uri: LOOPBACK, code_verifier: VERIFIER };
    return post(endpoints.token, { ...client(desktop), ...grant });
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
    const polled = (who: Fields) => poll(google.endpoints, who, device);
    expect(await polled({ client_id: google.tv.id })).toMatchObject({
      status: 400,
      body: { error: "invalid_request" },
    });
    expect(await polled({ client_id: google.tv.id, client_secret: "x" })).toMatchObject({
      status: 401,
      body: { error: "invalid_client" },
    });
    expect(await polled(client(google.tv))).toMatchObject({ status: 428, body: { error: "authorization_pending" } });
    google.devices.decide("slow_down");
    expect(await polled(client(google.tv))).toMatchObject({ status: 403, body: { error: "slow_down" } });
    google.devices.decide("deny");
    expect(await polled(client(google.tv))).toMatchObject({ status: 403, body: { error: "access_denied" } });
  });

  test("the refresh token stays: a refresh brings none, and it works again", async () => {
    const google = started(startGoogle());
    const first = await login(google);
    expect(first.body).toMatchObject({ expires_in: 3599, token_type: "Bearer" });
    const again = () => refresh(google.endpoints, client(google.desktop), first);
    for (const reply of [await again(), await again()]) {
      expect(reply.body.access_token).toStartWith("ya29.");
      expect(reply.body.refresh_token).toBeUndefined();
    }
  });

  test("revoking the access token ends the grant, refresh token included", async () => {
    const google = started(startGoogle());
    const first = await login(google);
    const token = String(first.body.access_token);
    expect((await post(google.endpoints.revocation, { token })).status).toBe(200);
    const reply = await refresh(google.endpoints, client(google.desktop), first);
    expect(reply).toMatchObject({
      status: 400,
      body: { error: "invalid_grant", error_description: "Token has been expired or revoked." },
    });
    expect(await post(google.endpoints.revocation, { token })).toMatchObject({
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
    const reply = await refresh(google.endpoints, client(google.desktop), first);
    expect(reply.body).toMatchObject({ error: "invalid_grant", error_subtype: "invalid_rapt" });
  });

  test("the hundred and first login silently ends the first", async () => {
    const google = started(startGoogle());
    for (let i = 0; i < 101; i++) await login(google);
    expect(google.grants.map(({ alive }) => alive)).toEqual([false, ...Array<boolean>(100).fill(true)]);
  });
});
