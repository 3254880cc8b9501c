/** RFC 8628, with everything that gets in its way. Time is made up, the network isn't. */
import { afterEach, describe, expect, test } from "bun:test";
import { type DeviceAuthorization, type DevicePolling, pollDevice, requestDeviceCode } from "../../src/oauth/device.ts";
import type { Client, Server, TokenReply } from "../../src/oauth/types.ts";
import type { AuthError } from "../../src/platform/errors.ts";
import { http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import {
  type Answer,
  json,
  publicClient,
  type Scripted,
  script,
  secretClient,
  server as silent,
  thrown,
} from "./support.ts";

const running: Scripted[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.stop();
});

function at(...answers: Answer[]): Scripted {
  const started = script(...answers);
  running.push(started);
  return started;
}

const code = {
  device_code: "the device code",
  user_code: "ABCD-EFGH",
  verification_uri: "https://issuer.example/device",
  expires_in: 900,
  interval: 5,
};

/** https://trakt.docs.apiary.io/#reference/authentication-devices: no body; 400 to wait, 429 too fast, 418 refused, 410 too late. */
describe("a device whose polls are answered by a status alone", () => {
  const device = {
    request: { format: "json" },
    poll: {
      request: { format: "json", names: { device_code: "code", grant_type: false } },
      errors: { "HTTP 400": "pending", "HTTP 429": "slow_down", "HTTP 418": "denied", "HTTP 410": "expired" },
    },
  } as const;
  const empty = (status: number): Response => new Response(null, { status });

  async function polled(...answers: Answer[]): Promise<{ issuer: Scripted; waits: number[]; end: unknown }> {
    const issuer = at(json(code), ...answers);
    const whole = issuer.server({ device });
    const server = { ...whole, endpoints: { ...whole.endpoints, poll: `${issuer.url}/device/token` } };
    const authorization = await requestDeviceCode(http, server, secretClient("body"), []);
    const waits: number[] = [];
    let now = 0;
    const polling: DevicePolling = {
      deadline: 900_000,
      now: () => now,
      sleep: async (milliseconds) => {
        waits.push(milliseconds / 1000);
        now += milliseconds;
      },
    };
    const end = await pollDevice(http, server, secretClient("body"), authorization, polling).catch((error) => error);
    return { issuer, waits, end };
  }

  test("waits, slows down, and asks at the address and in the words of its own", async () => {
    const { issuer, waits, end } = await polled(empty(400), empty(429), empty(400), json({ access_token: "a" }));
    expect(end).toMatchObject({ tokenType: "bearer" });
    expect(waits).toEqual([5, 5, 10, 10]);
    expect(issuer.seen.map(({ path }) => path)).toEqual(["/device", ...Array(4).fill("/device/token")]);
    expect(JSON.parse(issuer.seen[1]?.text ?? "")).toEqual({
      code: "the device code",
      client_id: "my client",
      client_secret: "s3cret:&+%",
    });
  });

  test("a refusal and an end are told apart, and a status that isn't described ends nothing", async () => {
    expect((await polled(empty(418))).end).toMatchObject({ code: "access_denied" });
    expect((await polled(empty(410))).end).toMatchObject({ code: "login_timeout" });
    expect((await polled(empty(404), empty(502), json({ access_token: "a" }))).end).toMatchObject({ scopes: null });
  });

  test("an empty 401 ends nothing either: it is no word about the client", async () => {
    const { end, waits } = await polled(empty(401), empty(403), json({ access_token: "a" }));
    expect(end).toMatchObject({ tokenType: "bearer" });
    expect(waits.length).toBe(3);
  });

  test("where no one decided in time, the last answer is shown, unless it said to wait", async () => {
    const answers = Array.from({ length: 100 }, () => empty(401));
    const { end } = await polled(empty(400), ...answers);
    expect(end).toMatchObject({
      code: "login_timeout",
      hint: "The last poll was answered by: HTTP 401. Check the client id and secret, and what the client may do.\nLog in again.",
    });
    const waiting = Array.from({ length: 200 }, () => empty(400));
    expect((await polled(empty(401), ...waiting)).end).toMatchObject({ code: "login_timeout", hint: "Log in again." });
  });
});

