/**
 * Every built-in provider against the issuer that speaks its dialect: log in, refresh, fail in each class, rotate,
 * revoke, through the same code as the program. Nothing waits: a pause moves the issuer's clock.
 */
import { afterEach, describe, expect, test } from "bun:test";
import { askAccount } from "../../src/oauth/account.ts";
import { startBrowserLogin } from "../../src/oauth/browser.ts";
import { exchangeCode } from "../../src/oauth/code.ts";
import { pollDevice, requestDeviceCode } from "../../src/oauth/device.ts";
import { sendRefresh } from "../../src/oauth/refresh.ts";
import { readTokenReply } from "../../src/oauth/reply.ts";
import { revokeTokens } from "../../src/oauth/revoke.ts";
import { type Client, OAuthFailure, type TokenReply } from "../../src/oauth/types.ts";
import { http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import { dialects, type Running, refusals } from "./dialects.ts";

const running: Running[] = [];
afterEach(() => Promise.all(running.splice(0).map(({ issuer }) => issuer.stop())));

/** A pause, as the device flow makes one: what happens then, and how long it is. */
type Pauses = { readonly seconds: number[]; during: (turn: number) => void };

function pausesThat(during: Pauses["during"]): Pauses {
  return { seconds: [], during };
}

async function byDevice(at: Running, pauses = pausesThat(() => at.devices.decide("approve"))): Promise<TokenReply> {
  const client = at.clients.device;
  const code = await requestDeviceCode(http, at.server, client, at.scopes);
  let passed = 0;
  return pollDevice(http, at.server, client, code, {
    deadline: code.expiresIn * 1000,
    now: () => passed,
    sleep: async (milliseconds) => {
      passed += milliseconds;
      pauses.seconds.push(milliseconds / 1000);
      at.issuer.advance(milliseconds / 1000);
      pauses.during(pauses.seconds.length);
    },
  });
}

async function byBrowser(at: Running): Promise<TokenReply> {
  const client = at.clients.browser;
  const login = await startBrowserLogin(at.server, client, {
    scopes: at.scopes,
    port: null,
    redirectUri: null,
    timeout: 5_000,
  });
  try {
    const [authorization] = await Promise.all([login.callback, visit(login.url, login)]);
    return await exchangeCode(http, at.server, client, authorization, Date.now());
  } finally {
    login.close();
  }
}

/** The browser: to the provider, and from there back to the loopback. Its page may be held back until all is done. */
async function visit(url: string, login: { readonly redirectUri: string }): Promise<void> {
  const location = (await fetch(url, { redirect: "manual" })).headers.get("location") ?? "";
  expect(location).toStartWith(login.redirectUri);
  fetch(location).catch(() => {});
}

async function refresh(
  at: Running,
  refreshToken: Secret | null,
  flow: "device" | "browser" = "device",
  client: Client = at.clients[flow],
): Promise<TokenReply> {
  const { scope } = at.server.dialect.refresh;
  const raw = await sendRefresh(http, at.server, client, {
    refreshToken: refreshToken ?? new Secret("none"),
    scopes: scope === "granted" ? at.scopes : null,
    flow,
    timeout: 5_000,
  });
  return readTokenReply(at.server, client, raw, { subject: null, now: Date.now() });
}

async function failureOf(attempt: Promise<unknown>): Promise<OAuthFailure> {
  const outcome = await attempt.then(
    () => new Error("it succeeded"),
    (error: unknown) => error,
  );
  if (outcome instanceof OAuthFailure) return outcome;
  throw outcome;
}

for (const [name, start] of Object.entries(dialects))
  describe(name, () => {
    const begin = () => {
      const at = start();
      running.push(at);
      return at;
    };
    const renews = name !== "github as an OAuth App";

    test("logs in by device, and knows whose token it is", async () => {
      const at = begin();
      const reply = await byDevice(at);
      expect(at.isLive(reply.accessToken.reveal())).toBe(true);
      expect(reply.refreshToken !== null).toBe(renews);
      expect(reply.expiresIn !== null).toBe(renews);
      const answer = await askAccount(http, at.server, reply, { timeout: 5_000 });
      expect(answer).toMatchObject({ kind: "known", account: { label: at.label, id: expect.any(String) } });
    });

    test("waits until a person decides, and polls more slowly from each slow_down on", async () => {
      const at = begin();
      const pauses = pausesThat((turn) => {
        if (turn === 1) at.devices.decide("slow_down");
        if (turn === 4) at.devices.decide("approve");
      });
      await byDevice(at, pauses);
      expect(pauses.seconds).toEqual([5, 10, 10, 10]);
      expect(at.issuer.callsTo(at.tokenPath)).toHaveLength(4);
    });

    test("a page of HTML in between doesn't end the wait", async () => {
      const at = begin();
      const pauses = pausesThat((turn) => {
        if (turn === 1) at.issuer.fail({ path: at.tokenPath, reply: { status: 502, body: "<h1>Bad gateway</h1>" } });
        if (turn === 3) at.devices.decide("approve");
      });
      expect(at.isLive((await byDevice(at, pauses)).accessToken.reveal())).toBe(true);
      expect(at.issuer.calls.filter(({ faulted }) => faulted)).toHaveLength(1);
    });

    test("a refusal and a code that ran out are different errors", async () => {
      const at = begin();
      const refused = byDevice(
        at,
        pausesThat(() => at.devices.decide("deny")),
      );
      expect(refused).rejects.toMatchObject({ code: "access_denied" });
      await refused.catch(() => {});
      const late = byDevice(
        at,
        pausesThat(() => at.devices.decide("expire")),
      );
      await late.catch(() => {});
      expect(late).rejects.toMatchObject({ code: name === "google" ? "access_denied" : "login_timeout" });
    });

    test("logs in by browser", async () => {
      const at = begin();
      const reply = await byBrowser(at);
      expect(at.isLive(reply.accessToken.reveal())).toBe(true);
      const sent = at.issuer.callsTo(at.tokenPath);
      expect(sent).toHaveLength(1);
      expect(sent[0]?.form.get("code_verifier")).toMatch(/^[A-Za-z0-9._~-]{43,128}$/);
    });

    test("a refusal in the browser is one", async () => {
      const at = begin();
      Object.assign(at.decisions, { authorize: "deny" });
      const outcome = await byBrowser(at).catch((error: unknown) => error);
      expect(outcome).toMatchObject({ code: "access_denied" });
    });

    test("an unknown client is the client's fault, and the error says what to do", async () => {
      const at = begin();
      const failure = await failureOf(refresh(at, null, "browser", at.stranger));
      expect(failure).toMatchObject({ class: "client", inDoubt: false });
      expect(at.issuer.calls).toHaveLength(1);
    });

    test("revokes as the provider has it", async () => {
      const at = begin();
      const reply = await byDevice(at);
      const outcome = await revokeTokens(http, at.server, at.clients.device, reply);
      expect(outcome).toBe(at.revoked);
      if (outcome === true) expect(at.isLive(reply.accessToken.reveal())).toBe(false);
    });

    test("no address holds a secret", async () => {
      const at = begin();
      const replies = [await byDevice(at), await byBrowser(at)];
      for (const { accessToken, refreshToken } of replies)
        await revokeTokens(http, at.server, at.clients.device, { accessToken, refreshToken });
      const secrets = [
        ...replies.flatMap(({ accessToken, refreshToken }) => [accessToken, refreshToken]),
        at.clients.device.secret,
        at.clients.browser.secret,
      ].filter((secret) => secret !== null);
      for (const { path, query } of at.issuer.calls)
        for (const secret of secrets) expect(`${path}?${query}`).not.toContain(secret.reveal());
    });

    if (!renews) return;

    for (const flow of ["device", "browser"] as const)
      test(`a login by ${flow} refreshes with exactly one request, and rotates as declared`, async () => {
        const at = begin();
        const first = flow === "device" ? await byDevice(at) : await byBrowser(at);
        const before = at.issuer.calls.length;
        const second = await refresh(at, first.refreshToken, flow);
        expect(at.issuer.calls.length - before).toBe(1);
        expect(at.isLive(second.accessToken.reveal())).toBe(true);
        expect(second.accessToken.equals(first.accessToken)).toBe(false);

        const { rotation, killsAccessToken } = at.server.dialect.refresh;
        expect(at.isLive(first.accessToken.reveal())).toBe(!killsAccessToken);
        if (rotation === "none") {
          expect(at.isLive((await refresh(at, first.refreshToken, flow)).accessToken.reveal())).toBe(true);
          return;
        }
        expect(second.refreshToken?.equals(first.refreshToken ?? new Secret(""))).toBe(false);
        const third = await refresh(at, second.refreshToken, flow);
        const replayed = await failureOf(refresh(at, second.refreshToken, flow));
        expect(replayed).toMatchObject({ class: "dead", inDoubt: false });
        // Declared `family` is what to expect at worst: only some clients' families die.
        if (rotation === "rotating") expect(at.isLive(third.accessToken.reveal())).toBe(true);
      });

    test("a dead grant is reported as one, with its meaning and a remedy", async () => {
      const at = begin();
      const { refreshToken } = await byDevice(at);
      at.kill();
      const failure = await failureOf(refresh(at, refreshToken));
      expect(failure).toMatchObject({ class: "dead", inDoubt: false, unreadable: false });
      expect(failure.meaning).toBeString();
      expect(failure.remedy).toBeString();
    });

    test("an unavailable provider is transient: settled where it says so, in doubt where the work may be done", async () => {
      const at = begin();
      const { refreshToken } = await byDevice(at);
      at.issuer.fail({ path: at.tokenPath, reply: { status: 503, headers: { "retry-after": "7" } } });
      expect(await failureOf(refresh(at, refreshToken))).toMatchObject({
        class: "transient",
        inDoubt: false,
        retryAfter: 7,
      });
      at.issuer.fail({ path: at.tokenPath, reply: { status: 429 } });
      expect(await failureOf(refresh(at, refreshToken))).toMatchObject({ class: "transient", inDoubt: false });
      at.issuer.fail({ path: at.tokenPath, after: true, reply: { status: 500, body: "<h1>Oops</h1>" } });
      expect(await failureOf(refresh(at, refreshToken))).toMatchObject({ class: "transient", inDoubt: true });
      expect(at.issuer.calls.filter(({ faulted }) => faulted)).toHaveLength(3);
    });

    for (const [what, { decision, ...expected }] of Object.entries(refusals[name] ?? {}))
      test(`${what} is reported as what it is`, async () => {
        const at = begin();
        const { refreshToken } = await byDevice(at);
        Object.assign(at.decisions, decision);
        const failure = await failureOf(refresh(at, refreshToken));
        expect(failure).toMatchObject({ claims: null, ...expected, inDoubt: false });
      });
  });
