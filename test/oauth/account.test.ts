/** Whose token it is: named by the reply, or by the provider when asked. */
import { afterEach, expect, test } from "bun:test";
import { type AccountAnswer, askAccount } from "../../src/oauth/account.ts";
import { http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { json, type Scripted, script, server as silent, thrown } from "./support.ts";

const running: Scripted[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.stop();
});

const token = { accessToken: new Secret("the token") };
const told = { id: "1", label: "told", organization: null };

async function ask(
  answer: Response,
  different: Partial<ProviderDefinition> = {},
  tokens: Parameters<typeof askAccount>[2] = token,
): Promise<{ answer: AccountAnswer; seen: Scripted["seen"] }> {
  const issuer = script(answer);
  running.push(issuer);
  return { answer: await askAccount(http, issuer.server(different), tokens, { timeout: 5_000 }), seen: issuer.seen };
}

test("is asked for with the token as its bearer, and read by the first path that has something", async () => {
  const { answer, seen } = await ask(json({ sub: "s1", email: "", preferred_username: "alice", name: "Alice" }));
  expect(answer).toEqual({ kind: "known", account: { id: "s1", label: "alice", organization: null }, scopes: null });
  expect(seen[0]).toMatchObject({ method: "GET", path: "/userinfo" });
  expect(seen[0]?.headers.get("authorization")).toBe("Bearer the token");
});

test("is asked for and read in the provider's dialect", async () => {
  const { answer, seen } = await ask(
    json({ id: 42, login: "octo", org: { slug: "acme" } }, 200, { "x-scopes": "repo, gist" }),
    {
      header: "X-Api-Key: {token}",
      account: {
        id: ["id"],
        label: ["login"],
        organization: ["org.slug"],
        headers: { accept: "application/vnd.test+json" },
        scopesHeader: "X-Scopes",
      },
    },
  );
  expect(answer).toEqual({
    kind: "known",
    account: { id: "42", label: "octo", organization: "acme" },
    scopes: ["repo", "gist"],
  });
  expect(seen[0]?.headers.get("x-api-key")).toBe("the token");
  expect(seen[0]?.headers.get("authorization")).toBeNull();
  expect(seen[0]?.headers.get("accept")).toBe("application/vnd.test+json");
});

test("is asked for by POST, with what the provider wants to be sent and the word it wants", async () => {
  const query = '{"query":"{ viewer { id name } }"}';
  const { answer, seen } = await ask(json({ data: { viewer: { id: "7", name: "Ada" } } }), {
    account: {
      method: "POST",
      body: query,
      header: "Authorization: OAuth {token}",
      id: ["data.viewer.id"],
      label: ["data.viewer.name"],
    },
  });
  expect(answer).toMatchObject({ kind: "known", account: { id: "7", label: "Ada" } });
  expect(seen[0]).toMatchObject({ method: "POST", text: query });
  expect(seen[0]?.headers.get("content-type")).toBe("application/json");
  expect(seen[0]?.headers.get("authorization")).toBe("OAuth the token");
  const empty = await ask(json({ sub: "1" }), { account: { method: "POST" } });
  expect(empty.seen[0]).toMatchObject({ method: "POST", text: "" });
  expect(empty.seen[0]?.headers.get("content-type")).toBeNull();
});

test("401 and 403 mean refused; everything else that is no answer means not reached", async () => {
  for (const status of [401, 403]) expect((await ask(json({}, status))).answer).toEqual({ kind: "refused", status });
  for (const reply of [
    json({}, 500),
    json({}, 404),
    new Response("<html>"),
    new Response("[1]"),
    new Response(null, { status: 302, headers: { location: "/" } }),
  ])
    expect((await ask(reply)).answer).toEqual({ kind: "unreachable", reason: expect.any(String) });
  const unreachable = silent({}, { endpoints: { userinfo: "http://127.0.0.1:1/" } });
  expect(await askAccount(http, unreachable, token, { timeout: 1_000 })).toEqual({
    kind: "unreachable",
    reason: expect.any(String),
  });
});

test("a provider that accepts the token without saying whose it is accepts it all the same", async () => {
  const { answer } = await ask(json({ ok: true }));
  expect(answer).toEqual({ kind: "known", account: { id: null, label: null, organization: null }, scopes: null });
});

test("the provider is not asked where the dialect has the account in the reply", async () => {
  const { answer, seen } = await ask(json({}), { account: { from: "reply" } }, { ...token, account: told });
  expect([answer, seen.length]).toEqual([{ kind: "known", account: told, scopes: null }, 0]);
  // A pasted token had no reply.
  const pasted = await ask(json({ sub: "s1" }), { account: { from: "reply" } });
  expect(pasted.answer).toMatchObject({ kind: "known", account: { id: "s1" } });
});

test("the id_token's account counts where the provider doesn't answer", async () => {
  const refused = await ask(json({}, 403), {}, { ...token, account: told });
  expect(refused.answer).toEqual({ kind: "known", account: told, scopes: null });
  expect(await askAccount(http, silent(), { ...token, account: told }, { timeout: 1 })).toMatchObject({
    kind: "known",
  });
  expect(await askAccount(http, silent(), token, { timeout: 1 })).toEqual({ kind: "unsupported" });
});

test("attack: a pasted token can't smuggle in a header", async () => {
  const smuggled = { accessToken: new Secret("x\r\nX-Evil: 1") };
  expect(await thrown(() => ask(json({}), {}, smuggled))).toMatchObject({ code: "token_rejected" });
  expect(running[0]?.seen).toEqual([]);
});
