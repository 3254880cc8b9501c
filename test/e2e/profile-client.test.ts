/** `auth profile`, `auth client` and `auth provider`, CLI.md §5: settings and clients without a login. */
import { afterAll, describe, expect, test } from "bun:test";
import { startGithub } from "../issuers/github.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { browserHome, paste, succeeded } from "../support/home.ts";
import { errorOf, type LoggedIn } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const stops: (() => Promise<void>)[] = [];
afterAll(() => Promise.all(stops.map((stop) => stop())));

async function loggedInHome(): Promise<LoggedIn> {
  const made = await browserHome({ revokeNeedsSecret: false });
  stops.push(made.stop);
  return made;
}

function fresh(): { env: Record<string, string>; call: (args: readonly string[], stdin?: string) => Promise<Ended> } {
  const env = bareEnvironment();
  return { env, call: (args, stdin = "") => auth(args, { env, stdin }) };
}

const shown = async (
  call: (args: readonly string[]) => Promise<Ended>,
  name: string,
): Promise<Record<string, unknown>> => JSON.parse((await succeeded(call(["profile", "show", name, "--json"]))).stdout);

describe("profile edit", () => {
  test("keeps what others change at the same time", async () => {
    const { call } = fresh();
    await succeeded(call(["profile", "create", "github:w"]));
    const added = ["s1", "s2", "s3", "s4", "s5"];
    await Promise.all(added.map((scope) => succeeded(call(["profile", "edit", "github:w", "--add-scope", scope]))));
    const { scopes } = (await shown(call, "github:w")) as { scopes: string[] };
    expect(scopes.toSorted().slice(-added.length)).toEqual(added);
  });
});

describe("profile create", () => {
  test("stores settings without logging in", async () => {
    const { call } = fresh();
    const args = ["--host", "ghe.example.com", "--scope", "repo,gist", "--client-id", "mine", "--flow", "browser"];
    const created = await call(["profile", "create", "github:work", ...args]);
    expect([created.code, created.stdout]).toEqual([0, ""]);
    expect(await shown(call, "github:work")).toMatchObject({
      connection: "github:work",
      status: "not_connected",
      settings: { host: "ghe.example.com" },
      scopes: ["repo", "gist"],
      clientId: "mine",
      flow: "browser",
    });
    const text = await call(["profile", "show", "github", "-p", "work"]);
    expect(text.stdout).toContain("ghe.example.com");
  });

  test("a login then needs no flags, and takes them all", async () => {
    const issuer = startGithub({ mode: "oauth-app" });
    stops.push(() => issuer.server.stop());
    const { env, call } = fresh();
    const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
    const settings = ["--scope", "gist", "--client-id", issuer.clientId, "--flow", "browser"];
    await succeeded(call(["profile", "create", "github:work", ...places, ...settings]));
    const login = ["login", "github:work", "--json"];
    await loginByBrowser(login, {
      ...env,
      AUTH_GITHUB_CLIENT_ID: issuer.clientId,
      AUTH_GITHUB_CLIENT_SECRET: issuer.clientSecret,
    });
    expect(issuer.tokens[0]?.scopes).toEqual(["gist"]);
  });

  test("a connection that exists already: exit 64, nothing changed", async () => {
    const { call } = fresh();
    await succeeded(call(["profile", "create", "github", "--client-id", "a"]));
    expect((await call(["profile", "create", "github", "--client-id", "b"])).code).toBe(64);
    expect((await shown(call, "github")).clientId).toBe("a");
  });

  test("a wrong flag, flow, endpoint, host or name: exit 64, nothing stored", async () => {
    const { call } = fresh();
    for (const args of [
      ["github", "--hst", "x"],
      ["github", "--flow", "devise"],
      ["github", "--endpoint", "tokn=https://x.example"],
      ["github", "--endpoint", "token=http://x.example"],
      ["github", "--endpoint", "token"],
      ["github", "--host", "a b"],
      ["github:a b"],
      ["github:a", "-p", "b"],
      [],
    ])
      expect((await call(["profile", "create", ...args])).code).toBe(64);
    expect(JSON.parse((await call(["profile", "list", "--json"])).stdout)).toEqual([]);
  });
});

