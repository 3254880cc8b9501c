/** `auth token <MCP server> --via <identity provider>`: enterprise-managed authorization, by the built binary. */
import { afterAll, describe, expect, test } from "bun:test";
import { type IdentityOptions, IdentityProvider, VOUCHED_CLIENT } from "../issuers/identity-provider.ts";
import { type McpOptions, McpServer } from "../issuers/mcp.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const servers: { stop(): Promise<void> }[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

interface Company {
  readonly idp: IdentityProvider;
  readonly server: McpServer;
  readonly env: Record<string, string>;
  call(...args: string[]): Promise<Ended>;
  /** The flags with which the first token is got. */
  readonly client: readonly string[];
}

const BASIC = `Basic ${btoa(new URLSearchParams({ [VOUCHED_CLIENT.id]: VOUCHED_CLIENT.secret }).toString().replace("=", ":"))}`;

/** A person who is logged in at the identity provider, and an MCP server whose issuer trusts it. */
async function company(options: IdentityOptions = {}, mcp: McpOptions = {}): Promise<Company> {
  const idp = new IdentityProvider(options);
  const server: McpServer = new McpServer({
    issuerMetadata: {
      token_endpoint_auth_methods_supported: ["client_secret_basic"],
      registration_endpoint: undefined,
    },
    otherGrant: async ({ assertion = "", grant_type }, { headers }) => {
      if (headers.get("authorization") !== BASIC) return "invalid_client";
      if (grant_type !== "urn:ietf:params:oauth:grant-type:jwt-bearer") return "unsupported_grant_type";
      return idp.check(assertion, server.issuer.issuer, VOUCHED_CLIENT.id);
    },
    ...mcp,
  });
  servers.push(idp, server);
  const env = bareEnvironment();
  await loginByBrowser(["login", idp.issuer, "--client-id", "auth-sso", "--json", "--no-browser"], env);
  return {
    idp,
    server,
    env,
    call: (...args) => auth(args, { env }),
    client: ["--client-id", VOUCHED_CLIENT.id, "--client-secret", VOUCHED_CLIENT.secret],
  };
}

async function withClient(options: IdentityOptions = {}, mcp: McpOptions = {}): Promise<Company> {
  const made = await company(options, mcp);
  const { issuer } = made.server.issuer;
  const { code, stderr } = await made.call("client", "set", "mcp", "--issuer", issuer, ...made.client);
  expect([code, stderr]).toEqual([0, expect.anything()]);
  return made;
}

