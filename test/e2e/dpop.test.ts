/** Tokens bound to a key (RFC 9449), at the real issuer: it checks every proof. */
import { afterAll, describe, expect, test } from "bun:test";
import type { OidcOptions } from "../issuers/oidc.ts";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { loginAtOidc } from "../support/oidc-login.ts";
import { auth, bareEnvironment } from "../support/program.ts";

const issuers: OidcIssuer[] = [];
afterAll(() => Promise.all(issuers.map((issuer) => issuer.stop())));

async function loggedIn(
  options: OidcOptions,
  flow: string,
): Promise<{ env: Record<string, string>; issuer: OidcIssuer }> {
  const issuer = await startOidc(options);
  issuers.push(issuer);
  const env = bareEnvironment();
  const args = ["oidc", "--issuer", issuer.issuer, "--client-id", issuer.clientId, "--flow", flow];
  const { code, stderr, events } = await loginAtOidc(args, env);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  expect(events.at(-1)).toMatchObject({ event: "connected", account: "alice@example.com", refreshable: true });
  return { env, issuer };
}

for (const [dpop, flow] of [
  ["required", "browser"],
  ["nonce", "browser"],
  ["nonce", "device"],
] as const)
  describe(`an issuer that binds tokens (${dpop}, ${flow})`, () => {
    test("login, account, check, three refreshes: each with a proof of the one key", async () => {
      const { env, issuer } = await loggedIn({ dpop }, flow);
      for (let round = 0; round < 3; round++) {
        const refreshed = await auth(["refresh", "oidc", "--force", "--json"], { env });
        expect(JSON.parse(refreshed.stdout)).toMatchObject({ refreshed: true });
      }
      expect((await auth(["status", "oidc", "--check"], { env })).code).toBe(0);

      const token = (await auth(["token", "oidc"], { env })).stdout.trim();
      const header = await auth(["token", "oidc", "-o", "header"], { env });
      expect(header.stdout).toBe(`Authorization: DPoP ${token}\n`);
      expect(JSON.parse((await auth(["token", "oidc", "--json"], { env })).stdout).token_type).toBe("DPoP");
      // It is bound: without a proof it is refused.
      const stolen = await fetch(`${issuer.issuer}/me`, { headers: { authorization: `Bearer ${token}` } });
      expect(stolen.status).toBe(401);
    }, 60_000);
  });

test("the key is shown nowhere, and ends with the login", async () => {
  const { env } = await loggedIn({ dpop: "required" }, "browser");
  for (const args of [["list"], ["status"], ["profile", "show", "oidc"], ["inspect", "oidc"]]) {
    const { stdout, stderr } = await auth([...args, "--json"], { env });
    expect(stdout + stderr).not.toContain("proofKey");
    expect(stdout + stderr).not.toContain('"d"');
  }
  expect((await auth(["revoke", "oidc"], { env })).code).toBe(0);
});

test("an issuer that could bind tokens, and doesn't insist, gives plain ones", async () => {
  const { env, issuer } = await loggedIn({}, "browser");
  const { token_type, access_token } = JSON.parse((await auth(["token", "oidc", "--json"], { env })).stdout);
  expect(token_type).toBe("Bearer");
  const taken = await fetch(`${issuer.issuer}/me`, { headers: { authorization: `Bearer ${access_token}` } });
  expect(taken.status).toBe(200);
});