describe("profile edit", () => {
  test("--add-scope and --remove-scope start from what is held, or from the provider's default", async () => {
    const { call } = fresh();
    await succeeded(call(["profile", "create", "github"]));
    await succeeded(call(["profile", "edit", "github", "--add-scope", "user,repo", "--remove-scope", "gist"]));
    expect((await shown(call, "github")).scopes).toEqual(["repo", "read:org", "user"]);
  });

  test("--set and --unset take any setting", async () => {
    const { call } = fresh();
    await succeeded(call(["profile", "create", "github", "--client-id", "a", "--scope", "repo"]));
    await succeeded(
      call(["profile", "edit", "github", "--set", "host=ghe.example.com", "--set", "clientId=b", "--unset", "scopes"]),
    );
    expect(await shown(call, "github")).toMatchObject({
      settings: { host: "ghe.example.com" },
      clientId: "b",
      scopes: null,
    });
  });

  test("an unknown key, an invalid value, nothing to change: exit 64, nothing changed", async () => {
    const { call } = fresh();
    await succeeded(call(["profile", "create", "github"]));
    const before = await shown(call, "github");
    for (const args of [
      ["--set", "hst=x"],
      ["--set", "host"],
      ["--unset", "hst"],
      ["--set", "host=a b"],
      ["--set", "endpoint.token=http://x.example"],
      [],
    ])
      expect((await call(["profile", "edit", "github", ...args])).code).toBe(64);
    expect(await shown(call, "github")).toEqual(before);
  });

  test("changed scopes of a login say 'log in again', and its tokens stay", async () => {
    const at = await loggedInHome();
    const { code, stderr } = await at.call(["profile", "edit", "sentry", "--add-scope", "org:admin"]);
    expect(code).toBe(0);
    expect(stderr).toContain("log in again");
    expect((await at.call(["token", "sentry"])).code).toBe(0);
  });

  test("a changed place sets the tokens aside, unused, until the edit is undone", async () => {
    const at = await loggedInHome();
    const { stderr } = await at.call(["profile", "edit", "sentry", "--host", "sentry.example.com"]);
    expect(stderr).toContain("log in again");
    expect((await at.call(["token", "sentry"])).code).toBe(4);
    expect(JSON.parse((await at.call(["status", "sentry", "--json"])).stdout)).toMatchObject([
      { status: "not_connected" },
    ]);
    await succeeded(at.call(["profile", "edit", "sentry", "--set", "host=sentry.io"]));
    expect((await at.call(["token", "sentry"])).code).toBe(0);
  });

  test("a connection that doesn't exist: exit 2", async () => {
    const { call } = fresh();
    expect((await call(["profile", "edit", "github", "--set", "host=x"])).code).toBe(2);
    expect((await call(["profile", "show", "github"])).code).toBe(2);
    expect((await call(["profile", "delete", "github"])).code).toBe(2);
  });
});

describe("-p alone", () => {
  test("names what is stored already, in show, edit and delete", async () => {
    const env = bareEnvironment();
    await succeeded(auth(["profile", "create", "sentry:work", "--scope", "org:read"], { env }));
    await succeeded(auth(["profile", "edit", "-p", "work", "--add-scope", "team:read"], { env }));
    const { stdout } = await succeeded(auth(["profile", "show", "-p", "work", "--json"], { env }));
    expect(JSON.parse(stdout)).toMatchObject({ connection: "sentry:work", scopes: ["org:read", "team:read"] });
    await succeeded(auth(["profile", "delete", "-p", "work"], { env }));
    expect((await auth(["profile", "show", "-p", "work"], { env })).code).toBe(2);
  });

  test("nothing named at all: exit 64", async () => {
    for (const command of ["create", "show", "edit", "delete"]) {
      const { code, stdout, stderr } = await auth(["profile", command]);
      expect([code, stdout]).toEqual([64, ""]);
      expect(stderr).toStartWith("Error: ");
    }
  });
});

