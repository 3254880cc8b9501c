/** A service at any issuer: client credentials (RFC 6749 §4.4), by a secret or a key, with nothing but the issuer's URL. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportJWK, exportPKCS8, generateKeyPair } from "jose";
import { startGithub } from "../issuers/github.ts";
import type { OidcOptions } from "../issuers/oidc.ts";
import { startOidc } from "../issuers/oidc-client.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";
import { tryByBrowser } from "../support/visitor.ts";

const stops: (() => unknown)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

async function start(options: OidcOptions = {}) {
  const issuer = await startOidc(options);
  stops.push(() => issuer.stop());
  return issuer;
}

describe("auth login https://issuer --flow client-credentials", () => {
  test("by a secret: a token of the client's own, requested again when it has expired", async () => {
    const issuer = await start({ accessTokenSeconds: 2 });
    const { id, secret } = issuer.confidential;
    const env = bareEnvironment();
    const call = (args: readonly string[], stdin = ""): Promise<Ended> => auth(args, { env, stdin });
    const flags = ["--flow", "client-credentials", "--client-id", id, "--client-secret", "-"];
    const login = await call(["login", issuer.issuer, ...flags], secret);
    expect(login.code).toBe(0);
    const at = `oidc:127.0.0.1-${new URL(issuer.issuer).port}`;
    // What the login promises is what a refresh says.
    expect(login.stderr).toContain("'auth token' gets a new token when this one is due.");
    expect((await call(["refresh", at])).stderr).toEndWith(
      `This login needs none: 'auth token ${at}' gets a new token when this one is due.\n`,
    );
    const first = (await call(["token", at])).stdout.trim();
    const introspected = await fetch(`${issuer.issuer}/token/introspection`, {
      method: "POST",
      headers: { authorization: `Basic ${btoa(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`)}` },
      body: new URLSearchParams({ token: first }),
    });
    expect(await introspected.json()).toMatchObject({ active: true, client_id: id });
    expect(JSON.parse((await call(["list", "--json"])).stdout)).toMatchObject([{ account: id, status: "connected" }]);
    await Bun.sleep(2_100);
    const second = await call(["token", at]);
    expect([second.code, second.stdout.trim() === first]).toEqual([0, false]);
  }, 60_000);

  test("whose client is refused: refresh, refresh --all and status agree", async () => {
    const issuer = await start({ accessTokenSeconds: 2 });
    const { id, secret } = issuer.confidential;
    const env = bareEnvironment();
    const client = ["--client-id", id, "--client-secret", "-"];
    const login = ["login", issuer.issuer, "--flow", "client-credentials", ...client];
    expect(await auth(login, { env, stdin: secret })).toMatchObject({ code: 0 });
    const set = ["client", "set", "oidc", "--issuer", issuer.issuer, ...client];
    expect(await auth(set, { env, stdin: "another-secret" })).toMatchObject({ code: 0 });
    await Bun.sleep(2_100);
    for (const args of [["token"], ["status"], ["refresh"], ["refresh", "--all"]])
      expect({ args, code: (await auth(args, { env })).code }).toEqual({ args, code: 6 });
    expect(await auth(set, { env, stdin: secret })).toMatchObject({ code: 0 });
    expect((await auth(["refresh", "--force"], { env })).code).toBe(0);
    expect((await auth(["status"], { env })).code).toBe(0);
    expect((await auth(["refresh"], { env })).code).toBe(3);
  }, 60_000);

  test("by a key (private_key_jwt)", async () => {
    const { publicKey, privateKey } = await generateKeyPair("ES256", { extractable: true });
    const issuer = await start({
      keyClient: { jwk: await exportJWK(publicKey), algorithm: "ES256" },
      accessTokenSeconds: 2,
    });
    const file = join(tempFolder(), "key");
    writeFileSync(file, await exportPKCS8(privateKey));
    chmodSync(file, 0o600);
    const env = bareEnvironment();
    const flags = ["--flow", "client-credentials", "--client-id", issuer.keyClientId, "--key", file];
    expect(await auth(["login", issuer.issuer, "-p", "service", ...flags], { env })).toMatchObject({ code: 0 });
    const first = (await auth(["token", "oidc:service"], { env })).stdout;
    await Bun.sleep(2_100);
    const second = await auth(["token", "oidc:service"], { env });
    expect([second.code, second.stdout === first]).toEqual([0, false]);
  }, 60_000);

  test("without a secret: what to give, exit 6", async () => {
    const issuer = await start();
    const ended = await auth(["login", issuer.issuer, "--flow", "client-credentials", "--client-id", "x", "--json"]);
    expect([ended.code, errorOf(ended).code]).toEqual([6, "client_missing"]);
    expect(errorOf(ended).hint).toContain("--client-secret -");
  });
});

describe("a client's secret in the environment without its id", () => {
  const login = (flags: readonly string[], more: Record<string, string>, home = bareEnvironment()) => {
    const github = startGithub();
    stops.push(() => github.server.stop());
    const places = Object.entries(github.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
    const named = flags.map((flag) => (flag === "ID" ? github.clientId : flag));
    const env = { ...home, AUTH_GITHUB_CLIENT_SECRET: github.clientSecret, ...more };
    return tryByBrowser(["login", "github", "--flow", "browser", ...places, ...named], env);
  };
  const hintOf = (ended: Ended): unknown =>
    errorOf({ ...ended, stderr: ended.stderr.trim().split("\n").at(-1) ?? "" }).hint;

  test("is that of the client which the command line names", async () => {
    expect((await login(["--client-id", "ID"], {})).code).toBe(0);
  });

  test("is not that of another client which the environment names, and the error says so", async () => {
    const ended = await login(["--client-id", "ID"], { AUTH_GITHUB_CLIENT_ID: "another" });
    expect(ended.code).toBe(6);
    expect(hintOf(ended)).toContain(
      "AUTH_GITHUB_CLIENT_SECRET was not used: AUTH_GITHUB_CLIENT_ID names another client.",
    );
  });

  test("may be that of another client which is stored: not used, and the error says what to set", async () => {
    const home = bareEnvironment();
    await auth(["client", "set", "github", "--client-id", "stored"], { env: home });
    const created = ["profile", "create", "github:default", "--client-id", "stored"];
    expect((await auth(created, { env: home })).code).toBe(0);
    const ended = await login(["--client-id", "ID", "--force"], {}, home);
    expect(ended.code).toBe(6);
    expect(hintOf(ended)).toContain("AUTH_GITHUB_CLIENT_SECRET was not used: it doesn't say for which client it is.");
  });

  test("with no client named at all, the error says what to set", async () => {
    const ended = await login([], {});
    expect(ended.code).toBe(6);
    expect(hintOf(ended)).toContain("Set AUTH_GITHUB_CLIENT_ID=<id> beside it.");
  });
});
