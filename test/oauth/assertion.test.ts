/** How a client with a key authenticates each request (RFC 7523 §3, RFC 10070). */
import { afterEach, describe, expect, test } from "bun:test";
import { requestDeviceCode } from "../../src/oauth/device.ts";
import { decodeJwt } from "../../src/oauth/idtoken.ts";
import { introspect } from "../../src/oauth/introspect.ts";
import { pushedUrl } from "../../src/oauth/pushed.ts";
import { revokeTokens } from "../../src/oauth/revoke.ts";
import { sendGrant } from "../../src/oauth/send.ts";
import type { Client, Server } from "../../src/oauth/types.ts";
import { http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { verified } from "../issuers/assertions.ts";
import { EC_KEY, publicKey } from "../support/keys.ts";
import { json, type Scripted, script } from "./support.ts";

const running: Scripted[] = [];
afterEach(() => {
  for (const one of running.splice(0)) one.stop();
});

const ISSUER = "https://issuer.example/realm";
const client: Client = {
  id: "service",
  secret: null,
  authentication: "private_key_jwt",
  key: { pem: new Secret(EC_KEY), algorithm: "ES256", keyId: "one" },
};

const REQUESTS: Readonly<Record<string, (server: Server) => Promise<unknown>>> = {
  token: (server) => {
    const grant = { type: "authorization_code", parameters: { code: "c" }, further: {} };
    return sendGrant({ http, server, client, withSecret: true }, grant);
  },
  device: (server) => requestDeviceCode(http, server, client, []),
  par: (server) => pushedUrl(http, server, client, `${server.endpoints.authorization}?client_id=service`),
  introspect: (server) => introspect(http, server, client, new Secret("t")),
  revoke: (server) => revokeTokens(http, server, client, { accessToken: null, refreshToken: new Secret("r") }),
};

async function asserted(
  endpoint: string,
  different: Partial<ProviderDefinition>,
  issuer: string | null = ISSUER,
): Promise<{ typ: unknown; aud: unknown; url: string }> {
  const at = script(json({ error: "invalid_client" }, 401));
  running.push(at);
  const server = at.server(different, { issuer, pushed: `${at.url}/par` });
  const endpoints = { ...server.endpoints, introspection: `${at.url}/introspect` };
  await REQUESTS[endpoint]?.({ ...server, endpoints }).catch(() => {});
  const { client_assertion = "", client_assertion_type } = at.seen[0]?.form ?? {};
  expect(client_assertion_type).toBe("urn:ietf:params:oauth:client-assertion-type:jwt-bearer");
  expect(await verified(client_assertion, publicKey(EC_KEY), "ES256")).not.toBeNull();
  const { header = {}, claims = {} } = decodeJwt(client_assertion) ?? {};
  expect(claims).toMatchObject({ iss: "service", sub: "service", jti: expect.any(String), exp: expect.any(Number) });
  expect(header.kid).toBe("one");
  return { typ: header.typ, aud: claims.aud, url: at.url };
}

for (const endpoint of Object.keys(REQUESTS))
  describe(`to the ${endpoint} endpoint`, () => {
    test("is typed, and for the issuer alone", async () => {
      expect(await asserted(endpoint, {})).toMatchObject({ typ: "client-authentication+jwt", aud: ISSUER });
    });

    test("is as its description has it, for an issuer that refuses that", async () => {
      const assertion = { audience: "endpoint", typ: "JWT" } as const;
      const { typ, aud, url } = await asserted(endpoint, { client: { assertion } });
      expect([typ, aud]).toEqual(["JWT", `${url}/${endpoint}`]);
    });

    test("is for the endpoint where the issuer isn't known", async () => {
      const { aud, url } = await asserted(endpoint, {}, null);
      expect(aud).toBe(`${url}/${endpoint}`);
    });
  });
