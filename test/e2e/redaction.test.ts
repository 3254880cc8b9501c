/**
 * Every command, with -v, over known secrets: none of them, in any encoding, in what it prints unasked, in any file it
 * leaves, on a command line, or in the environment of a program that has no business with it. Each secret really
 * flowed, and a leak planted in each sink is found (RULES.md 6.7).
 */
import { Database } from "bun:sqlite";
import { afterAll, describe, expect, test } from "bun:test";
import { appendFileSync, existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startGoogle } from "../issuers/google.ts";
import { startSentry } from "../issuers/sentry.ts";
import { headerOf, recordsOf } from "../support/damage.ts";
import { formsOf, leaksIn } from "../support/leaks.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, bareEnvironment, type Ended, onTerminal, run, tempFolder } from "../support/program.ts";
import { filesUnder, makeStock } from "../support/stock.ts";
import { type Watch, watch } from "../support/watch.ts";

const API_KEY = 'sk-"live\\key"/+=&%$-0123456789';
const PASTED = "sntrys_pasted+/=~0123456789";
const REFUSED = "sntrys_refused+/=~0123456789";
const KEY = Buffer.from("a key of thirty-two bytes, known").toString("base64");
const NEXT_KEY = Buffer.from("the next key of thirty-two bytes").toString("base64");
const PASSPHRASE = "correct horse/battery+staple&ü";
const ENVIRONMENT_TOKEN = "gho_environment+token/0123456789";
const OTHER_SECRET = "s3cret of another+client/%&=0123";

const google = startGoogle({ interval: 1 });
const sentry = startSentry({ approve: true, interval: 1 });
afterAll(() => Promise.all([google.server.stop(), sentry.server.stop()]));

const TOKEN = "/oauth/token/";
const placesOf = ({ endpoints }: { endpoints: Readonly<Record<string, string>> }): string[] =>
  Object.entries(endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);

/** Everything that reached an issuer, to see that each secret really flowed. */
function received(): string {
  const calls = [...google.server.calls, ...sentry.server.calls];
  return calls
    .flatMap(({ form, query, basic, bearer }) => [...form.values(), ...query.values(), basic?.secret, bearer])
    .filter((value) => value != null)
    .join("\n");
}