/** https://auth0.com/docs/get-started/authentication-and-authorization-flow/device-authorization-flow */
test("the request for a code has parameters of its own, in the address where they belong there", async () => {
  const issuer = at(json(code));
  const different = { device: { parameters: { audience: "https://api" }, request: { format: "query" } } } as const;
  await requestDeviceCode(http, issuer.server(different), publicClient, ["a"]);
  expect(issuer.seen[0]).toMatchObject({
    text: "",
    path: "/device?audience=https%3A%2F%2Fapi&scope=a&client_id=my+client",
  });
});

describe("the code", () => {
  const ask = (issuer: Scripted, ...more: Parameters<Scripted["server"]>): Promise<DeviceAuthorization> =>
    requestDeviceCode(http, issuer.server(...more), publicClient, ["a", "b"]);

  test("is asked for with the client and the scopes", async () => {
    const issuer = at(json(code));
    const got = await ask(issuer);
    expect(issuer.seen[0]).toMatchObject({ path: "/device", form: { client_id: "my client", scope: "a b" } });
    expect(got).toMatchObject({ userCode: "ABCD-EFGH", verificationUriComplete: null, expiresIn: 900, interval: 5 });
    expect(got.deviceCode.reveal()).toBe("the device code");
  });

  test("is understood under other names, as texts and as a form", async () => {
    const { verification_uri, ...rest } = code;
    const fields = { device: { fields: { verification_uri: "page.url" } } };
    expect((await ask(at(json({ ...rest, page: { url: verification_uri } })), fields)).verificationUri).toBe(
      verification_uri,
    );
    // Whatever a description says, and without one: the standard's name, or that of its drafts.
    for (const different of [{}, fields])
      for (const body of [code, { ...rest, verification_url: verification_uri }])
        expect((await ask(at(json(body)), different)).verificationUri).toBe(verification_uri);
    const complete = `${verification_uri}?code=x`;
    const draft = { ...rest, verification_url: verification_uri, verification_url_complete: complete };
    expect(await ask(at(json(draft)))).toMatchObject({ verificationUriComplete: complete });
    const form = at(new Response(new URLSearchParams({ ...rest, verification_uri, expires_in: "60", interval: "7" })));
    expect(await ask(form)).toMatchObject({ expiresIn: 60, interval: 7 });
  });

  test("has sane times whatever the provider sends", async () => {
    for (const [sent, expiresIn, interval] of [
      [{ expires_in: undefined, interval: undefined }, 600, 5],
      [{ expires_in: null, interval: 0 }, 600, 5],
      [{ expires_in: 1e12, interval: 1e9 }, 86400, 60],
      [{ expires_in: -5, interval: -5 }, 600, 5],
      [{ expires_in: "soon", interval: "often" }, 600, 5],
    ] as const)
      expect(await ask(at(json({ ...code, ...sent })))).toMatchObject({ expiresIn, interval });
  });

  test("attack: only an address that a browser may be sent to is shown", async () => {
    for (const verification_uri of [
      "javascript:alert(1)",
      "file:///etc/passwd",
      "http://issuer.example/",
      "not a url",
      null,
    ])
      expect(await thrown(() => ask(at(json({ ...code, verification_uri }))))).toMatchObject({
        code: "provider_unavailable",
      });
    const got = await ask(at(json({ ...code, verification_uri_complete: "javascript:alert(1)" })));
    expect(got.verificationUriComplete).toBeNull();
  });

  test("each kind of refusal has its own error code", async () => {
    for (const [body, status, expected] of [
      [{ error: "invalid_client" }, 401, "client_rejected"],
      [{ error: "invalid_scope" }, 400, "scope_rejected"],
      [{ error: "temporarily_unavailable" }, 503, "provider_unavailable"],
      ["<html>", 404, "provider_unavailable"],
      ["slow down", 429, "rate_limited"],
      [{}, 200, "provider_unavailable"],
    ] as const)
      expect(await thrown(() => ask(at(json(body, status))))).toMatchObject({ code: expected });
    const unreachable = silent({}, { endpoints: { device: "http://127.0.0.1:1/" } });
    expect(await thrown(() => requestDeviceCode(http, unreachable, publicClient, []))).toMatchObject({
      code: "network",
    });
    expect(await thrown(() => requestDeviceCode(http, silent(), publicClient, []))).toMatchObject({
      code: "provider_unavailable",
    });
  });

  test("attack: a provider's words in an error can't control the terminal", async () => {
    const issuer = at(json({ error: "invalid_client", error_description: "\x1b[2J\nError: all is well\u202e" }, 401));
    const { message, detail } = (await thrown(() => ask(issuer))) as AuthError;
    expect(detail).toContain("\\x1b[2J\\nError: all is well\\u202e");
    expect(`${message}${detail}`).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
  });
});

