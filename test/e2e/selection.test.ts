/** CLI.md §1, "Which connection": what a name means, and what none means. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { type OidcIssuer, startOidc } from "../issuers/oidc-client.ts";
import { paste, succeeded } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

async function home(...connections: readonly string[]): Promise<Record<string, string>> {
  const env = bareEnvironment();
  for (const connection of connections) await paste(env, connection, tokenOf(connection));
  return env;
}

/** Each connection's token says which one it is. */
function tokenOf(connection: string): string {
  return `token-of-${connection.replace(":", "-")}`;
}

async function printed(env: Record<string, string>, ...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await auth(["token", ...args], { env });
  return code === 0 ? stdout.trim() : `exit ${code}: ${stderr}`;
}

describe("nothing is stored at all", () => {
  const env = bareEnvironment();
  const call = (...args: string[]): Promise<Ended> => auth(args, { env });

  for (const args of [["token"], ["get"], ["inspect"], ["refresh"], ["export"], ["logout"]])
    test(`${args} says so: exit 2`, async () => {
      const { code, stdout, stderr } = await call(...args);
      expect(code).toBe(2);
      expect(stdout).toBe("");
      expect(stderr).toStartWith("Error: You are not logged in anywhere.\n");
      expect(stderr).toContain("auth login");
    });

  test("run ends before the command starts: exit 125, its JSON says why", async () => {
    const ended = await call("run", "--json", "--", "echo", "ran");
    expect(ended.code).toBe(125);
    expect(ended.stdout).toBe("");
    expect(errorOf(ended)).toMatchObject({ code: "connection_not_found", exitCode: 125 });
  });

  test("list is an empty list: exit 0", async () => {
    expect(await call("list")).toMatchObject({ code: 0, stdout: "" });
    const { code, stdout, stderr } = await call("list", "--json");
    expect([code, JSON.parse(stdout), stderr]).toEqual([0, [], ""]);
  });

  test("status is 'Not authenticated.': exit 4", async () => {
    expect(await call("status")).toMatchObject({ code: 4, stdout: "Not authenticated.\n", stderr: "" });
    const { code, stdout } = await call("status", "--json");
    expect([code, JSON.parse(stdout)]).toEqual([4, []]);
  });

  test("status of a provider says how to log in there: exit 4", async () => {
    const { code, stdout } = await call("status", "sentry");
    expect([code, stdout]).toEqual([4, "Not authenticated. Run 'auth login sentry'\n"]);
  });

  for (const args of [["token"], ["refresh"], ["get"], ["inspect"], ["logout"], ["revoke"], ["use"], ["export"]])
    test(`${args} of a provider or a connection that isn't there names it: exit 2`, async () => {
      for (const name of ["sentry", "sentry:work"]) {
        const ended = await call(...args, name, "--json");
        expect(ended.code).toBe(2);
        expect(errorOf(ended)).toMatchObject({ code: "connection_not_found", exitCode: 2 });
        expect(ended.stderr).toContain(name === "sentry" ? "sentry:default" : "sentry:work");
      }
    });

  test("status of a connection that isn't there: exit 2", async () => {
    expect((await call("status", "sentry:work")).code).toBe(2);
    expect((await call("status", "-p", "work")).code).toBe(2);
  });

  test("asking made no vault", async () => {
    const files = await Array.fromAsync(new Bun.Glob("**/*").scan({ cwd: env.HOME ?? "", dot: true }));
    expect(files).toEqual([]);
  });
});

describe("a provider that doesn't exist", () => {
  for (const args of [
    ["token", "gihub"],
    ["token", "gihub:work"],
    ["login", "gihub"],
    ["status", "gihub"],
    ["logout", "gihub"],
    ["use", "gihub"],
    ["provider", "show", "gihub"],
    ["client", "set", "gihub", "--client-id", "x"],
    ["profile", "create", "gihub"],
  ])
    test(`${args.join(" ")}: exit 2, and what may have been meant`, async () => {
      const ended = await auth([...args, "--json"]);
      expect(ended.code).toBe(2);
      expect(errorOf(ended)).toMatchObject({ code: "provider_not_found" });
      expect(errorOf(ended).hint).toContain("Did you mean 'github'?");
    });

  test("run ends with 125, its JSON says why", async () => {
    const ended = await auth(["run", "gihub", "--json", "--", "true"]);
    expect(ended.code).toBe(125);
    expect(errorOf(ended)).toMatchObject({ code: "provider_not_found", exitCode: 125 });
  });
});

