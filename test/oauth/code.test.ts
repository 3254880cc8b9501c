/** A code, exchanged for tokens (RFC 6749 §4.1.3). */
import { afterEach, expect, test } from "bun:test";
import { startBrowserLogin } from "../../src/oauth/browser.ts";
import { exchangeCode } from "../../src/oauth/code.ts";
import type { Client } from "../../src/oauth/types.ts";
import { http } from "../../src/platform/http.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { parametersOf, stateOf } from "./browser-login.ts";
import { type Answer, json, jwt, publicClient, type Scripted, script, secretClient, thrown } from "./support.ts";

const running: Scripted[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.stop();
});

function at(...answers: Answer[]): Scripted {
  const started = script(...answers);
  running.push(started);
  return started;
}

async function exchange(
  issuer: Scripted,
  client: Client = publicClient,
  different: Partial<ProviderDefinition> = {},
  scopes = ["openid"],
) {
  const server = issuer.server(different);
  const login = await startBrowserLogin(server, client, { scopes, port: null, redirectUri: null, timeout: 30_000 });
  login.close();
  const authorization = login.accept(`${login.redirectUri}?state=${stateOf(login)}&code=the+code`);
  return { login, authorization, outcome: exchangeCode(http, server, client, authorization, Date.now()) };
}

test("a code is exchanged with the verifier that fits the challenge", async () => {
  const issuer = at(json({ access_token: "a" }));
  const { login, outcome } = await exchange(issuer, secretClient("body"), {
    request: { tokenParameters: { audience: "api" } },
  });
  await outcome;
  const { code_verifier = "", ...form } = issuer.seen[0]?.form ?? {};
  expect(form).toEqual({
    grant_type: "authorization_code",
    code: "the code",
    redirect_uri: login.redirectUri,
    audience: "api",
    client_id: "my client",
    client_secret: "s3cret:&+%",
  });
  const hash = new Bun.CryptoHasher("sha256").update(code_verifier).digest("base64url");
  expect(parametersOf(login).code_challenge).toBe(hash);
});

test("a code brings tokens in the provider's dialect", async () => {
  const issuer = at(
    new Response("access_token=a&scope=repo,gist&token_type=bearer", {
      headers: { "content-type": "application/x-www-form-urlencoded" },
    }),
  );
  const reply = await (await exchange(issuer, publicClient, { scopes: { replySeparator: "," } })).outcome;
  expect(reply.scopes).toEqual(["repo", "gist"]);
});

test("a refused code has its reason", async () => {
  for (const [body, status, code] of [
    [{ error: "invalid_grant" }, 400, "access_denied"],
    [{ error: "invalid_client" }, 401, "client_rejected"],
    [{ error: "bad_verification_code" }, 200, "client_rejected"],
    [{ error: "server_error" }, 500, "provider_unavailable"],
    [{ refresh_token: "r" }, 200, "provider_unavailable"],
  ] as const)
    expect(await thrown(async () => (await exchange(at(json(body, status)))).outcome)).toMatchObject({ code });
});

test("attack: an id_token of another login (nonce) is refused with the tokens beside it", async () => {
  const now = Date.now() / 1000;
  const claims = { iss: "i", sub: "s", aud: publicClient.id, iat: now, exp: now + 60 };
  for (const nonce of ["another", undefined]) {
    const issuer = at(json({ access_token: "a", id_token: jwt({ ...claims, nonce }) }));
    expect(await thrown(async () => (await exchange(issuer)).outcome)).toMatchObject({
      code: "provider_unavailable",
    });
  }
  let right = "";
  const issuer = at(() => json({ access_token: "a", id_token: jwt({ ...claims, nonce: right }) }));
  const { authorization } = await exchange(at(json({ access_token: "a" })));
  right = authorization.nonce ?? "";
  expect((await exchangeCode(http, issuer.server(), publicClient, authorization, Date.now())).idToken).not.toBeNull();
});
