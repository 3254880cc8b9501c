/** `auth login --resource`: tokens for one API (RFC 8707), at the real issuer, which knows two. */
import { afterAll, expect, test } from "bun:test";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { errorOf } from "../support/logged-in.ts";
import { loginAtOidc } from "../support/oidc-login.ts";
import { auth, bareEnvironment } from "../support/program.ts";

const issuers: OidcIssuer[] = [];
afterAll(() => Promise.all(issuers.map((issuer) => issuer.stop())));

const ONE = "https://one.example/api";
const TWO = "https://two.example/api";

async function start(pushed = false): Promise<{ env: Record<string, string>; flags: string[] }> {
  const issuer = await startOidc({ resources: [ONE, TWO], pushed });
  issuers.push(issuer);
  const flags = ["oidc", "--issuer", issuer.issuer, "--client-id", issuer.clientId];
  return { env: bareEnvironment(), flags };
}

async function audience(env: Record<string, string>): Promise<unknown> {
  const { stdout } = await auth(["inspect", "oidc", "--verify", "--json"], { env });
  return JSON.parse(stdout).claims?.aud;
}

for (const [flow, pushed] of [
  ["browser", false],
  ["browser", true],
  ["device", false],
] as const)
  test(`a login's tokens are for its resource, before and after refreshes (${flow}${pushed ? ", pushed" : ""})`, async () => {
    const { env, flags } = await start(pushed);
    const login = await loginAtOidc([...flags, "--flow", flow, "--resource", TWO], env);
    expect({ code: login.code, stderr: login.stderr }).toMatchObject({ code: 0 });
    expect(await audience(env)).toBe(TWO);
    for (let round = 0; round < 2; round++) {
      expect((await auth(["refresh", "oidc", "--force"], { env })).code).toBe(0);
      expect(await audience(env)).toBe(TWO);
    }
    if (flow === "device") return;
    expect((await loginAtOidc([...flags, "--flow", flow, "--force"], env)).code).toBe(0);
    expect(await audience(env)).toBe(TWO);
    expect((await loginAtOidc([...flags, "--flow", flow, "--force", "--resource", ONE], env)).code).toBe(0);
    expect(await audience(env)).toBe(ONE);
  }, 60_000);

test("a resource that the login is not for: the command that logs in for it runs as printed", async () => {
  const { env, flags } = await start();
  expect((await loginAtOidc([...flags, "--flow", "browser"], env)).code).toBe(0);
  const ended = await auth(["token", "oidc", "--resource", TWO, "--json"], { env });
  expect([ended.code, errorOf(ended).code]).toEqual([4, "login_required"]);
  const printed = /^Log in for it: auth login (.*)$/m.exec(String(errorOf(ended).hint))?.[1] ?? "";
  const login = await loginAtOidc([...printed.replace("NAME", "two").split(" "), "--flow", "browser"], env);
  expect({ code: login.code, stderr: login.stderr }).toMatchObject({ code: 0 });
  expect((await auth(["token", "oidc:two", "--resource", TWO], { env })).code).toBe(0);
}, 60_000);

test("a resource that the issuer doesn't know: exit 6", async () => {
  const { env, flags } = await start(true);
  const ended = await loginAtOidc([...flags, "--flow", "browser", "--resource", "https://other.example"], env);
  expect([ended.code, errorOf(ended).code]).toEqual([6, "client_rejected"]);
});

test("a resource that is no absolute URI, or has a fragment: exit 64", async () => {
  for (const resource of ["api", "https://api.example/#x", " "])
    expect((await auth(["login", "oidc", "--resource", resource])).code).toBe(64);
});
