/** Clients that prove themselves with a key (RFC 7523 §2.2), at the real issuer: it takes nothing else from them. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { exportJWK, exportPKCS8, generateKeyPair } from "jose";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { errorOf } from "../support/logged-in.ts";
import { loginAtOidc } from "../support/oidc-login.ts";
import { auth, bareEnvironment, tempFolder } from "../support/program.ts";

const issuers: OidcIssuer[] = [];
afterAll(() => Promise.all(issuers.map((issuer) => issuer.stop())));

interface Keyed {
  readonly issuer: OidcIssuer;
  readonly file: string;
  readonly flags: readonly string[];
}

async function keyed(algorithm: string, form: "pem" | "jwk"): Promise<Keyed> {
  const { publicKey, privateKey } = await generateKeyPair(algorithm, { extractable: true });
  const issuer = await startOidc({ keyClient: { jwk: { ...(await exportJWK(publicKey)), kid: "one" }, algorithm } });
  issuers.push(issuer);
  const file = join(tempFolder(), "key");
  const jwk = { ...(await exportJWK(privateKey)), alg: algorithm, kid: "one" };
  writeFileSync(file, form === "pem" ? await exportPKCS8(privateKey) : JSON.stringify(jwk));
  chmodSync(file, 0o600);
  const flags = ["oidc", "--issuer", issuer.issuer, "--client-id", issuer.keyClientId, "--flow", "browser"];
  return { issuer, file, flags };
}

for (const [algorithm, form] of [
  ["ES256", "pem"],
  ["RS256", "pem"],
  ["PS256", "jwk"],
] as const)
  describe(`a key for ${algorithm}, as ${form}`, () => {
    test("login, refresh, revoke; a second login needs no file", async () => {
      const { file, flags } = await keyed(algorithm, form);
      const env = bareEnvironment();
      const login = await loginAtOidc([...flags, "--key", file], env);
      expect(login).toMatchObject({ code: 0, stderr: expect.not.stringContaining("Other users") });
      const refreshed = await auth(["refresh", "oidc", "--force", "--json"], { env });
      expect(JSON.parse(refreshed.stdout)).toMatchObject({ refreshed: true });
      expect((await loginAtOidc([...flags, "--force"], env)).code).toBe(0);
      const revoked = await auth(["revoke", "oidc", "--json"], { env });
      expect(JSON.parse(revoked.stdout)).toMatchObject({ revoked: true });
    }, 60_000);
  });

describe("a key that can't be used", () => {
  test("another key: the client is refused, exit 6", async () => {
    const { flags } = await keyed("ES256", "pem");
    const { file } = await keyed("ES256", "pem");
    const ended = await loginAtOidc([...flags, "--key", file], bareEnvironment());
    expect([ended.code, errorOf(ended).code]).toEqual([6, "client_rejected"]);
  });

  test("a public JWK, a broken file, no file: an error that says so, and nothing is sent", async () => {
    const { flags } = await keyed("ES256", "pem");
    const { publicKey } = await generateKeyPair("ES256", { extractable: true });
    const file = join(tempFolder(), "key");
    for (const [text, code] of [
      [JSON.stringify(await exportJWK(publicKey)), 7],
      ["-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", 7],
      ["", 64],
    ] as const) {
      writeFileSync(file, text);
      expect((await auth(["login", ...flags, "--key", file, "--json"])).code).toBe(code);
    }
    expect((await auth(["login", ...flags, "--key", `${file}-not`, "--json"])).code).toBe(64);
  });

  test("a key together with a secret: exit 64", async () => {
    const { file, flags } = await keyed("ES256", "pem");
    const ended = await auth(["login", ...flags, "--key", file, "--client-secret", "-"], { stdin: "s3cret\n" });
    expect(ended.code).toBe(64);
  });

  test("a key that others can read: a warning", async () => {
    const { file, flags } = await keyed("ES256", "pem");
    chmodSync(file, 0o644);
    const login = await loginAtOidc([...flags, "--key", file], bareEnvironment());
    expect(login.code).toBe(0);
    expect(login.stderr).toContain("chmod 600");
  });
});
