/** The Sentry issuer keeps to what Sentry documents: told in plain requests. */
import { afterEach, describe, expect, test } from "bun:test";
import { startSentry } from "./sentry.ts";
import { type Fields, followed, PKCE, poll, post, type Reply, refresh, started, stopAll } from "./wire.ts";

afterEach(stopAll);

describe("sentry", () => {
  const basic = (id: string, secret: string) => ({ authorization: `Basic ${btoa(`${id}:${secret}`)}` });

  async function login(sentry: ReturnType<typeof startSentry>, id = sentry.publicClient.id, secret?: string) {
    const device = await post(sentry.endpoints.device, { client_id: id, scope: "org:read" });
    sentry.devices.decide("approve");
    return poll(sentry.endpoints, { client_id: id, ...(secret !== undefined && { client_secret: secret }) }, device);
  }
  const renew = (sentry: ReturnType<typeof startSentry>, first: Reply, more: Fields = {}) =>
    refresh(sentry.endpoints, { client_id: sentry.publicClient.id, ...more }, first);

  test("the slash at the end is part of each address", async () => {
    const sentry = started(startSentry());
    expect((await post(sentry.endpoints.token.slice(0, -1), {})).status).toBe(404);
  });

  test("device: the form of its codes, one poll per window, an interval that stays", async () => {
    const sentry = started(startSentry());
    const device = await post(sentry.endpoints.device, { client_id: sentry.publicClient.id, scope: "org:read" });
    expect(device.body.device_code).toMatch(/^[0-9a-f]{64}$/);
    expect(device.body.user_code).toMatch(/^[BCDFGHJKLMNPQRSTVWXZ]{4}-[BCDFGHJKLMNPQRSTVWXZ]{4}$/);
    expect(device.body).toMatchObject({ expires_in: 600, interval: 5 });
    expect(device.body.verification_uri_complete).toBe(
      `${sentry.server.url}/oauth/device/?user_code=${device.body.user_code}`,
    );
    const polled = () => poll(sentry.endpoints, { client_id: sentry.publicClient.id }, device);
    expect(await polled()).toMatchObject({ status: 400, text: '{"error":"authorization_pending"}' });
    expect(await polled()).toMatchObject({ status: 400, text: '{"error":"slow_down"}' });
    sentry.server.advance(5);
    expect((await polled()).body.error).toBe("authorization_pending");
    sentry.server.advance(600);
    expect((await polled()).body.error).toBe("expired_token");
    expect((await polled()).body.error).toBe("invalid_grant");
  });

  test("a version before 26.1.0 answers the device flow with a page", async () => {
    const sentry = started(startSentry({ old: true }));
    expect(await post(sentry.endpoints.device, { client_id: sentry.publicClient.id })).toMatchObject({
      status: 403,
      type: "text/html",
    });
  });

  test("Basic or body, but never both", async () => {
    const sentry = started(startSentry());
    const { id, secret } = sentry.confidentialClient;
    const first = await login(sentry, id, secret ?? "");
    const body = { grant_type: "refresh_token", refresh_token: String(first.body.refresh_token) };
    const both = await post(
      sentry.endpoints.token,
      { ...body, client_id: id, client_secret: secret ?? "" },
      basic(id, secret ?? ""),
    );
    expect(both).toMatchObject({ status: 400, body: { error: "invalid_request" } });
    const wrong = await post(sentry.endpoints.token, body, basic(id, "wrong"));
    expect(wrong).toMatchObject({ status: 401, body: { error: "invalid_client" } });
    expect(wrong.headers.get("www-authenticate")).toBe('Basic realm="oauth"');
    expect((await post(sentry.endpoints.token, body, basic(id, secret ?? ""))).status).toBe(200);
  });

  test("a refresh may not send a scope, and replaces both tokens at once", async () => {
    const sentry = started(startSentry());
    const first = await login(sentry);
    expect(first.body).toMatchObject({ expires_in: 2592000, token_type: "Bearer", user: { id: "42" } });
    expect(await renew(sentry, first, { scope: "org:read" })).toMatchObject({
      status: 400,
      body: { error: "invalid_request" },
    });
    const second = await renew(sentry, first);
    expect(second.status).toBe(200);
    expect(sentry.isLive(String(first.body.access_token))).toBe(false);
    expect(sentry.isLive(String(second.body.access_token))).toBe(true);
  });

  test("a used refresh token that comes back ends the whole family of a public client", async () => {
    const sentry = started(startSentry());
    const first = await login(sentry);
    const second = await renew(sentry, first);
    expect((await renew(sentry, first)).body).toEqual({ error: "invalid_grant" });
    expect(sentry.isLive(String(second.body.access_token))).toBe(false);
    expect((await renew(sentry, second)).body).toEqual({ error: "invalid_grant" });
  });

  test("a confidential client's family survives that", async () => {
    const sentry = started(startSentry());
    const { id, secret } = sentry.confidentialClient;
    const own = { client_id: id, client_secret: secret ?? "" };
    const first = await login(sentry, id, secret ?? "");
    const second = await renew(sentry, first, own);
    expect((await renew(sentry, first, own)).body).toEqual({ error: "invalid_grant" });
    expect(sentry.isLive(String(second.body.access_token))).toBe(true);
  });

  test("both tokens die together, or never", async () => {
    const sentry = started(startSentry({ accessLifetime: 60 }));
    const first = await login(sentry);
    sentry.server.advance(60);
    expect((await renew(sentry, first)).body.error).toBe("invalid_grant");
    const eternal = started(startSentry({ accessLifetime: null }));
    expect((await login(eternal)).body).toMatchObject({ expires_in: null, expires_at: null });
  });

  test("revocation wants a secret, and is content with an unknown token", async () => {
    const sentry = started(startSentry());
    const { id, secret } = sentry.confidentialClient;
    expect(await post(sentry.endpoints.revocation, { client_id: sentry.publicClient.id, token: "x" })).toMatchObject({
      status: 400,
      body: { error: "invalid_client" },
    });
    expect(
      await post(sentry.endpoints.revocation, { client_id: id, client_secret: secret ?? "", token: "x" }),
    ).toMatchObject({ status: 200, text: "" });
  });

  test("a public client must use PKCE with S256", async () => {
    const sentry = started(startSentry());
    const query = {
      client_id: sentry.publicClient.id,
      response_type: "code",
      redirect_uri: "http://127.0.0.1:5/callback",
      state: "s",
    };
    expect((await followed(sentry.endpoints.authorization, query)).searchParams.get("error")).toBe("invalid_request");
    expect(
      (await followed(sentry.endpoints.authorization, { ...query, ...PKCE })).searchParams.get("code"),
    ).toBeString();
  });
});
