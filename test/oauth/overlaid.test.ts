/** One kind of request may differ from the others: what it says is laid over what `request` says. */
import { describe, expect, test } from "bun:test";
import { requestDeviceCode } from "../../src/oauth/device.ts";
import { exchangeForLongLived } from "../../src/oauth/long-lived.ts";
import { sendRefresh } from "../../src/oauth/refresh.ts";
import { revokeTokens } from "../../src/oauth/revoke.ts";
import { bareReply, type Client } from "../../src/oauth/types.ts";
import type { Http } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import { dialectOf } from "../../src/providers/minting.ts";
import { parseDefinition } from "../../src/providers/parse.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import { thrownBy } from "../providers/thrown.ts";
import { json, secretClient, server } from "./support.ts";

const REFRESH = { refreshToken: new Secret("refresh-1"), scopes: null, flow: "browser", timeout: 5000 };
const TOKENS = { accessToken: new Secret("access-1"), refreshToken: null };

/** Each kind of request that a description can write another way: what says so, and what sends it. */
const KINDS: readonly [
  kind: string,
  layer: (request: object) => object,
  send: (http: Http, to: ReturnType<typeof server>, client: Client) => Promise<unknown>,
][] = [
  ["a refresh", (request) => ({ refresh: { request } }), (http, to, client) => sendRefresh(http, to, client, REFRESH)],
  [
    "a revocation",
    (request) => ({ revocation: { request } }),
    (http, to, client) => revokeTokens(http, to, client, TOKENS),
  ],
  [
    "a request for a device code",
    (request) => ({ device: { request } }),
    (http, to, client) => requestDeviceCode(http, to, client, []).catch(() => null),
  ],
  [
    "the exchange for a long-lived token",
    (request) => ({ longLived: { grantType: "ll", parameter: "short", request } }),
    (http, to, client) => exchangeForLongLived(http, to, client, bareReply(new Secret("short-1"), {}), 0),
  ],
];

async function sent(
  [, layer, send]: (typeof KINDS)[number],
  different: Partial<ProviderDefinition>,
  request: object,
): Promise<{ form: Record<string, string>; headers: Readonly<Record<string, string>> }> {
  const seen: { form: Record<string, string>; headers: Readonly<Record<string, string>> }[] = [];
  const http: Http = async ({ body, headers = {} }) => {
    seen.push({ form: Object.fromEntries(new URLSearchParams(body)), headers });
    const reply = json({ access_token: "a" });
    return { status: 200, headers: reply.headers, body: new Uint8Array(await reply.arrayBuffer()) };
  };
  const endpoints = Object.fromEntries(
    ["token", "device", "revocation"].map((name) => [name, `https://acme.example/${name}`]),
  );
  await send(http, server({ ...different, ...layer(request) }, { endpoints }), secretClient("body"));
  const [first] = seen;
  if (first === undefined) throw new Error("nothing was sent");
  return first;
}

describe("what one kind of request says leaves the rest as `request` has it", () => {
  for (const kind of KINDS) {
    test(`${kind[0]}: a name and a header beside those of all requests`, async () => {
      const { form, headers } = await sent(
        kind,
        { request: { names: { client_id: "client_key" }, headers: { "x-all": "1" } } },
        { names: { client_secret: "client_word" }, headers: { "x-own": "2" } },
      );
      expect(form).toMatchObject({ client_key: "my client", client_word: "s3cret:&+%" });
      expect(form.client_id).toBeUndefined();
      expect(headers).toMatchObject({ "x-all": "1", "x-own": "2" });
    });

    test(`${kind[0]}: a name that all requests have can be the standard's again`, async () => {
      const { form } = await sent(
        kind,
        { request: { names: { client_id: "client_key" } } },
        { names: { client_id: "client_id" } },
      );
      expect(form).toMatchObject({ client_id: "my client" });
    });

    test(`${kind[0]}: the client proves itself in another way there`, async () => {
      const { form, headers } = await sent(kind, {}, { authentication: "basic" });
      expect(headers.authorization).toStartWith("Basic ");
      expect(form.client_secret).toBeUndefined();
    });
  }

  test("a flow without a person: names beside names; parameters can be taken away", () => {
    const definition: ProviderDefinition = {
      id: "acme",
      title: "Acme",
      flows: ["client-credentials"],
      endpoints: { token: "https://acme.example/token" },
      request: { names: { client_id: "client_key" }, tokenParameters: { expiring: "1" } },
      minting: {
        "client-credentials": { use: "assertion", request: { names: { scope: false }, tokenParameters: {} } },
      },
    };
    expect(dialectOf(definition, "client-credentials", {}).request).toMatchObject({
      names: { client_id: "client_key", scope: false },
      tokenParameters: {},
    });
  });
});

describe("how a client proves itself in one request is refused where it does nothing", () => {
  const base = {
    id: "acme",
    title: "Acme",
    flows: ["device"],
    endpoints: { device: "https://acme.example/device", token: "https://acme.example/token" },
  };
  const cases: [what: string, change: object, said: string][] = [
    [
      "for a public client",
      { client: { kind: "public" }, device: { poll: { request: { authentication: "basic" } } } },
      "device.poll.request.authentication says something about a secret, but client.kind is public",
    ],
    [
      "where no secret is sent",
      { device: { needsSecret: false, poll: { request: { authentication: "basic" } } } },
      "device.poll.request.authentication does nothing: no secret is sent in this request",
    ],
    [
      "on a refresh that never has the secret",
      { client: { secretOnRefresh: "never" }, refresh: { request: { authentication: "basic" } } },
      "refresh.request.authentication does nothing: no secret is sent",
    ],
    [
      "where it is so in all requests",
      { client: { authentication: "basic" }, refresh: { request: { authentication: "basic" } } },
      "refresh.request.authentication does nothing: it is so anyway",
    ],
  ];
  for (const [what, change, said] of cases)
    test(what, () =>
      expect(thrownBy(() => parseDefinition({ ...base, ...change }, "acme.toml")).message).toContain(said),
    );

  test("but not the form of Basic credentials that only one request has", () => {
    const client = { basic: "{clientId}:{clientSecret}" };
    const device = { poll: { request: { authentication: "basic" } } };
    expect(parseDefinition({ ...base, client, device }, "acme.toml").client?.basic).toBe("{clientId}:{clientSecret}");
  });
});