describe.skipIf(lacking("linux"))("every command with -v", () => {
  const env = bareEnvironment({
    AUTH_KEY: KEY,
    AUTH_SENTRY_CLIENT_ID: sentry.publicClient.id,
    AUTH_GITHUB_CLIENT_SECRET: OTHER_SECRET,
    DISPLAY: ":0",
    HISTFILE: "/dev/null",
  });
  const home = env.AUTH_HOME ?? "";
  const secrets = new Map<string, string>([
    ["client secret", google.desktop.secret],
    ["second client secret", sentry.confidentialClient.secret ?? ""],
    ["client secret in the environment", OTHER_SECRET],
    ["API key", API_KEY],
    ["pasted token", PASTED],
    ["refused token", REFUSED],
    ["AUTH_KEY", KEY],
    ["AUTH_KEY's bytes", "a key of thirty-two bytes, known"],
    ["AUTH_NEW_KEY", NEXT_KEY],
    ["AUTH_NEW_KEY's bytes", "the next key of thirty-two bytes"],
    ["passphrase", PASSPHRASE],
    ["token in the environment", ENVIRONMENT_TOKEN],
  ]);
  const watched = watch(home);

  /** Ends as expected, or the test says what it said. */
  async function call(
    args: readonly string[],
    {
      stdin = "",
      allowed = [],
      exit = 0,
      more = {},
    }: { stdin?: string; allowed?: string[]; exit?: number; more?: Record<string, string | undefined> } = {},
  ): Promise<Ended> {
    const all = Object.entries({ ...env, PATH: `${watched.bin}:${env.PATH}`, ...more });
    const set = Object.fromEntries(all.filter((entry): entry is [string, string] => entry[1] !== undefined));
    const ended = await watched.run(withVerbose(args), { env: set, stdin, allowed });
    expect({ args, exit: ended.code, stderr: ended.stderr }).toEqual({ args, exit, stderr: ended.stderr });
    return ended;
  }

  async function learn(connection: string, field: string, name: string): Promise<void> {
    const args = ["get", connection, "--no-refresh", "--show-secret", "--field", field];
    const { stdout } = await call(args, { allowed: [name] });
    expect(stdout.trim().length).toBeGreaterThan(20);
    secrets.set(name, stdout.trim());
  }

  test("leaves none of the secrets that flow through it anywhere", async () => {
    prepare(watched);
    await logIn();
    await look();
    await handOver();
    await refresh();
    await failHorribly();
    await administer();
    await changeKeys();
    await logOut();

    const known = new Set(secrets.values());
    for (const { form, query } of [...google.server.calls, ...sentry.server.calls])
      for (const name of ["device_code", "code", "code_verifier", "refresh_token", "token"]) {
        const value = form.get(name) ?? (name === "code" ? query.get(name) : null);
        if (value !== null && !known.has(value)) secrets.set(`${name} ${value.slice(0, 6)}`, value);
      }
    const names = [...secrets.keys()].join("\n");
    for (const name of ["device_code ", "code ", "code_verifier ", "access token", "id token"])
      expect(names).toContain(name);

    expect(watched.sightings.length).toBeGreaterThan(300);
    expect(watched.leaks(secrets)).toEqual([]);
    flowed();
  }, 60_000);

  function prepare({ program }: Watch): void {
    program("xdg-open", `exec ${process.execPath} -e 'await (await fetch(process.argv[1])).text()' "$1"`);
    program("key-helper", `printf %s ${KEY}`);
    program("child", "exit 0");
  }

  async function logIn(): Promise<void> {
    await call(["vault", "init", "--key", "env"]);
    const id = google.desktop.id;
    await call(["client", "set", "google", "--client-id", id, "--client-secret", "-"], {
      stdin: google.desktop.secret,
    });
    await call(
      [
        "login",
        "google",
        "-f",
        "browser",
        "-s",
        "openid,email",
        ...placesOf(google),
        "--client-id",
        id,
        "--client-secret",
        "-",
      ],
      {
        stdin: google.desktop.secret,
      },
    );
    await call(["login", "sentry", "-f", "device", ...placesOf(sentry)]);
    await call(["login", "sentry:json", "-f", "device", ...placesOf(sentry), "--json"]);
    const confidential = ["--client-id", sentry.confidentialClient.id, "--client-secret", "-"];
    await call(["login", "sentry:own", "-f", "device", ...placesOf(sentry), ...confidential], {
      stdin: sentry.confidentialClient.secret ?? "",
    });
    await call(["login", "sentry:bad", "--token", "-", ...placesOf(sentry)], { stdin: REFUSED, exit: 7 });
    await call(["login", "sentry:pasted", "--token", "-", "--no-verify"], { stdin: PASTED });
    await call(["login", "apikey:one", "--token", "-", "--env", "ONE_API_KEY"], { stdin: API_KEY });
    await learn("google", "accessToken", "access token");
    await learn("google", "refreshToken", "refresh token");
    await learn("google", "idToken", "id token");
    for (const name of ["default", "json", "own"]) {
      await learn(`sentry:${name}`, "accessToken", `access token of ${name}`);
      await learn(`sentry:${name}`, "refreshToken", `refresh token of ${name}`);
    }
  }

  async function look(): Promise<void> {
    for (const args of [
      ["list"],
      ["list", "--json"],
      ["status"],
      ["status", "--json"],
      ["status", "google", "--check"],
      ["status", "sentry:pasted", "--json"],
      ["get", "google"],
      ["get", "google", "--json"],
      ["get", "sentry", "--field", "account"],
      ["inspect", "google"],
      ["inspect", "sentry", "--json"],
      ["inspect", "apikey:one"],
      ["profile", "list"],
      ["profile", "show", "sentry:own"],
      ["client", "list"],
      ["client", "list", "--json"],
      ["provider", "list"],
      ["provider", "show", "google", "--json"],
      ["vault", "status"],
      ["vault", "status", "--json"],
      ["log"],
      ["log", "--json"],
      ["login", "google"],
      ["--version"],
      ["--help"],
    ])
      await call(args);
    await call(["inspect", "-"], { stdin: PASTED });
    await call(["doctor", "--offline"], { more: { GH_TOKEN: ENVIRONMENT_TOKEN } });
    await call(["status"], { more: { GH_TOKEN: ENVIRONMENT_TOKEN } });
    await call(["refresh", "github"], { more: { GH_TOKEN: ENVIRONMENT_TOKEN }, exit: 3 });
    for (const field of ["accessToken", "refreshToken", "idToken"])
      await call(["get", "google", "--field", field], { exit: 64 });
    await call(["frobnicate"], { exit: 64 });
    await call(["token", "google:none"], { exit: 2 });
  }

  async function handOver(): Promise<void> {
    const access = { allowed: ["access token"] };
    await call(["token", "google"], access);
    await call(["token", "google", "-o", "json"], access);
    await call(["token", "google", "-o", "header"], access);
    await call(["token", "google", "-o", "json", "--show-secret"], { allowed: ["access token", "refresh token"] });
    await call(["export", "google"], access);
    await call(["export", "apikey:one", "--format", "json"], { allowed: ["API key"] });
    await call(["token", "apikey:one"], { allowed: ["API key"] });
    await call(["run", "google", "--", "child"], access);
    await call(["run", "apikey:one", "--", "child", "--an-argument"], { allowed: ["API key"] });
    const inEnvironment = { more: { GH_TOKEN: ENVIRONMENT_TOKEN }, allowed: ["token in the environment"] };
    await call(["token", "github"], inEnvironment);
    await call(["run", "github", "--", "child"], inEnvironment);
    // A passphrase that doesn't choose the key is taken out all the same.
    const keeper = { more: { AUTH_NEW_KEY: NEXT_KEY }, allowed: ["access token"] };
    await call(["run", "google", "--", "child"], keeper);
  }

  async function refresh(): Promise<void> {
    await call(["refresh", "google", "--force"]);
    await call(["refresh", "sentry", "--force", "--json"]);
    await call(["refresh", "sentry:own", "--force"]);
    await call(["refresh", "sentry:pasted"], { exit: 3 });
    await call(["refresh", "apikey:one"], { exit: 3 });
    await learn("google", "accessToken", "second access token");
    await learn("sentry", "accessToken", "second access token of default");
    await learn("sentry", "refreshToken", "second refresh token of default");
    await learn("sentry:own", "refreshToken", "second refresh token of own");
    await call(["refresh", "google", "-o", "token"], { allowed: ["second access token"] });
    await call(["token", "google", "--rejected", "-"], {
      stdin: `${secrets.get("access token")}\n`,
      allowed: ["second access token"],
    });
  }

  /** A provider that repeats what it was sent, and one whose reply can't be read. */
  async function failHorribly(): Promise<void> {
    const own = secrets.get("second refresh token of own") ?? "";
    const secret = sentry.confidentialClient.secret ?? "";
    const echo = (text: string): string =>
      JSON.stringify({ error: "temporarily_unavailable", error_description: text, message: btoa(`id:${text}`) });
    const basic = Buffer.from(`${sentry.confidentialClient.id}:${secret}`).toString("base64");
    // So long that whatever is cut at a round number is cut within the token.
    const filler = "x".repeat(1709);
    for (const body of [
      echo(`refresh_token=${own}&client_secret=${secret}`),
      echo(`Authorization: Basic ${basic}`),
      echo(`${encodeURIComponent(own)} ${Buffer.from(own).toString("hex")} ${filler}${own}`),
      `<html>${own} ${secret} ${basic}</html>`,
    ])
      for (const status of [400, 503]) {
        sentry.server.fail({
          path: TOKEN,
          times: 2,
          reply: { status, body, headers: { "content-type": body.startsWith("<") ? "text/html" : "application/json" } },
        });
        const failed = await watched.run(withVerbose(["refresh", "sentry:own", "--force"]), { env });
        expect(failed.code).toBeGreaterThan(3);
        const json = await watched.run(withVerbose(["refresh", "sentry:own", "--force", "--json"]), { env });
        expect(json.code).toBe(failed.code);
        for (const args of [
          ["list", "--json"],
          ["status", "sentry:own", "--json"],
          ["log", "--failures"],
        ])
          await watched.run(withVerbose(args), { env });
      }
    secrets.set("refresh token of a kept reply", "kept-refresh-token-0123456789");
    sentry.server.fail({
      path: TOKEN,
      reply: {
        status: 200,
        body: '{"refresh_token":"kept-refresh-token-0123456789","access_token":17}',
        headers: { "content-type": "application/json" },
      },
    });
    await call(["refresh", "sentry:json", "--force"], { exit: 5 });
    const kept = filesUnder(home).filter((path) => path.endsWith(".reply"));
    expect(kept.some((path) => readFileSync(join(home, path)).some((byte) => byte !== 0))).toBe(true);
    google.server.fail({ path: "/token", reply: { status: 401, body: '{"error":"invalid_client"}' } });
    await call(["refresh", "google", "--force"], { exit: 6 });
    google.server.fail({
      path: "/v1/userinfo",
      times: 9,
      reply: { status: 500, body: secrets.get("second access token") ?? "" },
    });
    await watched.run(withVerbose(["status", "google", "--check"]), { env });
  }

  async function administer(): Promise<void> {
    await call(["profile", "create", "sentry:empty", "--client-id", "some-id"]);
    await call(["profile", "edit", "sentry:empty", "--set", "clientId=other-id", "--add-scope", "org:read"]);
    await call(["profile", "delete", "sentry:empty"]);
    await call(["use", "sentry:own"]);
    await call(["client", "set", "sentry", "--client-id", "a-third", "--client-secret", "-"], { stdin: OTHER_SECRET });
    await call(["client", "remove", "sentry", "--client-id", "a-third"]);
  }

  async function changeKeys(): Promise<void> {
    await call(["list"], { more: { AUTH_KEY: undefined, AUTH_KEY_COMMAND: "key-helper" } });
    await call(["vault", "rekey", "--key", "env"], { more: { AUTH_NEW_KEY: NEXT_KEY } });
    await call(["list"], { exit: 8 });
    env.AUTH_KEY = NEXT_KEY;
    await call(["list"]);
    await call(["vault", "rekey", "--key", "passphrase"], { more: { AUTH_NEW_PASSPHRASE: PASSPHRASE } });
    delete env.AUTH_KEY;
    await call(["list"], { exit: 8 });
    env.AUTH_PASSPHRASE = PASSPHRASE;
    await call(["list"]);
    await call(["run", "google", "--", "child"], { allowed: ["second access token"] });
    await call(["list"], { more: { AUTH_PASSPHRASE: `${PASSPHRASE}x` }, exit: 8 });
  }

  async function logOut(): Promise<void> {
    await call(["revoke", "sentry", "--yes"]);
    for (const connection of ["sentry:json", "sentry:own", "sentry:pasted", "apikey:one", "google"])
      await call(["logout", connection, "--json"]);
    await call(["logout", "--all", "--yes"]);
    expect(JSON.parse((await call(["list", "--json"])).stdout)).toEqual([]);
  }

  /** A secret that never went anywhere can't leak: each was seen by whom it was for. */
  function flowed(): void {
    const seen = received();
    for (const name of [
      ...["client secret", "second client secret", "refresh token", "refused token", "second access token"],
      ...["refresh token of default", "refresh token of own", "second refresh token of own"],
    ])
      expect({ name, seen: seen.includes(secrets.get(name) ?? "-") }).toEqual({ name, seen: true });
    const told = watched.sightings.filter(({ allowed }) => allowed.length > 0);
    for (const name of ["API key", "access token", "token in the environment", "id token"]) {
      const sightings = told.filter(({ allowed }) => allowed.includes(name));
      const value = new Map([[name, secrets.get(name) ?? ""]]);
      expect({ name, told: sightings.some(({ bytes }) => leaksIn(bytes, value).length > 0) }).toEqual({
        name,
        told: true,
      });
    }
    // The programs were started, and told on themselves.
    for (const name of ["xdg-open", "key-helper", "child"])
      expect({
        name,
        ran: watched.sightings.some(({ where, bytes }) => where.endsWith(`program ${name}`) && bytes.length > 0),
      }).toEqual({ name, ran: true });
  }
});

