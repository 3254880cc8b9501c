/** Logins without a person, on the built binary: minted, cached, minted again when due, and refused with what to do. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { verified } from "../issuers/assertions.ts";
import { startEntraApp } from "../issuers/entra-app.ts";
import { startGithubApp } from "../issuers/github-app.ts";
import { startGoogle } from "../issuers/google.ts";
import { startGoogleService } from "../issuers/google-service.ts";
import { json, type Server, serve } from "../issuers/server.ts";
import { expectComplaint } from "../support/complaint.ts";
import {
  EC_KEY,
  encrypted,
  keyFile,
  OTHER_RSA_KEY,
  pkcs1,
  publicKey,
  RSA_CERTIFICATE,
  RSA_KEY,
} from "../support/keys.ts";
import { auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";

const servers: Server[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

function started<T extends { server: Server }>(issuer: T): T {
  servers.push(issuer.server);
  return issuer;
}

/** A home, and what runs in it. */
function home(env: Record<string, string> = {}) {
  const all = bareEnvironment(env);
  const call = (args: readonly string[], stdin = ""): Promise<Ended> => auth(args, { env: all, stdin });
  const ok = async (args: readonly string[], stdin = ""): Promise<string> => {
    const ended = await call(args, stdin);
    if (ended.code !== 0) throw new Error(`${args.join(" ")}: exit ${ended.code}\n${ended.stdout}\n${ended.stderr}`);
    return ended.stdout.trim();
  };
  return { env: all, call, ok };
}

