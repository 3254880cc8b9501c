/** How a client may prove itself: what the issuer's metadata lists counts, else what the description says (RFC 8414 §2). */
import { expect, test } from "bun:test";
import { exportPKCS8, generateKeyPair } from "jose";
import { clientFingerprint } from "../../src/connections/clients.ts";
import type { LoginRequest, LoginUi } from "../../src/connections/login/request.ts";
import { login } from "../../src/connections/login.ts";
import type { HttpReply, HttpRequest } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { MemoryVault } from "./memory-vault.ts";
import { json, LOGIN, servicesOf } from "./support.ts";

const ISSUER = "https://acme.example";

/** What a login with a key sends. @param listed what the metadata lists; null: nothing */
async function logInWithKey(listed: readonly string[] | null): Promise<URLSearchParams | undefined> {
  const acme: ProviderDefinition = {
    id: "acme",
    title: "Acme",
    issuer: ISSUER,
    client: { methods: ["private_key_jwt"] },
    flows: ["code"],
  };
  const sent: URLSearchParams[] = [];
  const http = async ({ method, body }: HttpRequest): Promise<HttpReply> => {
    if (method === "POST") {
      sent.push(new URLSearchParams(String(body)));
      return json(200, { access_token: "a", token_type: "bearer" });
    }
    return json(200, {
      issuer: ISSUER,
      authorization_endpoint: `${ISSUER}/authorize`,
      token_endpoint: `${ISSUER}/token`,
      response_types_supported: ["code"],
      ...(listed !== null && { token_endpoint_auth_methods_supported: listed }),
    });
  };
  const { privateKey } = await generateKeyPair("ES256", { extractable: true });
  const credential = { code: new Secret("c1"), key: new Secret(await exportPKCS8(privateKey)) };
  const request: LoginRequest = { ...LOGIN, flow: "code", clientId: "app", clientSecret: null, credential };
  await login(servicesOf(new MemoryVault(), acme, { http }), request, { warn: () => {} } as unknown as LoginUi);
  return sent[0];
}

test("the description's, where the metadata lists none", async () => {
  const sent = await logInWithKey(null);
  expect(sent?.get("client_assertion")).toBeString();
  expect(sent?.has("client_secret")).toBe(false);
});

test("the metadata's, where it lists some: a way that isn't among them is refused before anything is sent", async () => {
  expect((await logInWithKey(["private_key_jwt"]))?.get("client_assertion")).toBeString();
  expect(logInWithKey(["client_secret_post"])).rejects.toMatchObject({ code: "usage" });
});

test("a renewed certificate frees every connection of its client, also where its key was kept", async () => {
  const vault = new MemoryVault();
  const key = { pem: new Secret("the key"), algorithm: "ES256", keyId: null } as const;
  const print = (certificate: string): Promise<string> =>
    clientFingerprint(vault, {
      id: "app",
      secret: null,
      authentication: "tls_client_auth",
      key: { ...key, certificate },
    });
  expect(await print("the old one")).not.toBe(await print("the new one"));
  expect(await print("the old one")).toBe(await print("the old one"));
});