describe("two logins at one provider", () => {
  let env: Record<string, string>;
  beforeAll(async () => {
    env = await home("sentry", "sentry:work");
  });

  test("nothing given means the default of the only provider", async () => {
    expect(await printed(env)).toBe("token-of-sentry");
  });

  test("the provider means its default; provider:name and -p mean that one", async () => {
    expect(await printed(env, "sentry")).toBe("token-of-sentry");
    expect(await printed(env, "sentry:default")).toBe("token-of-sentry");
    expect(await printed(env, "sentry:work")).toBe("token-of-sentry-work");
    expect(await printed(env, "sentry", "-p", "work")).toBe("token-of-sentry-work");
    expect(await printed(env, "-p", "work")).toBe("token-of-sentry-work");
    expect(await printed(env, "--profile=work")).toBe("token-of-sentry-work");
  });

  test("names are compared without regard to case", async () => {
    expect(await printed(env, "Sentry:WORK")).toBe("token-of-sentry-work");
    expect(await printed(env, "-p", "Work")).toBe("token-of-sentry-work");
    expect(await printed(env, "sentry:work", "-p", "WORK")).toBe("token-of-sentry-work");
  });

  test("two names for one connection contradict each other: exit 64", async () => {
    expect((await auth(["token", "sentry:work", "-p", "default"], { env })).code).toBe(64);
  });

  test("an empty name, and one that can't be a name: exit 64", async () => {
    for (const args of [[""], ["-p", ""], ["sentry:"], ["sentry:a b"], ["sentry", "-p", "../x"], ["x".repeat(100_000)]])
      expect((await auth(["token", ...args], { env })).code).toBe(64);
  });

  test("a name that no connection has: exit 2", async () => {
    expect((await auth(["token", "-p", "home"], { env })).code).toBe(2);
  });

  test("logout doesn't guess: exit 64, listing them; nothing is erased", async () => {
    const ended = await auth(["logout", "--json"], { env });
    expect(ended.code).toBe(64);
    expect(errorOf(ended)).toMatchObject({ code: "ambiguous_connection", exitCode: 64 });
    expect(errorOf(ended).hint).toContain("sentry:default, sentry:work");
    expect(await printed(env, "sentry")).toBe("token-of-sentry");
  });

  test("neither does revoke", async () => {
    const ended = await auth(["revoke", "--json"], { env });
    expect(errorOf(ended)).toMatchObject({ code: "ambiguous_connection", exitCode: 64 });
    expect(errorOf(ended).hint).toContain("sentry:default, sentry:work");
    expect(await printed(env, "sentry")).toBe("token-of-sentry");
  });
});

describe("the only login at a provider, under another name than default", () => {
  let env: Record<string, string>;
  beforeAll(async () => {
    env = await home("sentry:work", "github:home", "github:work");
  });

  const FOUND: readonly (readonly string[])[] = [
    ["token", "sentry"],
    ["get", "sentry", "--field", "connection"],
    ["status", "sentry"],
    ["inspect", "sentry"],
    ["export", "sentry"],
    ["run", "sentry", "--", "true"],
    ["run", "--", "true"],
    ["profile", "show", "sentry"],
    ["profile", "edit", "sentry", "--add-scope", "x"],
    ["use", "sentry"],
    ["revoke", "sentry"],
    ["logout", "sentry"],
  ];
  for (const args of FOUND)
    test(`${args.join(" ")}: means that login`, async () => {
      const own = args[0] === "logout" || args[0] === "revoke" || args[0] === "use" ? await home("sentry:work") : env;
      const { code, stdout, stderr } = await auth(args, { env: own });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout + stderr).toMatch(/sentry:work|token-of-sentry-work/);
    });

  test("refresh means that login, too, and says why it can't be refreshed", async () => {
    expect((await auth(["refresh", "sentry"], { env })).stderr).toStartWith("Error: No refresh token available.");
  });

  const AMBIGUOUS: readonly (readonly string[])[] = [
    ["token", "github"],
    ["get", "github"],
    ["status", "github"],
    ["inspect", "github"],
    ["refresh", "github"],
    ["export", "github"],
    ["run", "github", "--", "true"],
    ["profile", "show", "github"],
    ["profile", "delete", "github"],
    ["use", "github"],
    ["logout", "github"],
    ["revoke", "github"],
  ];
  for (const args of AMBIGUOUS)
    test(`${args.join(" ")}: several, and none is chosen: exit 64, listing them`, async () => {
      const dashes = args.indexOf("--");
      const call = dashes < 0 ? [...args, "--json"] : [...args.slice(0, dashes), "--json", ...args.slice(dashes)];
      const ended = await auth(call, { env });
      expect(errorOf(ended)).toMatchObject({ code: "ambiguous_connection", exitCode: 64 });
      expect(errorOf(ended).hint).toContain("github:home, github:work");
    });
});