function at(endpoints: Readonly<Record<string, string>>): string[] {
  return Object.entries(endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
}

const thumbprint = new Bun.CryptoHasher("sha256")
  .update(Buffer.from(RSA_CERTIFICATE.replace(/-----[^-]+-----/g, ""), "base64"))
  .digest("base64url");

function google(accessLifetime?: number) {
  return started(startGoogleService({ publicKey: publicKey(RSA_KEY), ...(accessLifetime && { accessLifetime }) }));
}

function entra(accessLifetime?: number) {
  return started(
    startEntraApp({ publicKey: publicKey(RSA_KEY), thumbprint, ...(accessLifetime && { accessLifetime }) }),
  );
}

function github(accessLifetime?: number) {
  return started(startGithubApp({ publicKey: publicKey(RSA_KEY), ...(accessLifetime && { accessLifetime }) }));
}

interface Row {
  readonly name: string;
  readonly connection: string;
  readonly flow: string;
  readonly account: string;
  /** Tokens that live so many seconds. */
  readonly start: (lifetime?: number) => {
    readonly login: readonly string[];
    readonly stdin?: string;
    readonly path: string;
    readonly server: Server;
    readonly isLive: (token: string) => boolean;
  };
}

const ROWS: readonly Row[] = [
  {
    name: "a google service account",
    connection: "google:robot",
    flow: "jwt",
    account: "robot@project.iam.gserviceaccount.com",
    start: (lifetime) => {
      const issuer = google(lifetime);
      const key = keyFile(issuer.keyFile(RSA_KEY), "service.json");
      return { ...issuer, login: ["--key", key, ...at(issuer.endpoints)], path: "/token" };
    },
  },
  {
    name: "a github app's installation",
    connection: "github:bot",
    flow: "jwt",
    account: "installation 48151623",
    start: (lifetime) => {
      const issuer = github(lifetime);
      const flags = ["--client-id", issuer.clientId, "--installation", issuer.installation, ...at(issuer.endpoints)];
      // GitHub hands keys out in the old form.
      const path = `/app/installations/${issuer.installation}/access_tokens`;
      return { ...issuer, login: ["--key", "-", ...flags], stdin: pkcs1(RSA_KEY), path };
    },
  },
  {
    name: "an entra app with a secret",
    connection: "entra:app",
    flow: "client-credentials",
    account: "535fb089-9ff3-47b6-9bfb-4f1264799865",
    start: (lifetime) => {
      const issuer = entra(lifetime);
      const flags = ["--flow", "client-credentials", "--tenant", issuer.tenant, "--client-id", issuer.client.id];
      const login = [...flags, "--client-secret", "-", ...at(issuer.endpoints)];
      return { ...issuer, login, stdin: issuer.client.secret, path: new URL(issuer.endpoints.token).pathname };
    },
  },
  {
    name: "an entra app with a certificate",
    connection: "entra:cert",
    flow: "client-credentials",
    account: "535fb089-9ff3-47b6-9bfb-4f1264799865",
    start: (lifetime) => {
      const issuer = entra(lifetime);
      const flags = ["--tenant", issuer.tenant, "--client-id", issuer.client.id, ...at(issuer.endpoints)];
      const file = keyFile(RSA_CERTIFICATE + RSA_KEY);
      return { ...issuer, login: ["--certificate", file, ...flags], path: new URL(issuer.endpoints.token).pathname };
    },
  },
  {
    name: "an entra app vouched for by a file",
    connection: "entra:pod",
    flow: "client-credentials",
    account: "535fb089-9ff3-47b6-9bfb-4f1264799865",
    start: (lifetime) => {
      const issuer = entra(lifetime);
      issuer.state.trusted.add("federated.assertion.1");
      const flags = ["--flow", "client-credentials", "--tenant", issuer.tenant, "--client-id", issuer.client.id];
      const login = [
        ...flags,
        "--subject-token",
        `file:${keyFile("federated.assertion.1\n")}`,
        ...at(issuer.endpoints),
      ];
      return { ...issuer, login, path: new URL(issuer.endpoints.token).pathname };
    },
  },
  {
    name: "a google workload identity",
    connection: "google:ci",
    flow: "exchange",
    account: "//iam.googleapis.com/projects/123456/locations/global/workloadIdentityPools/ci/providers/repo",
    start: (lifetime) => {
      const issuer = google(lifetime);
      issuer.state.trusted.add("ci.token.1");
      const login = [
        "--flow",
        "exchange",
        "--audience",
        issuer.audience,
        "--subject-token",
        "-",
        ...at(issuer.endpoints),
      ];
      return { ...issuer, login, stdin: "ci.token.1", path: "/v1/token" };
    },
  },
];

for (const { name, connection, flow, account, start } of ROWS)
  describe(name, () => {
    test("log in, token from the cache, status, get, run, export, refresh, log out", async () => {
      const { login, stdin, path, server, isLive } = start();
      const { call, ok } = home();
      const events = (await ok(["login", connection, ...login, "--json"], stdin)).split("\n");
      expect(JSON.parse(events.at(-1) ?? "")).toMatchObject({
        event: "connected",
        connection,
        account,
        refreshable: false,
      });
      const token = await ok(["token", connection]);
      expect(isLive(token)).toBe(true);
      expect(await ok(["token", connection])).toBe(token);
      expect(await ok(["get", connection, "--field", "flow"])).toBe(flow);
      expect(await ok(["run", "-c", `${connection}=MY_TOKEN`, "--", "sh", "-c", 'printf %s "$MY_TOKEN"'])).toBe(token);
      expect(JSON.parse(await ok(["export", "-c", `${connection}=MY_TOKEN`, "--format", "json"])).MY_TOKEN).toBe(token);
      expect(JSON.parse(await ok(["status", connection, "--json"]))[0]).toMatchObject({ status: "connected", account });
      const [provider, named] = connection.split(":");
      const refresh = await call(["refresh", connection]);
      expect(refresh).toMatchObject({ code: 3, stdout: "" });
      expect(refresh.stderr).toBe(
        `Error: no refresh token available for ${provider} (${named}): ${flow}.\nThis login needs none: 'auth token ${connection}' gets a new token when this one is due.\n`,
      );
      expect(
        (await ok(["refresh", "--all", "--json"]))
          .split("\n")
          .map((line) => JSON.parse(line))
          .at(-1),
      ).toEqual({
        summary: { refreshed: 0, valid: 0, skipped: 1, failed: 0 },
      });
      expect(server.callsTo(path)).toHaveLength(1);
      await ok(["logout", connection]);
      expect((await call(["token", connection])).code).toBe(2);
    });

    test("a token that is due is minted anew; one that an API refused, too; many at once make one request", async () => {
      const { login, stdin, path, server, isLive } = start(2);
      const { ok, env } = home();
      await ok(["login", connection, ...login], stdin);
      const first = await ok(["token", connection]);
      await Bun.sleep(2100);
      expect(JSON.parse(await ok(["status", connection, "--json"]))[0]).toMatchObject({
        status: "connected",
        reason: null,
      });
      const crowd = await Promise.all(Array.from({ length: 8 }, () => auth(["token", connection], { env })));
      const tokens = new Set(crowd.map(({ stdout }) => stdout.trim()));
      expect([...tokens]).toHaveLength(1);
      const [second = ""] = tokens;
      expect(second).not.toBe(first);
      expect(isLive(second)).toBe(true);
      expect(server.callsTo(path)).toHaveLength(2);
      await Bun.sleep(300);
      const third = await ok(["token", connection, "--rejected", "-"], second);
      expect(third).not.toBe(second);
    });
  });

describe("app store connect", () => {
  const TEAM = ["--key-id", "2X9R4HXF34", "--issuer-id", "57246542-96fe-1a63-e053-0824d011072a"];

  test("a team's key signs here, for at most 20 minutes, and nothing is sent", async () => {
    // Whatever would go out, would go through this.
    const proxy = started({ server: serve(() => ({})) });
    const { ok } = home({ HTTPS_PROXY: proxy.server.url, HTTP_PROXY: proxy.server.url });
    await ok(["login", "appstoreconnect", "--key", keyFile(EC_KEY, "AuthKey_2X9R4HXF34.p8"), ...TEAM]);
    const token = await ok(["token", "appstoreconnect"]);
    expect(await ok(["token", "appstoreconnect"])).toBe(token);
    const jwt = await verified(token, publicKey(EC_KEY), "ES256");
    const { iat, exp, ...claims } = (jwt?.claims ?? {}) as { iat: number; exp: number };
    expect(jwt?.header).toEqual({ alg: "ES256", kid: "2X9R4HXF34", typ: "JWT" });
    expect(claims).toEqual({ iss: "57246542-96fe-1a63-e053-0824d011072a", aud: "appstoreconnect-v1" } as never);
    expect(exp - iat).toBeLessThanOrEqual(1200);
    expect(exp).toBeLessThanOrEqual(Date.now() / 1000 + 1200);
    expect(proxy.server.calls).toEqual([]);
  });

  test("an individual key has a subject, and no issuer", async () => {
    const { ok } = home({ APP_STORE_CONNECT_API_KEY_KEY_ID: "IND1V1DUAL" });
    await ok(["login", "appstoreconnect", "--key", "-"], EC_KEY);
    const jwt = await verified(await ok(["token", "appstoreconnect"]), publicKey(EC_KEY), "ES256");
    expect(jwt?.header.kid).toBe("IND1V1DUAL");
    expect(jwt?.claims).toMatchObject({ sub: "user", aud: "appstoreconnect-v1" });
    expect(jwt?.claims.iss).toBeUndefined();
  });

  test("the key is nowhere in the home but sealed", async () => {
    const { ok, env } = home();
    await ok(["login", "appstoreconnect", "--key", "-", ...TEAM, "-v"], EC_KEY);
    await ok(["token", "appstoreconnect", "-v"]);
    const secret = EC_KEY.split("\n")[1] ?? "";
    const files = readdirSync(env.AUTH_HOME ?? "", { recursive: true, withFileTypes: true }).filter((file) =>
      file.isFile(),
    );
    expect(files.length).toBeGreaterThan(2);
    for (const file of files) expect(readFileSync(join(file.parentPath, file.name)).includes(secret)).toBe(false);
  });
});

describe("google", () => {
  test("a service account acts for a person, where an administrator allowed it", async () => {
    const issuer = google();
    const { ok, call } = home();
    const login = ["--key", keyFile(issuer.keyFile(RSA_KEY)), ...at(issuer.endpoints), "--subject"];
    await ok(["login", "google:ada", ...login, "ada@example.com"]);
    const refused = await call(["login", "google:eve", ...login, "eve@example.com"]);
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain("may not act for this person");
  });

  test("what gcloud wrote is a login like any other: taken over with its client, and refreshed", async () => {
    const issuer = started(startGoogle({ accessLifetime: 2 }));
    const client = issuer.desktop;
    issuer.grants.push({
      clientId: client.id,
      refresh: "1//gcloud-refresh-token",
      scopes: ["openid", "email"],
      access: new Map(),
      refreshExpiresAt: Number.POSITIVE_INFINITY,
      alive: true,
    });
    const file = {
      type: "authorized_user",
      client_id: client.id,
      client_secret: client.secret,
      refresh_token: "1//gcloud-refresh-token",
    };
    const { ok } = home();
    await ok(["login", "google", "--key", "-", ...at(issuer.endpoints)], JSON.stringify(file));
    const entry = JSON.parse(await ok(["status", "google", "--json"]))[0];
    expect(entry).toMatchObject({ account: "ada@example.com", refreshable: true });
    const first = await ok(["token", "google"]);
    await Bun.sleep(1100);
    const second = await ok(["token", "google"]);
    expect(second).not.toBe(first);
    expect(issuer.isLive(second)).toBe(true);
  });

  test("a key file that names another token endpoint is refused before anything is sent", async () => {
    const issuer = google();
    const elsewhere = started({ server: serve(() => ({})) });
    const file = keyFile(issuer.keyFile(RSA_KEY, { token_uri: `${elsewhere.server.url}/token` }));
    await expectComplaint(["login", "google", "--key", file, ...at(issuer.endpoints)], {
      exit: 6,
      code: "origin_mismatch",
      says: "auth login google --endpoint",
    });
    expect([...issuer.server.calls, ...elsewhere.server.calls]).toEqual([]);
  });

  test("a key that was deleted: log in again, and it is not tried for ever", async () => {
    const issuer = google(1);
    const { ok, call } = home();
    await ok(["login", "google:robot", "--key", keyFile(issuer.keyFile(RSA_KEY)), ...at(issuer.endpoints)]);
    issuer.state.keyDeleted = true;
    await Bun.sleep(1100);
    const refused = await call(["token", "google:robot"]);
    expect(refused).toMatchObject({ code: 4, stdout: "" });
    expect(refused.stderr).toStartWith("Error: refresh failed for google (robot): invalid_grant\n");
    expect(refused.stderr).toContain("Make a new key");
    const sent = issuer.server.calls.length;
    expect((await call(["token", "google:robot"])).code).toBe(4);
    expect(issuer.server.calls).toHaveLength(sent);
  });

  test("trouble at the token endpoint passes: a living token is served, an expired one is asked for again", async () => {
    const issuer = google(2);
    const { ok, call } = home();
    await ok(["login", "google:robot", "--key", keyFile(issuer.keyFile(RSA_KEY)), ...at(issuer.endpoints)]);
    issuer.server.fail({ path: "/token", reply: { status: 503, headers: { "retry-after": "1" } } });
    await Bun.sleep(1100);
    const served = await call(["token", "google:robot"]);
    expect(served.code).toBe(0);
    expect(served.stderr).toContain("The current token still works.");
    await Bun.sleep(1100);
    expect((await call(["token", "google:robot"])).code).toBe(0);
    expect((await call(["status", "google:robot"])).code).toBe(0);
  });
});

test("a machine whose clock is wrong signs by the provider's clock", async () => {
  const issuer = github();
  issuer.server.advance(3600);
  const { ok } = home();
  const flags = ["--client-id", issuer.clientId, "--installation", issuer.installation, ...at(issuer.endpoints)];
  await ok(["login", "github:bot", "--key", "-", ...flags], RSA_KEY);
  const [first, second, ...more] = issuer.server.calls;
  expect(more).toEqual([]);
  expect(first?.bearer).not.toBe(second?.bearer);
  expect(issuer.isLive(await ok(["token", "github:bot"]))).toBe(true);
});

test("a login is renewed with the flow and scopes that it was made with, whatever a profile edit says for the next one", async () => {
  const issuer = github(2);
  const { ok } = home();
  const flags = ["--client-id", issuer.clientId, "--installation", issuer.installation, ...at(issuer.endpoints)];
  await ok(["login", "github:bot", "--key", "-", ...flags], RSA_KEY);
  const first = await ok(["token", "github:bot"]);
  await ok(["profile", "edit", "github:bot", "--set", "flow=device", "--add-scope", "no-such-scope"]);
  await Bun.sleep(2100);
  const second = await ok(["token", "github:bot"]);
  expect({ live: issuer.isLive(second), isNew: second !== first }).toEqual({ live: true, isNew: true });
});

describe("entra", () => {
  test("the federated token's file is read again each time, since another program may renew it", async () => {
    const issuer = entra(2);
    const file = keyFile("assertion.one");
    issuer.state.trusted.add("assertion.one");
    const { ok, call } = home({ AZURE_FEDERATED_TOKEN_FILE: file, AZURE_TENANT_ID: issuer.tenant });
    const flags = ["--flow", "client-credentials", "--client-id", issuer.client.id, ...at(issuer.endpoints)];
    await ok(["login", "entra:pod", ...flags]);
    issuer.state.trusted.clear();
    issuer.state.trusted.add("assertion.two");
    writeFileSync(file, "assertion.two\n");
    await Bun.sleep(2100);
    expect(issuer.isLive(await ok(["token", "entra:pod"]))).toBe(true);
    chmodSync(file, 0o600);
    writeFileSync(file, "");
    await Bun.sleep(2100);
    const refused = await call(["token", "entra:pod"]);
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain(file);
  });

  test("a job's own token: asked for with the right audience", async () => {
    const issuer = entra();
    issuer.state.trusted.add("job.token.1");
    const ci = started({
      server: serve(() => ({
        "GET /token": ({ bearer, query }) =>
          bearer === "request-token" && query.get("audience") === "api://AzureADTokenExchange"
            ? json({ count: 1, value: "job.token.1" })
            : json({ message: "no" }, 401),
      })),
    });
    const flags = ["--flow", "client-credentials", "--tenant", issuer.tenant, "--client-id", issuer.client.id];
    const login = ["login", "entra:ci", ...flags, ...at(issuer.endpoints), "--subject-token"];
    const actions = home({
      ACTIONS_ID_TOKEN_REQUEST_URL: `${ci.server.url}/token?api-version=2.0`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: "request-token",
    });
    await actions.ok([...login, "github-actions"]);
    expect(ci.server.calls[0]?.query.get("api-version")).toBe("2.0");
    await home({ GITLAB_OIDC_TOKEN: "job.token.1" }).ok([...login, "gitlab"]);
    for (const [system, says] of [
      ["github-actions", "id-token: write"],
      ["gitlab", "id_tokens"],
    ] as const)
      await expectComplaint([...login, system], { exit: 6, code: "client_missing", says });
  });

  test("a certificate from the variable that its tools read; a secret goes before it", async () => {
    const issuer = entra();
    const env = { AZURE_CLIENT_CERTIFICATE_PATH: keyFile(RSA_CERTIFICATE + RSA_KEY), AZURE_TENANT_ID: issuer.tenant };
    const flags = ["--flow", "client-credentials", "--client-id", issuer.client.id, ...at(issuer.endpoints)];
    await home(env).ok(["login", "entra:a", ...flags]);
    expect(issuer.server.calls[0]?.form.get("client_assertion")).toBeString();
    await home({ ...env, AZURE_CLIENT_ID: issuer.client.id, AZURE_CLIENT_SECRET: issuer.client.secret }).ok([
      "login",
      "entra:b",
      ...flags,
    ]);
    expect(issuer.server.calls[1]?.form.get("client_assertion")).toBeNull();
  });

  test("scopes of another resource replace the default", async () => {
    const issuer = entra();
    const { ok } = home();
    const flags = ["--flow", "client-credentials", "--tenant", issuer.tenant, "--client-id", issuer.client.id];
    const login = ["login", "entra:app", ...flags, "--client-secret", "-", ...at(issuer.endpoints)];
    await ok([...login, "--scope", "https://vault.azure.net/.default"], issuer.client.secret);
    expect(issuer.scopeOf(await ok(["token", "entra:app"]))).toBe("https://vault.azure.net/.default");
  });

  test("a secret that was changed there: misconfigured, until the new one is given", async () => {
    const issuer = entra(1);
    const { ok, call } = home();
    const flags = ["--flow", "client-credentials", "--tenant", issuer.tenant, "--client-id", issuer.client.id];
    await ok(["login", "entra:app", ...flags, "--client-secret", "-", ...at(issuer.endpoints)], issuer.client.secret);
    issuer.state.secret = "new8Q~secret-that-is-long-enough";
    await Bun.sleep(1100);
    expect((await call(["token", "entra:app"])).code).toBe(6);
    const sent = issuer.server.calls.length;
    expect((await call(["token", "entra:app"])).code).toBe(6);
    expect(issuer.server.calls).toHaveLength(sent);
    expect((await call(["status", "entra:app"])).code).toBe(6);
    // The client's record is kept by where its tokens come from.
    await ok(["login", "entra:app", ...flags, "--client-secret", "-", ...at(issuer.endpoints)], issuer.state.secret);
    expect((await call(["status", "entra:app"])).code).toBe(0);
  });
});

describe("a key that is malformed, or another account's", () => {
  const github = ["login", "github", "--client-id", "Iv1", "--installation", "1", "--key"];
  const complaints: [string, () => readonly string[], number, string, string][] = [
    ["an encrypted key", () => [...github, keyFile(encrypted(RSA_KEY))], 7, "token_rejected", "is encrypted"],
    ["a key of another kind", () => [...github, keyFile(EC_KEY)], 7, "token_rejected", "holds an EC key"],
    ["a key that is cut off", () => [...github, keyFile(RSA_KEY.slice(0, 900))], 7, "token_rejected", "cut off"],
    [
      "a file in DER",
      () => [...github, keyFile(Buffer.from([0x30, 0x82, 0x04, 0xff, 0xfe]))],
      7,
      "token_rejected",
      "PEM",
    ],
    ["no file", () => [...github, "/nowhere/key.pem"], 64, "usage", "no such file"],
    ["a folder", () => [...github, tempFolder()], 64, "usage", "folder"],
    ["an empty file", () => [...github, keyFile("")], 64, "usage", "empty"],
    ["a key on the command line", () => [...github, RSA_KEY], 64, "usage", "takes a file"],
    ["a whole disk", () => [...github, keyFile("x".repeat(70_000))], 64, "usage", "too large"],
    [
      "json cut off",
      () => ["login", "google", "--key", keyFile('{"type":"service_account"')],
      7,
      "token_rejected",
      "JSON",
    ],
    [
      "json of another kind",
      () => ["login", "google", "--key", keyFile('{"type":"impersonated"}')],
      7,
      "token_rejected",
      "service_account",
    ],
    [
      "json without its key",
      () => [
        "login",
        "google",
        "--key",
        keyFile('{"type":"service_account","token_uri":"https://oauth2.googleapis.com/token"}'),
      ],
      7,
      "token_rejected",
      "client_email",
    ],
    ["a code on the command line", () => ["login", "google", "--code", "4/abc"], 64, "usage", "standard input"],
    [
      "a token on the command line",
      () => ["login", "google", "--flow", "exchange", "--subject-token", "eyJ"],
      64,
      "usage",
      "other processes",
    ],
    [
      "a key for a flow that has none",
      () => ["login", "github", "--flow", "device", "--key", keyFile(RSA_KEY)],
      64,
      "usage",
      "--key",
    ],
    [
      "a certificate where none is used",
      () => ["login", "github", "--certificate", keyFile(RSA_KEY)],
      64,
      "usage",
      "--certificate",
    ],
    ["two things from one standard input", () => [...github, "-", "--client-secret", "-"], 64, "usage", "Only one"],
  ];
  for (const [what, args, exit, code, says] of complaints)
    test(what, () => expectComplaint(args(), { exit, code, says }));

  test("a key that others can read is taken, with a warning", async () => {
    const issuer = started(startGithubApp({ publicKey: publicKey(RSA_KEY) }));
    const flags = ["--client-id", issuer.clientId, "--installation", issuer.installation, ...at(issuer.endpoints)];
    const path = keyFile(RSA_KEY, "key.pem", 0o644);
    chmodSync(path, 0o644);
    const ended = await home().call(["login", "github:bot", "--key", path, ...flags]);
    expect(ended.code).toBe(0);
    expect(ended.stderr).toContain(`Other users of this machine can read ${path}`);
  });

  test("another account's key: refused by the provider, and nothing is stored", async () => {
    const issuer = started(startGithubApp({ publicKey: publicKey(RSA_KEY) }));
    const flags = ["--client-id", issuer.clientId, "--installation", issuer.installation, ...at(issuer.endpoints)];
    const { call } = home();
    const refused = await call(["login", "github:bot", "--key", "-", ...flags], OTHER_RSA_KEY);
    expect(refused.code).toBe(6);
    expect(refused.stderr).toContain("doesn't accept what the key signed");
    expect((await call(["token", "github:bot"])).code).toBe(2);
  });
});
