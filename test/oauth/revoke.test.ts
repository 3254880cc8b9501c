/** RFC 7009, and the other way. A logout never fails because of what happens here. */
import { afterEach, describe, expect, test } from "bun:test";
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
  const endpoints =
    different.revocation?.style === "delete-basic" ? { ...server.endpoints, revocation } : server.endpoints;
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

describe("a DELETE with the client as Basic credentials", () => {
  const style = { revocation: { style: "delete-basic", needsSecret: true } } as const;

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
});
