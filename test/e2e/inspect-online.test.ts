/** `auth inspect --verify` and `--introspect`, and scopes that were not granted, at the real issuer. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { OidcOptions } from "../issuers/oidc.ts";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
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

interface At {
  readonly issuer: OidcIssuer;
  readonly env: Record<string, string>;
  readonly stderr: string;
}

async function loggedIn(options: OidcOptions = {}, ...flags: string[]): Promise<At> {
  const issuer = await start(options);
  const env = bareEnvironment();
  const args = ["oidc", "--issuer", issuer.issuer, "--client-id", issuer.clientId, "--flow", "browser", ...flags];
  const { code, stderr } = await loginAtOidc(args, env);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return { issuer, env, stderr };
}

const API = { resources: ["https://api.example"] };

describe("--verify", () => {
  test("a token that its issuer signed", async () => {
    const { env } = await loggedIn(API);
    const json = await auth(["inspect", "oidc", "--verify", "--json"], { env });
    expect([json.code, json.stderr]).toEqual([0, ""]);
    expect(JSON.parse(json.stdout)).toMatchObject({
      claims: { aud: "https://api.example" },
      verification: { verified: true, signature: true, issuer: true, audience: "other", algorithm: "ES256" },
    });
    const words = await auth(["inspect", "oidc", "--verify"], { env });
    expect(words.stdout).toContain("Verified: signed by its issuer (ES256).");
    expect(words.stdout).not.toContain("not checked");
  });

  test("attack: one that was signed by other keys is printed, then exit 1", async () => {
    const { issuer, env } = await loggedIn(API);
    await issuer.stop();
    await start({ ...API, port: Number(new URL(issuer.issuer).port) });
    const ended = await auth(["inspect", "oidc", "--verify", "--json"], { env });
    expect([ended.code, errorOf(ended).code]).toEqual([1, "check_failed"]);
    expect(JSON.parse(ended.stdout).verification).toMatchObject({ verified: false, signature: false });
  });

  test("an expired one is reported: exit 4, its signature good", async () => {
    const { env } = await loggedIn({ ...API, accessTokenSeconds: 1 });
    await Bun.sleep(1_100);
    const ended = await auth(["inspect", "oidc", "--verify", "--json"], { env });
    expect([ended.code, errorOf(ended).code]).toEqual([4, "token_expired"]);
    expect(JSON.parse(ended.stdout).verification).toMatchObject({ verified: false, signature: true });
  });

  test("an issuer that can't be reached: exit 5", async () => {
    const { issuer, env } = await loggedIn(API);
    await issuer.stop();
    const ended = await auth(["inspect", "oidc", "--verify", "--json"], { env });
    expect([ended.code, errorOf(ended).code]).toEqual([5, "network"]);
  });

  test("an opaque token has no signature: exit 1; one from standard input has no issuer: exit 64", async () => {
    const { env } = await loggedIn();
    expect((await auth(["inspect", "oidc", "--verify"], { env })).code).toBe(1);
    expect((await auth(["inspect", "-", "--verify"], { env, stdin: "a.b.c" })).code).toBe(64);
  });
});

describe("--introspect", () => {
  test("what the issuer says, then exit 4 once it is revoked there", async () => {
    const { issuer, env } = await loggedIn();
    const living = await auth(["inspect", "oidc", "--introspect", "--json"], { env });
    expect([living.code, living.stderr]).toEqual([0, ""]);
    expect(JSON.parse(living.stdout).introspection).toMatchObject({ active: true, client_id: issuer.clientId });
    expect((await auth(["inspect", "oidc", "--introspect"], { env })).stdout).toContain(`"${issuer.clientId}"`);

    const token = (await auth(["token", "oidc"], { env })).stdout.trim();
    const body = new URLSearchParams({ client_id: issuer.clientId, token });
    await fetch(`${issuer.issuer}/token/revocation`, { method: "POST", body });
    const dead = await auth(["inspect", "oidc", "--introspect", "--json"], { env });
    expect([dead.code, errorOf(dead).code]).toEqual([4, "token_refused"]);
    expect(JSON.parse(dead.stdout).introspection).toEqual({ active: false });
  });

  test("of a pasted token it is asked as the provider's client: exit 6 and its command where none is known", async () => {
    const asked: string[] = [];
    const server = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: async (request) => {
        asked.push(await request.text());
        return Response.json({ active: true, sub: "u1" });
      },
    });
    const env = bareEnvironment();
    const folder = join(env.AUTH_HOME ?? "", "providers");
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const url = `http://127.0.0.1:${server.port}`;
    const manifest = `id = "acme"\ntitle = "Acme"\nflows = ["device", "token"]\n[endpoints]\ndevice = "${url}/d"\ntoken = "${url}/t"\nintrospection = "${url}/i"\n`;
    writeFileSync(join(folder, "acme.toml"), manifest, { mode: 0o600 });
    expect((await auth(["login", "acme", "--token", "-"], { env, stdin: "pasted-token" })).code).toBe(0);
    const without = await auth(["inspect", "acme", "--introspect", "--json"], { env });
    expect([without.code, errorOf(without).code, asked]).toEqual([6, "client_missing", []]);
    const [, command = ""] = /Give one: auth (.+)$/.exec(String(errorOf(without).hint)) ?? [];
    const set = await auth(command.replace("<id>", "me").split(" "), { env, stdin: "s3cret" });
    expect({ code: set.code, stderr: set.stderr }).toMatchObject({ code: 0 });
    const told = await auth(["inspect", "acme", "--introspect", "--json"], { env });
    expect([told.code, JSON.parse(told.stdout).introspection]).toEqual([0, { active: true, sub: "u1" }]);
    expect(Object.fromEntries(new URLSearchParams(asked[0]))).toMatchObject({
      token: "pasted-token",
      client_id: "me",
      client_secret: "s3cret",
    });
    await server.stop(true);
  });
});

describe("scopes", () => {
  test("those that weren't granted are named", async () => {
    const { stderr } = await loggedIn({}, "--scope", "openid,email,phone");
    expect(stderr).toContain("did not grant phone");
  });

  test("nothing is said where all were granted", async () => {
    const { stderr } = await loggedIn({});
    expect(stderr).not.toContain("did not grant");
  });
});