describe("profile delete", () => {
  test("a profile without a login goes at once", async () => {
    const { call } = fresh();
    await succeeded(call(["profile", "create", "github"]));
    expect((await call(["profile", "delete", "github"])).code).toBe(0);
    expect((await call(["profile", "show", "github"])).code).toBe(2);
  });

  test("one with tokens needs --force, and revokes them", async () => {
    const at = await loggedInHome();
    const refused = await at.call(["profile", "delete", "sentry"]);
    expect(refused.code).toBe(64);
    expect(refused.stderr).toContain("--force");
    expect((await at.call(["token", "sentry"])).code).toBe(0);
    expect((await at.call(["profile", "delete", "sentry", "--force"])).code).toBe(0);
    expect(at.issuer.rows[0]?.alive).toBeFalse();
    expect((await at.call(["profile", "show", "sentry"])).code).toBe(2);
  });
});

test("profile list shows every connection's settings, never a token", async () => {
  const at = await loggedInHome();
  await paste(at.env, "github:work", "pasted-token-value");
  for (const flags of [[], ["--json"], ["-v"]]) {
    const { code, stdout, stderr } = await at.call(["profile", "list", ...flags]);
    expect(code).toBe(0);
    expect(stdout).toContain("github:work");
    expect(stdout).toContain("sentry:default");
    expect(stdout + stderr).not.toContain("pasted-token-value");
    expect(stdout + stderr).not.toContain(at.issuer.rows[0]?.access ?? "-");
  }
});

