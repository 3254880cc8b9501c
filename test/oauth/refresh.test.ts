/** RFC 6749 §6: what is sent for a refresh, and what is made of no reply. */
import { afterEach, describe, expect, test } from "bun:test";
import { decodeRaw, encodeRaw } from "../../src/oauth/body.ts";
import { type RefreshRequest, sendRefresh } from "../../src/oauth/refresh.ts";
import { readTokenReply } from "../../src/oauth/reply.ts";
import { type Client, OAuthFailure, type Server } from "../../src/oauth/types.ts";
import { http } from "../../src/platform/http.ts";
import { HttpError } from "../../src/platform/http-failure.ts";
import { LIMITS } from "../../src/platform/limits.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import {
  type Answer,
  json,
  publicClient,
  reply,
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

const request: RefreshRequest = {
  refreshToken: new Secret("the refresh token"),
  scopes: null,
  flow: "browser",
  timeout: 5_000,
};

/** What arrives of a refresh in that dialect. */
async function sent(
  different: Partial<ProviderDefinition>,
  client: Client = publicClient,
  more: Partial<RefreshRequest> = {},
): Promise<Scripted["seen"][number]> {
  const issuer = at(json({ access_token: "a" }));
  await sendRefresh(http, issuer.server(different), client, { ...request, ...more });
  const [seen] = issuer.seen;
  if (seen === undefined) throw new Error("nothing was sent");
  return seen;
}

describe("the request", () => {
  test("of a public client: its name, the token, nothing else", async () => {
    const seen = await sent({});
    expect(seen.form).toEqual({
      grant_type: "refresh_token",
      refresh_token: "the refresh token",
      client_id: "my client",
    });
    expect([seen.method, seen.path]).toEqual(["POST", "/token"]);
    expect(seen.headers.get("accept")).toBe("application/json");
    expect(seen.headers.get("content-type")).toBe("application/x-www-form-urlencoded");
    expect(seen.headers.get("authorization")).toBeNull();
    expect(seen.headers.get("user-agent")).toStartWith("auth/");
  });

  test("with the secret in the body", async () => {
    const seen = await sent({}, secretClient("body"));
    expect(seen.form).toMatchObject({ client_id: "my client", client_secret: "s3cret:&+%" });
    expect(seen.headers.get("authorization")).toBeNull();
  });

  test("with the secret as Basic credentials, form-encoded first (RFC 6749 §2.3.1)", async () => {
    const seen = await sent({}, secretClient("basic"));
    expect(seen.form.client_secret).toBeUndefined();
    const [id, secret] = atob(seen.headers.get("authorization")?.slice("Basic ".length) ?? "").split(":");
    expect([id, secret]).toEqual(["my+client", "s3cret%3A%26%2B%25"]);
  });

  test("without the secret where a refresh must not have it, or not after a device login", async () => {
    const secret = secretClient("body");
    expect((await sent({ client: { secretOnRefresh: "never" } }, secret)).form.client_secret).toBeUndefined();
    const unless = { client: { secretOnRefresh: "unless-device" } } as const;
    expect((await sent(unless, secret, { flow: "device" })).form.client_secret).toBeUndefined();
    expect((await sent(unless, secret, { flow: "browser" })).form.client_secret).toBe("s3cret:&+%");
  });

  test("as JSON, with the dialect's headers and parameters", async () => {
    const seen = await sent({
      request: {
        format: "json",
        headers: { "X-Version": "2026-01-01", Accept: "application/vnd.test+json" },
        refreshParameters: { expires_in: "1800", grant_type: "not mine to change" },
        tokenParameters: { never: "on refresh" },
      },
    });
    expect(JSON.parse(seen.text)).toEqual({
      grant_type: "refresh_token",
      refresh_token: "the refresh token",
      client_id: "my client",
      expires_in: "1800",
    });
    expect(seen.headers.get("content-type")).toBe("application/json");
    expect(seen.headers.get("x-version")).toBe("2026-01-01");
    expect(seen.headers.get("accept")).toBe("application/vnd.test+json");
  });

  test("scopes go along only where there are any, joined the dialect's way", async () => {
    expect((await sent({}, publicClient, { scopes: [] })).form.scope).toBeUndefined();
    const commas = await sent({ scopes: { separator: "," } }, publicClient, { scopes: ["a", "b"] });
    expect(commas.form.scope).toBe("a,b");
  });

  test("goes to the refresh endpoint where that is another one", async () => {
    const issuer = at(json({ access_token: "a" }));
    const server = issuer.server();
    const elsewhere: Server = { ...server, endpoints: { ...server.endpoints, refresh: `${issuer.url}/v1/refresh` } };
    await sendRefresh(http, elsewhere, publicClient, request);
    expect(issuer.seen[0]?.path).toBe("/v1/refresh");
  });
});

