/** RFC 7009, and the other way. A logout never fails because of what happens here. */
import { afterEach, describe, expect, test } from "bun:test";
import { exportPKCS8, generateKeyPair } from "jose";
import { revokeTokens } from "../../src/oauth/revoke.ts";
import type { Client } from "../../src/oauth/types.ts";
import { http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { type Answer, json, publicClient, type Scripted, script, secretClient, server as silent } from "./support.ts";

const running: Scripted[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.stop();
});

const both = { accessToken: new Secret("the access token"), refreshToken: new Secret("the refresh token") };

async function revoke(
  answers: Answer[],
  different: Partial<ProviderDefinition> = {},
  client: Client = publicClient,
  tokens: Parameters<typeof revokeTokens>[3] = both,
): Promise<{ outcome: boolean | "unsupported"; seen: Scripted["seen"] }> {
  const issuer = script(...answers);
  running.push(issuer);
  const server = issuer.server(different);
  const revocation = `${issuer.url}/applications/{clientId}/token`;
  const isDelete = different.revocation?.request?.method === "DELETE" && different.revocation.needsSecret === true;
  const endpoints = isDelete ? { ...server.endpoints, revocation } : server.endpoints;
  return { outcome: await revokeTokens(http, { ...server, endpoints }, client, tokens), seen: issuer.seen };
}

describe("RFC 7009", () => {
  test("the refresh token goes first, then the access token", async () => {
    const { outcome, seen } = await revoke([new Response()], {}, secretClient("body"));
    expect(outcome).toBe(true);
    expect(seen.map(({ path, form }) => ({ path, ...form }))).toEqual(
      ["refresh", "access"].map((kind) => ({
        path: "/revoke",
        token: `the ${kind} token`,
        token_type_hint: `${kind}_token`,
        client_id: "my client",
        client_secret: "s3cret:&+%",
      })),
    );
  });

  test("what counts is the refresh token, where there is one", async () => {
    const refused = json({ error: "invalid_request" }, 400);
    expect((await revoke([new Response(), refused])).outcome).toBe(true);
    expect((await revoke([refused, new Response()])).outcome).toBe(false);
    const only = { accessToken: both.accessToken, refreshToken: null };
    expect((await revoke([new Response()], {}, publicClient, only)).outcome).toBe(true);
    expect((await revoke([new Response()], {}, publicClient, { accessToken: null, refreshToken: null })).outcome).toBe(
      "unsupported",
    );
  });

  test("a provider's no is no, with status 200 too", async () => {
    for (const answer of [
      json({ error: "invalid_client" }, 401),
      json({ error: "invalid_token" }),
      new Response("", { status: 500 }),
      new Response("", { status: 302, headers: { location: "/" } }),
    ])
      expect((await revoke([answer])).outcome).toBe(false);
    expect((await revoke([json({ error: "unsupported_token_type" }, 400)])).outcome).toBe("unsupported");
  });

  test("a provider out of reach is no error; the reason is reported", async () => {
    const server = silent({}, { endpoints: { revocation: "http://127.0.0.1:1/" } });
    const reasons: string[] = [];
    expect(await revokeTokens(http, server, publicClient, both, (reason) => reasons.push(reason))).toBe(false);
    expect(reasons).toEqual(["connection refused"]);
  });

  test("without an endpoint, or without the secret it needs, nothing is sent", async () => {
    expect(await revokeTokens(http, silent(), publicClient, both)).toBe("unsupported");
    const { outcome, seen } = await revoke([new Response()], { revocation: { needsSecret: true } });
    expect([outcome, seen.length]).toEqual(["unsupported", 0]);
  });
});

describe("a revocation that differs from RFC 7009", () => {
  test("under other names, by another method, in another format, the access token alone", async () => {
    const strava = { request: { names: { token: "access_token", token_type_hint: false as const } } };
    const posted = await revoke([new Response()], { revocation: { ...strava, tokens: ["access_token"] } });
    expect(posted.outcome).toBe(true);
    expect(posted.seen.map(({ method, form }) => [method, form])).toEqual([
      ["POST", { access_token: "the access token", client_id: "my client" }],
    ]);
    const deleted = await revoke([new Response(null, { status: 204 })], {
      revocation: { request: { method: "DELETE", format: "json", headers: { "X-Version": "2" } } },
    });
    expect(deleted.outcome).toBe(true);
    expect(deleted.seen.map(({ method, text }) => [method, JSON.parse(text).token])).toEqual([
      ["DELETE", "the refresh token"],
      ["DELETE", "the access token"],
    ]);
    expect(deleted.seen[0]?.headers.get("x-version")).toBe("2");
    const got = await revoke([new Response()], { revocation: { request: { method: "GET", format: "query" } } });
    expect([got.outcome, got.seen[0]?.method, got.seen[0]?.text]).toEqual([true, "GET", ""]);
    expect(got.seen[0]?.path).toBe("/revoke?token_type_hint=refresh_token&token=the+refresh+token&client_id=my+client");
  });

  test("other requests of the provider stay as they are", async () => {
    const { seen } = await revoke([new Response()], {
      request: { format: "json", headers: { "X-Version": "1" } },
      revocation: { request: { format: "form" } },
    });
    expect(seen[0]?.form.token).toBe("the refresh token");
    expect(seen[0]?.headers.get("x-version")).toBe("1");
  });

  test("the refresh token alone; one token that renews itself is sent once, whatever it is called", async () => {
    const only = await revoke([new Response()], { revocation: { tokens: ["refresh_token"] } });
    expect(only.seen.map(({ form }) => form.token)).toEqual(["the refresh token"]);
    const one = { accessToken: new Secret("one"), refreshToken: new Secret("one") };
    for (const tokens of [["refresh_token"], ["access_token"], ["refresh_token", "access_token"]] as const) {
      const { seen } = await revoke([new Response()], { revocation: { tokens: [...tokens] } }, publicClient, one);
      expect(seen.map(({ form }) => form.token)).toEqual(["one"]);
    }
  });
});

