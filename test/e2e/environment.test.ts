/** CLI.md §1, "Environment tokens": which variable counts, for which host, and when the vault is meant after all. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { startGithub } from "../issuers/github.ts";
import { loginByBrowser } from "../support/browser-login.ts";
import { browserHome, paste, succeeded } from "../support/home.ts";
import { errorOf, type LoggedIn } from "../support/logged-in.ts";
import { AUTH, auth, bareEnvironment, type Ended } from "../support/program.ts";

interface Row {
  readonly provider: string;
  /** In their order. */
  readonly variables: readonly [string, string];
}

const ROWS: readonly Row[] = [
  { provider: "github", variables: ["GH_TOKEN", "GITHUB_TOKEN"] },
  { provider: "sentry", variables: ["SENTRY_AUTH_TOKEN", "SENTRY_TOKEN"] },
  { provider: "google", variables: ["CLOUDSDK_AUTH_ACCESS_TOKEN", "GOOGLE_OAUTH_ACCESS_TOKEN"] },
];

for (const { provider, variables } of ROWS)
  describe(`${provider}: ${variables.join(", then ")}`, () => {
    const [first, second] = variables;
    const token = async (env: Record<string, string>): Promise<string> =>
      (await auth(["token", provider], { env })).stdout;

    test("the first one that is set counts", async () => {
      expect(await token({ [first]: "one", [second]: "two" })).toBe("one\n");
      expect(await token({ [second]: "two" })).toBe("two\n");
    });

    test("empty and blank mean unset, and values are trimmed", async () => {
      expect(await token({ [first]: "", [second]: " two\n" })).toBe("two\n");
      expect(await token({ [first]: " \t", [second]: "two" })).toBe("two\n");
      expect((await auth(["token", provider], { env: { [first]: "" } })).code).toBe(2);
    });

    test("it is what no argument means, when it is all there is", async () => {
      const { stdout } = await auth(["token"], { env: { [second]: "two" } });
      expect(stdout).toBe("two\n");
    });

    test("status, list and get name the variable as the source", async () => {
      const env = { [second]: "two" };
      const status = await auth(["status", provider], { env });
      expect(status.code).toBe(0);
      expect(status.stdout).toContain(`Source: ${second} (environment)`);
      for (const command of ["status", "list"]) {
        const [entry, ...more] = JSON.parse((await auth([command, "--json"], { env })).stdout);
        expect(more).toEqual([]);
        expect(entry).toMatchObject({
          connection: provider,
          provider,
          name: null,
          source: `env:${second}`,
          status: "connected",
          refreshable: false,
          expiresAt: null,
          default: true,
        });
      }
      expect((await auth(["get", provider, "--field", "source"], { env })).stdout).toBe(`env:${second}\n`);
    });

    test("it has no refresh: exit 3, naming the variable", async () => {
      const ended = await auth(["refresh", provider, "--json"], { env: { [second]: "two" } });
      expect(ended.code).toBe(3);
      expect(errorOf(ended)).toMatchObject({ code: "env_token", exitCode: 3 });
      expect(errorOf(ended).hint).toContain(`Update ${second}`);
    });

    test("it can't be logged out of: exit 3, naming the variable to unset", async () => {
      for (const args of [["logout", provider], ["logout"], ["revoke", provider]]) {
        const { code, stdout, stderr } = await auth(args, { env: { [second]: "two" } });
        expect([code, stdout]).toEqual([3, ""]);
        expect(stderr).toContain(`Unset ${second}`);
      }
    });
  });

