/** `auth helper … --id-token`, at a certified issuer. */
import { afterAll, beforeAll, expect, test } from "bun:test";
import { decodeJwt } from "../../src/oauth/idtoken.ts";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { loginAtOidc } from "../support/oidc-login.ts";
import { auth, bareEnvironment } from "../support/program.ts";

let issuer: OidcIssuer;
const env = bareEnvironment();

beforeAll(async () => {
  issuer = await startOidc({ accessTokenSeconds: 8 });
  const flags = ["-p", "work", "--client-id", issuer.clientId, "--flow", "browser", "--scope", "openid,offline_access"];
  expect(await loginAtOidc([issuer.issuer, ...flags], env)).toMatchObject({ code: 0 });
});
afterAll(() => issuer.stop());

async function status(...flags: string[]): Promise<{ token: string; expirationTimestamp: string }> {
  const ended = await auth(["helper", "kubectl", ...flags, "oidc:work"], { env });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(ended.stdout).status;
}

test("hands out the ID token, with its own end, and a new one when it is asked to live longer", async () => {
  const { token, expirationTimestamp } = await status("--id-token");
  const claims = decodeJwt(token)?.claims;
  expect(claims).toMatchObject({ iss: issuer.issuer, aud: issuer.clientId });
  expect(Date.parse(expirationTimestamp) / 1000).toBe(Number(claims?.exp) - 60);
  expect((await status()).token).not.toBe(token);
  await Bun.sleep(1_100);
  const next = (await status("--id-token", "--min-ttl", "3600")).token;
  expect(next).not.toBe(token);
  expect(Number(decodeJwt(next)?.claims.iat)).toBeGreaterThan(Number(claims?.iat));
});

test("a login without one says which login brings it", async () => {
  const key = ["login", "github", "--token", "-", "--no-verify", "--quiet"];
  await auth(key, { env, stdin: "gho_abcdefabcdefabcdefabcdefabcdefabcdefabcd" });
  expect(await auth(["helper", "kubectl", "--id-token", "github:default"], { env })).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^auth: github:default has no ID token\. Log in for one: .*\n$/),
  });
});
