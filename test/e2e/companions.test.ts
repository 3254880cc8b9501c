/** A second key that an API wants beside each token: given once, kept as a secret, handed over with the token. */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { startKeyed } from "../issuers/keyed.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended, tempFolder } from "../support/program.ts";

const issuer = startKeyed();
const env = bareEnvironment();
const key = `${issuer.clientId}:${issuer.secret}`;
afterAll(() => issuer.server.stop());

const call = (args: readonly string[], stdin = "", more: Record<string, string> = {}): Promise<Ended> =>
  auth(args, { env: { ...env, ...more }, stdin });
const login = (...more: string[]): string[] => ["login", "keyed", "--client-id", issuer.clientId, ...more];

function describedAs(text: string): void {
  const folder = join(env.AUTH_HOME as string, "providers");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(join(folder, "keyed.toml"), text, { mode: 0o600 });
}

beforeAll(async () => {
  describedAs(issuer.manifest());
  const done = await call(login("--api-key", "-"), `${issuer.secret}\n`);
  expect(done.stderr).toContain("Logged in to keyed:default as ada");
  expect(done.code).toBe(0);
});

describe("given with the login", () => {
  test("without it: what is needed, and both ways to give it", async () => {
    const { code, stderr } = await call(login("-p", "other"));
    expect(code).toBe(64);
    expect(stderr).toContain("Keyed needs the app's shared secret.");
    expect(stderr).toContain("--api-key -");
    expect(stderr).toContain("Or in KEYED_API_KEY.");
    expect(issuer.server.callsTo("/device")).toHaveLength(1);
  });

  test("never on the command line, never two from standard input, and nothing but the secret", async () => {
    const seen = await call(login("-p", "other", "--api-key", "visible"));
    expect([seen.code, seen.stderr.includes("--api-key takes '-'")]).toEqual([64, true]);
    const two = await call(login("-p", "other", "--api-key", "-", "--token", "-"), "x\n");
    expect([two.code, two.stderr.includes("Only one of")]).toEqual([64, true]);
    for (const wrong of ["x-api-key: abc", "two\nlines", "caf\u00e9", ""]) {
      const { code } = await call(login("-p", "other", "--api-key", "-"), wrong);
      expect({ wrong, code }).toEqual({ wrong, code: 64 });
    }
  });

  test("by its variable, beside a token on standard input; what the API refuses is not stored", async () => {
    const [access = ""] = issuer.live.keys();
    const wrong = await call(["login", "keyed", "-p", "pasted", "--token", "-"], access, { KEYED_API_KEY: "wrong" });
    expect([wrong.code, wrong.stderr.includes("The app's shared secret is taken from KEYED_API_KEY.")]).toEqual([
      7,
      true,
    ]);
    const paste = ["login", "keyed", "-p", "pasted", "--client-id", issuer.clientId, "--token", "-"];
    expect((await call(paste, access, { KEYED_API_KEY: issuer.secret })).code).toBe(0);
    expect((await call(["token", "keyed:pasted", "-o", "header"])).stdout).toContain(`x-api-key: ${key}\n`);
    await call(["logout", "keyed:pasted"]);
    const browser = await call(login("-p", "again"), "", { KEYED_API_KEY: issuer.secret });
    expect(browser.code).toBe(0);
    expect((await call(["logout", "keyed:again"])).code).toBe(0);
  });

  test("a login again keeps it, unless it leads elsewhere", async () => {
    expect((await call(login("--force"))).code).toBe(0);
    const other = startKeyed({ secret: issuer.secret });
    try {
      describedAs(other.manifest());
      const moved = await call(login("--force"));
      expect([moved.code, moved.stderr.includes("Keyed needs the app's shared secret.")]).toEqual([64, true]);
      expect(other.server.calls).toEqual([]);
    } finally {
      describedAs(issuer.manifest());
      await other.server.stop();
    }
  });
});

