/** `auth provider try`: one login at a provider as it is, its replies shown without a value, and nothing left behind. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { errorOf } from "../support/logged-in.ts";
import { manifest, type PluginHome, pluginHome } from "../support/plugin-home.ts";
import { AUTH } from "../support/program.ts";

let it: PluginHome;
beforeAll(() => {
  it = pluginHome();
});
afterAll(() => it.stop());

function acme(more = ""): string {
  return it.file("acme.toml", manifest(it.issuer.server.url, more));
}

const CLIENT = ["--client-id", "sentry-public-client"];

/** All that is kept in the home, as text. */
function home(): string {
  const files = readdirSync(it.env.AUTH_HOME as string, { recursive: true, withFileTypes: true });
  return files
    .filter((file) => file.isFile())
    .map((file) => readFileSync(join(file.parentPath, file.name), "latin1"))
    .join("\n");
}

describe("a file, before it is added", () => {
  test("each reply with its fields, and what reads them; then what was understood; nothing is stored", async () => {
    const { code, stdout, stderr } = await it.call(["provider", "try", acme(), ...CLIENT, "--yes"]);
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const url = it.issuer.server.url;
    for (const line of [
      `device: POST ${url}/oauth/device/code/ → HTTP 200, application/json, `,
      "  device_code: text of ",
      " → device.fields.device_code",
      `token: POST ${url}/oauth/token/ → HTTP 200, application/json, `,
      "  access_token: text of ",
      " → reply.accessToken",
      "  expires_in: number of 7 digits → reply.expiry.path",
      "  user: group",
      "    email: text of 17 → account.label.0",
      "  account: grace@example.com",
      "  refresh token: yes; a refresh brought a new token",
      "Nothing was stored. The login was not revoked: no endpoints.revocation says where.",
    ])
      expect(stdout).toContain(line);
    expect(existsSync(join(it.env.AUTH_HOME as string, "vault.db"))).toBe(false);
    expect(home()).not.toContain("grace@example.com");
  });

  test("attack: no reply's value is shown", async () => {
    const { stdout, stderr } = await it.call(["provider", "try", acme(), ...CLIENT, "--yes", "-v"]);
    const shown = stdout + stderr;
    const { rows } = it.issuer as unknown as { rows?: { access: string; refresh: string }[] };
    for (const { access, refresh } of rows ?? []) {
      expect(shown).not.toContain(access);
      expect(shown).not.toContain(refresh);
    }
    expect(shown).not.toMatch(/sntry|[0-9a-f]{32}/);
  });

  test("as JSON: a line for each reply, and one at the end", async () => {
    const { stdout } = await it.call(["provider", "try", acme(), ...CLIENT, "--yes", "--json"]);
    const events = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(events.map(({ event, endpoint }) => endpoint ?? event)).toEqual([
      "device",
      "device_code",
      "token",
      "token",
      "tried",
    ]);
    expect(events.at(-1)).toEqual({
      event: "tried",
      account: "grace@example.com",
      scopes: expect.any(Array),
      lifetimeSeconds: 2_592_000,
      refreshable: true,
      refreshed: true,
      refreshError: null,
      revoked: "unsupported",
      whyNotRevoked: "no endpoints.revocation says where",
    });
  });

  test("a description that reads another field: the reply is shown, and the login fails", async () => {
    const file = acme('reply = { accessToken = "data.token" }');
    const { code, stdout } = await it.call(["provider", "try", file, ...CLIENT, "--yes"]);
    expect(code).not.toBe(0);
    expect(stdout).toContain("  access_token: text of ");
    expect(stdout).not.toContain("→ reply.accessToken");
  });

  test("where it can be revoked, it is", async () => {
    const { url } = it.issuer.server;
    const file = it.file(
      "acme.toml",
      manifest(url)
        .replace('kind = "public"', 'kind = "confidential"')
        .replace("[client]", `revocation = "${url}/oauth/revoke/"\n\n[client]`),
    );
    const args = ["--client-id", "sentry-confidential-client", "--client-secret", "-", "--yes"];
    const { code, stdout } = await it.call(["provider", "try", file, ...args], { stdin: "sentry-client-secret\n" });
    expect({ code, stdout }).toMatchObject({
      code: 0,
      stdout: expect.stringContaining("The login was revoked at the provider."),
    });
    expect(stdout).toContain(`revocation: POST ${url}/oauth/revoke/ → HTTP 200, empty`);
  });

  test("a refresh that the provider refuses ends in an error, after what was understood", async () => {
    const file = acme('request = { refreshParameters = { scope = "org:write" }, names = { scope = false } }');
    const { code, stdout, stderr } = await it.call(["provider", "try", file, ...CLIENT, "--yes"]);
    expect({ code, stderr }).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("The login works, but not its refresh"),
    });
    expect(stdout).toContain("a refresh failed");
  });

  test("a login that is refused: the error's fields are shown, with what reads them", async () => {
    const { code, stdout } = await it.call(["provider", "try", acme(), "--client-id", "stranger", "--yes"]);
    expect(code).toBe(6);
    expect(stdout).toMatch(
      /device: POST .* → HTTP 4\d\d, application\/json, \d+ bytes\n {2}error: text of \d+ → reply\.error/,
    );
  });

  test("what it may do is shown and asked first, as before it is added", async () => {
    const refused = await it.call(["provider", "try", acme(), ...CLIENT]);
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain(`Sends tokens to: ${it.issuer.server.url}`);
    expect(refused.stderr).toMatch(/auth provider try .*acme\.toml --yes/);
  });

  test("attack: a file that claims what is another provider's is not logged in with, whatever its id", async () => {
    for (const [id, more] of [
      ["github", ""],
      ["acme", 'environment = { read = ["GH_TOKEN"] }'],
    ] as const) {
      const file = it.file("evil.toml", manifest(it.issuer.server.url, more, id));
      const before = it.issuer.server.calls.length;
      const { code, stderr } = await it.call(["provider", "try", file, ...CLIENT, "--yes", "--json"]);
      expect({ code, stderr }).toMatchObject({ code: 9, stderr: expect.stringContaining("plugin_invalid") });
      expect(it.issuer.server.calls.length).toBe(before);
    }
    const file = it.file("evil.toml", manifest(it.issuer.server.url, "", "github"));
    expect((await it.call(["provider", "try", file, ...CLIENT, "--yes", "--replace"])).code).toBe(0);
  });

  test("attack: an issuer that names another provider's login is refused before anything is asked there", async () => {
    const issuer = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => {
        const { origin } = new URL(url);
        const endpoints = {
          device_authorization_endpoint: `${origin}/d`,
          token_endpoint: "https://sentry.io/oauth/token/",
        };
        return Response.json({ issuer: origin, ...endpoints });
      },
    });
    const text = `id = "acme"\ntitle = "A"\nflows = ["device"]\nissuer = "${issuer.url.origin}"\n`;
    const args = ["provider", "try", it.file("issuer.toml", text), "--client-id", "c", "--yes", "--json"];
    const { code, stderr } = await it.call(args);
    await issuer.stop(true);
    expect({ code, stderr }).toMatchObject({ code: 9, stderr: expect.stringContaining("which belongs to sentry") });
  });

  test("--keep needs a provider that is known", async () => {
    const refused = await it.call(["provider", "try", acme(), ...CLIENT, "--yes", "--keep", "--json"]);
    expect(errorOf(refused)).toMatchObject({ code: "usage", hint: expect.stringContaining("auth provider add") });
  });
});