describe("a login at an identity provider gets a token of an MCP server, with no browser", () => {
  test("the ID token is changed there into an assertion, and that at the server's issuer into the token", async () => {
    const { call, idp, server } = await withClient();
    const first = await call("token", server.url, "--via", idp.issuer, "--json");
    expect(first.code).toBe(0);
    const { access_token, scope } = JSON.parse(first.stdout);
    expect(server.issuer.tokens.get(access_token)).toMatchObject({ scope: "tools", resource: server.url });
    expect(scope).toBe("tools");
    expect(idp.exchanges).toEqual([
      expect.objectContaining({
        audience: server.issuer.issuer,
        resource: server.url,
        scope: "tools",
        client_id: "auth-sso",
      }),
    ]);
    // Nothing is asked of it but what it signed: no ID token, and no scope beside the assertion's.
    const [sent = {}] = server.issuer.to("/token");
    expect(Object.keys(sent).sort()).toEqual(["assertion", "grant_type", "resource"]);
    expect((await call("status", server.url)).stdout).toContain("alice@corp.example");
  });

  test("from then on it is a login like any other: its URL is enough, and each new token takes a new assertion", async () => {
    const { call, idp, server } = await withClient({}, { lifetime: 2 });
    const first = (await call("token", server.url, "--via", idp.connection)).stdout;
    expect((await call("token", server.url)).stdout).toBe(first);
    expect((await call("token", server.url, "--via", idp.connection)).stdout).toBe(first);
    expect(idp.exchanges).toHaveLength(1);
    await Bun.sleep(1100);
    expect((await call("token", server.url)).stdout).not.toBe(first);
    const assertions = server.issuer.to("/token").map(({ assertion }) => assertion);
    expect(new Set(assertions).size).toBe(2);
  });

  test("an ID token that is over is renewed first, by the identity provider's own refresh", async () => {
    const { call, idp, server } = await withClient({ idTokenLifetime: 20, lifetime: 5 });
    idp.options = {};
    // A token that was just minted, by a tenth of its lifetime, isn't renewed.
    await Bun.sleep(600);
    expect((await call("token", server.url, "--via", idp.issuer)).code).toBe(0);
    expect(idp.requests.map(({ grant_type }) => grant_type?.split(":").at(-1))).toEqual([
      "authorization_code",
      "refresh_token",
      "token-exchange",
    ]);
  });

  test("where none comes, the login that helps is the identity provider's", async () => {
    const { call, idp, server } = await withClient({ idTokenLifetime: 20, lifetime: 5, renewsIdToken: false });
    const ended = await call("token", server.url, "--via", idp.issuer, "--json");
    expect(ended.code).toBe(4);
    expect(errorOf(ended)).toMatchObject({ code: "login_required", connection: idp.connection });
    expect(String(errorOf(ended).hint)).toContain(`auth login ${idp.connection} --force`);
    expect(idp.exchanges).toEqual([]);
  });

  test("auth login --via takes the client by its flags, and the next login needs none of them", async () => {
    const { call, idp, server, client } = await company();
    expect((await call("login", server.url, "--via", idp.connection, ...client)).code).toBe(0);
    expect((await call("login", server.connection, "--force")).code).toBe(0);
    expect(idp.exchanges).toHaveLength(2);
  });

  test("without a client: 6, with the command that takes one", async () => {
    const { call, idp, server } = await company();
    const ended = await call("token", server.url, "--via", idp.connection, "--json");
    expect([ended.code, errorOf(ended).code]).toEqual([6, "client_missing"]);
    expect(String(errorOf(ended).hint)).toContain(
      `--via ${idp.connection} --flow exchange --client-id <id> --client-secret -`,
    );
    expect(idp.exchanges).toEqual([]);
  });

  test("a login of another kind isn't replaced silently: 64, with both commands", async () => {
    const idp = await withClient();
    const plain = new McpServer();
    servers.push(plain);
    await loginByBrowser(["login", plain.url, "--json", "--no-browser"], idp.env);
    const ended = await idp.call("token", plain.url, "--via", idp.idp.connection, "--json");
    expect([ended.code, errorOf(ended).code]).toEqual([64, "usage"]);
    expect(String(errorOf(ended).hint)).toContain(`--via ${idp.idp.connection} --force`);
  });

  test("--via is for MCP servers: no other issuer is shown the ID token", async () => {
    const { call, idp } = await company();
    for (const provider of ["github", "entra", idp.issuer]) {
      const ended = await call("login", provider, "--via", idp.connection, "-p", "other", "--json");
      expect([provider, ended.code, errorOf(ended).message]).toEqual([
        provider,
        64,
        expect.stringContaining("--via does nothing"),
      ]);
    }
    expect(idp.exchanges).toEqual([]);
  });
});

