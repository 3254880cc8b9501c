/** What every issuer can be asked to do besides its dialect. */
import { afterEach, describe, expect, test } from "bun:test";
import { startGithub } from "./github.ts";
import { startSentry } from "./sentry.ts";
import { DEVICE_GRANT, post, started, stopAll } from "./wire.ts";

afterEach(stopAll);

describe("every issuer", () => {
  test("records each request", async () => {
    const github = started(startGithub());
    await post(github.endpoints.token, { a: "b" });
    expect(github.server.calls).toMatchObject([
      { method: "POST", path: "/login/oauth/access_token", body: "a=b", faulted: false },
    ]);
    expect(github.server.callsTo("/login/oauth/access_token")).toHaveLength(1);
  });

  test("fails on order: instead of the work, or after it with the reply lost", async () => {
    const sentry = started(startSentry({ approve: true }));
    const device = await post(sentry.endpoints.device, { client_id: sentry.publicClient.id });
    const poll = () =>
      post(sentry.endpoints.token, {
        client_id: sentry.publicClient.id,
        grant_type: DEVICE_GRANT,
        device_code: String(device.body.device_code),
      });
    sentry.server.fail({ path: "/oauth/token/", reply: { status: 503 } });
    expect((await poll()).status).toBe(503);
    expect(sentry.rows).toHaveLength(0);
    sentry.server.fail({ path: "/oauth/token/", after: true, reply: { status: 502, body: "Bad gateway" } });
    sentry.server.advance(5);
    expect((await poll()).status).toBe(502);
    expect(sentry.rows).toHaveLength(1);
    expect(sentry.server.callsTo("/oauth/token/").map(({ faulted }) => faulted)).toEqual([true, true]);
  });
});