describe("AUTH_PROFILE", () => {
  let env: Record<string, string>;
  beforeAll(async () => {
    env = { ...(await home("sentry:work", "github:home", "github:work2", "apikey:key")), AUTH_PROFILE: "home" };
  });

  for (const args of [
    ["token"],
    ["get", "-f", "connection"],
    ["inspect"],
    ["status"],
    ["profile", "show"],
    ["use"],
  ] as const)
    test(`${args.join(" ")}: is -p where no connection is named`, async () => {
      const { code, stdout, stderr } = await auth(args, { env });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout + stderr).toMatch(/github:home|token-of-github-home/);
      expect(stdout + stderr).not.toContain("work");
    });

  test("refresh and logout take it, too", async () => {
    const own = { ...(await home("sentry:work", "github:home")), AUTH_PROFILE: "home" };
    expect((await auth(["refresh"], { env: own })).code).toBe(3);
    expect(JSON.parse((await auth(["logout", "--json"], { env: own })).stdout)).toMatchObject({
      connection: "github:home",
    });
  });

  for (const args of [
    ["token", "github"],
    ["get", "github", "-f", "connection"],
    ["status", "github"],
    ["use", "github"],
  ])
    test(`${args.join(" ")}: is -p where a provider alone is named`, async () => {
      const several = { ...(await home("github", "github:home", "github:work2")), AUTH_PROFILE: "home" };
      const { code, stdout, stderr } = await auth(args, { env: several });
      expect({ code, stderr }).toMatchObject({ code: 0 });
      expect(stdout + stderr).toMatch(/github:home|token-of-github-home/);
    });

  test("a login and a profile are made under it", async () => {
    const own = { ...(await home("github")), AUTH_PROFILE: "home" };
    expect((await auth(["login", "github", "--token", "-", "--no-verify"], { env: own, stdin: "new" })).code).toBe(0);
    expect((await auth(["profile", "create", "sentry"], { env: own })).code).toBe(0);
    const listed = JSON.parse((await auth(["list", "--json"], { env: own })).stdout) as { connection: string }[];
    expect(listed.map(({ connection }) => connection).sort()).toEqual(["github:default", "github:home", "sentry:home"]);
  });

  test("run: is the name of each provider named, and a connection keeps its own", async () => {
    const own = { ...(await home("github", "github:home", "sentry:work")), AUTH_PROFILE: "home" };
    const { stdout } = await auth(
      ["run", "-q", "github", "sentry:work", "--", "sh", "-c", 'echo "$GH_TOKEN|$SENTRY_TOKEN"'],
      { env: own },
    );
    expect(stdout).toBe("token-of-github-home|\n");
    const lacking = await auth(["run", "github", "sentry", "--", "true"], { env: own });
    expect(lacking.code).toBe(125);
    expect(lacking.stderr).toContain("There is no connection sentry:home. AUTH_PROFILE is set to it.\n");
  });

  test("an invalid name is an error that names the variable: exit 64", async () => {
    const { code, stderr } = await auth(["token", "github"], { env: { ...env, AUTH_PROFILE: "my work" } });
    expect([code, stderr.split("\n", 1)[0]]).toEqual([64, "Error: AUTH_PROFILE: 'my work' is not a connection name."]);
  });

  test("a connection that is named in full, -p and --all take precedence; empty is unset", async () => {
    expect(await printed(env, "sentry:work")).toBe("token-of-sentry-work");
    expect(await printed(env, "-p", "work2")).toBe("token-of-github-work2");
    expect((await auth(["refresh", "--all"], { env })).code).toBe(0);
    const one = await home("sentry:work");
    expect(await printed({ ...one, AUTH_PROFILE: "" })).toBe("token-of-sentry-work");
  });

  test("a name that isn't there: exit 2, naming the variable", async () => {
    const { code, stderr } = await auth(["token"], { env: { ...env, AUTH_PROFILE: "nope" } });
    expect(code).toBe(2);
    expect(stderr).toStartWith("Error: There is no connection named nope. AUTH_PROFILE is set to it.\n");
    const named = await auth(["token", "github"], { env: { ...env, AUTH_PROFILE: "nope" } });
    expect(named.code).toBe(2);
    expect(named.stderr).toStartWith("Error: There is no connection github:nope. AUTH_PROFILE is set to it.\n");
  });
});

test("a profile without a login and a connection that isn't stored have exit codes of their own", async () => {
  const env = bareEnvironment();
  const codes: { code: string; meaning: string }[] = JSON.parse(
    (await auth(["help", "error-codes", "--json"], { env })).stdout,
  );
  const meaningOf = (code: unknown): string => codes.find((one) => one.code === code)?.meaning ?? "";
  const absent = errorOf(await auth(["token", "github:work", "--json"], { env }));
  expect(meaningOf(absent.code)).toStartWith("There is no such connection.");
  expect((await auth(["profile", "create", "github:work"], { env })).code).toBe(0);
  const stored = errorOf(await auth(["token", "github:work", "--json"], { env }));
  expect(meaningOf(stored.code)).toStartWith("The connection is stored, but not logged in");
});

