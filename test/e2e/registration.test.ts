/** `auth login https://issuer` alone, where the issuer registers clients (RFC 7591) or wants requests pushed (RFC 9126). */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { OidcOptions } from "../issuers/oidc.ts";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { paste } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { loginAtOidc } from "../support/oidc-login.ts";
import { auth, bareEnvironment } from "../support/program.ts";

const issuers: OidcIssuer[] = [];
afterAll(() => Promise.all(issuers.map((issuer) => issuer.stop())));

async function start(options: OidcOptions): Promise<OidcIssuer> {
  const issuer = await startOidc(options);
  issuers.push(issuer);
  return issuer;
}

const at = (issuer: OidcIssuer): string => `oidc:127.0.0.1-${new URL(issuer.issuer).port}`;

describe("an issuer that registers clients", () => {
  test("its URL alone is enough: registered, logged in, refreshed", async () => {
    const issuer = await start({ registration: true });
    const env = bareEnvironment();
    const login = await loginAtOidc([issuer.issuer, "--flow", "browser"], env);
    expect(login.stderr).not.toContain("Error");
    expect(login.events.at(-1)).toMatchObject({ event: "connected", connection: at(issuer), refreshable: true });
    expect((await auth(["refresh", at(issuer), "--force"], { env })).code).toBe(0);
  });

  test("the client is kept and used again, its registration token shown nowhere", async () => {
    const issuer = await start({ registration: true });
    const env = bareEnvironment();
    await loginAtOidc([issuer.issuer, "--flow", "browser"], env);
    const first = await auth(["get", at(issuer), "-f", "clientId"], { env });
    const listed = await auth(["client", "list", "--json"], { env });
    expect(listed.stdout).toContain(first.stdout.trim());
    expect(listed.stdout).not.toContain("registrationToken");
    const other = await loginAtOidc([issuer.issuer, "-p", "second", "--flow", "browser"], env, "bob");
    expect(other.code).toBe(0);
    expect((await auth(["get", "oidc:second", "-f", "clientId"], { env })).stdout).toBe(first.stdout);
  });

  test("a login that fails leaves nothing behind, no vault either, and mentions none", async () => {
    const issuer = await start({ registration: true });
    const env = bareEnvironment();
    const ended = await auth(["login", issuer.issuer, "--flow", "device", "--timeout", "1"], { env });
    expect([ended.code, existsSync(join(String(env.AUTH_HOME), "vault.db"))]).toEqual([7, false]);
    expect(ended.stderr).not.toContain("vault");
  });

  test("where there is a vault, the client of a login that failed is used by the next", async () => {
    const issuer = await start({ registration: true });
    const env = bareEnvironment();
    await paste(env, "github:any", "a-token");
    expect((await auth(["login", issuer.issuer, "--flow", "device", "--timeout", "1"], { env })).code).toBe(7);
    const kept = JSON.parse((await auth(["client", "list", "--json"], { env })).stdout);
    expect((await loginAtOidc([issuer.issuer, "--flow", "browser"], env)).code).toBe(0);
    const used = (await auth(["get", at(issuer), "-f", "clientId"], { env })).stdout.trim();
    expect(JSON.stringify(kept)).toContain(used);
  });

  test("a device login names the app as it was registered, also at the next login", async () => {
    const issuer = await start({ registration: true });
    const env = bareEnvironment();
    expect((await loginAtOidc([issuer.issuer, "--flow", "browser"], env)).code).toBe(0);
    for (const fresh of [bareEnvironment(), env]) {
      const again = ["login", issuer.issuer, "--flow", "device", "--timeout", "1", "--force"];
      expect((await auth(again, { env: fresh })).stderr).toContain("It lets the app auth use your account");
    }
  });

  test("a client that is given is used, and none registered", async () => {
    const issuer = await start({ registration: true });
    const env = bareEnvironment();
    const login = await loginAtOidc([issuer.issuer, "--flow", "browser", "--client-id", issuer.clientId], env);
    expect(login.code).toBe(0);
    expect((await auth(["get", at(issuer), "-f", "clientId"], { env })).stdout).toBe(`${issuer.clientId}\n`);
  });

  test("an issuer that wants a token for registrations: exit 6, with what to do", async () => {
    const issuer = await start({ registration: { token: "permit" } });
    const ended = await auth(["login", issuer.issuer, "--json"]);
    expect(ended.code).toBe(6);
    expect(errorOf(ended)).toMatchObject({ code: "client_missing" });
    expect(String(errorOf(ended).message)).toContain("did not register a client");
    expect(String(errorOf(ended).hint)).toContain("--client-id");
  });

  test("an issuer without registration: a client is asked for, exit 6", async () => {
    const issuer = await start({});
    const ended = await auth(["login", issuer.issuer, "--json"]);
    expect([ended.code, errorOf(ended).code]).toEqual([6, "client_missing"]);
  });
});

describe("an issuer that wants requests pushed", () => {
  test("the browser carries a reference alone, another at each login", async () => {
    const issuer = await start({ pushed: true });
    const env = bareEnvironment();
    const flags = [issuer.issuer, "--flow", "browser", "--client-id", issuer.clientId];
    const login = await loginAtOidc(flags, env);
    expect(login.code).toBe(0);
    const url = new URL(String(login.events[0]?.url));
    expect([...url.searchParams.keys()].sort()).toEqual(["client_id", "request_uri"]);
    const again = await loginAtOidc([...flags, "--force"], env);
    expect(again.code).toBe(0);
    expect(again.events[0]?.url).not.toBe(login.events[0]?.url);
  });

  test("a request that it refuses is an error before a browser opens: exit 6", async () => {
    const issuer = await start({ pushed: true });
    const ended = await auth(["login", issuer.issuer, "--flow", "browser", "--client-id", "nobody", "--json"]);
    expect([ended.code, ended.stdout]).toEqual([6, ""]);
    expect(errorOf(ended).code).toBe("client_rejected");
  });
});
