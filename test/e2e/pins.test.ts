/** Where a stored token may go is fixed at login: a profile edit can't send it elsewhere, and can't lose it either. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { errorOf } from "../support/logged-in.ts";
import { loginAtOidc } from "../support/oidc-login.ts";
import { type PluginHome, pluginHome } from "../support/plugin-home.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

type Call = (args: readonly string[], stdin?: string) => Promise<Ended>;

function homeOf(env = bareEnvironment()): Call {
  return (args, stdin = "") => auth(args, { env, stdin });
}

async function done(call: Promise<Ended>): Promise<Ended> {
  const ended = await call;
  expect({ code: ended.code, stderr: ended.stderr }).toEqual({ code: 0, stderr: ended.stderr });
  return ended;
}

/** The command that the edit's message names, as a shell would take it. */
function undoIn({ stderr }: Ended): string[] {
  const [, words = ""] = /Use them again: auth (.+)/.exec(stderr) ?? [];
  return words.split(" ");
}

describe("a login at an issuer's URL", () => {
  let issuer: OidcIssuer;
  let call: Call;
  let connection: string;

  async function loggedIn(...flags: string[]): Promise<void> {
    const env = bareEnvironment();
    call = homeOf(env);
    const { code, stderr } = await loginAtOidc([...flags, "--client-id", issuer.clientId, "--flow", "browser"], env);
    expect({ code, stderr }).toEqual({ code: 0, stderr });
    connection = JSON.parse((await call(["list", "--json"])).stdout)[0].connection;
  }

  beforeAll(async () => {
    issuer = await startOidc();
    stops.push(issuer.stop);
  });

  test("keeps its tokens through every edit that says nothing of where they go", async () => {
    await loggedIn(issuer.issuer);
    for (const edit of [
      ["--add-scope", "address"],
      ["--remove-scope", "address"],
      ["--set", "flow=browser"],
      ["--set", "flow=device"],
      ["--unset", "flow"],
      ["--unset", "clientId"],
      ["--set", `clientId=${issuer.clientId}`],
      ["--set", `issuer=${issuer.issuer}/`],
      ["--set", `issuer=${issuer.issuer}`],
    ]) {
      const { stderr } = await done(call(["profile", "edit", connection, ...edit]));
      expect({ edit, stderr }).not.toEqual({ edit, stderr: expect.stringContaining("are not used") });
      expect({ edit, code: (await call(["token", connection])).code }).toEqual({ edit, code: 0 });
    }
    expect((await call(["refresh", connection, "--force"])).code).toBe(0);
  }, 60_000);

  test("is set aside by another issuer, and used again after the command that the edit prints", async () => {
    await loggedIn("oidc", "--issuer", issuer.issuer);
    const edited = await done(call(["profile", "edit", connection, "--set", "issuer=https://evil.example"]));
    expect((await call(["token", connection, "--json"])).code).toBe(4);
    const undo = undoIn(edited);
    expect(undo).toEqual(["profile", "edit", connection, "--set", `issuer=${issuer.issuer}`]);
    const refused = errorOf(await call(["refresh", connection, "--force", "--json"]));
    expect(refused).toMatchObject({ code: "login_required", hint: expect.stringContaining(undo.join(" ")) });
    expect((await done(call(undo))).stderr).toContain("Its tokens are used again.");
    await done(call(["token", connection]));
    await done(call(["refresh", connection, "--force"]));
  }, 60_000);

  test("is shown with its issuer once, however it was given", async () => {
    for (const flags of [[issuer.issuer], ["oidc", "--issuer", issuer.issuer]]) {
      await loggedIn(...flags);
      await done(call(["profile", "edit", connection, "--add-scope", "address"]));
      const { stdout } = await done(call(["profile", "show", connection]));
      expect(stdout.match(/issuer: /g)).toHaveLength(1);
    }
  }, 60_000);

  test("whatever it was edited to, is revoked at its own issuer by a logout", async () => {
    await loggedIn(issuer.issuer);
    await done(call(["profile", "edit", connection, "--set", "issuer=https://evil.example"]));
    const { stdout } = await done(call(["logout", connection, "--json"]));
    expect(JSON.parse(stdout)).toMatchObject({ erased: true, revoked: true });
  }, 60_000);
});