describe("an issuer's URL", () => {
  let issuer: OidcIssuer;
  let url: string;
  let name: string;
  beforeAll(async () => {
    issuer = await startOidc();
    url = issuer.issuer;
    name = `oidc:127.0.0.1-${new URL(url).port}`;
  });
  afterAll(() => issuer.stop());

  const login = (env: Record<string, string>, ...args: string[]): Promise<Ended> => {
    const { id, secret } = issuer.confidential;
    const flags = ["--flow", "client-credentials", "--client-id", id, "--client-secret", "-"];
    return auth(["login", url, ...args, ...flags], { env, stdin: secret });
  };

  test("means the login that was made from it, in every command that takes a connection", async () => {
    const env = bareEnvironment();
    expect(await login(env)).toMatchObject({ code: 0 });
    const token = await printed(env, name);
    for (const spelling of [url, `${url}/`, url.replace("http", "HTTP")])
      expect(await printed(env, spelling)).toBe(token);
    expect(JSON.parse((await auth(["status", url, "--json"], { env })).stdout)).toMatchObject([{ connection: name }]);
    expect((await auth(["get", url, "--field", "connection"], { env })).stdout).toBe(`${name}\n`);
    expect((await auth(["inspect", url, "--json"], { env })).stdout).toContain(name);
    expect((await auth(["use", url], { env })).stderr).toContain(name);
    expect((await auth(["profile", "show", url, "--json"], { env })).stdout).toContain(name);
    expect((await auth(["refresh", url, "--json"], { env })).stderr).toContain('"code":"no_refresh_token"');
    for (const args of [
      ["run", url, "--", "printenv", "OIDC_TOKEN"],
      ["run", "-c", `${url}=MY_TOKEN`, "--", "printenv", "MY_TOKEN"],
    ])
      expect(await auth(args, { env })).toMatchObject({ code: 0, stdout: `${token}\n` });
    for (const args of [
      ["export", url],
      ["export", "-c", `${url}=MY_TOKEN`],
    ])
      expect((await auth(args, { env })).stdout).toContain(token);
    expect((await auth(["revoke", url], { env })).code).toBe(0);
    expect((await auth(["logout", url], { env })).code).toBe(0);
    const log = (await auth(["log", "--connection", url, "--json"], { env })).stdout.trimEnd().split("\n");
    expect(log.map((line) => JSON.parse(line).connection)).toEqual(log.map(() => name));
    expect(log.length).toBeGreaterThan(3);
    expect((await auth(["list"], { env })).stdout).toBe("");
  });

  test("several logins from it: the one that was chosen, without a name of its own or named by -p; else 64", async () => {
    const env = bareEnvironment();
    for (const name of ["a", "b"]) expect((await login(env, "-p", name)).code).toBe(0);
    const ended = await auth(["token", url, "--json"], { env });
    expect([ended.code, errorOf(ended).hint]).toEqual([
      64,
      "Name one of: oidc:a, oidc:b\nOr choose a default: auth use oidc:a",
    ]);
    const tokenOfB = await printed(env, "oidc:b");
    expect(await printed(env, url, "-p", "b")).toBe(tokenOfB);
    expect(await printed({ ...env, AUTH_PROFILE: "b" }, url)).toBe(tokenOfB);
    const gone = await auth(["token", url], { env: { ...env, AUTH_PROFILE: "c" } });
    expect(gone.stderr).toStartWith(`Error: There is no connection named c at ${url}. AUTH_PROFILE is set to it.\n`);
    expect((await login(env)).code).toBe(0);
    expect(await printed(env, url)).toBe(await printed(env, name));
    expect((await auth(["use", "oidc:b"], { env })).code).toBe(0);
    expect(await printed(env, url)).toBe(tokenOfB);
    expect(await printed({ ...env, AUTH_PROFILE: "a" }, url)).toBe(await printed(env, "oidc:a"));
    const ran = await auth(["run", url, "--", "printenv", "OIDC_TOKEN"], { env });
    expect(ran.stdout.trim()).toBe(tokenOfB);
    const again = await login(env, "--json");
    expect(JSON.parse(again.stdout.trim().split("\n").at(-1) ?? "")).toMatchObject({ connection: "oidc:b" });
  });

  test("not logged in there: exit 2, with the login that can be run as printed", async () => {
    const env = await home("sentry");
    for (const args of [
      ["token"],
      ["status"],
      ["get"],
      ["use"],
      ["export"],
      ["refresh"],
      ["logout"],
      ["revoke"],
      ["inspect"],
      ["profile", "show"],
    ]) {
      const ended = await auth([...args, url, "--json"], { env });
      expect({ args, code: ended.code }).toEqual({ args, code: 2 });
      expect(errorOf(ended)).toMatchObject({
        code: "connection_not_found",
        message: `There is no connection at ${url}.`,
      });
      expect(errorOf(ended).hint).toStartWith(`Log in: auth login ${url}\n`);
    }
    const http = await auth(["token", "http://issuer.example"], { env });
    expect([http.code, http.stderr]).toEqual([64, expect.stringContaining("https")]);
  });

  test("a profile can be made from it", async () => {
    const env = bareEnvironment();
    expect((await auth(["profile", "create", url, "--client-id", "c"], { env })).code).toBe(0);
    const shown = JSON.parse((await auth(["profile", "show", url, "--json"], { env })).stdout);
    expect(shown).toMatchObject({ connection: name, settings: { issuer: url } });
  });
});