describe("client", () => {
  const clients = async (call: (args: readonly string[]) => Promise<Ended>): Promise<Record<string, unknown>[]> =>
    JSON.parse((await succeeded(call(["client", "list", "--json"]))).stdout);

  test("set: the id by flag, the secret by stdin; list shows ids, never secrets", async () => {
    const { call } = fresh();
    const set = await call(["client", "set", "github", "--client-id", "mine", "--client-secret", "-"], "the-secret\n");
    expect([set.code, set.stdout]).toEqual([0, ""]);
    expect(set.stderr).not.toContain("the-secret");
    expect(await clients(call)).toMatchObject([
      { provider: "github", origin: "https://github.com", clientId: "mine", hasSecret: true, chosen: true },
    ]);
    for (const flags of [[], ["--json"], ["-v"]]) {
      const { stdout, stderr } = await call(["client", "list", ...flags]);
      expect(stdout).toContain("mine");
      expect(stdout + stderr).not.toContain("the-secret");
    }
  });

  test("one for each host", async () => {
    const { call } = fresh();
    await succeeded(call(["client", "set", "github", "--client-id", "a"]));
    await succeeded(call(["client", "set", "github", "--host", "ghe.example.com", "--client-id", "b"]));
    expect((await clients(call)).map(({ origin, clientId }) => [origin, clientId])).toEqual([
      ["https://ghe.example.com", "b"],
      ["https://github.com", "a"],
    ]);
    await succeeded(call(["client", "remove", "github", "--host", "ghe.example.com"]));
    expect(await clients(call)).toMatchObject([{ clientId: "a" }]);
  });

  test("a secret on the command line works, and is warned about", async () => {
    const { call } = fresh();
    const { code, stderr } = await call(["client", "set", "github", "--client-id", "a", "--client-secret", "visible"]);
    expect(code).toBe(0);
    expect(stderr).toStartWith("Warning: ");
    expect(stderr).not.toContain("visible");
  });

  test("no id, an empty secret: exit 64", async () => {
    const { call } = fresh();
    expect((await call(["client", "set", "github"])).code).toBe(64);
    expect((await call(["client", "set", "github", "--client-id", ""])).code).toBe(64);
    expect((await call(["client", "set", "github", "--client-id", "a", "--client-secret", "-"], "")).code).toBe(64);
    expect(await clients(call)).toEqual([]);
  });

  test("remove: a client that isn't kept is exit 2; one that a login refreshes with needs --force", async () => {
    const at = await loggedInHome();
    expect((await at.call(["client", "remove", "github"])).code).toBe(2);
    const id = at.issuer.publicClient.id;
    expect((await at.call(["client", "remove", "sentry", "--client-id", id])).code).toBe(64);
    expect((await at.call(["client", "remove", "sentry", "--client-id", id, "--force"])).code).toBe(0);
    expect(await clients(at.call)).toEqual([]);
  });

  test("a new secret is used at once by the connections that refer to the client", async () => {
    const issuer = startGithub();
    stops.push(() => issuer.server.stop());
    const { env, call } = fresh();
    const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
    const client = { AUTH_GITHUB_CLIENT_ID: issuer.clientId, AUTH_GITHUB_CLIENT_SECRET: issuer.clientSecret };
    await loginByBrowser(["login", "github", "--flow", "browser", ...places, "--json"], { ...env, ...client });
    const [kept] = await clients(call);
    expect(kept).toMatchObject({ clientId: issuer.clientId, hasSecret: true, origin: issuer.server.url });
    expect((await call(["refresh", "github", "--force"])).code).toBe(0);
    // A wrong one is used at once too: the provider refuses it. The right one mends it without a login.
    expect(
      (await auth(["refresh", "github", "--force"], { env: { ...env, ...client, AUTH_GITHUB_CLIENT_SECRET: "wrong" } }))
        .code,
    ).toBe(6);
    expect((await call(["status", "github"])).code).toBe(6);
    expect((await call(["token", "github"])).code).toBe(0);
    expect((await call(["refresh", "github", "--force"])).code).toBe(0);
  });
});

describe("provider", () => {
  test("list: every provider, with title, origin, flows and variables", async () => {
    const { code, stdout, stderr } = await auth(["provider", "list", "--json"]);
    expect([code, stderr]).toEqual([0, ""]);
    const all = JSON.parse(stdout) as Record<string, unknown>[];
    expect(all.map(({ id }) => id)).toEqual(
      expect.arrayContaining(["github", "google", "sentry", "entra", "oidc", "apikey"]),
    );
    const origins = ["built-in", "catalogue"];
    for (const { origin, title } of all)
      expect({ known: origins.includes(String(origin)), title }).toEqual({ known: true, title: expect.any(String) });
    expect((await auth(["provider", "list"])).stdout).toContain("GitHub");
  });

  test("show: id, title, origin, flows, settings, variables, trust", async () => {
    const { stdout } = await auth(["provider", "show", "sentry", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject({
      id: "sentry",
      title: "Sentry",
      origin: "built-in",
      flows: ["device", "browser", "token"],
      settings: [{ name: "host", flag: "--host", env: ["SENTRY_HOST", "SENTRY_URL"], default: "sentry.io" }],
      variables: { read: ["SENTRY_AUTH_TOKEN", "SENTRY_TOKEN"] },
      trust: "trusted",
    });
    const { stdout: words } = await auth(["provider", "show", "sentry"]);
    for (const text of ["Sentry", "device", "--host", "SENTRY_AUTH_TOKEN"]) expect(words).toContain(text);
  });

  test("show without a provider: exit 64; of none that exists: exit 2", async () => {
    expect((await auth(["provider", "show"])).code).toBe(64);
    const ended = await auth(["provider", "show", "sentri", "--json"]);
    expect([ended.code, errorOf(ended).code]).toEqual([2, "provider_not_found"]);
  });
});
