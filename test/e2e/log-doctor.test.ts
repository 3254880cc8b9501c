/** `auth log` and `auth doctor`: what they tell, and what they never do. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, readFileSync, renameSync, rmSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { CONNECTION, errorOf, type LoggedIn, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, auth, bareEnvironment, run } from "../support/program.ts";

let at: LoggedIn;
beforeAll(async () => {
  at = await loggedIn({ accessLifetime: 3600 });
});
afterAll(() => at.stop());

function ndjson(text: string): Record<string, unknown>[] {
  return text.trim() === ""
    ? []
    : text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
}

describe("the audit log", () => {
  test("has every login, read and refresh attempt, with the caller, oldest first", async () => {
    await at.call(["token", PROVIDER]);
    at.issuer.server.fail({
      path: "/oauth/token/",
      reply: { status: 503, body: "x", headers: { "retry-after": "0" } },
    });
    await at.call(["refresh", PROVIDER, "--force"]);
    await at.call(["refresh", PROVIDER, "--force"]);
    const lines = ndjson((await at.call(["log", "--json"])).stdout);
    expect(lines.map(({ event, status }) => [event, status])).toEqual([
      ["vault", "success"],
      ["login", "success"],
      ["token_read", "success"],
      ["refresh", "failure"],
      ["refresh", "success"],
    ]);
    for (const line of lines.slice(1)) {
      expect(Object.keys(line)).toEqual([
        "time",
        "event",
        "status",
        "connection",
        "provider",
        "class",
        "code",
        "providerError",
        "message",
        "pid",
        "program",
        "version",
      ]);
      expect(line).toMatchObject({ connection: CONNECTION, provider: PROVIDER, pid: process.pid });
    }
    expect(lines[3]).toMatchObject({ class: "transient", code: "provider_unavailable", message: "HTTP 503" });
  });

  test("filters by failure, event and connection, and takes the last n", async () => {
    const read = async (...args: string[]): Promise<unknown[]> =>
      ndjson((await at.call(["log", "--json", ...args])).stdout).map(({ event }) => event);
    expect(await read("--failures")).toEqual(["refresh"]);
    expect(await read("--event", "login")).toEqual(["login"]);
    expect(await read("-n", "1")).toEqual(["refresh"]);
    expect(await read("--connection", PROVIDER)).toHaveLength(4);
    expect(await read("--connection", `${PROVIDER}:other`)).toEqual([]);
    expect((await at.call(["log", "--event", "refesh"])).stderr).toContain("Did you mean 'refresh'?");
  });

  test("in words it is a table: a heading, then each entry with all that is known of it", async () => {
    const { stdout } = await at.call(["log", "-n", "1", "--failures"]);
    expect(stdout.trimEnd().split("\n")).toEqual([
      expect.stringMatching(/^TIME +EVENT +CONNECTION +RESULT +PROGRAM +MESSAGE$/),
      expect.stringMatching(/^[-\d]+ [:\d]+ [-+][:\d]+ +refresh +sentry:default +provider_unavailable +\S+ +HTTP 503$/),
    ]);
  });

  test("has an entry whenever a token leaves the vault, and none for commands that only describe it", async () => {
    const home = await loggedIn({ accessLifetime: 3600 });
    const read = ["--show-secret", "--field"];
    for (const args of [
      ["token", PROVIDER, "-o", "header"],
      ["get", PROVIDER, ...read, "accessToken"],
      ["get", PROVIDER, ...read, "refreshToken"],
      ["get", PROVIDER, "--show-secret", "--json"],
      ["refresh", PROVIDER, "-o", "token"],
      ["refresh", PROVIDER, "-o", "token-json"],
      ["run", "-q", PROVIDER, "--", "true"],
      ["export", PROVIDER],
      ["get", PROVIDER],
      ["get", PROVIDER, "--field", "account"],
      ["refresh", PROVIDER],
      ["status"],
      ["inspect", PROVIDER],
    ])
      expect({ args, code: (await home.call(args)).code }).toEqual({ args, code: 0 });
    const lines = ndjson((await home.call(["log", "--json"])).stdout).slice(2);
    expect(lines.map(({ event, connection }) => [event, connection])).toEqual([
      ...Array.from({ length: 6 }, () => ["token_read", CONNECTION]),
      ["run", CONNECTION],
      ["export", CONNECTION],
    ]);
    await home.stop();
  });

  test("has logouts and revocations, and changes of the vault's key", async () => {
    const home = await loggedIn({}, null);
    for (const name of ["one", "two"])
      await home.call(["login", `apikey:${name}`, "--token", "-"], { stdin: `key-${name}` });
    for (const args of [
      ["revoke", "apikey:one"],
      ["logout", "apikey:two"],
      ["vault", "rekey"],
    ])
      expect({ args, code: (await home.call(args)).code }).toEqual({ args, code: 0 });
    const lines = ndjson((await home.call(["log", "--json"])).stdout);
    expect(lines.map(({ event, status, connection }) => [event, status, connection])).toEqual([
      ["vault", "success", null],
      ["login", "success", "apikey:one"],
      ["login", "success", "apikey:two"],
      ["revoke", "success", "apikey:one"],
      ["logout", "success", "apikey:two"],
      ["vault", "success", null],
    ]);
    await home.stop();
  });

  test("is private, and holds no secret", async () => {
    const path = `${at.env.AUTH_HOME}/audit.jsonl`;
    expect(statSync(path).mode & 0o777).toBe(0o600);
    const token = (await at.call(["token", PROVIDER])).stdout.trim();
    expect(readFileSync(path, "utf8")).not.toContain(token);
  });

  test("a line of a newer version, or one that is damaged, is passed over and counted", async () => {
    const home = await loggedIn();
    const path = `${home.env.AUTH_HOME}/audit.jsonl`;
    const newer = { time: new Date().toISOString(), event: "teleport", status: "success", beam: 7, version: "9.0.0" };
    writeFileSync(path, `${readFileSync(path, "utf8")}${JSON.stringify(newer)}\nnot json\n`);
    const { code, stdout, stderr } = await home.call(["log"]);
    expect(code).toBe(0);
    expect(stdout).toContain("teleport");
    expect(stderr).toContain("1 line of the log can't be read");
    await home.stop();
  });

  test("attack: a log that is a link is not written through; the command works and says so once", async () => {
    const home = await loggedIn();
    const path = `${home.env.AUTH_HOME}/audit.jsonl`;
    const victim = `${home.env.HOME}/victim`;
    writeFileSync(victim, "precious");
    rmSync(path);
    symlinkSync(victim, path);
    const { code, stdout, stderr } = await home.call(["token", PROVIDER]);
    expect(code).toBe(0);
    expect(stdout.trim()).not.toBe("");
    expect(stderr.match(/The audit log can't be written/g)).toHaveLength(1);
    expect(readFileSync(victim, "utf8")).toBe("precious");
    await home.stop();
  });

  test("lines of many processes never mix", async () => {
    const home = await loggedIn();
    await Promise.all(Array.from({ length: 20 }, () => home.call(["token", PROVIDER])));
    const lines = ndjson((await home.call(["log", "-n", "100", "--event", "token_read", "--json"])).stdout);
    expect(lines).toHaveLength(20);
    await home.stop();
  });
});

describe("doctor", () => {
  test("finds a home in order, and says what it looked at", async () => {
    const { code, stdout } = await at.call(["doctor", "--json"]);
    expect(code).toBe(0);
    const { ok, checks } = JSON.parse(stdout);
    expect(ok).toBe(true);
    for (const name of [
      "vault",
      "key",
      "modes",
      "file system",
      "locks",
      "connections",
      "environment",
      "network",
      "clock",
      "plugins",
      "log",
      "browser",
    ])
      expect(checks).toContainEqual(expect.objectContaining({ name }));
    for (const check of checks) expect(Object.keys(check)).toEqual(["name", "status", "detail", "remedy"]);
  });

  test("names the source of the key, and the risk of it", async () => {
    const keyChecks = async (env: Record<string, string>): Promise<Record<string, unknown>[]> => {
      const { stdout } = await auth(["doctor", "--offline", "--json"], { env });
      const { checks } = JSON.parse(stdout) as { checks: Record<string, unknown>[] };
      return checks.filter(({ name }) => name === "key");
    };
    expect(await keyChecks(at.env)).toMatchObject([
      { status: "ok", detail: "the key file opens the vault" },
      {
        status: "warn",
        detail: expect.stringContaining("anyone who takes both"),
        remedy: expect.stringContaining("rekey"),
      },
    ]);
    const env = bareEnvironment({ AUTH_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex") });
    await auth(["login", "apikey:x", "--token", "-"], { env, stdin: "key-1" });
    expect(await keyChecks(env)).toMatchObject([{ status: "ok", detail: expect.stringContaining("AUTH_KEY") }]);
  });

  test("says who else may reach the vault, and how to end that", async () => {
    const home = await loggedIn({}, null);
    await home.call(["login", "apikey:x", "--token", "-"], { stdin: "key-1" });
    const modes = async (): Promise<unknown> => {
      const { stdout } = await home.call(["doctor", "--offline", "--json"]);
      return (JSON.parse(stdout) as { checks: { name: string }[] }).checks.filter(({ name }) => name === "modes");
    };
    expect(await modes()).toMatchObject([{ status: "ok" }]);
    const vault = `${home.env.AUTH_HOME}/vault.db`;
    chmodSync(vault, 0o644);
    expect(await modes()).toMatchObject([
      {
        status: "warn",
        detail: `Other users can reach ${vault} (mode 0644).`,
        remedy: `chmod go= ${vault}`,
      },
    ]);
    const folder = String(home.env.AUTH_HOME);
    const shared = { status: "warn", detail: `Other users may write to ${folder}, so auth keeps nothing there.` };
    chmodSync(vault, 0o600);
    chmodSync(folder, 0o775);
    expect(await modes()).toMatchObject([{ ...shared, remedy: `Make it yours alone: chmod go-w ${folder}` }]);
    // Never a chmod that takes a folder like /tmp away from its other users.
    chmodSync(folder, 0o1777);
    expect(await modes()).toMatchObject([
      { ...shared, remedy: expect.stringMatching(/^Use a folder of your own: mkdir/) },
    ]);
    await home.stop();
  });

  test("works on a machine that has nothing yet", async () => {
    expect((await auth(["doctor", "--offline"])).code).toBe(0);
  });

  test("names what shadows a login, and what redirects traffic", async () => {
    const env = { SENTRY_AUTH_TOKEN: "shadow", HTTPS_PROXY: "http://127.0.0.1:9" };
    const { stdout } = await at.call(["doctor", "--offline"], { env });
    expect(stdout).toContain("SENTRY_AUTH_TOKEN wins over the stored login");
    expect(stdout).toContain("HTTPS_PROXY");
  });

  test("a vault that can't be opened fails the check: exit 1, with what to do", async () => {
    const env = bareEnvironment({ AUTH_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex") });
    await auth(["login", "apikey:x", "--token", "-"], { env, stdin: "key-1" });
    const other = { ...env, AUTH_KEY: Buffer.from(crypto.getRandomValues(new Uint8Array(32))).toString("hex") };
    const ended = await auth(["doctor", "--offline", "--json"], { env: other });
    expect(ended.code).toBe(1);
    expect(errorOf(ended)).toMatchObject({ code: "check_failed", exitCode: 1 });
    const { ok, checks } = JSON.parse(ended.stdout);
    expect(ok).toBe(false);
    expect(checks).toContainEqual(expect.objectContaining({ name: "key", status: "fail", remedy: expect.any(String) }));
  });

  const checksOf = async (env: Record<string, string>): Promise<{ name: string; status: string; detail: string }[]> =>
    JSON.parse((await auth(["doctor", "--offline", "--json"], { env })).stdout).checks;

  test("reports what it couldn't look at as not looked at, not as missing", async () => {
    const env = bareEnvironment();
    await auth(["login", "apikey:x", "--token", "-"], { env, stdin: "key-1" });
    const vault = `${env.AUTH_HOME}/vault.db`;
    const spoilt: Readonly<Record<string, () => void>> = {
      locked: () => renameSync(`${env.AUTH_HOME}/key`, `${env.AUTH_HOME}/key.away`),
      damaged: () => writeFileSync(vault, "no vault at all".repeat(1000)),
    };
    for (const [state, spoil] of Object.entries(spoilt)) {
      spoil();
      const checks = await checksOf(env);
      const words = checks.map(({ detail }) => detail).join("\n");
      expect({ state, words }).not.toMatchObject({ words: expect.stringMatching(/none yet|no vault,|nothing yet/) });
      expect({ state, checks }).toMatchObject({
        checks: expect.arrayContaining([
          { name: "connections", status: "warn", detail: "not looked at: the vault can't be opened", remedy: null },
          expect.objectContaining({ name: "file system", status: "ok" }),
        ]),
      });
    }
  });

  test.skipIf(lacking("linux", "strace"))("sees a network file system before the first login", async () => {
    const env = bareEnvironment();
    // statfs(2) says NFS (0x6969): the type comes first.
    const strace = [
      "strace",
      "-f",
      "-qq",
      "-o",
      "/dev/null",
      "-e",
      "trace=statfs",
      "-e",
      "inject=statfs:poke_exit=@arg2=6969000000000000",
    ];
    const { stdout } = await run([...strace, AUTH, "doctor", "--offline", "--json"], { env });
    expect(JSON.parse(stdout).checks).toContainEqual(
      expect.objectContaining({
        name: "file system",
        status: "warn",
        detail: expect.stringContaining("network file system (NFS)"),
      }),
    );
  });
});

test("doctor puts every line of a remedy under its check", async () => {
  const env = bareEnvironment();
  const made = await auth(["login", "apikey:x", "--token", "-", "--env", "X_KEY"], { env, stdin: "sk-key" });
  expect(made.code).toBe(0);
  rmSync(`${env.AUTH_HOME}/key`);
  const { stdout } = await auth(["doctor", "--offline"], { env });
  const lines = stdout.trimEnd().split("\n");
  expect(lines.filter((line) => line.startsWith("    ")).length).toBeGreaterThan(2);
  for (const line of lines) expect(line).toMatch(/^([✓!✗] | {4})\S/);
});