describe("a pasted token is bound to its host as a login is", () => {
  const TOKEN = "pasted-4f1c9e0b7a";

  async function shownNowhere(call: Call, connection: string): Promise<void> {
    for (const args of [
      ["token", connection],
      ["token", connection, "-o", "header"],
      ["get", connection, "--field", "accessToken", "--show-secret"],
      ["run", connection, "--", "env"],
      ["run", "-c", `${connection}=MY_TOKEN`, "--", "env"],
      ["run", "--", "env"],
      ["export", connection],
      ["refresh", connection, "--force"],
      ["status", connection],
      ["list"],
    ]) {
      const { stdout, stderr } = await call(args);
      expect({ args, said: stdout + stderr }).not.toEqual({ args, said: expect.stringContaining(TOKEN) });
    }
    expect((await call(["token", connection])).code).toBe(4);
    expect((await call(["run", connection, "--", "true"])).code).toBe(125);
    const [entry] = JSON.parse((await call(["status", connection, "--json"])).stdout);
    expect(entry).toMatchObject({ status: "not_connected", reason: "settings_changed" });
  }

  for (const { login, edit, wayBack } of [
    { login: ["github:work"], edit: "host=evil.example", wayBack: "host=github.com" },
    { login: ["github:work"], edit: "host=evil.ghe.com", wayBack: "host=github.com" },
    { login: ["github:work"], edit: "endpoint.userinfo=https://evil.example/user", wayBack: "" },
    { login: ["sentry:work"], edit: "host=evil.example", wayBack: "host=sentry.io" },
    { login: ["gitlab:work"], edit: "host=evil.example", wayBack: "host=gitlab.com" },
    { login: ["grafana:work", "--host", "a.grafana.net"], edit: "host=evil.example", wayBack: "host=a.grafana.net" },
  ])
    test(`${login.join(" ")} after --set ${edit}`, async () => {
      const call = homeOf();
      await done(call(["login", ...login, "--token", "-", "--no-verify"], TOKEN));
      const before = await done(call(["export", "-c", `${login[0]}=MY_TOKEN`]));
      const edited = await done(call(["profile", "edit", login[0] as string, "--set", edit]));
      expect(edited.stderr).toContain("are not used");
      expect(edited.stderr).toContain(`auth login ${login[0]} --token -\n`);
      await shownNowhere(call, login[0] as string);
      const undo = undoIn(edited);
      expect(undo.slice(3)).toEqual(wayBack === "" ? ["--unset", "endpoint.userinfo"] : ["--set", wayBack]);
      await done(call(undo));
      expect((await done(call(["export", "-c", `${login[0]}=MY_TOKEN`]))).stdout).toBe(before.stdout);
    });

  test("a token isn't handed out for the host that the environment names, unless it is that host's", async () => {
    const env = bareEnvironment();
    const call = (args: readonly string[], more: Record<string, string> = {}): Promise<Ended> =>
      auth(args, { env: { ...env, ...more }, stdin: TOKEN });
    await done(call(["login", "github", "--token", "-", "--no-verify"]));
    for (const GH_HOST of ["evil.example", "evil.ghe.com"]) {
      for (const args of [
        ["token", "github"],
        ["token"],
        ["get", "github", "--field", "accessToken", "--show-secret"],
      ]) {
        const { stdout, stderr } = await call(args, { GH_HOST });
        expect({ args, stdout: stdout.trim() }).toEqual({ args, stdout: "" });
        expect(stderr).toContain(
          `is a login at https://github.com/login/oauth/access_token, not at https://${GH_HOST}`,
        );
      }
      expect(errorOf(await call(["token", "github", "--json"], { GH_HOST }))).toMatchObject({
        code: "origin_mismatch",
      });
      const host = await done(call(["run", "github", "--", "printenv", "GH_HOST"], { GH_HOST }));
      expect(host.stdout).toBe("github.com\n");
      // Named in full, or with the environment left out, it is the login that is meant.
      for (const [args, more] of [
        [["token", "github:default"], {}],
        [["token", "github", "--stored"], {}],
        [["token", "github"], { AUTH_IGNORE_ENV: "1" }],
      ] as const)
        expect((await done(call(args, { GH_HOST, ...more }))).stdout).toBe(`${TOKEN}\n`);
    }
    for (const GH_HOST of ["github.com", "GitHub.com", ""])
      expect((await done(call(["token", "github"], { GH_HOST }))).stdout).toBe(`${TOKEN}\n`);
  });

  test("a program finds a token's own host beside it, whatever the environment says", async () => {
    const env = bareEnvironment();
    const call = (args: readonly string[], more: Record<string, string> = {}): Promise<Ended> =>
      auth(args, { env: { ...env, ...more }, stdin: TOKEN });
    await done(call(["login", "github:work", "--token", "-", "--no-verify"]));
    const hostIn = async (...args: string[]): Promise<string> =>
      (
        await done(call(["run", ...args, "--", "sh", "-c", "echo $GH_HOST"], { GH_HOST: "evil.ghe.com" }))
      ).stdout.trim();
    expect(await hostIn("github:work")).toBe("github.com");
    expect(await hostIn("-c", "github:work=GH_TOKEN")).toBe("github.com");
    expect(await hostIn("-c", "github:work=MY_TOKEN")).toBe("evil.ghe.com");
    const exported = await done(call(["export", "github:work"], { GH_HOST: "evil.ghe.com" }));
    expect(exported.stdout).toContain("export GH_HOST='github.com'");
    expect(exported.stderr).toContain("github:work is for github.com: GH_HOST is set to that beside its token.");
    expect((await done(call(["export", "github:work"]))).stdout).not.toContain("GH_HOST");
  });

  test("an API key keeps working when the variable or the header it goes under is changed", async () => {
    const call = homeOf();
    await done(call(["login", "apikey:acme", "--token", "-", "--env", "ACME_KEY"], TOKEN));
    await done(call(["profile", "edit", "apikey:acme", "--set", "env=OTHER_KEY", "--set", "header=X-Key: {token}"]));
    expect((await done(call(["export", "apikey:acme"]))).stdout).toContain(`OTHER_KEY='${TOKEN}'`);
    expect((await done(call(["token", "apikey:acme", "-o", "header"]))).stdout).toBe(`X-Key: ${TOKEN}\n`);
  });
});

