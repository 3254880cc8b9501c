/** How a client may prove itself: what the issuer's metadata lists counts, else what the description says (RFC 8414 §2). */
import { describe, expect, test } from "bun:test";
import { exportPKCS8, generateKeyPair } from "jose";
import { clientFingerprint } from "../../src/connections/clients.ts";
import type { LoginRequest, LoginUi } from "../../src/connections/login/request.ts";
import { login } from "../../src/connections/login.ts";
import { refreshConnection } from "../../src/connections/refresh.ts";
import type { Services } from "../../src/connections/services.ts";
import type { Stored } from "../../src/connections/store.ts";
import type { HttpReply, HttpRequest } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { CERTIFICATES } from "../platform/certificates.ts";
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

describe("a client that shows a certificate asks where the metadata says that one is asked for (RFC 8705 §5)", () => {
  const { key, cert } = CERTIFICATES.good;
  const MTLS = "https://mtls.acme.example";

  async function play(
    definition: Partial<ProviderDefinition>,
    different: Partial<LoginRequest> = {},
  ): Promise<{ sent: [url: string, shown: boolean][]; stored: Stored; services: Services }> {
    const acme: ProviderDefinition = {
      id: "acme",
      title: "Acme",
      issuer: ISSUER,
      client: { methods: ["tls_client_auth"] },
      flows: ["code"],
      ...definition,
    };
    const sent: [string, boolean][] = [];
    const http = async ({ method, url, certificate }: HttpRequest): Promise<HttpReply> => {
      if (method === "POST") {
        sent.push([url, certificate !== undefined]);
        return json(200, { access_token: `a${sent.length}`, refresh_token: `r${sent.length}`, token_type: "bearer" });
      }
      return json(200, {
        issuer: ISSUER,
        authorization_endpoint: `${ISSUER}/authorize`,
        token_endpoint: `${ISSUER}/token`,
        revocation_endpoint: `${ISSUER}/revoke`,
        response_types_supported: ["code"],
        mtls_endpoint_aliases: { token_endpoint: `${MTLS}/token`, revocation_endpoint: `${MTLS}/revoke` },
      });
    };
    const services = servicesOf(new MemoryVault(), acme, { http } as never);
    const credential = { code: new Secret("c1"), certificate: new Secret(key + cert) };
    const request: LoginRequest = {
      ...LOGIN,
      flow: "code",
      clientId: "app",
      clientSecret: null,
      credential,
      ...different,
    };
    const stored = await login(services, request, { warn: () => {} } as unknown as LoginUi);
    return { sent, stored, services };
  }

  test("for the login, and for each refresh", async () => {
    const { sent, stored, services } = await play({});
    expect(stored.record.pinned?.endpoints).toMatchObject({ token: `${MTLS}/token`, revocation: `${MTLS}/revoke` });
    expect(stored.record.pinned?.origins).toContain(MTLS);
    await refreshConnection(services, stored.ref, { minTtl: 0, force: true, rejected: null, mustAgree: false });
    expect(sent).toEqual([
      [`${MTLS}/token`, true],
      [`${MTLS}/token`, true],
    ]);
  });

  test("and is known to the next login, which begins at the usual address", async () => {
    const { services, sent } = await play({});
    const credential = { code: new Secret("c2") };
    const ref = { provider: "acme", name: "second" };
    const request: LoginRequest = { ...LOGIN, ref, flow: "code", clientId: null, clientSecret: null, credential };
    await login(services, request, { warn: () => {} } as unknown as LoginUi);
    expect(sent.at(-1)).toEqual([`${MTLS}/token`, true]);
  });

  test("without a person, too", async () => {
    const minting = { "client-credentials": { use: "assertion" } } as const;
    const credential = { certificate: new Secret(key + cert) };
    const { sent } = await play({ minting, flows: ["client-credentials"] }, { flow: "client-credentials", credential });
    expect(sent).toEqual([[`${MTLS}/token`, true]]);
  });

  test("but not where the description has the endpoint, at origins that don't have that one", async () => {
    const { sent } = await play({ endpoints: { token: `${ISSUER}/token` } });
    expect(sent).toEqual([[`${ISSUER}/token`, true]]);
    const known = await play({ endpoints: { token: `${ISSUER}/token` }, origins: [MTLS] });
    expect(known.sent).toEqual([[`${MTLS}/token`, true]]);
  });

  test("nor where a flag names the endpoint", async () => {
    const { sent } = await play({}, { endpoints: { token: `${ISSUER}/own` } });
    expect(sent).toEqual([[`${ISSUER}/own`, true]]);
  });
});