describe("the reply", () => {
  test("comes back as it is, an error too", async () => {
    for (const [body, status] of [
      ["", 200],
      ["<html>", 502],
      ['{"error":"invalid_grant"}', 400],
      ['{"access_token":1}', 201],
    ] as const) {
      const issuer = at(new Response(body, { status, headers: { "retry-after": "3", "x-secret": "not kept" } }));
      const raw = await sendRefresh(http, issuer.server(), publicClient, request);
      expect([raw.status, new TextDecoder().decode(raw.body)]).toEqual([status, body]);
      expect(raw.headers["retry-after"]).toBe("3");
      expect(raw.headers["x-secret"]).toBeUndefined();
    }
  });

  test("is asked for once, even where it is an error that may pass", async () => {
    const issuer = at(json({ error: "temporarily_unavailable" }, 503));
    await sendRefresh(http, issuer.server(), publicClient, request);
    expect(issuer.seen).toHaveLength(1);
  });

  test("survives the way to the disk and back, to the byte", () => {
    const body = new Uint8Array(LIMITS.tokenReplyBytes).map((_, i) => i % 256);
    const raw = { status: 201, headers: { "content-type": 'a\n"b', date: "now" }, body };
    const bytes = encodeRaw(raw);
    expect(decodeRaw(bytes)).toEqual(raw);
    expect(decodeRaw(encodeRaw({ status: 204, headers: {}, body: new Uint8Array() }))).toEqual({
      status: 204,
      headers: {},
      body: new Uint8Array(),
    });
  });

  test("of other bytes nothing is made up", async () => {
    for (const bytes of ["", "\n", "{}\n", "null\n{}", "x".repeat(100), '{"status":"200","headers":{}}\n'])
      expect(await thrown(() => decodeRaw(new TextEncoder().encode(bytes)))).toMatchObject({ code: "vault_corrupt" });
  });
});

describe("no reply", () => {
  async function failure(server: Server, timeout = 5_000): Promise<OAuthFailure> {
    const error = await thrown(() => sendRefresh(http, server, publicClient, { ...request, timeout }));
    if (error instanceof OAuthFailure) return error;
    throw error;
  }

  test("connection refused: nothing was sent", async () => {
    const server = silent({}, { endpoints: { token: "http://127.0.0.1:1/" } });
    expect(await failure(server)).toMatchObject({ reason: "connection refused", inDoubt: false, class: "transient" });
  });

  test("attack: a token endpoint that redirects gets nothing forwarded, and leaves a doubt", async () => {
    const thief = at(json({}));
    const issuer = at(new Response(null, { status: 307, headers: { location: `${thief.url}/token` } }));
    expect(await failure(issuer.server())).toMatchObject({ class: "transient", inDoubt: true, unreadable: false });
    expect(thief.seen).toEqual([]);
  });

  test("no answer in time leaves a doubt", async () => {
    const issuer = at(() => new Promise<Response>(() => {}));
    expect(await failure(issuer.server(), 100)).toMatchObject({ reason: "connection timed out", inDoubt: true });
  });

  test("attack: a reply of 10 MB is not read to its end", async () => {
    const issuer = at(new Response("x".repeat(10_000_000)));
    expect(await failure(issuer.server())).toMatchObject({ inDoubt: true, status: 200 });
  });

  test("no failure holds the token", async () => {
    const issuer = at(new Response("x".repeat(10_000_000)));
    const error = await failure(issuer.server());
    const shown = `${Bun.inspect(error)} ${error.stack} ${JSON.stringify(error)} ${Bun.inspect((error.cause as HttpError).cause)}`;
    expect(shown).not.toContain("the refresh token");
    expect(error.cause).toBeInstanceOf(HttpError);
  });

  test("a provider without a token endpoint has an error of its own", async () => {
    expect(await thrown(() => sendRefresh(http, silent(), publicClient, request))).toMatchObject({
      code: "provider_unavailable",
    });
  });
});

test("a reply read from the disk is read as it would have been at once", async () => {
  const raw = decodeRaw(encodeRaw(reply({ access_token: "a", refresh_token: "r2", expires_in: "60" })));
  const got = await readTokenReply(silent(), publicClient, raw, { subject: null, now: 0 });
  expect([got.refreshToken?.reveal(), got.expiresIn]).toEqual(["r2", 60]);
});

test("attack: a header that a setting makes unfit is refused by name, and nothing is sent", async () => {
  const issuer = at(json({ access_token: "a" }));
  for (const value of ["пользователь", "😀", "a\r\nHost: x", "a\0"]) {
    const error = await thrown(() =>
      sendRefresh(http, issuer.server({ request: { headers: { "X-Shard": value } } }), publicClient, request),
    );
    expect(error).toMatchObject({
      code: "plugin_invalid",
      message: "The header x-shard for Test has a character that no header can have.",
    });
  }
  expect(issuer.seen).toEqual([]);
});
