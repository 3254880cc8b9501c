/** Which scopes a login at any issuer asks for, and what follows where no refresh token comes. */
import { afterAll, describe, expect, test } from "bun:test";
import type { OidcOptions } from "../issuers/oidc.ts";
import { decideDevice, type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { type LoggedInAtOidc, loginAtOidc } from "../support/oidc-login.ts";
import { AUTH, auth, bareEnvironment, onTerminal } from "../support/program.ts";

const issuers: OidcIssuer[] = [];
afterAll(() => Promise.all(issuers.map((issuer) => issuer.stop())));

async function login(flow: string, options: OidcOptions, ...flags: string[]): Promise<LoggedInAtOidc> {
  const issuer = await startOidc(options);
  issuers.push(issuer);
  const who = ["--client-id", issuer.clientId, "--flow", flow];
  return loginAtOidc([issuer.issuer, ...who, ...flags], bareEnvironment());
}

const queryOf = ({ events }: LoggedInAtOidc): Record<string, string> =>
  Object.fromEntries(new URL(String(events.find(({ event }) => event === "authorize")?.url)).searchParams);

describe("an issuer that lists its scopes and refuses others", () => {
  for (const flow of ["browser", "device"])
    test(`without offline_access in the list, by ${flow}: not asked for, and the login says when it ends`, async () => {
      const ended = await login(flow, { scopes: ["openid", "profile", "email"] });
      expect(ended.code).toBe(0);
      expect(ended.events.at(-1)).toMatchObject({ scopes: ["openid", "profile", "email"], refreshable: false });
      const left = Date.parse(String(ended.events.at(-1)?.expiresAt)) - Date.now();
      expect(left).toBeWithin(3_500_000, 3_600_001);
      if (flow === "browser") expect(queryOf(ended)).not.toHaveProperty("prompt");
    }, 60_000);

  test("without profile and email in the list: neither is asked for", async () => {
    const ended = await login("browser", { scopes: ["openid", "offline_access"] });
    expect(ended.code).toBe(0);
    expect(queryOf(ended)).toMatchObject({ scope: "openid offline_access", prompt: "consent" });
    expect(ended.events.at(-1)).toMatchObject({ refreshable: true });
  });

  test("a scope that --scope names is asked for all the same, and refused", async () => {
    const ended = await login("device", { scopes: ["openid"] }, "-s", "openid,email");
    expect(ended.code).toBe(6);
    expect(ended.stderr).toContain("scope_rejected");
  });
});

test("token --login --scope asks for that besides the default: the login can still be refreshed", async () => {
  const issuer = await startOidc({});
  issuers.push(issuer);
  const env = bareEnvironment();
  const created = ["profile", "create", "oidc:work", "--issuer", issuer.issuer, "--client-id", issuer.clientId];
  expect((await auth(created, { env })).code).toBe(0);
  const terminal = onTerminal([AUTH, "token", "oidc:work", "--login", "-s", "email"], { env });
  await terminal.waitFor("Waiting for your approval");
  const [code = ""] = /[A-Z]{4}-[A-Z]{4}/.exec(terminal.screen()) ?? [];
  await decideDevice(`${issuer.issuer}/device?user_code=${code}`, "approve");
  expect((await terminal.ended).code).toBe(0);
  const [stored] = JSON.parse((await auth(["list", "--json"], { env })).stdout);
  expect(stored).toMatchObject({ refreshable: true, scopes: expect.arrayContaining(["openid", "email"]) });
}, 60_000);

describe("--scope replaces the default wholly", () => {
  test("without offline_access in it: no prompt=consent, no refresh token, and what would bring one", async () => {
    const ended = await login("browser", {}, "-s", "openid");
    expect(ended.code).toBe(0);
    expect(queryOf(ended).scope).toBe("openid");
    expect(queryOf(ended)).not.toHaveProperty("prompt");
    expect(ended.events.at(-1)).toMatchObject({ scopes: ["openid"], refreshable: false });
    expect(ended.stderr).toContain("log in again in 60 minutes, or now with --scope offline_access too");
  });

  test("with it: prompt=consent goes along, and a refresh token comes", async () => {
    const ended = await login("browser", {}, "-s", "openid,offline_access");
    expect(queryOf(ended)).toMatchObject({ scope: "openid offline_access", prompt: "consent" });
    expect(ended.events.at(-1)).toMatchObject({ refreshable: true });
    expect(ended.stderr).not.toContain("refresh token");
  });
});