function withVerbose(args: readonly string[]): string[] {
  return ["-v", ...args];
}

describe.skipIf(lacking("linux"))("a leak that is planted is found", () => {
  const secrets = new Map([["planted", API_KEY]]);

  test("in every form", () => {
    for (const [form, needles] of formsOf(API_KEY))
      for (const needle of needles)
        expect({ form, leaks: leaksIn(Buffer.from(`noise ${needle} noise`, "latin1"), secrets).length > 0 }).toEqual({
          form,
          leaks: true,
        });
    const basic = Buffer.from(`client:${API_KEY}`).toString("base64");
    expect(leaksIn(`Authorization: Basic ${basic}`, secrets)).toContain("planted (base64)");
    expect(leaksIn("nothing to see", secrets)).toEqual([]);
    expect(leaksIn(API_KEY.slice(0, 10), secrets)).toEqual([]);
  });

  test("on standard output and standard error, and on a command line", async () => {
    const watched = watch(bareEnvironment().AUTH_HOME ?? "");
    const env = bareEnvironment();
    await watched.run(["inspect", "-"], { env, stdin: jwtWith(API_KEY) });
    expect(watched.leaks(secrets).join("\n")).toMatch(/stdout holds the planted/);
    await watched.run(["login", "apikey:x", "--token", API_KEY], { env });
    expect(watched.leaks(secrets).join("\n")).toMatch(/command line holds the planted/);
    // A word from the command line that is repeated in an error.
    const short = new Map([["planted", "planted-on-stderr"]]);
    await watched.run(["planted-on-stderr"], { env });
    expect(watched.leaks(short).join("\n")).toMatch(/stderr holds the planted/);
  });

  test("in a file, in the database, in its write-ahead log and in a deleted page", async () => {
    const stock = await makeStock();
    const watched = watch(stock.home);
    const whole = readFileSync(stock.vault);
    const look = async (): Promise<string> => {
      watched.sightings.length = 0;
      await watched.run(["--version"], { env: stock.env });
      return watched.leaks(secrets).join("\n");
    };
    expect(await look()).toBe("");

    appendFileSync(join(stock.home, "logs", "auth.log"), `debug ${API_KEY}\n`);
    expect(await look()).toContain("logs/auth.log holds the planted (plain)");
    writeFileSync(join(stock.home, "logs", "auth.log"), "");

    const database = new Database(stock.vault);
    database.run("PRAGMA journal_mode=PERSIST");
    database.query("INSERT INTO store VALUES ('planted', '1', ?1)").run(Buffer.from(API_KEY));
    expect(await look()).toContain("vault.db holds the planted (plain)");
    database.run("PRAGMA secure_delete=OFF");
    database.run("DELETE FROM store WHERE key = 'planted'");
    database.close();
    expect(await look()).toContain("vault.db holds the planted (plain)");
    expect(await look()).toContain("vault.db-journal holds the planted (plain)");
    writeFileSync(stock.vault, whole);
    rmSync(`${stock.vault}-journal`);
    expect(await look()).toBe("");
  });

  test("on the command line and in the environment of a program that is started", async () => {
    const stock = await makeStock();
    const watched = watch(stock.home);
    watched.program("child", "exit 0");
    const env = { ...stock.env, PATH: `${watched.bin}:${stock.env.PATH}` };
    await watched.run(["run", "sentry", "--", "child"], { env: { ...env, PLANTED: API_KEY } });
    expect(watched.leaks(secrets).join("\n")).toContain("the program child holds the planted (plain)");
    watched.sightings.length = 0;
    await watched.run(["run", "sentry", "--", "child", API_KEY], { env });
    expect(watched.leaks(secrets).join("\n")).toContain("the program child holds the planted (plain)");
  });
});