describe("what an identity provider gives is sent on only if it is for this login", () => {
  const EVIL = "https://evil.example";
  test.each([
    ["for another issuer", { claims: { aud: EVIL } }],
    ["for two issuers", { claims: { aud: [EVIL, EVIL] } }],
    ["for another API", { claims: { resource: `${EVIL}/mcp` } }],
    ["for this API and another", { claims: { resource: [EVIL] } }],
    ["for another client", { claims: { client_id: "another" } }],
    ["of another issuer", { claims: { iss: EVIL } }],
    ["that is over", { claims: { exp: 1 } }],
    ["of another type", { typ: "JWT" }],
    ["its own access token", { reply: { issued_token_type: "urn:ietf:params:oauth:token-type:access_token" } }],
    ["no JWT", { reply: { access_token: "opaque" } }],
    ["without saying what it is", { reply: { issued_token_type: undefined } }],
  ] as const)("an assertion %s: 5, sent nowhere, nothing stored", async (_, options) => {
    const { call, idp, server } = await withClient(options);
    const ended = await call("token", server.url, "--via", idp.connection, "--json");
    expect([ended.code, ended.stdout, errorOf(ended).code]).toEqual([5, "", "provider_unavailable"]);
    expect(server.issuer.to("/token")).toEqual([]);
    expect((await call("token", server.url)).code).toBe(2);
  });

  test.each([
    ["access_denied", 7, "access_denied"],
    ["invalid_grant", 7, "access_denied"],
    ["insufficient_user_authentication", 4, "interaction_required"],
    ["invalid_client", 6, "client_rejected"],
    ["temporarily_unavailable", 5, "provider_unavailable"],
  ])("its refusal %s: exit %p, and its own login stays as it is", async (refusal, exit, code) => {
    const { call, idp, server } = await withClient({ refusal });
    const ended = await call("token", server.url, "--via", idp.connection, "--json");
    expect([ended.code, errorOf(ended)]).toEqual([exit, expect.objectContaining({ code, connection: idp.connection })]);
    expect((await call("token", idp.connection)).code).toBe(0);
    expect(server.issuer.to("/token")).toEqual([]);
  });

  test("metadata of another issuer at the server's: nothing is exchanged", async () => {
    const { call, idp, server } = await company({}, { issuerMetadata: { issuer: EVIL } });
    const ended = await call("token", server.url, "--via", idp.connection);
    expect(ended.code).toBe(5);
    expect(idp.exchanges).toEqual([]);
  });

  test("an assertion is never sent twice, whatever came of the first", async () => {
    let failing = true;
    const seen: string[] = [];
    const made = await withClient(
      {},
      {
        otherGrant: async ({ assertion = "" }) => {
          seen.push(assertion);
          return failing ? "temporarily_unavailable" : ["tools"];
        },
      },
    );
    const { call, idp, server } = made;
    expect((await call("token", server.url, "--via", idp.connection)).code).toBe(5);
    failing = false;
    expect((await call("token", server.url, "--via", idp.connection)).code).toBe(0);
    expect(seen).toHaveLength(2);
    expect(new Set(seen).size).toBe(seen.length);
  });

  test("neither the ID token nor an assertion is shown, logged or stored in clear", async () => {
    const { call, idp, server } = await withClient();
    const said = [await call("token", server.url, "--via", idp.connection, "-v")];
    for (const args of [
      ["status", server.url, "--json"],
      ["log", "--json"],
      ["get", server.url, "-o", "json"],
    ])
      said.push(await call(...args));
    const assertion = server.issuer.to("/token")[0]?.assertion ?? "none";
    const idToken = idp.exchanges[0]?.subject_token ?? "none";
    const text = said.map(({ stdout, stderr }) => stdout + stderr).join("\n");
    for (const secret of [assertion, idToken]) {
      expect(secret.length).toBeGreaterThan(100);
      expect(text).not.toContain(secret);
    }
  });
});

describe("workload identity: another issuer's token is the grant (RFC 7523)", () => {
  test("--subject-token from a file: it is sent with the scopes, each time anew, by a client without a secret", async () => {
    const seen: Readonly<Record<string, string>>[] = [];
    const server = new McpServer({
      issuerMetadata: { registration_endpoint: undefined },
      lifetime: 2,
      otherGrant: async (values) => {
        seen.push(values);
        return (values.scope ?? "").split(" ");
      },
    });
    servers.push(server);
    const env = bareEnvironment();
    const file = `${env.HOME}/token`;
    await Bun.write(file, "workload-1\n");
    const login = ["login", server.url, "--subject-token", `file:${file}`, "--client-id", "workload"];
    expect((await auth(login, { env })).code).toBe(0);
    await Bun.write(file, "workload-2\n");
    await Bun.sleep(1100);
    expect((await auth(["token", server.url], { env })).code).toBe(0);
    expect(seen).toEqual(
      ["workload-1", "workload-2"].map((assertion) => ({
        grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
        assertion,
        client_id: "workload",
        resource: server.url,
        scope: "tools",
      })),
    );
  });

  test("without a client none is named, and a refusal is neither repeated nor tried another way", async () => {
    const seen: Readonly<Record<string, string>>[] = [];
    const server = new McpServer({
      issuerMetadata: { registration_endpoint: undefined, dpop_signing_alg_values_supported: ["ES256"] },
      otherGrant: async (values) => {
        seen.push(values);
        return "invalid_grant";
      },
    });
    servers.push(server);
    const ended = await auth(["login", server.url, "--subject-token", "-"], { stdin: "workload" });
    expect([ended.code, seen.length, seen[0]?.client_id]).toEqual([7, 1, undefined]);
  });
});