describe("handed over with the token", () => {
  test("in token -o header, one line each, as curl reads them", async () => {
    const { stdout } = await call(["token", "keyed", "-o", "header"]);
    const token = (await call(["token", "keyed"])).stdout.trim();
    expect(stdout).toBe(`Authorization: Bearer ${token}\nx-api-key: ${key}\nx-version: 3\n`);
  });

  test("by run and export, under its own name; -c hands over the token alone", async () => {
    const token = (await call(["token", "keyed"])).stdout.trim();
    const all = JSON.parse((await call(["export", "keyed", "--json"])).stdout);
    expect(all).toMatchObject({ KEYED_TOKEN: token, KEYED_API_KEY: key });
    expect((await call(["run", "keyed", "--", "printenv", "KEYED_API_KEY"])).stdout).toBe(`${key}\n`);
    const alone = JSON.parse((await call(["export", "-c", "keyed=MY_TOKEN", "--json"])).stdout);
    expect(Object.keys(alone).sort()).toEqual(["AUTH_INJECTED", "MY_TOKEN"]);
  });

  test("a workflow's log has it masked", async () => {
    const file = join(tempFolder(), "github-env");
    writeFileSync(file, "");
    const { stdout } = await call(["export", "keyed", "--format", "github-actions"], "", { GITHUB_ENV: file });
    expect(stdout).toContain(`::add-mask::${key}\n`);
    expect(readFileSync(file, "utf8")).toContain(key);
  });

  test("whose login it is, and its end, are asked with it", async () => {
    const status = JSON.parse((await call(["status", "--check", "--json"])).stdout);
    expect(JSON.stringify(status)).toContain('"accepted"');
    expect((await call(["refresh", "keyed", "--force"])).code).toBe(0);
    const token = (await call(["token", "keyed"])).stdout.trim();
    const out = await call(["logout", "keyed", "--json"]);
    expect(JSON.parse(out.stdout)).toMatchObject({ revoked: true });
    expect(issuer.live.has(token)).toBe(false);
    expect((await call(login("--api-key", "-"), issuer.secret)).code).toBe(0);
  });
});

describe("shown to no one", () => {
  test("profile show says that it is there", async () => {
    const shown = await call(["profile", "show", "keyed"]);
    expect(shown.stdout).toContain("with its token: apiKey");
    expect(shown.stdout).toContain("[redacted]");
    const view = JSON.parse((await call(["profile", "show", "keyed", "--json"])).stdout);
    expect(view.companions).toEqual({ apiKey: "[redacted]" });
  });

  test("no file of the vault, log or page has it", async () => {
    for (const args of [["list", "--json"], ["get", "keyed", "--json"], ["log"], ["status"], ["doctor"]])
      expect({ args, has: (await call(args)).stdout.includes(issuer.secret) }).toEqual({ args, has: false });
    const files = readdirSync(env.AUTH_HOME as string, { recursive: true, withFileTypes: true });
    for (const file of files.filter((one) => one.isFile()))
      expect(readFileSync(join(file.parentPath, file.name)).includes(issuer.secret)).toBe(false);
  });

  test("provider show names header, flag and variable before anyone logs in", async () => {
    const { stdout } = await call(["provider", "show", "keyed"]);
    expect(stdout).toContain("Writes: KEYED_TOKEN={token}, KEYED_API_KEY={clientId}:{secret}");
    expect(stdout).toContain(
      "With each token, in a header: x-api-key: {clientId}:{secret}: The app's shared secret (--api-key, or read from KEYED_API_KEY; required)",
    );
    expect((await call(["provider", "check", "keyed"])).code).toBe(0);
  });
});

test("attack: a companion can't take the place of the token's own header, the host's, or another provider's variable", async () => {
  const file = join(tempFolder(), "keyed.toml");
  for (const [change, words] of [
    ['header = "Authorization: Bearer {secret}"', "can't be Authorization"],
    ['header = "Host: {secret}"', "can't be Host"],
    ['header = "x-api-key: {secret}\\nX-Admin: 1"', "is not one line"],
    ['header = "x-api-key: {secret}"\nvariable = "GITHUB_TOKEN"', "the variable GITHUB_TOKEN, which belongs to github"],
    ['header = "x-api-key: {secret}"\nvariable = "LD_PRELOAD"', "LD_PRELOAD, which is reserved"],
  ] as const) {
    writeFileSync(file, issuer.manifest().replace('header = "x-api-key: {clientId}:{secret}"', change));
    const added = await call(["provider", "add", file, "--yes", "--replace", "--json"]);
    const plain = await call(["provider", "add", file, "--yes", "--json"]);
    const { code, message } = errorOf(words.includes("belongs") ? plain : added);
    expect({ change, code, says: String(message).includes(words) || message }).toEqual({
      change,
      code: "plugin_invalid",
      says: true,
    });
  }
});