/** An issuer of a few answers. */
function issuerWith(answers: Readonly<Record<string, (request: Request) => Response | Promise<Response>>>) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => answers[new URL(request.url).pathname]?.(request) ?? new Response(null, { status: 404 }),
  });
  servers.push(server);
  return server.url.origin;
}

const servers: { stop(now: boolean): Promise<void> }[] = [];
afterAll(async () => {
  for (const server of servers) await server.stop(true);
});

const DEVICE = { device_code: "dc-1234567", user_code: "ABCD", verification_uri: "http://127.0.0.1/x", interval: 1 };
const device = (): Response => Response.json({ ...DEVICE, expires_in: 60 });
const BEARER = { token_type: "bearer", expires_in: 3600 };

function described(origin: string, more: string, endpoints = ""): string {
  const text = `id = "acme"\ntitle = "ACME"\nflows = ["device"]\n${more}\n[endpoints]\ndevice = "${origin}/device"\ntoken = "${origin}/token"\n${endpoints}`;
  return it.file("described.toml", text);
}

const tried = (file: string, ...more: string[]) =>
  it.call(["provider", "try", file, "--client-id", "c1", "--yes", ...more]);

describe("what reads a field", () => {
  test("of a second exchange, and of an address that the reply told; a field named as a word of a unit is read by nothing", async () => {
    const origin = issuerWith({
      "/device": device,
      "/token": () =>
        Response.json({ access_token: "access-token-1", due: "x1", seconds: "x2", where: "eu", ...BEARER }),
      "/x": () => Response.json({ access_token: "long-token-1", ...BEARER }),
      "/eu/me": () => Response.json({ sub: "4711", email: "ada@example.com" }),
    });
    const file = described(
      origin,
      `settings.where = { title = "Where", choices = ["eu"], from = { reply = "where" } }
longLived = { grantType = "ll", parameter = "access_token" }
reply.expiry = { zero = "due", others = [{ path = "ttl", unit = "seconds" }] }`,
      `exchange = "${origin}/x"\nuserinfo = "${origin}/{where}/me"\n`,
    );
    const { stdout } = await tried(file);
    expect(stdout).toContain("due: text of 2\n");
    expect(stdout).toContain("seconds: text of 2\n");
    expect(stdout).toContain("where: text of 2 → settings.where.from.reply");
    expect(stdout).toMatch(/^exchange: POST .*\n {2}access_token: text of 12 → reply\.accessToken$/m);
    expect(stdout).toMatch(/^userinfo: GET .*\n {2}sub: .* → account\.id\.0, account\.label\.4$/m);
  });
});