describe("what was stored at login counts", () => {
  const homes: PluginHome[] = [];
  afterAll(() => Promise.all(homes.map((home) => home.stop())));

  /** The issuer plays another server than the one that the plugin's description names. */
  function elsewhere(): { home: PluginHome; places: string[] } {
    const home = pluginHome();
    homes.push(home);
    const { device, token } = home.issuer.endpoints;
    return { home, places: ["--endpoint", `device=${device}`, "--endpoint", `token=${token}`] };
  }

  const DESCRIBED = `id = "acme"
title = "ACME"
flows = ["device"]
endpoints = { device = "https://acme.example/device", token = "https://acme.example/token" }
client = { kind = "public" }
`;

  test("a plugin's login at other endpoints refreshes there", async () => {
    const { home, places } = elsewhere();
    await done(home.call(["provider", "add", home.file("acme.toml", DESCRIBED), "--yes"]));
    await done(home.call(["login", "acme", "--client-id", home.issuer.publicClient.id, ...places]));
    await done(home.call(["refresh", "acme", "--force"]));
    const token = await done(home.call(["token", "acme"]));
    expect({ live: home.issuer.isLive(token.stdout.trim()), stderr: token.stderr }).toEqual({ live: true, stderr: "" });
  });

  test("a plugin's login whose description names other origins since is refreshed nowhere", async () => {
    const { home, places } = elsewhere();
    await done(home.call(["provider", "add", home.file("acme.toml", DESCRIBED), "--yes"]));
    await done(home.call(["login", "acme", "--client-id", home.issuer.publicClient.id, ...places]));
    home.drop("acme.toml", DESCRIBED.replaceAll("acme.example", "evil.example"));
    const refused = await home.call(["refresh", "acme", "--force", "--json"]);
    expect(errorOf(refused)).toMatchObject({ code: "plugin_untrusted", exitCode: 9 });
    // And it is said before the token has to be renewed.
    const says = "The description of acme names other origins than when acme:default was logged in.";
    expect((await done(home.call(["status", "acme"]))).stdout).toContain(`Can't be renewed: ${says}`);
    const doctor = await home.call(["doctor", "--offline"]);
    expect(doctor.stdout).toContain(`acme:default is connected, but can't be renewed: ${says}`);
    expect(doctor.stdout).toContain("auth login acme --force");
  });

  test("a plugin's login at an issuer of another origin refreshes there", async () => {
    const issuer = await startOidc();
    stops.push(issuer.stop);
    const home = pluginHome();
    homes.push(home);
    const text = `id = "acme"\ntitle = "ACME"\nflows = ["browser", "device"]\nissuer = "https://acme.example"\nclient = { kind = "public" }\nscopes = { default = ["openid", "offline_access"] }\nauthorize = { parameters = { prompt = "consent" } }\n`;
    await done(home.call(["provider", "add", home.file("acme.toml", text), "--yes"]));
    const login = ["acme", "--flow", "browser", "--issuer", issuer.issuer, "--client-id", issuer.clientId];
    const { code, stderr } = await loginAtOidc(login, home.env);
    expect({ code, stderr }).toEqual({ code: 0, stderr });
    await done(home.call(["refresh", "acme", "--force"]));
  }, 60_000);
});

