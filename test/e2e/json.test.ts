/**
 * CLI.md §1, "Errors": with --json an error is one line on stderr of one shape, with the exit code that the process
 * really has, and nothing on stdout. In words it is `Error: …` and what to do.
 */
import { beforeAll, describe, expect, test } from "bun:test";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { paste, succeeded } from "../support/home.ts";
import { auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";

interface Case {
  readonly args: readonly string[];
  readonly exit: number;
  readonly code: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** At a closed port, which refuses each connection. */
const NOWHERE = "http://127.0.0.1:9";
const KEY = { AUTH_KEY: "short" };

const CASES: readonly Case[] = [
  { args: ["nosuch"], exit: 64, code: "usage" },
  { args: ["token", "--nosuch"], exit: 64, code: "usage" },
  { args: ["token", "a", "b"], exit: 64, code: "usage" },
  { args: ["vault"], exit: 64, code: "usage" },
  { args: ["provider", "show"], exit: 64, code: "usage" },
  { args: ["token", "github:a b"], exit: 64, code: "usage" },
  { args: ["token", "--min-ttl", "soon"], exit: 64, code: "usage" },
  { args: ["token"], exit: 64, code: "ambiguous_connection" },
  { args: ["token", "nosuch"], exit: 2, code: "provider_not_found" },
  { args: ["token", "google"], exit: 2, code: "connection_not_found" },
  { args: ["status", "google:work"], exit: 2, code: "connection_not_found" },
  { args: ["get", "github:gone"], exit: 2, code: "connection_not_found" },
  { args: ["get", "github", "-f", "nosuch"], exit: 64, code: "usage" },
  { args: ["export", "github", "--format", "xml"], exit: 64, code: "usage" },
  { args: ["inspect", "-"], exit: 64, code: "usage", stdin: "" },
  { args: ["refresh", "github"], exit: 3, code: "no_refresh_token" },
  { args: ["refresh", "apikey:k"], exit: 3, code: "api_key" },
  { args: ["refresh", "google"], exit: 3, code: "env_token", env: { GOOGLE_OAUTH_ACCESS_TOKEN: "x" } },
  { args: ["logout", "google"], exit: 3, code: "env_token", env: { GOOGLE_OAUTH_ACCESS_TOKEN: "x" } },
  { args: ["logout"], exit: 64, code: "ambiguous_connection" },
  { args: ["logout", "--all"], exit: 64, code: "usage" },
  { args: ["revoke"], exit: 64, code: "ambiguous_connection" },
  { args: ["use"], exit: 64, code: "usage" },
  { args: ["use", "google"], exit: 2, code: "connection_not_found" },
  { args: ["token", "sentry:empty"], exit: 4, code: "login_required" },
  { args: ["refresh", "sentry:empty"], exit: 4, code: "login_required" },
  { args: ["inspect", "sentry:empty"], exit: 4, code: "login_required" },
  { args: ["token", "github", "--scope", "nosuch"], exit: 4, code: "login_required" },
  { args: ["login"], exit: 64, code: "usage" },
  { args: ["login", "nosuch"], exit: 2, code: "provider_not_found" },
  { args: ["login", "google"], exit: 6, code: "client_missing" },
  { args: ["login", "oidc"], exit: 64, code: "usage" },
  { args: ["login", "google", "--flow", "nosuch"], exit: 64, code: "usage" },
  { args: ["login", "google", "--timeout", "0"], exit: 64, code: "usage" },
  { args: ["login", NOWHERE, "--client-id", "x"], exit: 5, code: "network" },
  { args: ["login", "http://issuer.example", "--client-id", "x"], exit: 64, code: "usage" },
  { args: ["login", "apikey:p", "--token", "-", "--pattern", "sk-.*"], exit: 7, code: "token_rejected", stdin: "nope" },
  { args: ["run", "github"], exit: 64, code: "usage" },
  { args: ["run", "github:gone", "--", "true"], exit: 125, code: "connection_not_found" },
  { args: ["run", "github", "--", "/nosuch"], exit: 127, code: "internal" },
  { args: ["profile", "show", "google"], exit: 2, code: "connection_not_found" },
  { args: ["profile", "create", "github"], exit: 64, code: "usage" },
  { args: ["profile", "delete", "github"], exit: 64, code: "usage" },
  { args: ["client", "set", "github"], exit: 64, code: "usage" },
  { args: ["client", "remove", "github"], exit: 2, code: "connection_not_found" },
  { args: ["vault", "init", "--key", "floppy"], exit: 64, code: "usage" },
  { args: ["vault", "init"], exit: 64, code: "usage" },
  { args: ["token", "github"], exit: 8, code: "key_invalid", env: KEY },
  { args: ["list"], exit: 8, code: "key_invalid", env: KEY },
  { args: ["run", "github", "--", "true"], exit: 125, code: "key_invalid", env: KEY },
];

let home: Record<string, string>;
beforeAll(async () => {
  home = bareEnvironment();
  await paste(home, "github", "pasted");
  await succeeded(auth(["login", "apikey:k", "--token", "-"], { env: home, stdin: "key" }));
  await succeeded(auth(["profile", "create", "sentry:empty"], { env: home }));
});

function call({ env, stdin, args }: Case, ...json: string[]): Promise<Ended> {
  const end = args.indexOf("--");
  const all = end < 0 ? [...args, ...json] : [...args.slice(0, end), ...json, ...args.slice(end)];
  return auth(all, { env: { ...home, ...env }, stdin: stdin ?? "" });
}

for (const one of CASES)
  describe(`${one.args.join(" ")}${one.env ? ` (${Object.keys(one.env)})` : ""}`, () => {
    test(`--json: one line, ${one.code}, ${one.exit}`, async () => {
      const { code, stdout, stderr } = await call(one, "--json");
      expect(stdout).toBe("");
      expect(stderr).toMatch(/^\{.*\}\n$/);
      const document = JSON.parse(stderr);
      expect(Object.keys(document)).toEqual(["error"]);
      expect(Object.keys(document.error)).toEqual(["code", "message", "hint", "exitCode", "connection"]);
      expect(document.error).toMatchObject({ code: one.code, exitCode: one.exit });
      expect(code).toBe(one.exit);
      expect(document.error.message).toBeString();
      for (const field of ["hint", "connection"]) expect(typeof document.error[field]).toMatch(/string|object/);
    });

    test("in words: Error, then what to do; nothing on stdout, no trace", async () => {
      const { code, stdout, stderr } = await call(one, "--no-color", "-q");
      expect([code, stdout]).toEqual([one.exit, ""]);
      const [first = "", second = ""] = stderr.split("\n");
      expect(first).toMatch(/^Error: \S/);
      expect(second).not.toBe("");
      expect(stderr).not.toMatch(/^ {2,}at /m);
    });
  });

describe("the flag itself", () => {
  const same = async (...args: string[]): Promise<void> => {
    const { code, stdout, stderr } = await auth(args, { env: home });
    expect([code, stdout]).toEqual([2, ""]);
    expect(JSON.parse(stderr).error.code).toBe("connection_not_found");
  };
  for (const flags of [
    ["--json"],
    ["-o", "json"],
    ["-ojson"],
    ["--output=json"],
    ["--output", "json"],
    ["-qo", "json"],
  ])
    test(`${flags.join(" ")}, before the command and after it`, async () => {
      await same(...flags, "token", "google");
      await same("token", "google", ...flags);
      await same("token", ...flags, "google");
    });
});

test("-q keeps errors and warnings", async () => {
  const { stderr } = await auth(["token", "google", "-q"], { env: home });
  expect(stderr).toStartWith("Error: ");
});

test("what login prints as JSON when nothing is done", async () => {
  const { code, stdout, stderr } = await auth(["login", "github", "--json"], { env: home });
  expect([code, stderr]).toEqual([0, ""]);
  expect(JSON.parse(stdout)).toEqual({
    event: "connected",
    connection: "github:default",
    account: null,
    scopes: [],
    expiresAt: null,
    refreshable: false,
  });
});

test("every document is valid JSON, and one document", async () => {
  for (const args of [
    ["list"],
    ["status"],
    ["get", "github"],
    ["token", "github"],
    ["inspect", "github"],
    ["export", "github"],
    ["profile", "list"],
    ["profile", "show", "github"],
    ["client", "list"],
    ["vault", "status"],
    ["provider", "list"],
    ["provider", "show", "github"],
    ["provider", "check", "github"],
    ["provider", "types"],
    ["use", "github"],
    ["--version"],
  ]) {
    const { stdout } = await auth([...args, "--json"], { env: home });
    expect(JSON.parse(stdout)).toBeObject();
  }
});

describe("warnings and questions with --json", () => {
  test("the error says why nothing was injected; export has the documented exit code", async () => {
    const env = bareEnvironment();
    for (const name of ["apikey:one", "apikey:two"]) await paste(env, name, "k");
    for (const [args, exitCode] of [
      [["run", "--json", "--", "true"], 125],
      [["export", "--json"], 2],
    ] as const) {
      const { code, stdout, stderr } = await auth(args, { env });
      const { error } = JSON.parse(stderr);
      expect([code, stdout, error.code, error.exitCode]).toEqual([exitCode, "", "nothing_to_inject", exitCode]);
      expect(error.messages).toEqual([expect.stringContaining("apikey:one and apikey:two are left out")]);
    }
  });

  test("a warning of a command that succeeds is a line of its own", async () => {
    const env = { ...bareEnvironment(), SENTRY_AUTH_TOKEN: "x" };
    const { code, stdout, stderr } = await auth(["login", "sentry", "--token", "-", "--no-verify", "--json"], {
      env,
      stdin: "y",
    });
    expect([code, JSON.parse(stdout).event]).toEqual([0, "connected"]);
    expect(JSON.parse(stderr)).toEqual({ warning: { message: expect.stringContaining("SENTRY_AUTH_TOKEN is set") } });
  });

  test("a question that needs a person is in the error, with the command that needs none", async () => {
    const folder = tempFolder();
    writeFileSync(join(folder, "leg.ts"), "export default {}");
    writeFileSync(join(folder, "acme.toml"), 'id = "acme"\ntitle = "Acme"\nflows = ["token"]\n');
    for (const [args, shown] of [
      [["provider", "check", "./leg.ts"], "  Hash: sha256-"],
      [["provider", "add", "acme.toml"], "  Flows: token"],
    ] as const) {
      const asJson = await auth([...args, "--json"], { env: bareEnvironment(), cwd: folder });
      const { error } = JSON.parse(asJson.stderr);
      expect(error.messages).toContainEqual(expect.stringContaining(shown));
      expect(error.hint).toBe(`Review the above, then: auth ${args.join(" ")} --yes`);
      const inWords = await auth(args, { env: bareEnvironment(), cwd: folder });
      expect([inWords.code, inWords.stderr]).toEqual([64, expect.stringContaining(shown)]);
    }
  });
});

test("a new vault is not announced with -q or --json", async () => {
  for (const flag of ["-q", "--json"]) {
    const ended = await auth(["login", "sentry", "--token", "-", "--no-verify", flag], {
      env: bareEnvironment(),
      stdin: "y",
    });
    expect([ended.code, ended.stderr.includes("Made a vault")]).toEqual([0, false]);
  }
});