test("a refresh that is refused: the provider's words, and where its reply is", async () => {
  const origin = issuerWith({
    "/device": device,
    "/token": async (request) =>
      (await request.text()).includes("refresh_token")
        ? Response.json(
            { error: "invalid_grant", error_description: "redirection URI does not match" },
            { status: 400 },
          )
        : Response.json({ access_token: "access-token-2", refresh_token: "refresh-token-2", ...BEARER }),
    "/revoke": () => new Response(null),
  });
  const { code, stdout, stderr } = await tried(described(origin, "", `revocation = "${origin}/revoke"\n`));
  expect({ code, stderr }).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("redirection URI does not match"),
  });
  expect(stderr).toContain("what came after 'Its refresh:'");
  expect(stdout).toMatch(/\nIts refresh:\ntoken: POST .* → HTTP 400.*\n(.*\n)+Its revocation:\nrevocation: POST /);
});

test("a login without a person and without an account: neither is made up", async () => {
  const origin = issuerWith({ "/token": () => Response.json({ access_token: `access-${Math.random()}`, ...BEARER }) });
  const text = `id = "acme"
title = "ACME"
flows = ["client-credentials"]
client = { kind = "confidential" }
minting.client-credentials = { use = "assertion" }
endpoints = { token = "${origin}/token" }
`;
  const args = [
    "provider",
    "try",
    it.file("described.toml", text),
    "--client-id",
    "c1",
    "--client-secret",
    "-",
    "--yes",
  ];
  const { code, stdout } = await it.call(args, { stdin: "secret-1\n" });
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining("  account: unknown\n") });
  expect(stdout).toContain("  refresh token: none; another request brought a new token\n");
});

