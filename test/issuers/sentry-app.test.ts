/** The issuer of Sentry's integration platform keeps to what its source does: told in plain requests. */
import { afterEach, expect, test } from "bun:test";
import { startSentryApp } from "./sentry-app.ts";
import { started, stopAll } from "./wire.ts";

afterEach(stopAll);

type Reply = { status: number; body: Record<string, unknown> };

async function send(url: string, body: object | URLSearchParams): Promise<Reply> {
  const form = body instanceof URLSearchParams;
  const headers = form ? {} : { "content-type": "application/json" };
  const reply = await fetch(url, { method: "POST", headers, body: form ? body : JSON.stringify(body) });
  return { status: reply.status, body: (await reply.json()) as Record<string, unknown> };
}

function begin() {
  const issuer = started(startSentryApp());
  const client = { client_id: issuer.client.id, client_secret: issuer.client.secret };
  const redeem = (code: string): Promise<Reply> =>
    send(issuer.endpoints.token, { ...client, grant_type: "authorization_code", code });
  const refresh = (token: unknown): Promise<Reply> =>
    send(issuer.endpoints.token, { ...client, grant_type: "refresh_token", refresh_token: token });
  return { issuer, client, redeem, refresh };
}

test("JSON only: a form is answered with 401", async () => {
  const { issuer, client } = begin();
  const form = new URLSearchParams({ ...client, grant_type: "authorization_code", code: issuer.install() });
  expect(await send(issuer.endpoints.token, form)).toEqual({ status: 401, body: { detail: "Invalid request" } });
});

test("a code brings 201, in camelCase, with scopes as a list and no lifetime but a date", async () => {
  const { issuer, redeem } = begin();
  const { status, body } = await redeem(issuer.install());
  expect(status).toBe(201);
  expect(body).toMatchObject({
    token: expect.stringMatching(/^[0-9a-f]{64}$/),
    refreshToken: expect.any(String),
    scopes: ["org:read", "event:admin"],
  });
  expect(Date.parse(String(body.expiresAt)) - Date.now()).toBeWithin(8 * 3600_000 - 5_000, 8 * 3600_000 + 5_000);
  expect(body.expires_in).toBeUndefined();
  expect(body.token_type).toBeUndefined();
});

test("a code works once", async () => {
  const { issuer, redeem } = begin();
  const code = issuer.install();
  expect((await redeem(code)).status).toBe(201);
  expect((await redeem(code)).status).toBe(401);
});

test("a refresh ends both old tokens at once", async () => {
  const { issuer, redeem, refresh } = begin();
  const first = (await redeem(issuer.install())).body;
  const second = await refresh(first.refreshToken);
  expect(second.status).toBe(201);
  expect([issuer.isLive(String(first.token)), issuer.isLive(String(second.body.token))]).toEqual([false, true]);
  expect(await refresh(first.refreshToken)).toEqual({
    status: 401,
    body: { detail: "Given refresh token does not exist" },
  });
});

test("a field that is missing is named, with 400; another grant is refused with 403; another installation with 404", async () => {
  const { issuer, client } = begin();
  const ask = (body: object, url = issuer.endpoints.token): Promise<Reply> => send(url, { ...client, ...body });
  expect((await ask({ grant_type: "authorization_code" })).body).toEqual({ code: ["This field is required."] });
  expect(await ask({ grant_type: "password" })).toEqual({ status: 403, body: { detail: "Invalid grant_type" } });
  const other = issuer.endpoints.token.replace(issuer.installation, "00000000-a9e2-4c85-8a3c-4f44175783c9");
  expect((await ask({ grant_type: "authorization_code", code: issuer.install() }, other)).status).toBe(404);
  expect((await ask({ grant_type: "authorization_code", code: issuer.install(), client_secret: "wrong" })).status).toBe(
    401,
  );
});
