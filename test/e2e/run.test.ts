/** `auth run`, CLI.md §2 and §4: whose tokens, under which names, in which environment, and how it ends. */
import { beforeAll, describe, expect, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { browserHome, paste, succeeded } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { AUTH, auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";

let env: Record<string, string>;
beforeAll(async () => {
  env = bareEnvironment();
  await paste(env, "sentry", "sentry-token");
  await paste(env, "sentry:work", "sentry-work-token");
  await paste(env, "github", "github-token");
});

const run = (args: readonly string[], more: Record<string, string> = {}): Promise<Ended> =>
  auth(["run", ...args], { env: { ...env, ...more } });

async function environment(args: readonly string[], more: Record<string, string> = {}): Promise<Map<string, string>> {
  const { stdout } = await succeeded(run([...args, "--", "env", "-0"], more));
  return new Map(stdout.split("\0").map((entry): [string, string] => [entry.split("=", 1)[0] ?? "", valueIn(entry)]));
}

function valueIn(entry: string): string {
  return entry.slice(entry.indexOf("=") + 1);
}

describe("tokens and their names", () => {
  test("all the names that the provider's tools read", async () => {
    const inside = await environment(["github"]);
    expect(inside.get("GH_TOKEN")).toBe("github-token");
    expect(inside.get("GITHUB_TOKEN")).toBe("github-token");
    expect(inside.has("SENTRY_AUTH_TOKEN")).toBeFalse();
  });

  test("-c hands it over under that name alone", async () => {
    const inside = await environment(["-c", "github=MY_TOKEN"]);
    expect(inside.get("MY_TOKEN")).toBe("github-token");
    expect(inside.has("GH_TOKEN")).toBeFalse();
  });

  test("several, by name and by -c, one connection under two names too", async () => {
    const inside = await environment([
      "github",
      "-c",
      "sentry:work=A",
      "--connection",
      "sentry:work=B",
      "-c",
      "sentry=C",
    ]);
    expect(["GH_TOKEN", "A", "B", "C"].map((name) => inside.get(name))).toEqual([
      "github-token",
      "sentry-work-token",
      "sentry-work-token",
      "sentry-token",
    ]);
  });

  test("a connection that is named twice, by its provider and in full, is listed once", async () => {
    const env = bareEnvironment();
    await paste(env, "github:work", "token");
    const { code, stderr } = await auth(["run", "github", "github:work", "--", "true"], { env });
    expect([code, stderr]).toEqual([0, "Injected github:work → GH_TOKEN, GITHUB_TOKEN.\n"]);
  });

  test("none named: every provider's default; stderr names what was injected", async () => {
    const ended = await run(["--", "env"]);
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain("GH_TOKEN=github-token\n");
    expect(ended.stdout).toContain("SENTRY_AUTH_TOKEN=sentry-token\n");
    for (const name of ["github:default", "GH_TOKEN", "sentry:default", "SENTRY_AUTH_TOKEN"])
      expect(ended.stderr).toContain(name);
    expect(ended.stderr).not.toContain("-token");
  });

  test("none named: connections without a token are left out with a warning", async () => {
    const own = bareEnvironment();
    await paste(own, "github", "github-token");
    await succeeded(auth(["profile", "create", "sentry"], { env: own }));
    const { code, stdout, stderr } = await auth(["run", "--", "env"], { env: own });
    expect(code).toBe(0);
    expect(stdout).toContain("GH_TOKEN=github-token\n");
    expect(stdout).not.toContain("SENTRY_");
    expect(stderr).toMatch(/^Warning: sentry/m);
  });

  test("a named connection without a token: exit 125, the command doesn't start, the JSON says why", async () => {
    const ended = await run(["github", "sentry:gone", "--json", "--", "echo", "started"]);
    expect([ended.code, ended.stdout]).toEqual([125, ""]);
    expect(errorOf(ended)).toMatchObject({ code: "connection_not_found", exitCode: 125, connection: "sentry:gone" });
    expect((await run(["-c", "sentry:gone=X", "--", "echo", "started"])).code).toBe(125);
  });

  test("two for one variable: exit 64", async () => {
    for (const args of [
      ["sentry", "sentry:work"],
      ["-c", "github=X", "-c", "sentry=X"],
      ["github", "-c", "sentry=GH_TOKEN"],
    ]) {
      const ended = await run([...args, "--", "echo", "started"]);
      expect([ended.code, ended.stdout]).toEqual([64, ""]);
    }
  });

  for (const name of [
    ...["PATH", "LD_PRELOAD", "DYLD_INSERT_LIBRARIES", "NODE_OPTIONS", "BUN_OPTIONS", "GIT_SSH_COMMAND", "PYTHONPATH"],
    ...["PERL5OPT", "RUBYOPT", "JAVA_TOOL_OPTIONS", "BASH_ENV", "ENV", "IFS", "npm_config_registry", "https_proxy"],
    ...["HTTPS_PROXY", "ALL_PROXY", "AUTH_HOME", "AUTH_INJECTED", "path", "ld_preload"],
  ])
    test(`${name} is refused: exit 64`, async () => {
      for (const command of [
        ["run", "-c", `github=${name}`, "--", "true"],
        ["export", "-c", `github=${name}`],
      ]) {
        const ended = await auth(command, { env });
        expect([ended.code, ended.stdout]).toEqual([64, ""]);
        expect(ended.stderr).toContain(name);
      }
    });

  test("an invalid variable's name, and a -c without one: exit 64", async () => {
    for (const given of ["github=", "github=1X", "github=A B", "github=A-B", "github", "=X", ""])
      expect((await run(["-c", given, "--", "true"])).code).toBe(64);
  });

  test("a key goes under the variable it was stored with", async () => {
    const own = bareEnvironment();
    const login = ["login", "apikey:openai", "--token", "-", "--env", "OPENAI_API_KEY", "--pattern", "sk-.*"];
    await succeeded(auth(login, { env: own, stdin: "sk-1" }));
    const { stdout } = await auth(["run", "apikey:openai", "--", "env"], { env: own });
    expect(stdout).toContain("OPENAI_API_KEY=sk-1\n");
    expect(stdout).not.toContain("APIKEY_TOKEN");
  });

  test("a provider that declares none: <PROVIDER>_TOKEN", async () => {
    const own = bareEnvironment();
    await succeeded(auth(["login", "apikey:plain", "--token", "-"], { env: own, stdin: "key-1" }));
    expect((await auth(["run", "apikey:plain", "--", "env"], { env: own })).stdout).toContain("APIKEY_TOKEN=key-1\n");
    await paste(own, "entra", "ms");
    expect((await auth(["run", "entra", "--", "env"], { env: own })).stdout).toContain("ENTRA_TOKEN=ms\n");
  });

  test("a login at a server of one's own goes under that server's names", async () => {
    const own = bareEnvironment();
    await succeeded(
      auth(["login", "github", "--host", "ghe.example.com", "--token", "-", "--no-verify"], { env: own, stdin: "t" }),
    );
    const { stdout } = await auth(["run", "github", "--", "env"], { env: own });
    expect(stdout).toContain("GH_ENTERPRISE_TOKEN=t\n");
    expect(stdout).toContain("GH_HOST=ghe.example.com\n");
    expect(stdout).not.toMatch(/^(GH|GITHUB)_TOKEN=/m);
  });
});

describe("the environment of the command", () => {
  test("the vault's key doesn't reach it, unless --keep-key", async () => {
    const key = crypto.getRandomValues(new Uint8Array(32)).toBase64();
    const own = bareEnvironment({ AUTH_KEY: key });
    await paste(own, "github", "github-token");
    const secrets = { AUTH_PASSPHRASE: "pass-phrase", AUTH_X_CLIENT_SECRET: "client-secret" };
    const seen = async (...flags: string[]): Promise<string> =>
      (await auth(["run", "github", ...flags, "--", "env"], { env: { ...own, ...secrets } })).stdout;
    const without = await seen();
    for (const secret of [key, "pass-phrase", "client-secret"]) expect(without).not.toContain(secret);
    expect(without).toContain("AUTH_HOME=");
    const kept = await seen("--keep-key");
    for (const secret of [key, "pass-phrase", "client-secret"]) expect(kept).toContain(secret);
  });

  test("nor does any other variable that opens a vault, or will", async () => {
    const { childEnvironment } = await import("../../src/inject/environment.ts");
    const { OURS } = await import("../../src/cli/help/environment.ts");
    const names = OURS.map(([name]) => name).filter((name) => /KEY|PASSPHRASE|IDENTITY|SECRET/.test(name));
    expect(names).toEqual(
      expect.arrayContaining(["AUTH_KEY_COMMAND", "AUTH_NEW_KEY_COMMAND", "AUTH_BACKUP_PASSPHRASE"]),
    );
    const own = Object.fromEntries(names.map((name) => [name.replace("<PROVIDER>", "X"), "cat /run/keys/auth"]));
    expect(await childEnvironment({ ...own, AUTH_HOME: "/h" }, [], false)).toEqual({ AUTH_HOME: "/h" });
    expect(await childEnvironment(own, [], true)).toEqual(own);
  });

  test("a vault whose key a command prints isn't open to it, and the message names --keep-key", async () => {
    const key = crypto.getRandomValues(new Uint8Array(32)).toBase64();
    const own = bareEnvironment({ AUTH_KEY_COMMAND: `printf %s ${key}` });
    await paste(own, "github", "github-token");
    const inside = (...flags: string[]) =>
      auth(["run", "github", "-q", ...flags, "--", AUTH, "token", "github:default"], { env: own });
    const without = await inside();
    expect({ code: without.code, stdout: without.stdout }).toEqual({ code: 8, stdout: "" });
    expect(without.stderr).toContain("--keep-key");
    expect(await inside("--keep-key")).toMatchObject({ code: 0, stdout: "github-token\n" });
  });

  test("no option of an address is taken for a password that went astray", async () => {
    const { OPTIONS, withoutPassword } = await import("../../src/vault/address.ts");
    for (const [scheme, options] of Object.entries(OPTIONS))
      for (const option of options)
        expect(withoutPassword(`${scheme}://u:p@host/0?${option}=1`)).toBe(`${scheme}://u@host/0?${option}=1`);
  });

  test("a password in AUTH_STORE doesn't reach it; the rest of it does", async () => {
    const { childEnvironment } = await import("../../src/inject/environment.ts");
    for (const [given, left] of [
      ["redis://user:hunter2@host:6379/0", "redis://user@host:6379/0"],
      ["rediss://:hunter2@host", "rediss://host"],
      ["postgres://user:hun@ter@host/db?sslmode=require", "postgres://user@host/db?sslmode=require"],
      [
        "rediss://u:p@[::1]:6379/0?prefix=a&ca=/etc/ca.pem&accept-loss=1",
        "rediss://u@[::1]:6379/0?prefix=a&ca=/etc/ca.pem&accept-loss=1",
      ],
      ["postgresql://u:p@h/db?schema=a&sslrootcert=/x.pem", "postgresql://u@h/db?schema=a&sslrootcert=/x.pem"],
      ["postgres://host:5432/db", "postgres://host:5432/db"],
      ["sqlite:/home/me/a:b@c.db", "sqlite:/home/me/a:b@c.db"],
    ] as const) {
      expect(await childEnvironment({ AUTH_STORE: given }, [], false)).toEqual({ AUTH_STORE: left });
      expect(await childEnvironment({ AUTH_STORE: given }, [], true)).toEqual({ AUTH_STORE: given });
    }
  });

  test("an AUTH_STORE whose password may be anywhere in it doesn't reach it at all", async () => {
    const { childEnvironment } = await import("../../src/inject/environment.ts");
    for (const AUTH_STORE of [
      "redis://user:hun?ter2@host:6379/0",
      "redis://user:12?prefix=ter2@host",
      "redis://user:hun#ter2@host:6379/0",
      "postgres://user:hun/ter2@host/db",
      "postgres://user:12/ter2@host",
      "postgres://user@host/db?password=hunter2&sslmode=require",
      "hunter2",
      "mysql://user:hunter2@host",
    ]) {
      expect(await childEnvironment({ AUTH_STORE }, [], false)).toEqual({});
      expect(await childEnvironment({ AUTH_STORE }, [], true)).toEqual({ AUTH_STORE });
    }
  });

  test("the variables that switch Bun never reach it", async () => {
    const switches = { NODE_TLS_REJECT_UNAUTHORIZED: "0", BUN_CONFIG_VERBOSE_FETCH: "1" };
    const inside = await environment(["github", "--keep-key"], switches);
    for (const name of Object.keys(switches)) expect(inside.has(name)).toBeFalse();
  });

  test("everything else stays as it was", async () => {
    const more = { EMPTY: "", SPACED: " a\n'b' ", ÜMLAUT: "ü" };
    const inside = await environment(["github"], more);
    for (const [name, value] of Object.entries({ ...env, ...more })) expect(inside.get(name)).toBe(value);
  });

  test("an older value of a variable that is written is replaced", async () => {
    const inside = await environment(["github:default"], { GH_TOKEN: "old", GITHUB_TOKEN: "old" });
    expect([inside.get("GH_TOKEN"), inside.get("GITHUB_TOKEN")]).toEqual(["github-token", "github-token"]);
  });

  test("AUTH_INJECTED names what came from the vault, and holds no token", async () => {
    const inside = await environment(["github"]);
    const injected = inside.get("AUTH_INJECTED") ?? "";
    expect(injected).toContain("GH_TOKEN github:default ");
    expect(injected).not.toContain("github-token");
  });
});

describe("how it ends", () => {
  test("with the command's own code", async () => {
    expect((await run(["github", "--", "sh", "-c", "exit 7"])).code).toBe(7);
    expect((await run(["github", "--", "true"])).code).toBe(0);
  });

  test("as the signal that killed the command would: 128 + n in a shell", async () => {
    const script = "\"$AUTH\" run github -q -- sh -c 'kill -TERM $$'; echo $?";
    const child = Bun.spawn(["sh", "-c", script], { env: { ...env, AUTH }, stdout: "pipe", stderr: "ignore" });
    expect(await child.stdout.text()).toBe("143\n");
    await child.exited;
  });

  test("the process is replaced: same pid", async () => {
    const child = Bun.spawn([AUTH, "run", "github", "-q", "--", "sh", "-c", "echo $$"], { env, stdout: "pipe" });
    expect((await child.stdout.text()).trim()).toBe(String(child.pid));
    await child.exited;
  });

  test("127: not found, by name and by path", async () => {
    for (const command of ["no-such-command-here", "./no-such-file", "/no/such/file"]) {
      const ended = await run(["github", "--json", "--", command]);
      expect([ended.code, ended.stdout]).toEqual([127, ""]);
      expect(errorOf(ended)).toMatchObject({ exitCode: 127 });
      expect(errorOf(ended).message).toContain(command);
    }
  });

  test("126: it can't be run", async () => {
    const file = join(tempFolder(), "script");
    writeFileSync(file, "#!/bin/sh\n");
    chmodSync(file, 0o600);
    for (const command of [file, tempFolder()]) {
      const ended = await run(["github", "--json", "--", command]);
      expect([ended.code, errorOf(ended).exitCode]).toEqual([126, 126]);
    }
  });

  test("64: no --, nothing after it, an unknown flag before it", async () => {
    for (const args of [
      ["github"],
      ["github", "true"],
      ["github", "--"],
      ["--"],
      [],
      ["github", "--nope", "--", "true"],
    ]) {
      const ended = await run(args);
      expect([ended.code, ended.stdout]).toEqual([64, ""]);
    }
  });

  test("everything after -- is the command's", async () => {
    const { code, stdout } = await run(["github", "--", "echo", "--json", "--help", "-q", "--", "--version"]);
    expect([code, stdout]).toEqual([0, "--json --help -q -- --version\n"]);
  });

  test("125 where the vault can't be opened", async () => {
    const own = bareEnvironment({ AUTH_KEY: crypto.getRandomValues(new Uint8Array(32)).toBase64() });
    await paste(own, "github", "github-token");
    const { AUTH_KEY: _key, ...without } = own;
    const ended = await auth(["run", "github", "--json", "--", "true"], { env: without });
    expect(ended.code).toBe(125);
    expect(errorOf(ended)).toMatchObject({ code: "vault_locked", exitCode: 125 });
  });

  test("-q says nothing", async () => {
    expect(await run(["github", "-q", "--", "true"])).toMatchObject({ code: 0, stdout: "", stderr: "" });
  });

  test("stdin is the command's", async () => {
    const { stdout } = await auth(["run", "github", "--", "cat"], { env, stdin: "through\n" });
    expect(stdout).toBe("through\n");
  });
});

test("--min-ttl asks for more, and never for more than a fresh token has", async () => {
  const home = await browserHome({ accessLifetime: 3600 });
  const before = home.issuer.rows[0]?.access;
  const ended = await home.call(["run", "sentry", "--min-ttl", "7200", "--", "printenv", "SENTRY_AUTH_TOKEN"]);
  // Minted moments ago: the same one, with a warning.
  expect([ended.code, ended.stdout.trim()]).toEqual([0, String(before)]);
  expect(ended.stderr).toContain("Warning: ");
  expect((await home.call(["run", "sentry", "--min-ttl", "soon", "--", "true"])).code).toBe(64);
  await home.stop();
});
