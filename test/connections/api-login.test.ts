/** What an API and its issuer say of themselves is checked before anything is sent to where they lead. */
import { expect, test } from "bun:test";
import { connectionAtApi } from "../../src/connections/by-issuer.ts";
import { apiLogin } from "../../src/connections/login/api.ts";
import type { Services } from "../../src/connections/services.ts";
import { AuthError } from "../../src/platform/errors.ts";
import type { HttpRequest } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ResolvedProvider } from "../../src/providers/resolve.ts";
import type { Vault } from "../../src/vault/types.ts";
import { json, LOGIN } from "./support.ts";

const API = {
  url: "https://mcp.example.com/mcp",
  resource: "https://mcp.example.com/mcp",
  issuers: ["https://as.example.com"],
  scopes: [],
  bound: false,
} as const;

/** @returns what is thrown */
async function refusal(metadata: object, scopes: readonly string[] = []): Promise<unknown> {
  const document = {
    issuer: "https://as.example.com",
    authorization_endpoint: "https://as.example.com/authorize",
    token_endpoint: "https://as.example.com/token",
    code_challenge_methods_supported: ["S256"],
    ...metadata,
  };
  const http = async (_: HttpRequest) => json(200, document);
  const services = { context: { http } } as unknown as Services;
  const resolved = { resource: API.url } as unknown as ResolvedProvider;
  return apiLogin(services, resolved, { ...LOGIN, api: { ...API, scopes } }, null).then(
    () => null,
    (error: unknown) => error,
  );
}

const PRIVATE = "https://10.0.0.1/x";

test.each<[string, object]>([
  ["the token endpoint", { token_endpoint: PRIVATE }],
  ["the registration endpoint", { registration_endpoint: PRIVATE }],
  [
    "the pushed endpoint",
    { require_pushed_authorization_requests: true, pushed_authorization_request_endpoint: "http://127.0.0.1:1/x" },
  ],
  ["the key set", { jwks_uri: PRIVATE }],
  ["the token endpoint for certificates", { mtls_endpoint_aliases: { token_endpoint: PRIVATE } }],
  ["the device endpoint for certificates", { mtls_endpoint_aliases: { device_authorization_endpoint: PRIVATE } }],
  ["the revocation endpoint for certificates", { mtls_endpoint_aliases: { revocation_endpoint: PRIVATE } }],
  ["the introspection endpoint for certificates", { mtls_endpoint_aliases: { introspection_endpoint: PRIVATE } }],
  [
    "the pushed endpoint for certificates",
    { mtls_endpoint_aliases: { pushed_authorization_request_endpoint: PRIVATE } },
  ],
])("%s of a public server is in no private network", async (name, metadata) => {
  const error = await refusal(metadata);
  expect(error).toBeInstanceOf(AuthError);
  expect((error as AuthError).code).toBe("provider_unavailable");
  expect((error as AuthError).message).toContain(name);
  expect((error as AuthError).message).toContain("in a private network");
});

test("a scope of the metadata that holds a secret of the login goes into no URL", async () => {
  const token = new Secret("ya29-known-access-token-4f9a2c7e");
  expect(await refusal({}, ["tools", `x-${token.reveal()}`])).toMatchObject({
    code: "provider_unavailable",
    message: `A scope that ${API.url} asks for holds a secret of the login.`,
  });
});

test("an issuer whose places are all public is used", async () => {
  expect(await refusal({ jwks_uri: "https://keys.example.com" })).toBeNull();
});

test("an API's login in an older state than this machine has seen isn't taken for none", async () => {
  const older = new AuthError("vault_rolled_back", "older");
  const list: Vault["list"] = async (_, passOver) => {
    passOver?.(older);
    return [];
  };
  const vault = { list } as Vault;
  expect(await connectionAtApi(vault, API.resource, undefined).catch((error: unknown) => error)).toBe(older);
});
