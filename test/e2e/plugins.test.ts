/** Providers described by others: manifests, from the built binary alone. */
import { afterAll, describe, expect, test } from "bun:test";
import { chownSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { startSentry } from "../issuers/sentry.ts";
import { errorOf } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { manifest, type PluginHome, pluginHome } from "../support/plugin-home.ts";
import { AUTH, onTerminal } from "../support/program.ts";

const homes: PluginHome[] = [];
afterAll(() => Promise.all(homes.map((home) => home.stop())));

function home(): PluginHome {
  const made = pluginHome();
  homes.push(made);
  return made;
}

async function added(of: PluginHome): Promise<void> {
  const { code, stderr } = await of.call([
    "provider",
    "add",
    of.file("acme.toml", manifest(of.issuer.server.url)),
    "--yes",
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr });
}

async function loggedIn(of: PluginHome, ...flags: string[]): Promise<void> {
  const login = await of.call(["login", "acme", "--client-id", of.issuer.publicClient.id, ...flags]);
  expect({ code: login.code, stderr: login.stderr }).toEqual({ code: 0, stderr: login.stderr });
}

describe("a manifest", () => {
  test("is shown, added, and then a provider like any other: login, token, refresh, run, logout", async () => {
    const it = home();
    const { url } = it.issuer.server;
    const shown = await it.call(["provider", "add", it.file("acme.toml", manifest(url)), "--yes"]);
    expect(shown.stderr).toContain(`Sends tokens to: ${url}`);
    expect(shown.stderr).toContain("Writes: ACME_TOKEN");
    expect(statSync(`${it.folder}/acme.toml`).mode & 0o777).toBe(0o600);
    expect(statSync(it.folder).mode & 0o777).toBe(0o700);

    await loggedIn(it);
    const first = (await it.call(["token", "acme"])).stdout.trim();
    expect(it.issuer.isLive(first)).toBe(true);
    expect((await it.call(["refresh", "acme", "--force"])).code).toBe(0);
    const ran = await it.call(["run", "acme", "--", "sh", "-c", 'printf %s "$ACME_TOKEN"']);
    expect(ran.stdout).not.toBe(first);
    expect(it.issuer.isLive(ran.stdout)).toBe(true);
    expect((await it.call(["get", "acme", "--field", "account"])).stdout).toBe("grace@example.com\n");
    expect((await it.call(["logout", "acme"])).code).toBe(0);
    expect((await it.call(["provider", "remove", "acme", "--json"])).stdout).toContain('"removed": true');
    expect((await it.call(["login", "acme"])).code).toBe(2);
  });

  test("in JSON, put into the folder by hand, is used as well", async () => {
    const it = home();
    const { url } = it.issuer.server;
    it.drop(
      "acme.json",
      JSON.stringify({
        id: "acme",
        title: "ACME",
        flows: ["device"],
        endpoints: { device: `${url}/oauth/device/code/`, token: `${url}/oauth/token/` },
        client: { kind: "public" },
      }),
    );
    await loggedIn(it);
    expect((await it.call(["token", "acme"])).code).toBe(0);
    const [view] = JSON.parse((await it.call(["provider", "list", "--json"])).stdout).filter(
      ({ id }: { id: string }) => id === "acme",
    );
    expect(view).toMatchObject({ origin: "file", trust: "not needed", fault: null, origins: [url] });
  });

  test("for a company is five lines that extend another provider", async () => {
    const it = home();
    const five = `extends = "github"\nid = "acme"\ntitle = "ACME's own"\nsettings.host.default = "git.acme.example"\nscopes.default = ["repo"]\n`;
    expect((await it.call(["provider", "add", it.file("acme.toml", five), "--yes"])).code).toBe(0);
    const view = JSON.parse((await it.call(["provider", "show", "acme", "--json"])).stdout);
    expect(view.origins).toEqual(["https://git.acme.example"]);
    // What it hands over has the names that tools look for; what those read from the environment stays the other's.
    expect(view.variables).toEqual({ read: [], write: expect.arrayContaining(["GH_ENTERPRISE_TOKEN", "GH_HOST"]) });
    const env = { GH_HOST: "evil.example", GH_ENTERPRISE_TOKEN: "theirs" };
    expect(errorOf(await it.call(["token", "acme", "--json"], { env })).code).toBe("connection_not_found");
  });

  test("names no command that a person would run: another tool's is neither shown nor run", async () => {
    const it = home();
    const five = `extends = "github"\nid = "acme"\ntitle = "ACME"\napiKey.command = "touch pwned"\nenvironment.read = []\n`;
    expect((await it.call(["provider", "add", it.file("acme.toml", five), "--yes"])).code).toBe(0);
    const { hint } = errorOf(await it.call(["login", "acme", "--json"]));
    expect(hint).toStartWith("1. A token, made at https://github.com/settings/tokens/new?");
    expect(hint).not.toContain("touch");
    const terminal = onTerminal([AUTH, "login", "acme"], { env: it.env });
    await terminal.waitFor("With a token");
    expect(terminal.screen()).not.toContain("touch");
    terminal.kill("SIGKILL");
    // What isn't plain words is no command at all.
    const shell = five.replace("touch pwned", "sh -c 'touch pwned'");
    expect((await it.call(["provider", "check", it.file("acme.toml", shell)])).code).toBe(9);
  });

  test("can't extend itself, another in a circle, or one that doesn't exist", async () => {
    const it = home();
    const of = (id: string, base: string) => `extends = "${base}"\nid = "${id}"\n`;
    it.drop("a.toml", of("a", "b"));
    it.drop("b.toml", of("b", "a"));
    it.drop("c.toml", of("c", "c"));
    it.drop("d.toml", of("d", "gihtub"));
    expect(errorOf(await it.call(["login", "a", "--json"]))).toMatchObject({ code: "plugin_invalid", exitCode: 9 });
    expect(errorOf(await it.call(["login", "c", "--json"])).message).toContain("c extends c");
    expect(errorOf(await it.call(["login", "d", "--json"])).hint).toContain("Did you mean 'github'?");
  });

  test("is asked about on a terminal, and a no adds nothing", async () => {
    const it = home();
    const path = it.file("acme.toml", manifest(it.issuer.server.url));
    const terminal = onTerminal([AUTH, "provider", "add", path], { env: it.env });
    await terminal.waitFor("Add acme?");
    expect(terminal.screen()).toContain("Sends tokens to");
    terminal.type("n");
    expect((await terminal.ended).code).toBe(7);
    expect((await it.call(["provider", "show", "acme"])).code).toBe(2);
  });

  test("without a terminal no person can be asked: exit 64, nothing added", async () => {
    const it = home();
    const path = it.file("acme.toml", manifest(it.issuer.server.url));
    expect(errorOf(await it.call(["provider", "add", path, "--json"]))).toMatchObject({ code: "usage", exitCode: 64 });
    expect((await it.call(["provider", "show", "acme"])).code).toBe(2);
  });
});

describe("a login is bound to the origins that the manifest named then", () => {
  test("attack: other origins get nothing: the living token is served, a refresh is refused before anything is sent", async () => {
    const it = home();
    const thief = startSentry({ approve: true, interval: 1 });
    await added(it);
    await loggedIn(it);
    it.drop("acme.toml", manifest(thief.server.url));
    const served = await it.call(["token", "acme"]);
    expect(served.code).toBe(0);
    expect(served.stderr).toContain("names other origins");
    expect(served.stderr).toContain("The current token still works.");
    expect(errorOf(await it.call(["refresh", "acme", "--force", "--json"]))).toMatchObject({
      code: "plugin_untrusted",
      exitCode: 9,
      connection: "acme:default",
    });
    expect(thief.server.calls).toEqual([]);
    expect(it.issuer.server.callsTo("/oauth/token/").filter(({ form }) => form.has("refresh_token"))).toEqual([]);
    // A logout is never refused; there is just no provider to revoke it at.
    const ended = await it.call(["logout", "acme", "--json"]);
    expect(JSON.parse(ended.stdout)).toEqual({ connection: "acme:default", erased: true, revoked: "unsupported" });
    expect(thief.server.calls).toEqual([]);
    await thief.server.stop();
  });

  test("a new login is bound to the new ones", async () => {
    const it = home();
    await added(it);
    await loggedIn(it);
    const moved = startSentry({ approve: true, interval: 1 });
    it.drop("acme.toml", manifest(moved.server.url));
    await loggedIn(it, "--force");
    expect((await it.call(["refresh", "acme", "--force"])).code).toBe(0);
    await moved.server.stop();
  });

  test("one whose manifest was removed is still served, and can be ended", async () => {
    const it = home();
    await added(it);
    await loggedIn(it);
    expect(errorOf(await it.call(["provider", "remove", "acme", "--json"])).code).toBe("usage");
    expect((await it.call(["provider", "remove", "acme", "--force"])).code).toBe(0);
    expect((await it.call(["token", "acme"])).code).toBe(0);
    const status = await it.call(["status", "acme"]);
    expect([status.code, status.stdout]).toEqual([
      0,
      expect.stringContaining("Can't be renewed: There is no provider"),
    ]);
    expect((await it.call(["doctor", "--offline"])).stdout).toContain("but can't be renewed: There is no provider");
    expect((await it.call(["refresh", "--all"])).stderr).toContain("can't be renewed: There is no provider");
    for (const [args, code] of [
      [["run", "--", "true"], 125],
      [["export"], 2],
    ] as const) {
      const ended = await it.call(args);
      expect([ended.code, ended.stderr]).toEqual([
        code,
        expect.stringContaining("acme is left out: There is no provider"),
      ]);
    }
    expect((await it.call(["logout", "acme"])).code).toBe(0);
  });
});

describe("what belongs to another provider", () => {
  const TAKEN: Readonly<Record<string, [text: string, says: string]>> = {
    "a built-in's id": [`id = "github"\ntitle = "G"\nflows = ["token"]\n`, "There is a provider github already"],
    "a variable that another reads": [
      `id = "acme"\ntitle = "A"\nflows = ["token"]\nenvironment.read = ["GH_TOKEN"]\n`,
      "the variable GH_TOKEN, which belongs to github",
    ],
    "a variable that another's setting reads": [
      `id = "acme"\ntitle = "A"\nflows = ["token"]\n[settings.host]\ntitle = "h"\nkind = "host"\nenv = ["GH_HOST"]\ndefault = "a.example"\n[endpoints]\nuserinfo = "https://{host}/me"\n`,
      "the variable GH_HOST, which belongs to github",
    ],
    "a variable that another writes": [
      `id = "acme"\ntitle = "A"\nflows = ["token"]\nenvironment.write = { SENTRY_AUTH_TOKEN = "{token}" }\n`,
      "the variable SENTRY_AUTH_TOKEN, which belongs to sentry",
    ],
    "a variable by its name": [`id = "gh"\ntitle = "G"\nflows = ["token"]\n`, "the variable GH_TOKEN"],
    "an origin of the one that it extends, beside one of its own": [
      `extends = "github"\nid = "acme"\nendpoints.token = "https://evil.example/login/oauth/access_token"\n`,
      "the origin https://github.com beside https://evil.example, which belongs to github",
    ],
    "an origin": [
      `id = "acme"\ntitle = "A"\nflows = ["token"]\n[endpoints]\nuserinfo = "https://sentry.io/api/0/users/me/"\n`,
      "the origin https://sentry.io, which belongs to sentry",
    ],
  };
  for (const [what, [text, says]] of Object.entries(TAKEN))
    test(`attack: ${what} is refused without --replace`, async () => {
      const it = home();
      const path = it.file("acme.toml", text);
      const refused = await it.call(["provider", "add", path, "--yes", "--json"]);
      expect(errorOf(refused)).toMatchObject({ code: "plugin_invalid", exitCode: 9 });
      expect(errorOf(refused).message).toContain(says);
      expect((await it.call(["provider", "add", path, "--yes", "--replace"])).code).toBe(0);
      // The warning stays.
      expect((await it.call(["provider", "list"])).stderr).toContain("another provider");
      const { checks } = JSON.parse((await it.call(["doctor", "--offline", "--json"])).stdout);
      expect(JSON.stringify(checks)).toContain("may replace another provider");
    });

  test("attack: an origin is another's however it is spelled", async () => {
    const it = home();
    const spelled = (origin: string): string =>
      `id = "acme"\ntitle = "A"\nflows = ["token"]\n[endpoints]\nuserinfo = "${origin}/api"\n`;
    const byHost = (host: string): string =>
      `id = "acme"\ntitle = "A"\nflows = ["token"]\n[endpoints]\nuserinfo = "https://{host}/api"\n[settings.host]\ntitle = "h"\ndefault = "${host}"\n`;
    for (const [text, says] of [
      [spelled("https://sentry.io:443"), "the origin https://sentry.io, which belongs to sentry"],
      [spelled("https://sentry.io:0443"), "the origin https://sentry.io, which belongs to sentry"],
      [spelled("HTTPS://Sentry.IO"), "the origin https://sentry.io, which belongs to sentry"],
      [byHost("sentry.io:443"), "the origin https://sentry.io, which belongs to sentry"],
      [byHost("SENTRY.io"), "the origin https://sentry.io, which belongs to sentry"],
      [spelled("https://sentry.io:"), "has a colon without a port"],
      [spelled("https://%73entry.io"), "has a percent sign in its host"],
      [spelled("https://sentry%2eio"), "has a percent sign in its host"],
      [spelled("https://sentry.io."), "has a dot at the end of its host"],
      [spelled("https://acme@sentry.io"), "has a user name in it"],
    ] as const) {
      const refused = await it.call(["provider", "add", it.file("acme.toml", text), "--yes", "--json"]);
      expect({ text, code: refused.code }).toEqual({ text, code: 9 });
      expect(errorOf(refused).message).toContain(says);
    }
  });

  test("attack: a setting in an address hides neither where tokens go, nor whose origin that is", async () => {
    const it = home();
    const { url } = it.issuer.server;
    const setting = `settings.team = { title = "Team", env = ["TEAM"] }`;
    const env = { TEAM: "red" };
    const hostile = [
      `extends = "gitlab"\nid = "acme"\ntitle = "A"\n${setting}\nendpoints.userinfo = "${url}/u?team={team}"\n`,
      `extends = "entra"\nid = "acme"\ntitle = "A"\n${setting}\nendpoints.token = "${url}/t?team={team}"\n`,
      `id = "acme"\ntitle = "A"\nflows = ["token"]\n${setting}\nendpoints.userinfo = "https://api.github.com:443/user?x={team}"\n`,
      `extends = "gitlab"\nid = "acme"\ntitle = "A"\n${setting}\nvariants = [{ when = { team = ".+" }, endpoints = { userinfo = "${url}/u" } }]\n`,
    ];
    for (const text of hostile) {
      const path = it.file("acme.toml", text);
      const refused = await it.call(["provider", "add", path, "--yes", "--json"], { env });
      expect({ text, code: errorOf(refused).code }).toEqual({ text, code: "plugin_invalid" });
      const checked = await it.call(["provider", "check", path], { env });
      expect(checked.stdout).toContain("✗ what it claims: it claims the origin");
      it.drop("acme.toml", text);
      expect((await it.call(["login", "acme", "--token", "-"], { env, stdin: "glpat-1" })).code).toBe(9);
    }
    expect(it.issuer.server.calls).toEqual([]);
  });

  test("before a manifest is added, and afterwards, all places that its tokens can go to are shown", async () => {
    const it = home();
    const text = `id = "acme"
title = "A"
flows = ["token"]
settings.team = { title = "Team", env = ["TEAM"] }
settings.host = { title = "Host", kind = "host", default = "acme.example" }
settings.own = { title = "Own", kind = "host" }
endpoints.userinfo = "https://users.acme.example/u?x={team}"
origins = ["https://{host}", "https://{own}", "https://{team}.acme.example"]
variants = [{ when = { team = "blue" }, endpoints = { userinfo = "https://blue.example/u" } }]
`;
    const added = await it.call(["provider", "add", it.file("acme.toml", text), "--yes"]);
    expect(added.code).toBe(0);
    for (const { stdout, stderr } of [added, await it.call(["provider", "show", "acme"])]) {
      const shown = stdout + stderr;
      const usual = "https://users.acme.example, https://acme.example, https://{own} (any host)";
      expect(shown).toContain(`Sends tokens to: ${usual}, https://{team}.acme.example\n`);
      const others = "https://{host} (any host), https://blue.example, https://blue.acme.example";
      expect(shown).toContain(`With other settings, sends them to: ${others}\n`);
      expect(shown).toContain("Setting team: Team (--team, or read from TEAM; optional)");
    }
  });

  test("attack: an issuer that names another provider's login is refused before anything is asked there", async () => {
    const it = home();
    const asked: string[] = [];
    const foreign: Record<string, string> = {};
    const issuer = Bun.serve({
      hostname: "127.0.0.1",
      port: 0,
      fetch: ({ url }) => {
        const { origin, pathname } = new URL(url);
        asked.push(pathname);
        const own = { device_authorization_endpoint: `${origin}/device`, token_endpoint: `${origin}/token` };
        if (pathname.includes(".well-known")) return Response.json({ issuer: origin, ...own, ...foreign });
        return Response.json({ error: "access_denied" }, { status: 400 });
      },
    });
    const described = `id = "acme"\ntitle = "A"\nflows = ["device", "browser"]\nissuer = "${issuer.url.origin}"\n`;
    expect((await it.call(["provider", "add", it.file("acme.toml", described), "--yes"])).code).toBe(0);
    const login = () => it.call(["login", "acme", "--client-id", "c", "--flow", "device", "--json"]);
    for (const [name, url, owner] of [
      ["device_authorization_endpoint", "https://github.com:443/login/device/code", "github"],
      ["authorization_endpoint", "https://gitlab.com/oauth/authorize", "gitlab"],
      ["token_endpoint", "https://sentry.io/oauth/token/", "sentry"],
    ] as const) {
      for (const key of Object.keys(foreign)) delete foreign[key];
      foreign[name] = url;
      const refused = errorOf(await login());
      expect(refused).toMatchObject({ code: "plugin_invalid", exitCode: 9 });
      expect(refused.message).toContain(`names the origin ${new URL(url).origin}, which belongs to ${owner}`);
    }
    expect(asked.filter((path) => !path.includes(".well-known"))).toEqual([]);
    for (const key of Object.keys(foreign)) delete foreign[key];
    expect(errorOf(await login()).code).toBe("access_denied");
    expect(asked).toContain("/device");
    await issuer.stop(true);
  });

  test("attack: a manifest put into the folder by hand can't claim it either", async () => {
    const it = home();
    it.drop("github.toml", `id = "github"\ntitle = "Mine"\nflows = ["token"]\n`);
    it.drop("acme.toml", TAKEN["a variable that another reads"]?.[0] ?? "");
    expect((await it.call(["provider", "show", "github"])).stdout).toStartWith("GitHub (github)\n  Origin: built-in");
    expect(errorOf(await it.call(["login", "acme", "--json"])).message).toContain("GH_TOKEN");
    // The others can be used all the same.
    const listed = await it.call(["list", "--json"], { env: { GH_TOKEN: "theirs" } });
    expect(JSON.parse(listed.stdout)).toMatchObject([{ provider: "github", source: "env:GH_TOKEN" }]);
  });
});

describe("a file that isn't right is refused, by name, with what to do", () => {
  const WRONG: Readonly<Record<string, [name: string, text: string | Uint8Array, says: string]>> = {
    "a syntax error": ["acme.toml", 'id = "acme"\ntitle = ', "line 2"],
    "a syntax error in JSON": ["acme.json", '{"id": "acme",}', "line 1, column"],
    "a move, which a plugin's logins never make": [
      "acme.toml",
      `id = "acme"\ntitle = "A"\nflows = ["token"]\nmovedFrom = ["https://github.com"]\n`,
      "movedFrom is only for what is part of auth",
    ],
    "a field that isn't one": ["acme.toml", `id = "acme"\ntitel = "A"\nflows = ["token"]\n`, "Did you mean 'title'?"],
    "a wrong type": ["acme.toml", `id = "acme"\ntitle = 5\nflows = ["token"]\n`, "title must be text"],
    "another ending": ["acme.yaml", "id: acme", ".toml, .json, .ts and .js"],
    "100 MB": ["acme.toml", new Uint8Array(100_000_000).fill(35), "is larger than 1 MiB"],
    "not UTF-8": ["acme.toml", new Uint8Array([0xff, 0xfe, 0x41]), "not a text file"],
    "NUL bytes": ["acme.toml", 'id = "a\0b"', "not a text file"],
    "an empty file": ["acme.toml", "", "is missing"],
  };
  for (const [what, [name, text, says]] of Object.entries(WRONG))
    test(what, async () => {
      const it = home();
      const refused = await it.call(["provider", "add", it.file(name, text), "--yes", "--json"]);
      const { code, exitCode, message, hint } = errorOf(refused);
      expect({ code, exitCode, says: `${message}\n${hint}` }).toEqual({
        code: "plugin_invalid",
        exitCode: 9,
        says: expect.stringContaining(says),
      });
      expect((await it.call(["provider", "list", "--json"])).stdout).not.toContain('"file"');
    });

  test("no such file", async () => {
    expect(errorOf(await home().call(["provider", "add", "./nothing.toml", "--json"])).message).toContain(
      "no such file",
    );
  });

  test("two of one id", async () => {
    const it = home();
    it.drop("acme.toml", manifest(it.issuer.server.url));
    it.drop("acme.json", "{}");
    expect(errorOf(await it.call(["login", "acme", "--json"])).message).toContain("Two plugins have the id acme");
    expect((await it.call(["provider", "remove", "acme"])).code).toBe(0);
    expect(it.installed()).toEqual([]);
  });

  test("a name that isn't its id", async () => {
    const it = home();
    it.drop("acme.toml", manifest(it.issuer.server.url, "", "other"));
    expect(errorOf(await it.call(["login", "acme", "--json"])).hint).toContain("other.toml");
  });

  test("attack: one that other users can write", async () => {
    const it = home();
    it.drop("acme.toml", manifest(it.issuer.server.url), 0o666);
    expect(errorOf(await it.call(["login", "acme", "--json"]))).toMatchObject({ code: "plugin_invalid", exitCode: 9 });
  });

  test.skipIf(lacking("root"))("attack: one that belongs to another user", async () => {
    const it = home();
    const path = it.drop("acme.toml", manifest(it.issuer.server.url));
    chownSync(path, 65_534, 65_534);
    expect(errorOf(await it.call(["login", "acme", "--json"]))).toMatchObject({
      code: "plugin_invalid",
      exitCode: 9,
      message: expect.stringContaining("belongs to another user"),
    });
    chownSync(path, 0, 0);
    expect((await it.call(["login", "acme"])).code).toBe(6);
  });

  test("attack: an id that is a path", async () => {
    const it = home();
    for (const id of ["../vault", "..", "/etc/passwd", "a/b", "A", "x".repeat(5000)]) {
      expect((await it.call(["provider", "show", id])).code).toBe(2);
      expect((await it.call(["provider", "remove", id])).code).toBe(2);
      expect((await it.call(["provider", "trust", id])).code).toBe(2);
    }
  });
});

test("an installed plugin is not written over without --replace", async () => {
  const it = home();
  await added(it);
  const before = readFileSync(`${it.folder}/acme.toml`, "utf8");
  const other = it.file("acme.toml", before.replace("ACME", "Another"));
  expect(errorOf(await it.call(["provider", "add", other, "--yes", "--json"])).hint).toContain("--replace");
  expect(readFileSync(`${it.folder}/acme.toml`, "utf8")).toBe(before);
  expect((await it.call(["provider", "add", other, "--yes", "--replace"])).code).toBe(0);
  expect((await it.call(["provider", "list"])).stderr).toBe("");
});

test("a home that can't be written keeps its plugins as they are", async () => {
  const it = home();
  await added(it);
  writeFileSync(`${it.env.AUTH_HOME}/blocked`, "");
  const env = { AUTH_HOME: `${it.env.AUTH_HOME}/blocked` };
  const refused = await it.call(
    ["provider", "add", it.file("b.toml", manifest(it.issuer.server.url, "", "b")), "--yes", "--json"],
    { env },
  );
  expect(errorOf(refused)).toMatchObject({ code: "vault_unwritable", exitCode: 8 });
});