describe("a variable is bound to the host that its ecosystem names", () => {
  test("with GH_HOST of a server of one's own, GH_ENTERPRISE_TOKEN counts and GH_TOKEN doesn't", async () => {
    const env = { GH_HOST: "ghe.example.com", GH_TOKEN: "dotcom", GH_ENTERPRISE_TOKEN: "server" };
    expect((await auth(["token", "github"], { env })).stdout).toBe("server\n");
    const { stdout } = await auth(["list", "--json"], { env });
    expect(JSON.parse(stdout)).toMatchObject([{ host: "ghe.example.com", source: "env:GH_ENTERPRISE_TOKEN" }]);
    expect((await auth(["token", "github"], { env: { ...env, GH_ENTERPRISE_TOKEN: "" } })).code).toBe(2);
    expect((await auth(["token", "github"], { env: { ...env, GH_HOST: "" } })).stdout).toBe("dotcom\n");
  });

  test("run hands it on under that host's names, never GITHUB_TOKEN", async () => {
    const env = { GH_HOST: "ghe.example.com", GH_ENTERPRISE_TOKEN: "server" };
    const { code, stdout } = await auth(["run", "github", "--", "env"], { env });
    expect(code).toBe(0);
    expect(stdout).toContain("GH_ENTERPRISE_TOKEN=server\n");
    expect(stdout).toContain("GH_HOST=ghe.example.com\n");
    expect(stdout).not.toMatch(/^(GH|GITHUB)_TOKEN=/m);
  });

  test("SENTRY_URL is where a Sentry token belongs", async () => {
    const env = { SENTRY_URL: "https://sentry.example.com/", SENTRY_AUTH_TOKEN: "mine" };
    expect(JSON.parse((await auth(["list", "--json"], { env })).stdout)).toMatchObject([
      { host: "sentry.example.com" },
    ]);
    const run = await auth(["run", "sentry", "--", "env"], { env });
    expect(run.stdout).toContain("SENTRY_HOST=sentry.example.com\n");
  });

  test("an invalid host is an error that names the variable: exit 64", async () => {
    const { code, stderr } = await auth(["token", "github"], { env: { GH_HOST: "a b/c", GH_ENTERPRISE_TOKEN: "x" } });
    expect(code).toBe(64);
    expect(stderr).toContain("GH_HOST");
  });
});

describe("with a login in the vault too", () => {
  const VARIABLES = { SENTRY_AUTH_TOKEN: "from-env" };
  let env: Record<string, string>;
  beforeAll(async () => {
    env = bareEnvironment();
    await paste(env, "sentry", "from-vault");
    await paste(env, "sentry:work", "from-vault-work");
  });
  const call = (args: readonly string[], more: Record<string, string> = {}): Promise<Ended> =>
    auth(args, { env: { ...env, ...VARIABLES, ...more } });

  test("the variable wins for the provider and for no argument, in every command", async () => {
    for (const who of [["sentry"], []]) {
      expect((await call(["token", ...who])).stdout).toBe("from-env\n");
      expect((await call(["get", ...who, "-f", "source"])).stdout).toBe("env:SENTRY_AUTH_TOKEN\n");
      expect((await call(["refresh", ...who])).code).toBe(3);
      expect((await call(["run", ...who, "--", "printenv", "SENTRY_AUTH_TOKEN"])).stdout).toBe("from-env\n");
      expect(JSON.parse((await call(["export", ...who, "--json"])).stdout)).toMatchObject(VARIABLES);
      expect(JSON.parse((await call(["inspect", ...who, "--json"])).stdout)).toMatchObject({ connection: "sentry" });
    }
    expect(JSON.parse((await call(["status", "sentry", "--json"])).stdout)).toMatchObject([
      { source: "env:SENTRY_AUTH_TOKEN" },
    ]);
  });

  test("what came from the environment is not said to be injected by us", async () => {
    expect((await call(["run", "sentry", "--", "env"])).stdout).not.toContain("AUTH_INJECTED=");
  });

  test("provider:name, :default too, and -p mean the vault", async () => {
    expect((await call(["token", "sentry:default"])).stdout).toBe("from-vault\n");
    expect((await call(["token", "sentry:work"])).stdout).toBe("from-vault-work\n");
    expect((await call(["token", "-p", "work"])).stdout).toBe("from-vault-work\n");
    expect((await call(["token", "sentry", "-p", "default"])).stdout).toBe("from-vault\n");
    const run = await call(["run", "sentry:default", "--", "printenv", "SENTRY_AUTH_TOKEN"]);
    expect(run.stdout).toBe("from-vault\n");
  });

  test("--stored means the vault, where there is such a flag", async () => {
    expect((await call(["token", "sentry", "--stored"])).stdout).toBe("from-vault\n");
    expect((await call(["token", "--stored"])).stdout).toBe("from-vault\n");
    expect((await call(["get", "sentry", "--stored", "-f", "source"])).stdout).toBe("vault\n");
    expect(JSON.parse((await call(["status", "sentry", "--stored", "--json"])).stdout)).toMatchObject([
      { source: "vault" },
    ]);
  });

  test("AUTH_IGNORE_ENV=1 means the vault, in every command", async () => {
    const ignore = { AUTH_IGNORE_ENV: "1" };
    expect((await call(["token", "sentry"], ignore)).stdout).toBe("from-vault\n");
    expect((await call(["token"], ignore)).stdout).toBe("from-vault\n");
    expect((await call(["get", "-f", "source"], ignore)).stdout).toBe("vault\n");
    expect((await call(["run", "--", "printenv", "SENTRY_AUTH_TOKEN"], ignore)).stdout).toBe("from-vault\n");
    expect(JSON.parse((await call(["export", "--json"], ignore)).stdout).SENTRY_AUTH_TOKEN).toBe("from-vault");
    const sources = JSON.parse((await call(["list", "--json"], ignore)).stdout).map(
      (e: { source: string }) => e.source,
    );
    expect(sources).toEqual(["vault", "vault"]);
    expect((await auth(["token", "github"], { env: { GH_TOKEN: "x", AUTH_IGNORE_ENV: "1" } })).code).toBe(2);
  });

  test("list shows both, and which of them is the default", async () => {
    const entries = JSON.parse((await call(["list", "--json"])).stdout) as Record<string, unknown>[];
    expect(entries.map(({ connection, source, default: isDefault }) => [connection, source, isDefault])).toEqual([
      ["sentry", "env:SENTRY_AUTH_TOKEN", true],
      ["sentry:default", "vault", false],
      ["sentry:work", "vault", false],
    ]);
  });

  test("logout means the vault, and says that the variable stays", async () => {
    const own = bareEnvironment();
    await paste(own, "sentry", "from-vault");
    const { code, stderr } = await auth(["logout", "sentry"], { env: { ...own, ...VARIABLES } });
    expect(code).toBe(0);
    expect(stderr).toContain("SENTRY_AUTH_TOKEN");
    expect((await auth(["token", "sentry:default"], { env: own })).code).toBe(2);
    expect((await auth(["logout", "sentry"], { env: { ...own, ...VARIABLES } })).code).toBe(3);
  });

  test("a login that the variable will win over is warned about", async () => {
    const own = bareEnvironment();
    const args = ["login", "sentry", "--token", "-", "--no-verify"];
    const { code, stderr } = await auth(args, { env: { ...own, ...VARIABLES }, stdin: "x" });
    expect(code).toBe(0);
    expect(stderr).toContain("Warning: SENTRY_AUTH_TOKEN");
  });
});