test("attack: no flag, setting or registry takes an address that is spelled as another", async () => {
  const call = homeOf();
  for (const host of ["github.com.", "%67ithub.com", "github%2ecom", "github.com:", "me@github.com"])
    for (const args of [
      ["login", `https://${host}`],
      ["login", "oidc", "--issuer", `https://${host}`],
      ["login", "github", "--host", host],
      ["login", "github", "--endpoint", `token=https://${host}/x`],
      ["login", "github", "--redirect-uri", `https://${host}/x`],
      ["profile", "create", "oidc:x", "--issuer", `https://${host}`],
      ["client", "set", "oidc", "--client-id", "x", "--issuer", `https://${host}`],
      ["provider", "add", `https://${host}/x.toml`],
    ]) {
      const { code, stderr } = await call([...args, "--json"]);
      expect({ args, stderr }).toEqual({ args, stderr: expect.stringMatching(/ (has|is) (a|no|not) /) });
      expect({ args, code: code === 64 || code === 9 }).toEqual({ args, code: true });
    }
});

test("an issuer's URL in another spelling is the same login", async () => {
  const issuer = await startOidc();
  stops.push(issuer.stop);
  const env = bareEnvironment();
  const call = homeOf(env);
  const { port } = new URL(issuer.issuer);
  const spelled = `HTTP://127.0.0.1:0${port}/`;
  const { code, stderr } = await loginAtOidc([spelled, "--client-id", issuer.clientId, "--flow", "browser"], env);
  expect({ code, stderr }).toEqual({ code: 0, stderr });
  expect((await done(call(["login", issuer.issuer, "--json"]))).stdout).toContain("connected");
  await done(call(["profile", "edit", `oidc:127.0.0.1-${port}`, "--set", `issuer=${issuer.issuer}`]));
  await done(call(["token", `oidc:127.0.0.1-${port}`]));
}, 60_000);