describe("a connection that isn't there", () => {
  test("the error names what is stored under that name, or a similar one", async () => {
    const env = await home("apikey:openai", "apikey:mycorp", "github:work");
    for (const [wanted, meant] of [
      ["openai", "apikey:openai"],
      ["mycorp", "apikey:mycorp"],
      ["github:wrok", "github:work"],
    ] as const)
      for (const args of [
        ["token"],
        ["get"],
        ["status"],
        ["use"],
        ["export"],
        ["refresh"],
        ["logout"],
        ["inspect"],
        ["profile", "show"],
      ]) {
        const ended = await auth([...args, wanted, "--json"], { env });
        if (args[0] === "status" && wanted === "openai") continue;
        expect({ args, wanted, code: ended.code }).toEqual({ args, wanted, code: 2 });
        expect(errorOf(ended).hint).toStartWith(`Did you mean ${meant}?\n`);
      }
    expect((await auth(["status", "openai"], { env })).stdout).toContain("Did you mean apikey:openai?");
    expect(errorOf(await auth(["token", "sentry", "--json"], { env })).hint).toStartWith("Log in: auth login sentry\n");
  });
});

describe("keys of any service", () => {
  test("have no default among them: none is offered, marked or made", async () => {
    const env = await home("apikey:anthropic", "apikey:openai");
    const several = await auth(["token", "apikey", "--json"], { env });
    expect(several.code).toBe(64);
    expect(errorOf(several).hint).toBe("Name one of: apikey:anthropic, apikey:openai");
    const used = await auth(["use", "apikey:openai", "--json"], { env });
    expect(JSON.parse(used.stdout)).toEqual({ connection: "apikey:openai", default: true, providerDefault: false });
    expect(await printed(env)).toBe("token-of-apikey-openai");
    expect((await auth(["token", "apikey"], { env })).code).toBe(64);
    const listed = JSON.parse((await auth(["list", "--json"], { env })).stdout) as { providerDefault: boolean }[];
    expect(listed.map(({ providerDefault }) => providerDefault)).toEqual([false, false]);
    expect((await auth(["list"], { env: await home("apikey:one", "github") })).stdout).not.toContain("apikey:one *");
  });
});

describe("run without '--'", () => {
  for (const [given, meant] of [
    [["oidc:work", "make"], "auth run oidc:work -- make"],
    [["github", "make", "-j4"], "auth run github -- make -j4"],
    [["npm", "publish"], "auth run -- npm publish"],
    [["-q", "github"], "auth run -q github -- <command>"],
  ] as const)
    test(`${given.join(" ")}: the hint is the whole command line`, async () => {
      const { code, stderr } = await auth(["run", ...given], { env: bareEnvironment() });
      expect([code, stderr]).toEqual([64, `Error: '--' is missing before <command>.\nWrite: ${meant}\n`]);
    });

  for (const [given, meant] of [
    [["github", "https://api.example/user"], "auth curl github -- https://api.example/user"],
    [["github:work", "-sS", "https://api.example/user"], "auth curl github:work -- -sS https://api.example/user"],
    [["github", "https://api.example/user", "-i"], "auth curl github -- https://api.example/user -i"],
    [["github"], "auth curl github -- <arguments>"],
  ] as const)
    test(`curl ${given.join(" ")}: likewise`, async () => {
      const { code, stderr } = await auth(["curl", ...given], { env: bareEnvironment() });
      expect([code, stderr]).toEqual([64, `Error: '--' is missing before <arguments>.\nWrite: ${meant}\n`]);
    });

  for (const [given, meant] of [
    ["github:work", "github:work=WORK_TOKEN"],
    ["github", "github=GITHUB_TOKEN"],
    ["https://issuer.example/", "https://issuer.example/=ISSUER_TOKEN"],
  ] as const)
    test(`-c ${given}, without a variable: the hint names one for it`, async () => {
      const { code, stderr } = await auth(["run", "-c", given, "--", "true"], { env: bareEnvironment() });
      expect([code, stderr.split("\n")[1]]).toEqual([64, `For example: -c ${meant}`]);
    });
});