test("a token in the environment is never refreshed, however expired it looks, and nothing is sent", async () => {
  const home = await browserHome();
  const jwt = `${btoa('{"alg":"none"}')}.${btoa('{"exp":1}')}.x`.replaceAll("=", "");
  const calls = home.issuer.server.calls.length;
  const env = { ...home.env, SENTRY_AUTH_TOKEN: jwt };
  expect(await auth(["token", "sentry"], { env })).toMatchObject({ code: 0, stdout: `${jwt}\n`, stderr: "" });
  expect((await auth(["status", "sentry"], { env })).code).toBe(0);
  expect(home.issuer.server.calls).toHaveLength(calls);
  await home.stop();
});

describe("inside auth run", () => {
  let home: LoggedIn;
  const KEY = crypto.getRandomValues(new Uint8Array(32)).toBase64();
  beforeAll(async () => {
    home = await browserHome();
  });
  afterAll(() => home.stop());

  /** A script under `auth run`, in which `$AUTH` is the program. */
  const inside = (script: string, more: Record<string, string> = {}, flags: readonly string[] = []): Promise<Ended> =>
    auth(["run", "sentry", ...flags, "--", "sh", "-c", script], { env: { ...home.env, AUTH, ...more } });

  test("a loop that asks for the token keeps working across two expiries", async () => {
    const issuer = startGithub({ accessLifetime: 1 });
    const env = bareEnvironment({
      AUTH_GITHUB_CLIENT_ID: issuer.clientId,
      AUTH_GITHUB_CLIENT_SECRET: issuer.clientSecret,
      AUTH,
    });
    const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
    await loginByBrowser(["login", "github", "--flow", "browser", ...places, "--json"], env);
    const ask = '"$AUTH" token github; ';
    const script = `${ask}sleep 1.1; ${ask}sleep 1.1; ${ask}`;
    const { code, stdout } = await auth(["run", "github", "--", "sh", "-c", script], { env });
    expect(code).toBe(0);
    const tokens = stdout.trim().split("\n");
    expect(new Set(tokens).size).toBe(3);
    expect(issuer.isLive(tokens[2] ?? "")).toBeTrue();
    await issuer.server.stop();
  });

  test("what was injected is answered from its connection, in every command", async () => {
    await home.call(["refresh", "sentry", "--force"]);
    const script = '"$AUTH" refresh --force -q && "$AUTH" token && "$AUTH" get -f source && echo "$SENTRY_AUTH_TOKEN"';
    const { stdout } = await inside(script);
    const [token, source, injected] = stdout.trim().split("\n");
    expect(source).toBe("vault");
    expect(token).not.toBe(injected);
    expect(token).toBe(home.issuer.rows[0]?.access);
  });

  test("it isn't listed as a token of the environment", async () => {
    const { stdout } = await inside('"$AUTH" list --json');
    expect(JSON.parse(stdout)).toMatchObject([{ connection: "sentry:default", source: "vault", default: true }]);
    const status = await inside('"$AUTH" status sentry --json');
    expect(JSON.parse(status.stdout)).toMatchObject([{ connection: "sentry:default", source: "vault" }]);
    const all = await inside('"$AUTH" status --json');
    expect(JSON.parse(all.stdout)).toHaveLength(1);
  });

  test("a variable that is set anew inside is an ordinary token", async () => {
    const { stdout } = await inside(
      'SENTRY_AUTH_TOKEN=mine "$AUTH" token sentry; SENTRY_AUTH_TOKEN=mine "$AUTH" get -f source',
    );
    expect(stdout).toBe("mine\nenv:SENTRY_AUTH_TOKEN\n");
  });

  test("an entry that names another provider's connection, or doesn't match, counts for nothing", async () => {
    const token = (await home.call(["token", "sentry"])).stdout.trim();
    const sum = (connection: string): string =>
      new Bun.CryptoHasher("sha256").update(`SENTRY_AUTH_TOKEN\0${connection}\0${token}`).digest("hex");
    for (const entry of [
      `SENTRY_AUTH_TOKEN github:default ${sum("github:default")}`,
      `SENTRY_AUTH_TOKEN sentry:default ${"0".repeat(64)}`,
      `SENTRY_TOKEN sentry:default ${sum("sentry:default")}`,
      ";;; ",
    ]) {
      const env = { SENTRY_AUTH_TOKEN: token, AUTH_INJECTED: entry };
      expect((await home.call(["get", "sentry", "-f", "source"], { env })).stdout).toBe("env:SENTRY_AUTH_TOKEN\n");
    }
  });

  test("the loop works with what export wrote, too", async () => {
    const script = 'eval "$("$AUTH" export sentry)"; "$AUTH" refresh sentry --force -q; "$AUTH" get sentry -f source';
    const env = { ...home.env, AUTH, SCRIPT: script };
    const child = Bun.spawn(["sh", "-c", script], { env, stdout: "pipe", stderr: "pipe" });
    expect(await child.stdout.text()).toBe("vault\n");
    expect(await child.exited).toBe(0);
  });

  test("one run inside another keeps the entries of both", async () => {
    await paste(home.env, "github", "pasted");
    const script =
      '"$AUTH" run github -- "$AUTH" get sentry -f source; "$AUTH" run github -- "$AUTH" get github -f source';
    expect((await inside(script)).stdout).toBe("vault\nvault\n");
    await succeeded(home.call(["logout", "github"]));
  });

  test("where AUTH_KEY opens the vault it takes --keep-key; else exit 8, naming both", async () => {
    const locked = await browserHomeWithKey();
    const script = '"$AUTH" token sentry';
    const args = (...flags: string[]): string[] => ["run", "sentry", ...flags, "--", "sh", "-c", script];
    const without = await auth(args(), { env: locked });
    expect(without).toMatchObject({ code: 8, stdout: "" });
    expect(without.stderr).toContain("AUTH_KEY");
    expect(without.stderr).toContain("--keep-key");
    expect(await auth(args("--keep-key"), { env: locked })).toMatchObject({ code: 0, stdout: "from-vault\n" });
  });

  async function browserHomeWithKey(): Promise<Record<string, string>> {
    const env = bareEnvironment({ AUTH_KEY: KEY, AUTH });
    await paste(env, "sentry", "from-vault");
    return env;
  }
});