test.skipIf(lacking("linux"))("an editor gets nothing that opens the vault", async () => {
  const stock = await makeStock({ AUTH_KEY: KEY });
  const told = join(tempFolder(), "told");
  const editor = join(tempFolder(), "edit");
  writeFileSync(editor, `#!/bin/sh\ncat /proc/$$/environ > "${told}"\n`, { mode: 0o700 });
  const env = { ...stock.env, EDITOR: editor, AUTH_X_CLIENT_SECRET: OTHER_SECRET, BUN_CONFIG_VERBOSE_FETCH: "1" };
  await onTerminal([AUTH, "profile", "edit", "sentry"], { env }).ended;
  const seen = readFileSync(told, "utf8");
  expect(seen).toContain("EDITOR=");
  expect(
    leaksIn(
      seen,
      new Map([
        ["AUTH_KEY", KEY],
        ["client secret", OTHER_SECRET],
      ]),
    ),
  ).toEqual([]);
  expect(seen).not.toContain("BUN_CONFIG");
});

describe("what is erased leaves nothing on the disk", () => {
  /** Any stretch of a sealed value that is still somewhere in the home's files. */
  function remains(home: string, value: Uint8Array): string[] {
    const pieces: Buffer[] = [];
    for (let at = 64; at + 24 <= value.length; at += 24) pieces.push(Buffer.from(value.subarray(at, at + 24)));
    return filesUnder(home).filter((path) => {
      const bytes = readFileSync(join(home, path));
      return pieces.some((piece) => bytes.includes(piece));
    });
  }

  test("after a logout nothing of the sealed record is left; before it was there", async () => {
    const stock = await makeStock();
    const before = recordsOf(stock.vault);
    expect((await stock.call(["logout", "apikey:one"])).code).toBe(0);
    const left = recordsOf(stock.vault).map(({ key }) => key);
    const [gone, ...more] = before.filter(({ key }) => !left.includes(key));
    if (gone === undefined || more.length > 0) throw new Error("not exactly one record went");
    expect(remains(stock.home, gone.value)).toEqual([]);
    const kept = recordsOf(stock.vault)[0];
    expect(remains(stock.home, kept?.value ?? new Uint8Array())).toContain("vault.db");
  });

  test("after a rekey neither old records, nor the old header, nor the old key are left", async () => {
    const stock = await makeStock();
    const before = [headerOf(stock.vault), ...recordsOf(stock.vault)];
    const oldKey = readFileSync(stock.key, "utf8").trim().split(" ")[1] ?? "";
    for (const { value } of before) expect(remains(stock.home, value)).toEqual(["vault.db"]);
    expect((await stock.call(["vault", "rekey"])).code).toBe(0);
    for (const { value } of before) expect(remains(stock.home, value)).toEqual([]);
    expect(oldKey.length).toBeGreaterThan(40);
    expect(readFileSync(stock.key, "utf8")).not.toContain(oldKey);
    await stock.expectUnchanged();
  });

  test("a passphrase vault keeps no key file behind after rekey", async () => {
    const stock = await makeStock();
    const oldKey = readFileSync(stock.key, "utf8").trim().split(" ")[1] ?? "-";
    const rekey = await stock.call(["vault", "rekey", "--key", "passphrase"], {
      env: { AUTH_NEW_PASSPHRASE: PASSPHRASE },
    });
    expect({ code: rekey.code, stderr: rekey.stderr }).toEqual({ code: 0, stderr: rekey.stderr });
    const left = existsSync(stock.key) ? readFileSync(stock.key, "utf8") : "";
    expect(left).not.toContain(oldKey);
    expect((await run([AUTH, "list"], { env: { ...stock.env, AUTH_PASSPHRASE: PASSPHRASE } })).code).toBe(0);
  }, 60_000);
});

function jwtWith(claim: string): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ sub: claim, exp: 4_000_000_000 })}.c2lnbmF0dXJl`;
}
