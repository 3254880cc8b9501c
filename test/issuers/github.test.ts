/** The GitHub issuer keeps to what GitHub documents: told in plain requests. */
import { afterEach, describe, expect, test } from "bun:test";
import { startGithub } from "./github.ts";
import { codeFrom, DEVICE_GRANT, type Fields, poll, post, refresh, started, stopAll, VERIFIER } from "./wire.ts";

afterEach(stopAll);

describe("github", () => {
  async function byDevice({ endpoints, clientId }: ReturnType<typeof startGithub>) {
    const client = { client_id: clientId };
    const device = await post(endpoints.device, { ...client, scope: "repo read:org" });
    return { device, poll: () => poll(endpoints, client, device) };
  }

  test("answers errors with status 200, and form-encoded where JSON wasn't asked for", async () => {
    const github = started(startGithub());
    const fields = { client_id: github.clientId, grant_type: DEVICE_GRANT, device_code: "x" };
    const asJson = await post(github.endpoints.token, fields);
    expect(asJson).toMatchObject({ status: 200, body: { error: "incorrect_device_code" } });
    const asForm = await post(github.endpoints.token, fields, { accept: "*/*" });
    expect(asForm.type).toStartWith("application/x-www-form-urlencoded");
    expect(new URLSearchParams(asForm.text).get("error")).toBe("incorrect_device_code");
  });

  test("device: pending, slow_down with a longer interval, then tokens; each code once", async () => {
    const github = started(startGithub());
    const { device, poll: again } = await byDevice(github);
    expect(device.body).toMatchObject({
      expires_in: 900,
      interval: 5,
      verification_uri: `${github.server.url}/login/device`,
    });
    expect(device.body.verification_uri_complete).toBeUndefined();
    expect(device.body.user_code).toMatch(/^[A-Z0-9]{4}-[A-Z0-9]{4}$/);
    expect((await again()).body.error).toBe("authorization_pending");
    expect((await again()).body).toMatchObject({ error: "slow_down", interval: 10 });
    github.server.advance(10);
    github.devices.decide("approve");
    const tokens = await again();
    expect(tokens.body).toMatchObject({ token_type: "bearer", expires_in: 28800, scope: "" });
    expect(tokens.body.access_token).toStartWith("ghu_");
    expect(tokens.body.refresh_token).toStartWith("ghr_");
    expect((await again()).body.error).toBe("incorrect_device_code");
  });

  test("device: denied, expired and switched off have their codes", async () => {
    const github = started(startGithub());
    const denied = await byDevice(github);
    github.devices.decide("deny");
    expect((await denied.poll()).body.error).toBe("access_denied");
    const expired = await byDevice(github);
    github.server.advance(901);
    expect((await expired.poll()).body.error).toBe("expired_token");
    const off = started(startGithub({ deviceFlow: false }));
    expect((await byDevice(off)).device.body.error).toBe("device_flow_disabled");
  });

  test("a refresh kills both old tokens at once, and needs the secret unless the token came by device", async () => {
    const github = started(startGithub({ approve: true }));
    const { endpoints, clientId, clientSecret } = github;
    const client = { client_id: clientId };
    const first = await (await byDevice(github)).poll();
    expect(github.isLive(String(first.body.access_token))).toBe(true);
    const second = await refresh(endpoints, client, first);
    expect(github.isLive(String(second.body.access_token))).toBe(true);
    expect(github.isLive(String(first.body.access_token))).toBe(false);
    expect((await refresh(endpoints, client, first)).body.error).toBe("bad_refresh_token");

    const code = await codeFrom(endpoints, clientId);
    const withSecret = { ...client, client_secret: clientSecret };
    const web = await post(endpoints.token, { ...withSecret, code, code_verifier: VERIFIER });
    expect((await refresh(endpoints, client, web)).body.error).toBe("incorrect_client_credentials");
    expect((await refresh(endpoints, withSecret, web)).body.access_token).toStartWith("ghu_");
  });

  test("the browser flow wants the secret and the right verifier", async () => {
    const github = started(startGithub());
    const exchange = async (fields: Fields) => {
      const code = await codeFrom(github.endpoints, github.clientId);
      return post(github.endpoints.token, { client_id: github.clientId, code, ...fields });
    };
    expect((await exchange({ code_verifier: VERIFIER })).body.error).toBe("incorrect_client_credentials");
    const client_secret = github.clientSecret;
    expect((await exchange({ client_secret, code_verifier: "x".repeat(43) })).body.error).toBe("bad_verification_code");
    expect((await exchange({ client_secret, code_verifier: VERIFIER })).body.access_token).toBeString();
  });

  test("an OAuth App's token never expires, and says its scopes with commas", async () => {
    const github = started(startGithub({ mode: "oauth-app", approve: true }));
    const reply = (await (await byDevice(github)).poll()).body;
    expect(Object.keys(reply).sort()).toEqual(["access_token", "scope", "token_type"]);
    expect(reply.scope).toBe("repo,read:org");
    const user = await fetch(github.endpoints.userinfo, { headers: { authorization: `Bearer ${reply.access_token}` } });
    expect(user.headers.get("x-oauth-scopes")).toBe("repo, read:org");
  });

  test("one token is revoked by DELETE with the client's Basic credentials", async () => {
    const github = started(startGithub({ approve: true }));
    const { access_token } = (await (await byDevice(github)).poll()).body as Fields;
    const url = github.endpoints.revocation.replace("{clientId}", github.clientId);
    const drop = (authorization: string) =>
      fetch(url, {
        method: "DELETE",
        headers: { authorization, "content-type": "application/json" },
        body: JSON.stringify({ access_token }),
      });
    expect((await drop(`Basic ${btoa(`${github.clientId}:wrong`)}`)).status).toBe(404);
    expect((await drop(`Basic ${btoa(`${github.clientId}:${github.clientSecret}`)}`)).status).toBe(204);
    expect(github.isLive(String(access_token))).toBe(false);
  });
});
