/** The Entra issuer keeps to what Entra documents: told in plain requests. */
import { afterEach, describe, expect, test } from "bun:test";
import { startEntra } from "./entra.ts";
import { type Fields, followed, PKCE, poll, post, type Reply, refresh, started, stopAll } from "./wire.ts";

afterEach(stopAll);

describe("entra", () => {
  async function login(entra: ReturnType<typeof startEntra>, scope = "openid offline_access User.Read") {
    const device = await post(entra.endpoints.device, { client_id: entra.publicClient.id, scope });
    entra.devices.decide("approve");
    return poll(entra.endpoints, { client_id: entra.publicClient.id }, device);
  }
  const renew = (entra: ReturnType<typeof startEntra>, token: Reply | string, more: Fields = {}) =>
    refresh(entra.endpoints, { client_id: entra.publicClient.id, ...more }, token);

  test("every error carries its AADSTS number, in words and in a list", async () => {
    const entra = started(startEntra());
    const reply = await renew(entra, "x");
    expect(reply).toMatchObject({
      status: 400,
      body: { error: "invalid_grant", error_codes: [70000], suberror: "bad_token" },
    });
    expect(reply.body.error_description).toStartWith("AADSTS70000: ");
    expect(reply.body.trace_id).toBeString();
    const elsewhere = await post(entra.endpoints.token.replace("common", "nobody.example"), {});
    expect(elsewhere.body).toMatchObject({ error: "invalid_request", error_codes: [90002] });
  });

  test("device: declined, wrong and expired have names of their own", async () => {
    const entra = started(startEntra({ interval: 0 }));
    const device = await post(entra.endpoints.device, { client_id: entra.publicClient.id, scope: "openid" });
    expect(device.body.verification_uri_complete).toBeUndefined();
    expect(device.body.message).toContain(String(device.body.user_code));
    const polled = (code: Reply | string) => poll(entra.endpoints, { client_id: entra.publicClient.id }, code);
    expect((await polled("x")).body.error).toBe("bad_verification_code");
    expect((await polled(device)).body.error).toBe("authorization_pending");
    entra.devices.decide("deny");
    expect((await polled(device)).body.error).toBe("authorization_declined");
    const late = await post(entra.endpoints.device, { client_id: entra.publicClient.id, scope: "openid" });
    entra.server.advance(901);
    expect((await polled(late)).body.error).toBe("expired_token");
  });

  test("there is a refresh token only for offline_access; it is replaced, and the old one works on", async () => {
    const entra = started(startEntra());
    expect((await login(entra, "openid User.Read")).body.refresh_token).toBeUndefined();
    const first = await login(entra);
    const scope = "openid offline_access User.Read";
    const second = await renew(entra, first, { scope });
    expect(second.body.refresh_token).not.toBe(first.body.refresh_token);
    expect((await renew(entra, first, { scope })).status).toBe(200);
  });

  test("one resource per request; a refresh may ask for another", async () => {
    const entra = started(startEntra());
    const two = await post(entra.endpoints.device, {
      client_id: entra.publicClient.id,
      scope: "User.Read https://vault.azure.net/.default",
    });
    expect(two).toMatchObject({ status: 400, body: { error: "invalid_scope", error_codes: [70011] } });
    const first = await login(entra);
    const vault = await renew(entra, first, {
      scope: "https://vault.azure.net/.default offline_access",
    });
    const [, claims = ""] = String(vault.body.access_token).split(".");
    expect(JSON.parse(atob(claims.replaceAll("-", "+").replaceAll("_", "/"))).aud).toBe("https://vault.azure.net");
  });

  test("a public client must not send a secret, a confidential one must", async () => {
    const entra = started(startEntra());
    const first = await login(entra);
    const reply = await renew(entra, first, { client_secret: "x" });
    expect(reply).toMatchObject({ status: 401, body: { error: "invalid_client", error_codes: [700025] } });
    const { id, secret } = entra.confidentialClient;
    expect((await renew(entra, "x", { client_id: id })).body.error_codes).toEqual([7000218]);
    expect((await renew(entra, "x", { client_id: id, client_secret: "wrong" })).body.error_codes).toEqual([7000215]);
    expect((await renew(entra, "x", { client_id: id, client_secret: secret ?? "" })).body.error_codes).toEqual([70000]);
  });

  test("a claims challenge prevents refreshes until the next login", async () => {
    const entra = started(startEntra());
    const first = await login(entra);
    const claims = '{"access_token":{"capolids":{"essential":true,"values":["x"]}}}';
    entra.decisions.challenge = {
      error: "interaction_required",
      code: 50076,
      description: "MFA.",
      suberror: "basic_action",
      claims,
    };
    expect((await renew(entra, first)).body).toMatchObject({
      error: "interaction_required",
      claims,
    });
    await followed(entra.endpoints.authorization, {
      client_id: entra.publicClient.id,
      redirect_uri: "http://localhost:5/callback",
      scope: "openid",
      claims,
      ...PKCE,
    });
    expect((await renew(entra, first)).status).toBe(200);
  });
});
