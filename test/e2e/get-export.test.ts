/** `auth get` and `auth export`, CLI.md §5. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { browserHome, paste, succeeded } from "../support/home.ts";
import { errorOf, type LoggedIn, loggedIn } from "../support/logged-in.ts";
import { AUTH, auth, bareEnvironment, run, tempFolder } from "../support/program.ts";

let home: LoggedIn;
beforeAll(async () => {
  home = await browserHome();
});
afterAll(() => home.stop());

const field = async (name: string, ...flags: string[]): Promise<string> =>
  (await succeeded(home.call(["get", "sentry", "--field", name, ...flags]))).stdout;

describe("get", () => {
  test("the last error is words in text, and an object in JSON", async () => {
    const failing = await browserHome();
    try {
      failing.issuer.server.fail({
        path: "/oauth/token/",
        reply: { status: 503, headers: { "content-type": "text/html" }, body: "<p>down" },
      });
      await failing.call(["refresh", "sentry", "--force"]);
      const get = ["get", "sentry", "--no-refresh"];
      const text = /^provider_unavailable: HTTP 503 at \d{4}-\d\d-\d\dT[\d:.]+Z$/m;
      expect((await succeeded(failing.call([...get, "--field", "lastError"]))).stdout).toMatch(text);
      expect((await succeeded(failing.call(get))).stdout).toMatch(/^lastError: provider_unavailable: HTTP 503 at /m);
      const { stdout } = await succeeded(failing.call([...get, "--field", "lastError", "--json"]));
      expect(JSON.parse(stdout)).toMatchObject({ code: "provider_unavailable", reason: "HTTP 503" });
    } finally {
      await failing.stop();
    }
  });

  test("prints a field and a newline", async () => {
    expect(await field("account")).toBe("grace@example.com\n");
    expect(await field("connection")).toBe("sentry:default\n");
    expect(await field("status")).toBe("connected\n");
    expect(await field("flow")).toBe("browser\n");
    expect(await field("clientId")).toBe(`${home.issuer.publicClient.id}\n`);
    expect(await field("refreshable")).toBe("true\n");
    expect(await field("createdAt")).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z\n$/);
  });

  test("takes snake_case too", async () => {
    expect(await field("client_id")).toBe(await field("clientId"));
    expect(await field("expires_at")).toBe(await field("expiresAt"));
    expect(await field("last_error")).toBe("\n");
  });

  test("joins lists with spaces, and null is an empty line", async () => {
    expect(await field("scopes")).toBe(`${home.issuer.rows[0]?.scopes.join(" ")}\n`);
    expect(await field("reason")).toBe("\n");
    expect(await field("organization")).toBe("\n");
  });

  test("an unknown field: exit 64, and what may have been meant", async () => {
    for (const name of ["acount", "constructor", "__proto__", ""]) {
      const ended = await home.call(["get", "sentry", "--field", name, "--json"]);
      expect([ended.code, ended.stdout]).toEqual([64, ""]);
      expect(errorOf(ended).code).toBe("usage");
    }
    expect((await home.call(["get", "sentry", "-f", "acount"])).stderr).toContain("Did you mean 'account'?");
  });

  test("secret fields need --show-secret: exit 64 without, and nothing printed", async () => {
    const row = home.issuer.rows[0];
    for (const [name, value] of [
      ["accessToken", row?.access],
      ["refreshToken", row?.refresh],
      ["refresh_token", row?.refresh],
    ] as const) {
      const refused = await home.call(["get", "sentry", "--field", name]);
      expect([refused.code, refused.stdout]).toEqual([64, ""]);
      expect(await field(name, "--show-secret")).toBe(`${value}\n`);
    }
    expect(await field("idToken", "--show-secret")).toBe("\n");
  });

  test("without a field: all of them, without secrets", async () => {
    const { code, stdout } = await home.call(["get", "sentry", "--json"]);
    expect(code).toBe(0);
    const entry = JSON.parse((await home.call(["list", "--json"])).stdout)[0];
    const fields = JSON.parse(stdout);
    expect(Object.keys(fields)).toEqual([...Object.keys(entry), "flow", "clientId", "createdAt", "refreshedAt"]);
    expect(fields).toMatchObject(entry);
    expect((await home.call(["get", "sentry"])).stdout).toContain("account: grace@example.com\n");
    const shown = JSON.parse((await home.call(["get", "sentry", "--json", "--show-secret"])).stdout);
    expect(shown.accessToken).toBe(String(home.issuer.rows[0]?.access));
  });

  test("--json of a field is its value", async () => {
    expect(JSON.parse(await field("account", "--json"))).toBe("grace@example.com");
    expect(JSON.parse(await field("reason", "--json"))).toBeNull();
    expect(JSON.parse(await field("scopes", "--json"))).toBeArray();
  });

  test("refreshes when due, and not with --no-refresh", async () => {
    const at = await browserHome({ accessLifetime: 2 });
    await Bun.sleep(1050);
    const before = at.issuer.rows[0]?.access;
    await at.call(["get", "sentry", "-f", "account", "--no-refresh"]);
    expect(at.issuer.rows[0]?.access).toBe(String(before));
    await at.call(["get", "sentry", "-f", "account"]);
    expect(at.issuer.rows[0]?.access).not.toBe(String(before));
    await at.stop();
  });

  test("prints the field even if the refresh failed, with a warning: exit 0", async () => {
    const at = await browserHome({ accessLifetime: 1 });
    await at.stop();
    await Bun.sleep(1050);
    const { code, stdout, stderr } = await at.call(["get", "sentry", "-f", "status"]);
    expect([code, stdout]).toEqual([0, "expired\n"]);
    expect(stderr).toStartWith("Warning: refresh failed for sentry (default): connection refused");
  });

  test("a profile without a login has fields too", async () => {
    const env = bareEnvironment();
    await succeeded(auth(["profile", "create", "sentry:work", "--host", "sentry.example.com"], { env }));
    const { code, stdout } = await auth(["get", "sentry:work", "-f", "status"], { env });
    expect([code, stdout]).toEqual([0, "not_connected\n"]);
    expect((await auth(["get", "sentry:work", "-f", "host"], { env })).stdout).toBe("sentry.example.com\n");
  });
});

describe("export", () => {
  const NASTY = "a'b\"c$HOME`id`\\n\\ %PATH% !x #y; rm -rf ~ z";
  let env: Record<string, string>;
  beforeAll(async () => {
    env = bareEnvironment();
    await paste(env, "github", NASTY);
    await paste(env, "sentry", "sentry-token");
  });
  const exported = (...args: string[]): Promise<string> =>
    succeeded(auth(["export", ...args], { env })).then(({ stdout }) => stdout);

  test("shell is the default; any value survives eval", async () => {
    expect(await exported("github")).toBe(await exported("github", "--format", "shell"));
    const script = 'eval "$("$AUTH" export github)"; printf %s "$GH_TOKEN"';
    const { stdout } = await run(["sh", "-c", script], { env: { ...env, AUTH } });
    expect(stdout).toBe(NASTY);
  });

  test("dotenv: any value survives a shell that sources it, and runs nothing", async () => {
    const folder = tempFolder();
    const values = ["$a b! %P%", "plain", 'quote"only', "back\\slash", "$dollar $(id)", "# hash", "x`id`", "it's"];
    const names = values.map((_, i) => `apikey:x${i}`);
    for (const [i, value] of values.entries()) await paste(env, names[i] ?? "", value);
    const named = names.flatMap((name, i) => ["-c", `${name}=T${i}`]);
    writeFileSync(join(folder, ".env"), await exported(...named, "--format", "dotenv"));
    const script = `set -a; . ./.env; printf '%s\\n' ${values.map((_, i) => `"$T${i}"`).join(" ")}`;
    const sourced = await run(["sh", "-c", script], { cwd: folder });
    expect(sourced.stdout.trimEnd().split("\n")).toEqual(values);
    const load = `process.loadEnvFile(".env"); console.log(JSON.stringify(process.env))`;
    const loaded = JSON.parse((await run([process.execPath, "--no-env-file", "-e", load], { cwd: folder })).stdout);
    for (const [i, value] of values.entries()) expect(loaded[`T${i}`]).toBe(value);
  });

  test("dotenv: what readers would read differently is refused, not written wrongly", async () => {
    await paste(env, "apikey:both", "it's `id`");
    const ended = await auth(["export", "-c", "apikey:both=BOTH_KEY", "--format", "dotenv"], { env });
    expect([ended.code, ended.stdout]).toEqual([64, ""]);
    expect(ended.stderr).toContain("--format shell");
  });

  test("github-actions: masks the token on stdout, appends to GITHUB_ENV, and says so where that isn't set", async () => {
    const file = join(tempFolder(), "github-env");
    writeFileSync(file, "BEFORE=1\n");
    const args = ["export", "github", "--format", "github-actions"];
    const { code, stdout } = await auth(args, { env: { ...env, GITHUB_ENV: file } });
    const token = JSON.parse(await exported("github", "--json")).GH_TOKEN;
    expect([code, stdout]).toEqual([0, `::add-mask::${token.replaceAll("%", "%25")}\n`]);
    const written = readFileSync(file, "utf8");
    expect(written).toStartWith("BEFORE=1\n");
    expect(written).toMatch(new RegExp(`^GH_TOKEN<<(\\S+)\n${RegExp.escape(token)}\n\\1\n`, "m"));
    const elsewhere = await auth(args, { env });
    expect([elsewhere.code, elsewhere.stdout]).toEqual([64, ""]);
    expect(elsewhere.stderr).toContain("GITHUB_ENV");
  });

  test("github-actions: a GITHUB_ENV that can't be written is said before a token is printed", async () => {
    const args = ["export", "github", "--format", "github-actions"];
    const exports = async () => (await auth(["log", "--json"], { env })).stdout.split('"event":"export"').length;
    const before = await exports();
    const { code, stdout, stderr } = await auth(args, { env: { ...env, GITHUB_ENV: "/nonexistent/env" } });
    expect([code, stdout]).toEqual([64, ""]);
    expect(stderr).toContain("GITHUB_ENV names /nonexistent/env, which can't be written: it isn't there.");
    expect(await exports()).toBe(before);
  });

  test("--json with a format that isn't JSON is refused", async () => {
    const { code, stdout, stderr } = await auth(["export", "github", "--json", "--format", "dotenv"], { env });
    expect([code, stdout]).toEqual([64, ""]);
    expect(JSON.parse(stderr).error.message).toContain("the format dotenv");
  });

  test("json is one document of names and values, by --format and by --json", async () => {
    const document = JSON.parse(await exported("github", "--format", "json"));
    expect(Object.keys(document)).toEqual(["GH_TOKEN", "GITHUB_TOKEN", "AUTH_INJECTED"]);
    expect(document.GH_TOKEN).toBe(NASTY);
    expect(JSON.parse(await exported("github", "--json"))).toEqual(document);
    expect(JSON.parse(await exported("github", "-o", "json"))).toEqual(document);
  });

  test("-c names the variable; without connections, every provider's default", async () => {
    const one = JSON.parse(await exported("-c", "sentry=MY_TOKEN", "--json"));
    expect(one.MY_TOKEN).toBe("sentry-token");
    expect(one.SENTRY_AUTH_TOKEN).toBeUndefined();
    const all = JSON.parse(await exported("--json"));
    expect(all).toMatchObject({ GH_TOKEN: NASTY, SENTRY_AUTH_TOKEN: "sentry-token" });
  });

  test("a named connection without a token: its own exit code, and nothing printed", async () => {
    const ended = await auth(["export", "github", "sentry:gone", "--json"], { env });
    expect([ended.code, ended.stdout, errorOf(ended).code]).toEqual([2, "", "connection_not_found"]);
  });

  test("no connection named, and every login left out: nothing printed, no success, in any format", async () => {
    const own = bareEnvironment();
    for (const name of ["work", "home"]) await paste(own, `sentry:${name}`, "not-the-default");
    const { code, stdout, stderr } = await auth(["export"], { env: own });
    expect([code, stdout]).toEqual([2, ""]);
    expect(stderr).toStartWith("Warning: sentry");
    expect(stderr).toContain("Error: There is no token to inject: every login was left out.\nSee why: auth status\n");
    for (const format of ["fish", "powershell", "dotenv", "json", "github-actions"]) {
      const GITHUB_ENV = join(own.HOME ?? "", "github-env");
      writeFileSync(GITHUB_ENV, "");
      const ended = await auth(["export", "--format", format], { env: { ...own, GITHUB_ENV } });
      expect([format, ended.code, ended.stdout, readFileSync(GITHUB_ENV, "utf8")]).toEqual([format, 2, "", ""]);
    }
    const json = await auth(["export", "--json"], { env: own });
    expect([json.code, json.stdout]).toEqual([2, ""]);
    expect(json.stderr).toContain('"code":"nothing_to_inject"');
    expect(json.stderr).toContain('"exitCode":2');
  });

  test("every login left out: the worst of their exit codes", async () => {
    const at = await loggedIn({ accessLifetime: 1 });
    try {
      const reply = { status: 503, body: "busy", headers: { "retry-after": "60" } };
      at.issuer.server.fail({ path: "/oauth/token/", times: 9, reply });
      await Bun.sleep(1100);
      expect(await at.call(["export"])).toMatchObject({ code: 5, stdout: "" });
      for (const name of ["a", "b"]) await paste(at.env, `github:${name}`, "ambiguous");
      expect(await at.call(["export"])).toMatchObject({ code: 5, stdout: "" });
      await at.call(["revoke", "sentry"]);
      expect(await at.call(["export", "--format", "dotenv"])).toMatchObject({ code: 4, stdout: "" });
      await paste(at.env, "gitlab", "gitlab-token");
      expect(await at.call(["export", "--format", "dotenv"])).toMatchObject({ code: 0 });
    } finally {
      await at.stop();
    }
  });

  test("a format misspelt: what may have been meant", async () => {
    const { code, stderr } = await auth(["export", "github", "--format", "dotnev"]);
    expect(code).toBe(64);
    expect(stderr).toContain("Did you mean 'dotenv'? Formats: ");
  });

  test("two for one variable, an unknown format: exit 64", async () => {
    await paste(env, "github:work", "work");
    for (const args of [
      ["github", "github:work"],
      ["github", "--format", "xml"],
      ["-c", "github"],
    ])
      expect(await auth(["export", ...args], { env })).toMatchObject({ code: 64, stdout: "" });
    await succeeded(auth(["logout", "github:work"], { env }));
  });
});
