/** The issuer of Azure DevOps' own OAuth keeps to its documentation: told in plain requests. */
import { afterEach, expect, test } from "bun:test";
import { startAzureDevops } from "./azure-devops.ts";
import { type Fields, post, type Reply, started, stopAll } from "./wire.ts";

afterEach(stopAll);

const ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";
const BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer";

function begin() {
  const issuer = started(startAzureDevops());
  const common = {
    client_assertion_type: ASSERTION,
    client_assertion: issuer.client.secret,
    redirect_uri: issuer.redirectUri,
  };
  const ask = (fields: Fields): Promise<Reply> => post(issuer.endpoints.token, { ...common, ...fields });
  const authorize = async (redirect: string): Promise<Response> =>
    fetch(
      `${issuer.endpoints.authorization}?${new URLSearchParams({ client_id: issuer.client.id, redirect_uri: redirect, state: "s", response_type: "code" })}`,
      { redirect: "manual" },
    );
  const code = async (): Promise<string> =>
    new URL((await authorize(issuer.redirectUri)).headers.get("location") ?? "about:blank").searchParams.get("code") ??
    "";
  return { issuer, ask, authorize, code };
}

test("only the https redirect that is registered, also for this machine", async () => {
  const { issuer, authorize } = begin();
  expect(issuer.redirectUri).toStartWith("https://");
  expect((await authorize("http://127.0.0.1:5/callback")).status).toBe(400);
  expect((await authorize(issuer.redirectUri)).status).toBe(302);
});

test("secret and code are two assertions; the lifetime is text", async () => {
  const { ask, code } = begin();
  const { status, body } = await ask({ grant_type: BEARER, assertion: await code() });
  expect(status).toBe(200);
  expect(body).toMatchObject({ token_type: "jwt-bearer", expires_in: "3599", refresh_token: expect.any(String) });
});

test("the names of the standard are unknown to it: client_id, client_secret, refresh_token", async () => {
  const { ask, code } = begin();
  for (const name of ["client_id", "client_secret", "refresh_token"])
    expect((await ask({ grant_type: BEARER, assertion: await code(), [name]: "x" })).status).toBe(400);
});

test("a refresh has to name the redirect again, and replaces the refresh token", async () => {
  const { ask, code } = begin();
  const first = (await ask({ grant_type: BEARER, assertion: await code() })).body;
  const token = String(first.refresh_token);
  expect(
    (await ask({ grant_type: "refresh_token", assertion: token, redirect_uri: "https://other.example" })).status,
  ).toBe(400);
  const second = await ask({ grant_type: "refresh_token", assertion: token });
  expect(second.body.refresh_token).not.toBe(token);
  expect((await ask({ grant_type: "refresh_token", assertion: token })).status).toBe(400);
});

test("its errors begin with capitals", async () => {
  const { ask } = begin();
  const { body } = await ask({ grant_type: BEARER, assertion: "unknown" });
  expect(body).toMatchObject({ Error: "invalid_grant", ErrorDescription: expect.any(String) });
  expect(body.error).toBeUndefined();
});