describe("run and export with -p or AUTH_PROFILE", () => {
  test("hand over the one connection of that name, or that one of each provider named", async () => {
    const env = await home("github", "github:work", "sentry");
    const gh = async (...args: string[]): Promise<string> =>
      (await auth(["run", "-q", ...args, "--", "sh", "-c", 'echo "$GH_TOKEN|$SENTRY_AUTH_TOKEN|$MY_TOKEN"'], { env }))
        .stdout;
    expect(await gh("-p", "work")).toBe("token-of-github-work||\n");
    expect(await gh("--profile", "work")).toBe("token-of-github-work||\n");
    expect(await gh("github", "-p", "work")).toBe("token-of-github-work||\n");
    expect(await gh("-c", "github=MY_TOKEN", "-p", "work")).toBe("||token-of-github-work\n");
    const set = { env: { ...env, AUTH_PROFILE: "work" } };
    for (const args of [
      ["export", "-p", "work"],
      ["export", "--json", "-p", "work"],
    ])
      expect((await auth(args, { env })).stdout).toContain("token-of-github-work");
    const exported = JSON.parse((await auth(["export", "--json"], set)).stdout);
    expect(exported).toMatchObject({ GH_TOKEN: "token-of-github-work" });
    expect(exported.SENTRY_AUTH_TOKEN).toBeUndefined();
    expect((await auth(["run", "sentry:default", "--", "printenv", "SENTRY_AUTH_TOKEN"], set)).stdout).toBe(
      "token-of-sentry\n",
    );
    expect((await auth(["export", "-p", "gone"], { env })).code).toBe(2);
    expect((await auth(["run", "-p", "gone", "--", "true"], { env })).code).toBe(125);
  });
});

describe("run and export without names", () => {
  test("several logins of which none is the default are left out, by name", async () => {
    const env = await home("github:home", "github:work", "sentry:x");
    const { code, stdout, stderr } = await auth(["run", "--", "sh", "-c", 'echo "$SENTRY_AUTH_TOKEN|$GH_TOKEN"'], {
      env,
    });
    expect([code, stdout]).toEqual([0, "token-of-sentry-x|\n"]);
    expect(stderr).toContain(
      "Warning: github is left out: it has github:home, github:work, and no default. Choose one: auth use github:home\n",
    );
    expect((await auth(["export", "--json"], { env })).stdout).not.toContain("GH_TOKEN");
  });

  test("with nothing to inject the command isn't run: exit 125, unless --allow-none", async () => {
    const env = await home("github:home", "github:work");
    const refused = await auth(["run", "--json", "--", "echo", "ran"], { env });
    expect([refused.code, refused.stdout]).toEqual([125, ""]);
    const line = refused.stderr.split("\n").find((one) => one.startsWith("{")) ?? "{}";
    expect(JSON.parse(line).error).toMatchObject({ code: "nothing_to_inject", exitCode: 125 });
    for (const none of [env, bareEnvironment()]) {
      const run = await auth(["run", "--allow-none", "--", "echo", "ran"], { env: none });
      expect([run.code, run.stdout]).toEqual([0, "ran\n"]);
    }
    const named = await auth(["run", "github:gone", "--allow-none", "--", "echo", "ran"], { env });
    expect([named.code, named.stdout]).toEqual([125, ""]);
  });

  test("keys of any service have no default among them: all are handed over", async () => {
    const env = await home();
    for (const name of ["default", "openai", "stripe"])
      await auth(["login", `apikey:${name}`, "--token", "-", "--env", `${name.toUpperCase()}_KEY`], {
        env,
        stdin: name,
      });
    const { stdout } = await auth(["run", "--", "sh", "-c", 'echo "$DEFAULT_KEY $OPENAI_KEY $STRIPE_KEY"'], { env });
    expect(stdout).toBe("default openai stripe\n");
    expect(JSON.parse((await auth(["export", "--json"], { env })).stdout)).toMatchObject({ OPENAI_KEY: "openai" });
  });

  test("two for one variable are both left out, with the way to name them", async () => {
    const env = await home("apikey:a", "apikey:b", "sentry");
    const { code, stdout, stderr } = await auth(["run", "--", "sh", "-c", 'echo "$APIKEY_TOKEN|$SENTRY_AUTH_TOKEN"'], {
      env,
    });
    expect([code, stdout]).toEqual([0, "|token-of-sentry\n"]);
    expect(stderr).toContain("apikey:a and apikey:b are left out: each goes into APIKEY_TOKEN.");
  });
});

