/** A login's token is exchanged for a long-lived one, which alone is kept. */
import { expect, test } from "bun:test";
import { AuthError } from "../../src/platform/errors.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { playLogin } from "./login-support.ts";

const META: ProviderDefinition = {
  id: "acme",
  title: "Acme",
  endpoints: {
    authorization: "https://acme.example/authorize",
    token: "https://api.acme.example/token",
    exchange: "https://graph.acme.example/access_token",
    revocation: "https://graph.acme.example/revoke",
  },
  longLived: {
    grantType: "ig_exchange_token",
    parameter: "access_token",
    request: { method: "GET", format: "query", names: { client_id: false } },
  },
  reply: { alternate: "data.0", extra: ["user_id"] },
  refresh: { credential: "access_token" },
  account: { from: "reply", id: ["user_id"], label: ["user_id"] },
  flows: ["browser", "code"],
};
const TOKEN = "https://api.acme.example/token";
const EXCHANGE = "https://graph.acme.example/access_token";
const REVOKE = "https://graph.acme.example/revoke";
const SHORT = [200, { data: [{ access_token: "short-1", user_id: "4711", expires_in: 3600 }] }] as const;

test("by a request of its own, with what only the first reply says", async () => {
  const long = [200, { access_token: "long-1", token_type: "bearer", expires_in: 5_183_944 }] as const;
  const { stored, sent } = await playLogin(META, { [TOKEN]: SHORT, [EXCHANGE]: long });
  expect(sent.map(({ url }) => url)).toEqual([TOKEN, EXCHANGE]);
  expect(sent[1]?.parameters).toEqual({
    grant_type: "ig_exchange_token",
    access_token: "short-1",
    client_secret: "s3cret-of-acme",
  });
  const { tokens, account } = stored?.record ?? {};
  expect([tokens?.accessToken.reveal(), tokens?.refreshToken?.reveal()]).toEqual(["long-1", "long-1"]);
  expect((tokens?.expiresAt ?? 0) - (tokens?.obtainedAt ?? 0)).toBe(5_183_944_000);
  expect(account?.id).toBe("4711");
  expect(tokens?.extra).toEqual({ user_id: "4711" });
});

test("a refused exchange stores nothing, and what came is revoked", async () => {
  const refusal = [400, { error: "invalid_grant", error_description: "No long-lived tokens for this app." }] as const;
  const { vault, error, sent } = await playLogin(META, { [TOKEN]: SHORT, [EXCHANGE]: refusal, [REVOKE]: [200, {}] });
  expect(error?.message).toBe("Acme refused the login (invalid_grant)");
  expect(error?.detail).toBe("No long-lived tokens for this app.");
  expect(sent.at(-1)).toMatchObject({ url: REVOKE, parameters: { token: "short-1" } });
  expect([...vault.entries.keys()]).toEqual([]);
});

test("and so does one that brings no token, or a page", async () => {
  for (const reply of [
    [200, {}],
    [200, "<h1>Hello</h1>"],
    [502, "<h1>Bad gateway</h1>"],
  ] as const) {
    const { vault, error, sent } = await playLogin(META, { [TOKEN]: SHORT, [EXCHANGE]: reply, [REVOKE]: [200, {}] });
    expect(error?.code).toBe("provider_unavailable");
    expect(sent.at(-1)).toMatchObject({ url: REVOKE, parameters: { token: "short-1" } });
    expect([...vault.entries.keys()]).toEqual([]);
  }
});

test("a plugin's function that fails at the exchange leaves no first token behind", async () => {
  const functions: NonNullable<ProviderDefinition["functions"]> = {
    request: (request: { endpoint: string }) => {
      if (request.endpoint === EXCHANGE) throw new AuthError("plugin_invalid", "acme's function 'request' failed.");
      return request;
    },
  } as never;
  const { error, sent, vault } = await playLogin({ ...META, functions }, { [TOKEN]: SHORT, [REVOKE]: [200, {}] });
  expect(error?.message).toBe("acme's function 'request' failed.");
  expect(sent.map(({ url }) => url)).toEqual([TOKEN, REVOKE]);
  expect([...vault.entries.keys()]).toEqual([]);
});

test("nor does one that can't read whose the token is", async () => {
  const functions: NonNullable<ProviderDefinition["functions"]> = {
    account: () => {
      throw new AuthError("plugin_invalid", "acme's function 'account' failed.");
    },
  } as never;
  const plain = { ...META, functions, longLived: undefined };
  const { error, sent } = await playLogin(plain as never, { [TOKEN]: SHORT, [REVOKE]: [200, {}] });
  expect(error?.message).toContain("acme's function 'account' failed.");
  expect(sent.at(-1)).toMatchObject({ url: REVOKE, parameters: { token: "short-1" } });
});