describe("the wait", () => {
  const authorization: DeviceAuthorization = {
    deviceCode: new Secret("the device code"),
    userCode: "ABCD-EFGH",
    verificationUri: "https://issuer.example/device",
    verificationUriComplete: null,
    expiresIn: 900,
    interval: 5,
  };
  const tokens = json({ access_token: "a", refresh_token: "r", expires_in: 60 });
  const pending = json({ error: "authorization_pending" }, 400);

  /** Polls in made-up time. */
  function wait(
    server: Server,
    more: Partial<DevicePolling> = {},
    client: Client = publicClient,
  ): { outcome: Promise<TokenReply>; pauses: number[] } {
    const pauses: number[] = [];
    let passed = 0;
    const outcome = pollDevice(http, server, client, authorization, {
      deadline: 900_000,
      now: () => passed,
      sleep: async (milliseconds) => {
        passed += milliseconds;
        pauses.push(milliseconds / 1000);
      },
      ...more,
    });
    return { outcome, pauses };
  }

  test("ends with tokens once the person approves", async () => {
    const issuer = at(pending, pending, tokens);
    const { outcome, pauses } = wait(issuer.server());
    expect((await outcome).refreshToken?.reveal()).toBe("r");
    expect(pauses).toEqual([5, 5, 5]);
    expect(issuer.seen[0]).toMatchObject({
      path: "/token",
      form: {
        grant_type: "urn:ietf:params:oauth:grant-type:device_code",
        device_code: "the device code",
        client_id: "my client",
      },
    });
  });

  test("slow_down slows it for good", async () => {
    const slow = json({ error: "slow_down" }, 400);
    const { outcome, pauses } = wait(at(pending, slow, pending, slow, pending, tokens).server());
    await outcome;
    expect(pauses).toEqual([5, 5, 10, 10, 15, 15]);
  });

  test("slow_down may name the new interval, but not a shorter or an absurd one", async () => {
    const slow = (interval: unknown): Response => json({ error: "slow_down", interval }, 200);
    const { outcome, pauses } = wait(at(slow(20), slow(1), slow(1e9), tokens).server());
    await outcome;
    expect(pauses).toEqual([5, 20, 25, 60]);
  });

  test("nothing that may pass ends it", async () => {
    const blips: Response[] = [
      new Response("<html>Bad Gateway</html>", { status: 502, headers: { "content-type": "text/html" } }),
      new Response("", { status: 500 }),
      json({ error: "server_error" }, 500),
      json({ error: "temporarily_unavailable" }, 503),
      new Response("busy", { status: 429 }),
      new Response("<html>Sign in to the WLAN</html>"),
      new Response(null, { status: 302, headers: { location: "https://wlan.example/" } }),
      new Response("x".repeat(1_000_000)),
      new Response("[]"),
    ];
    for (const blip of blips) expect((await wait(at(blip, pending, tokens).server()).outcome).expiresIn).toBe(60);
  });

  test("neither does a network that is gone for a while: it looks again, less often, until it is back", async () => {
    let polls = 0;
    const issuer = at(pending, tokens);
    const flaky: typeof http = (request) =>
      ++polls <= 4 ? http({ ...request, url: "http://127.0.0.1:1/" }) : http(request);
    const pauses: number[] = [];
    let passed = 0;
    await pollDevice(flaky, issuer.server(), publicClient, authorization, {
      deadline: 900_000,
      now: () => passed,
      sleep: async (milliseconds) => {
        passed += milliseconds;
        pauses.push(milliseconds / 1000);
      },
    });
    expect(pauses).toEqual([5, 10, 20, 30, 30, 5]);
  });

  test("neither does a poll that is never answered", async () => {
    const issuer = at(() => new Promise<Response>(() => {}), tokens);
    const impatient: typeof http = (request) => http({ ...request, timeout: 100 });
    const server = issuer.server();
    expect(
      (
        await pollDevice(impatient, server, publicClient, authorization, {
          deadline: Date.now() + 60_000,
          now: Date.now,
          sleep: async () => {},
        })
      ).expiresIn,
    ).toBe(60);
  });

  test("the person's no, and a code that ran out, are final", async () => {
    for (const [error, expected] of [
      ["access_denied", "access_denied"],
      ["expired_token", "login_timeout"],
      ["invalid_grant", "access_denied"],
      ["invalid_client", "client_rejected"],
    ] as const) {
      const issuer = at(pending, json({ error }, 400), tokens);
      expect(await thrown(() => wait(issuer.server()).outcome)).toMatchObject({ code: expected });
      expect(issuer.seen).toHaveLength(2);
    }
  });

  test("the provider's own names for these are understood, with status 200 too", async () => {
    const errors = {
      codes: { authorization_declined: "denied", token_expired: "expired", still_waiting: "pending" },
    } as const;
    const issuer = at(json({ error: "still_waiting" }), json({ error: "authorization_declined" }));
    expect(await thrown(() => wait(issuer.server({ errors })).outcome)).toMatchObject({ code: "access_denied" });
    expect(await thrown(() => wait(at(json({ error: "token_expired" })).server({ errors })).outcome)).toMatchObject({
      code: "login_timeout",
    });
  });

  test("its own deadline holds, whatever the provider sends", async () => {
    const issuer = at(pending);
    const { outcome, pauses } = wait(issuer.server(), { deadline: 12_000 });
    expect(await thrown(() => outcome)).toMatchObject({ code: "login_timeout" });
    expect(pauses).toEqual([5, 5, 2]);
    expect(issuer.seen).toHaveLength(2);
  });

  test("Ctrl-C ends it in the middle of a pause", async () => {
    const abort = new AbortController();
    const outcome = pollDevice(http, at(pending).server(), publicClient, authorization, {
      deadline: Date.now() + 900_000,
      now: Date.now,
      signal: abort.signal,
    });
    abort.abort();
    expect(await thrown(() => outcome)).toMatchObject({ code: "interrupted" });
  });

  test("Ctrl-C in the middle of a poll waits for its reply: an approval is not left behind", async () => {
    for (const [status, reply, outcome] of [
      [200, { access_token: "a", refresh_token: "r" }, { accessToken: expect.anything() }],
      [400, { error: "authorization_pending" }, { code: "interrupted" }],
    ] as const) {
      const abort = new AbortController();
      const issuer = at(async () => {
        abort.abort();
        await Bun.sleep(20);
        return json(reply, status);
      });
      const polled = wait(issuer.server(), { signal: abort.signal }).outcome;
      expect(await polled.catch((error: unknown) => error)).toMatchObject(outcome);
      expect(issuer.seen).toHaveLength(1);
    }
  });

  test("the secret goes along only where the dialect wants it", async () => {
    for (const needsSecret of [false, true]) {
      const issuer = at(json(code), tokens);
      const server = issuer.server({ device: { needsSecret } });
      await requestDeviceCode(http, server, secretClient("body"), []);
      await wait(server, {}, secretClient("body")).outcome;
      const secrets = issuer.seen.map(({ form }) => form.client_secret);
      expect(secrets).toEqual(needsSecret ? ["s3cret:&+%", "s3cret:&+%"] : [undefined, undefined]);
    }
  });
});