describe("logins at several providers", () => {
  test("nothing given is ambiguous: exit 64, listing all of them", async () => {
    const env = await home("sentry", "github:work");
    for (const command of ["token", "get", "inspect", "refresh"]) {
      const ended = await auth([command, "--json"], { env });
      expect(ended.code).toBe(64);
      expect(errorOf(ended)).toMatchObject({ code: "ambiguous_connection", exitCode: 64 });
      for (const name of ["sentry:default", "github:work"]) expect(errorOf(ended).hint).toContain(name);
    }
  });

  test("a name that two of them have is ambiguous: exit 64, listing those", async () => {
    const env = await home("sentry:work", "github:work", "github");
    const ended = await auth(["token", "-p", "work", "--json"], { env });
    expect(ended.code).toBe(64);
    expect(errorOf(ended).code).toBe("ambiguous_connection");
    expect(errorOf(ended).hint).toContain("github:work, sentry:work");
    expect(errorOf(ended).hint).not.toContain("github:default");
    expect(await printed(env, "github", "-p", "work")).toBe("token-of-github-work");
  });

  test("status and list without an argument mean all", async () => {
    const env = await home("sentry", "github:work");
    const names = async (command: string): Promise<unknown> =>
      JSON.parse((await auth([command, "--json"], { env })).stdout).map(
        (entry: { connection: string }) => entry.connection,
      );
    expect(await names("list")).toEqual(["github:work", "sentry:default"]);
    expect(await names("status")).toEqual(["github:work", "sentry:default"]);
  });

  test("a provider in the environment is one of several", async () => {
    const env = await home("sentry");
    const ended = await auth(["token", "--json"], { env: { ...env, GH_TOKEN: "from-env" } });
    expect(ended.code).toBe(64);
    expect(errorOf(ended).hint).toContain("github");
  });
});

describe("auth use", () => {
  test("chooses the provider's default; the last one used so is the overall default", async () => {
    const env = await home("sentry", "sentry:work", "github");
    const used = await auth(["use", "sentry:work"], { env });
    expect(used).toMatchObject({ code: 0, stdout: "" });
    expect(used.stderr).toContain("sentry:work");
    expect(await printed(env)).toBe("token-of-sentry-work");
    expect(await printed(env, "sentry")).toBe("token-of-sentry-work");
    expect(await printed(env, "sentry:default")).toBe("token-of-sentry");

    expect((await auth(["use", "github"], { env })).code).toBe(0);
    expect(await printed(env)).toBe("token-of-github");
    expect(await printed(env, "sentry")).toBe("token-of-sentry-work");

    expect((await auth(["use", "-p", "work"], { env })).code).toBe(0);
    expect(await printed(env)).toBe("token-of-sentry-work");
  });

  test("list and status mark the overall default and a provider's default apart", async () => {
    const env = await home("sentry", "sentry:work", "github", "google:a", "google:b");
    const marks = async (command: string): Promise<unknown[]> =>
      (JSON.parse((await auth([command, "--json"], { env })).stdout) as Record<string, unknown>[]).map((entry) => [
        entry.connection,
        entry.default,
        entry.providerDefault,
      ]);
    expect((await marks("list")).map((row) => (row as unknown[])[1])).not.toContain(true);
    await auth(["use", "sentry:work"], { env });
    for (const command of ["list", "status"])
      expect(await marks(command)).toEqual([
        ["github:default", false, true],
        ["google:a", false, false],
        ["google:b", false, false],
        ["sentry:default", false, false],
        ["sentry:work", true, true],
      ]);
    expect((await auth(["list"], { env })).stdout).toMatch(
      /^github:default \* .*\ngoogle:a {3}.*\n.*\n.*\nsentry:work ★ /m,
    );
    const { stdout } = await auth(["status"], { env });
    expect(stdout).toContain("sentry:work ★ (default)\n");
    expect(stdout).toContain("github:default * (default of github)\n");
    expect(stdout).toContain("sentry:default\n");
    expect((await auth(["get", "sentry:work", "-f", "default"], { env })).stdout).toBe("true\n");
    expect((await auth(["get", "github", "-f", "default"], { env })).stdout).toBe("false\n");
    expect((await auth(["get", "github", "-f", "providerDefault"], { env })).stdout).toBe("true\n");
  });

  test("of a provider alone: its default becomes the overall one", async () => {
    const env = await home("sentry", "sentry:work", "github");
    await auth(["use", "sentry:work"], { env });
    await auth(["use", "github"], { env });
    expect((await auth(["use", "sentry"], { env })).stderr).toContain("sentry:work is now the default");
    expect(await printed(env)).toBe("token-of-sentry-work");
  });

  test("a connection that isn't there can't be chosen: exit 2; nothing given: exit 64", async () => {
    const env = await home("sentry");
    expect((await auth(["use", "sentry:work"], { env })).code).toBe(2);
    expect((await auth(["use"], { env })).code).toBe(64);
  });

  test("a default that is logged out of is the default no more", async () => {
    const env = await home("sentry", "sentry:work", "github");
    await auth(["use", "sentry:work"], { env });
    await auth(["logout", "sentry:work"], { env });
    expect((await auth(["token"], { env })).code).toBe(64);
    expect(await printed(env, "sentry")).toBe("token-of-sentry");
  });

  test("logout doesn't take the overall default for a guess", async () => {
    const env = await home("sentry", "github");
    await auth(["use", "github"], { env });
    expect((await auth(["logout"], { env })).code).toBe(64);
  });
});

