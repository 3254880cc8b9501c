/** Azure's library for Node, which runs `az` (docs/recipes.md, Azure's libraries). */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { join } from "node:path";
import { decodeJwt } from "../../src/oauth/idtoken.ts";
import { startEntra } from "../issuers/entra.ts";
import { auth, bareEnvironment, type Ended, run } from "../support/program.ts";
import { pathWithAuth, recipe } from "../support/recipes.ts";

setDefaultTimeout(60_000);
const PROBE = join(import.meta.dir, "..", "support", "azure-probe.mjs");

let issuer: ReturnType<typeof startEntra>;
const env = bareEnvironment();

beforeAll(() => {
  issuer = startEntra({ approve: true, interval: 1 });
});
afterAll(() => issuer.server.stop());

/** The recipe, with the library in the place of its call. */
function ask(): Promise<Ended> {
  const script = recipe("Azure's libraries", 0, {
    "az account get-access-token --resource https://vault.azure.net": `node '${PROBE}'`,
    "ln -s": "ln -sf",
  });
  const at = { AZURE_AUTHORITY_HOST: new URL(issuer.endpoints.token).origin };
  return run(["sh", "-e", "-c", script], { env: { ...env, ...at, PATH: pathWithAuth() } });
}

test("without a login the library says that one is needed", async () => {
  const { code, stderr } = await ask();
  expect([code, stderr]).toEqual([1, expect.stringContaining("CredentialUnavailableError")]);
  expect(stderr).toContain("az login");
});

test("the library gets a token of the resource, and when it ends", async () => {
  const client = { AUTH_ENTRA_CLIENT_ID: issuer.publicClient.id };
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  const login = await auth(["login", "entra:prod", "--flow", "device", ...places], { env: { ...env, ...client } });
  expect(login).toMatchObject({ code: 0 });
  const { code, stdout, stderr } = await ask();
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const { token, expiresOnTimestamp } = JSON.parse(stdout);
  const claims = decodeJwt(token)?.claims;
  expect(claims).toMatchObject({ aud: "https://vault.azure.net" });
  expect(Math.abs(expiresOnTimestamp / 1000 - Number(claims?.exp))).toBeLessThan(5);
});