describe("the token as its own bearer", () => {
  const style = { revocation: { style: "bearer" } } as const;

  test("goes in the provider's header, with nothing in the body and no client", async () => {
    const { outcome, seen } = await revoke([json({ ok: true, revoked: true })], style, secretClient("body"));
    expect(outcome).toBe(true);
    expect(seen.map(({ method, path, text }) => ({ method, path, text }))).toEqual([
      { method: "POST", path: "/revoke", text: "" },
    ]);
    expect(seen[0]?.headers.get("authorization")).toBe("Bearer the access token");
    expect(seen[0]?.headers.get("content-type")).toBeNull();
  });

  test("by GET or DELETE, in a header of another name", async () => {
    for (const method of ["GET", "DELETE"] as const) {
      const { seen } = await revoke([new Response()], {
        header: "X-Api-Key: {token}",
        revocation: { style: "bearer", request: { method } },
      });
      expect([seen[0]?.method, seen[0]?.headers.get("x-api-key")]).toEqual([method, "the access token"]);
      expect(seen[0]?.headers.get("authorization")).toBeNull();
    }
  });

  test("a no with status 200, a dead token and an issuer out of reach are no success", async () => {
    for (const answer of [json({ ok: false, error: "invalid_auth" }), new Response("", { status: 401 })])
      expect((await revoke([answer], style)).outcome).toBe(false);
    const gone = silent(style, { endpoints: { revocation: "http://127.0.0.1:1/" } });
    expect(await revokeTokens(http, gone, publicClient, both)).toBe(false);
    const none = { accessToken: null, refreshToken: both.refreshToken };
    expect((await revoke([], style, publicClient, none)).outcome).toBe("unsupported");
  });
});

describe("a DELETE with the client as Basic credentials", () => {
  // https://docs.github.com/rest/apps/oauth-applications#delete-an-app-token
  const request = {
    method: "DELETE",
    format: "json",
    authentication: "basic",
    names: { token: "access_token", token_type_hint: false },
  } as const;
  const style: Partial<ProviderDefinition> = {
    client: { basic: "{clientId}:{clientSecret}" },
    revocation: { request, tokens: ["access_token"], needsSecret: true },
  };

  test("names the client in the URL and the access token in the body", async () => {
    const { outcome, seen } = await revoke([new Response(null, { status: 204 })], style, secretClient("body"));
    expect(outcome).toBe(true);
    expect(seen).toHaveLength(1);
    expect(seen[0]).toMatchObject({ method: "DELETE", path: "/applications/my%20client/token" });
    expect(JSON.parse(seen[0]?.text ?? "")).toEqual({ access_token: "the access token" });
    expect(atob(seen[0]?.headers.get("authorization")?.slice("Basic ".length) ?? "")).toBe("my client:s3cret:&+%");
  });

  test("a refusal, an unknown token and no answer are no success", async () => {
    for (const status of [404, 422, 500])
      expect((await revoke([json({ message: "no" }, status)], style, secretClient("body"))).outcome).toBe(false);
    expect((await revoke([], style)).outcome).toBe("unsupported");
  });

  test("a client that proves itself with a key can revoke where a client has to prove itself", async () => {
    const { privateKey } = await generateKeyPair("ES256", { extractable: true });
    const key = { pem: new Secret(await exportPKCS8(privateKey)), algorithm: "ES256", keyId: null } as const;
    const client: Client = { id: "app", secret: null, authentication: "private_key_jwt", key };
    const { outcome, seen } = await revoke([new Response()], { revocation: { needsSecret: true } }, client);
    expect([outcome, seen.length]).toEqual([true, 2]);
    expect(seen[0]?.form.client_assertion).toBeString();
  });
});
