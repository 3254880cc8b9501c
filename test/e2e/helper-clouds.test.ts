/** `auth helper az`, `adc` and `aws`, at the issuers that their logins are made at. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeJwt } from "../../src/oauth/idtoken.ts";
import { startEntra } from "../issuers/entra.ts";
import { startOidc } from "../issuers/oidc-client.ts";
import { loginAtOidc } from "../support/oidc-login.ts";
import { auth, bareEnvironment } from "../support/program.ts";
import { startTokenHost } from "../support/token-host.ts";

const stops: (() => unknown)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

test("az: the login's refresh token brings a token of the resource, and a dead one says az login", async () => {
  const issuer = startEntra({ approve: true, interval: 1 });
  stops.push(() => issuer.server.stop());
  const env = bareEnvironment({ AUTH_ENTRA_CLIENT_ID: issuer.publicClient.id });
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  expect(await auth(["login", "entra:prod", "--flow", "device", ...places], { env })).toMatchObject({ code: 0 });

  // A login that was told its own endpoints isn't for the usual authority, unless the call says so.
  const named = ["helper", "az", "entra:prod", "--origin", "https://login.microsoftonline.com"];
  const call = ["account", "get-access-token", "--output", "json", "--resource"];
  const ended = await auth([...named, ...call, "https://vault.azure.net"], { env });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const { accessToken, expires_on, tokenType } = JSON.parse(ended.stdout);
  const claims = decodeJwt(accessToken)?.claims;
  expect(claims).toMatchObject({ aud: "https://vault.azure.net" });
  expect(tokenType).toBe("Bearer");
  expect(Math.abs(expires_on - Number(claims?.exp))).toBeLessThan(5);

  const elsewhere = await auth(["helper", "az", "entra:gone", ...call, "https://vault.azure.net"], { env });
  expect(elsewhere).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringMatching(/^auth: [^\n]*az login[^\n]*\n$/),
  });
});

test("az: within the libraries' time they get the resource's token that still lives", async () => {
  const issuer = startEntra({ approve: true, interval: 1, accessLifetime: 30 });
  stops.push(() => issuer.server.stop());
  const env = bareEnvironment({ AUTH_ENTRA_CLIENT_ID: issuer.publicClient.id });
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  expect(await auth(["login", "entra:prod", "--flow", "device", ...places], { env })).toMatchObject({ code: 0 });
  const named = ["helper", "az", "entra:prod", "--origin", "https://login.microsoftonline.com", "--min-ttl", "600"];
  const call = [...named, "account", "get-access-token", "--resource", "https://vault.azure.net"];
  const first = await auth(call, { env });
  expect(first.code).toBe(0);

  // A tenth of its lifetime: before that it isn't replaced (RULES.md 2.8).
  await Bun.sleep(3_100);
  issuer.server.fail({ path: new URL(issuer.endpoints.token).pathname, reply: "hang" });
  const started = Date.now();
  const second = await auth(call, { env });
  expect(Date.now() - started).toBeLessThan(20_000);
  expect(second).toMatchObject({ code: 0, stderr: expect.stringContaining("The current token still works.") });
  expect(JSON.parse(second.stdout).accessToken).toBe(JSON.parse(first.stdout).accessToken);
}, 60_000);

test("adc: the login's ID token, with its own end", async () => {
  const issuer = await startOidc();
  stops.push(issuer.stop);
  const env = bareEnvironment({ GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE: "urn:ietf:params:oauth:token-type:id_token" });
  const flags = ["-p", "work", "--client-id", issuer.clientId, "--flow", "browser", "--scope", "openid,offline_access"];
  expect(await loginAtOidc([issuer.issuer, ...flags], env)).toMatchObject({ code: 0 });

  const ended = await auth(["helper", "adc", "oidc:work", "--id-token"], { env });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const { id_token, expiration_time, ...rest } = JSON.parse(ended.stdout);
  expect(rest).toEqual({ version: 1, success: true, token_type: env.GOOGLE_EXTERNAL_ACCOUNT_TOKEN_TYPE });
  expect(decodeJwt(id_token)?.claims).toMatchObject({ aud: issuer.clientId, exp: expiration_time });
});

test("aws: the header of the description, to the origin that the call names, and to no portal that isn't pinned", async () => {
  const role = {
    accessKeyId: "ASIA1",
    secretAccessKey: "s3cret",
    sessionToken: "t",
    expiration: Date.now() + 3_600_000,
  };
  const host = startTokenHost((request, { ownerOf }) =>
    ownerOf(request.headers.get("x-amz-sso_bearer_token")) === null
      ? Response.json({}, { status: 401 })
      : Response.json({ roleCredentials: role }),
  );
  stops.push(host.stop);
  const folder = join(host.env.AUTH_HOME as string, "providers");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const manifest = `id = "center"
title = "A center"
flows = ["client-credentials"]
header = "x-amz-sso_bearer_token: {token}"
[settings.region]
title = "The region"
required = true
[endpoints]
token = "${host.url}/token?region={region}"
[minting.client-credentials]
use = "assertion"
[client]
kind = "confidential"
`;
  writeFileSync(join(folder, "center.toml"), manifest, { mode: 0o600 });
  const login = [
    "login",
    "center:work",
    "--region",
    "eu-central-1",
    "--flow",
    "client-credentials",
    "--client-id",
    "work",
  ];
  const made = await host.call([...login, "--client-secret", "-"], { stdin: "s3cret-of-a-client" });
  expect(made).toMatchObject({ code: 0 });

  const words = ["--account", "123456789012", "--role", "ReadOnly"];
  const named = await host.call(["helper", "aws", "center:work", "--origin", host.url, ...words]);
  expect(named).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(named.stdout)).toMatchObject({ Version: 1, AccessKeyId: "ASIA1" });
  expect(await host.call(["helper", "aws", "center:work", ...words])).toMatchObject({
    code: 1,
    stdout: "",
    stderr: expect.stringContaining("center:work isn't for https://portal.sso.eu-central-1.amazonaws.com."),
  });
});
