/** Google's library for Node, at a token service of ours (docs/recipes.md, Google's libraries). */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeJwt } from "../../src/oauth/idtoken.ts";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { loginAtOidc } from "../support/oidc-login.ts";
import { AUTH, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";
import { recipe } from "../support/recipes.ts";

setDefaultTimeout(60_000);
const PROBE = join(import.meta.dir, "..", "support", "google-probe.mjs");

let issuer: OidcIssuer;
let service: ReturnType<typeof Bun.serve>;
/** What was asked of the token service. */
const asked: Record<string, string>[] = [];
const env = bareEnvironment();

beforeAll(async () => {
  issuer = await startOidc();
  const flags = ["-p", "work", "--client-id", issuer.clientId, "--flow", "browser", "--scope", "openid,offline_access"];
  expect(await loginAtOidc([issuer.issuer, ...flags], env)).toMatchObject({ code: 0 });
  service = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      asked.push(Object.fromEntries(new URLSearchParams(await request.text())));
      // RFC 8693 §2.2.1
      return Response.json({
        access_token: "a-token-of-the-cloud",
        issued_token_type: "urn:ietf:params:oauth:token-type:access_token",
        token_type: "Bearer",
        expires_in: 3600,
      });
    },
  });
});
afterAll(async () => {
  await service.stop(true);
  await issuer.stop();
});

/** The configuration as gcloud makes it, with the recipe's part. */
function ask(connection = "oidc:work"): Promise<Ended> {
  const part = JSON.parse(recipe("Google's libraries", 0, { "/usr/local/bin/auth": AUTH, "oidc:work": connection }));
  const file = join(tempFolder(), "credentials.json");
  const audience = "//iam.googleapis.com/projects/1/locations/global/workloadIdentityPools/pool/providers/ours";
  writeFileSync(
    file,
    JSON.stringify({
      type: "external_account",
      audience,
      subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
      token_url: `http://127.0.0.1:${service.port}/v1/token`,
      ...part,
    }),
  );
  const more = {
    GOOGLE_APPLICATION_CREDENTIALS: file,
    GOOGLE_EXTERNAL_ACCOUNT_ALLOW_EXECUTABLES: "1",
    // Else the library looks up the project's name.
    GOOGLE_CLOUD_PROJECT: "ours",
  };
  return run(["node", PROBE], { env: { ...env, ...more } });
}

test("the library runs the command, and exchanges the login's ID token", async () => {
  expect(await ask()).toMatchObject({ code: 0, stdout: "a-token-of-the-cloud\n", stderr: "" });
  expect(asked).toHaveLength(1);
  const [{ subject_token: token = "", ...rest } = {}] = asked;
  expect(decodeJwt(token)?.claims).toMatchObject({ iss: issuer.issuer, aud: issuer.clientId });
  expect(rest).toMatchObject({
    subject_token_type: "urn:ietf:params:oauth:token-type:id_token",
    audience: expect.stringContaining("workloadIdentityPools"),
  });
});

test("the library tells what the command says where there is no login", async () => {
  const before = asked.length;
  const { code, stdout, stderr } = await ask("oidc:gone");
  expect([code, stdout]).toEqual([1, ""]);
  expect(stderr).toContain("auth: ");
  expect(stderr).toContain("oidc:gone");
  expect(asked.length).toBe(before);
});