describe("every command that is printed tries the file again", () => {
  const cases: [what: string, more: string, args: string[]][] = [
    ["no client", "", []],
    [
      "a companion that lacks",
      'companions.apiKey = { title = "The key", header = "X-Key: {secret}", required = true }',
      ["--client-id", "c1"],
    ],
    [
      "a setting that lacks",
      'settings.team = { title = "Team", required = true }\ndevice.parameters = { team = "{team}" }',
      ["--client-id", "c1"],
    ],
  ];
  for (const [what, more, args] of cases)
    test(what, async () => {
      const file = described(issuerWith({}), more);
      const { code, stderr } = await it.call(["provider", "try", file, "--yes", ...args]);
      expect(code).not.toBe(0);
      expect(stderr).toContain(`auth provider try ${file} --yes`);
      expect(stderr).not.toContain("auth login");
      expect(stderr).not.toContain("--force");
    });
});

test("attack: a reply's content type is no way for a secret to be shown", async () => {
  const secret = "sk-live-9f8e7d6c5b4a";
  const json = { access_token: secret, ...BEARER };
  const origin = issuerWith({
    "/device": device,
    "/token": () => new Response(JSON.stringify(json), { headers: { "content-type": secret } }),
  });
  for (const more of [[], ["--json"]]) {
    const { stdout, stderr } = await tried(described(origin, ""), ...more);
    expect(stdout + stderr).not.toContain(secret);
  }
});

test("attack: a signal while a tried login is revoked doesn't end it silently, or half", async () => {
  let asked = (): void => {};
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve;
  });
  let isRevoked = false;
  const origin = issuerWith({
    "/device": device,
    "/token": () => Response.json({ access_token: "access-token-3", ...BEARER }),
    "/revoke": async () => {
      asked();
      await Bun.sleep(700);
      isRevoked = true;
      return new Response(null);
    },
  });
  const file = described(origin, "", `revocation = "${origin}/revoke"\n`);
  const child = Bun.spawn([AUTH, "provider", "try", file, "--client-id", "c1", "--yes"], {
    env: it.env,
    stdout: "pipe",
    stderr: "pipe",
  });
  await isAsked;
  child.kill("SIGINT");
  const [stdout, stderr] = await Promise.all([new Response(child.stdout).text(), new Response(child.stderr).text()]);
  expect({ code: await child.exited, isRevoked }).toEqual({ code: 130, isRevoked: true });
  expect(stderr).toContain("Waiting for the provider's reply");
  expect(stdout).toContain("The login was revoked at the provider.");
});

test("a provider that is known, by its id: --keep stores the login", async () => {
  expect((await it.call(["provider", "add", acme(), "--yes"])).code).toBe(0);
  expect((await it.call(["provider", "try", "acme", ...CLIENT])).stdout).toContain("Nothing was stored.");
  expect((await it.call(["list", "--json"])).stdout.trim()).toBe("[]");
  const kept = await it.call(["provider", "try", "acme", ...CLIENT, "--keep"]);
  expect({ code: kept.code, stdout: kept.stdout }).toMatchObject({
    code: 0,
    stdout: expect.stringContaining("→ reply.accessToken"),
  });
  expect(JSON.parse((await it.call(["list", "--json"])).stdout)).toMatchObject([{ connection: "acme:default" }]);
});

test("-v shows the names of a refused refresh's fields, in full depth, and no value", async () => {
  expect((await it.call(["provider", "try", "acme", ...CLIENT, "--keep", "--force"])).code).toBe(0);
  it.issuer.kill();
  const { code, stderr } = await it.call(["refresh", "acme", "--force", "-v"]);
  expect(code).toBe(4);
  expect(stderr).toContain("the reply's fields: { error");
});