test("one login alone is what logout means", async () => {
  const env = await home("sentry:work");
  const { code, stdout } = await auth(["logout", "--json"], { env });
  expect([code, JSON.parse(stdout)]).toEqual([0, { connection: "sentry:work", erased: true, revoked: "unsupported" }]);
});

describe("auth login", () => {
  test("-p alone means the connection that has the name already", async () => {
    const env = await home("sentry");
    await auth(["profile", "create", "apikey:prod"], { env });
    const { code, stderr } = await auth(["login", "-p", "prod", "--token", "-"], { env, stdin: "k" });
    expect({ code, stderr }).toMatchObject({ code: 0 });
    expect(await printed(env, "apikey:prod")).toBe("k");
    const named = { ...env, AUTH_PROFILE: "prod" };
    expect((await auth(["login", "--token", "-"], { env: named, stdin: "k2" })).code).toBe(0);
    expect(await printed(env, "apikey:prod")).toBe("k2");
  });

  test("-p alone, where several have the name: exit 64, listing them", async () => {
    const env = await home("sentry:prod", "github:prod");
    const ended = await auth(["login", "-p", "prod", "--json"], { env });
    expect(errorOf(ended)).toMatchObject({ code: "ambiguous_connection", exitCode: 64 });
    expect(errorOf(ended).hint).toContain("github:prod, sentry:prod");
  });

  test("a provider alone means the default that was chosen, else one that is called default", async () => {
    const env = await home("sentry:work");
    await paste(env, "sentry", "second");
    expect(await printed(env, "sentry:work")).toBe("token-of-sentry-work");
    expect(await printed(env, "sentry:default")).toBe("second");
    await auth(["use", "sentry:work"], { env });
    await paste(env, "sentry", "third");
    expect(await printed(env, "sentry:work")).toBe("third");
    expect(await printed(env, "sentry:default")).toBe("second");
  });

  for (const [host, hint] of [
    ["github.com", "Did you mean: auth login github\n"],
    ["sentry.io", "Did you mean: auth login sentry\n"],
    ["gitlab.com", "Did you mean: auth login gitlab\n"],
    ["issuer.example", "auth login https://issuer.example\n"],
    ["issuer.example:8443/realms/x", "auth login https://issuer.example:8443/realms/x\n"],
    ["localhost:8080/x", "auth login http://localhost:8080/x\n"],
  ] as const)
    test(`of the host ${host}: exit 64, with what was meant`, async () => {
      const { code, stderr } = await auth(["login", host]);
      expect(code).toBe(64);
      expect(stderr).toStartWith(`Error: '${host}' is a host, not a provider.\n`);
      expect(stderr).toContain(hint);
    });
});

test("login alone is a menu on a terminal, else exit 64 naming the providers", async () => {
  const ended = await auth(["login", "--json"]);
  expect(ended.code).toBe(64);
  for (const provider of ["github", "google", "sentry", "entra", "oidc", "apikey"])
    expect(errorOf(ended).hint).toContain(provider);
});

describe("a printed command means the connection that it is about", () => {
  const logins = ({ stderr, stdout }: Ended): string[] =>
    [...`${stderr}\n${stdout}`.matchAll(/auth (?:login|refresh|token) ([\w:-]+)/g)].map(([, name]) => name ?? "");

  test("named in full, or beside another that `auth use` or AUTH_PROFILE means, it is named in full", async () => {
    const env = bareEnvironment();
    const call = (args: readonly string[], more: Record<string, string> = {}) =>
      auth(args, { env: { ...env, ...more } });
    await succeeded(call(["profile", "create", "sentry:default"]));
    expect(logins(await call(["token", "sentry"]))).toEqual(["sentry"]);
    expect(logins(await call(["token", "sentry:default"]))).toEqual(["sentry:default"]);
    expect(logins(await call(["token", "sentry", "-p", "default"]))).toEqual(["sentry:default"]);
    expect(logins(await call(["status"], { AUTH_PROFILE: "default" }))).toEqual(["sentry:default"]);
    await paste(env, "sentry:work", "a-token-of-work");
    await succeeded(call(["use", "sentry:work"]));
    expect(logins(await call(["status"]))).toContain("sentry:default");
    expect(logins(await call(["doctor", "--offline"]))).toEqual(["sentry:default"]);
  });
});
