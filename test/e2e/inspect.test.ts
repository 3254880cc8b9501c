/** `auth inspect`, CLI.md §5: what a token contains. No network. */
import { describe, expect, test } from "bun:test";
import { browserHome, paste } from "../support/home.ts";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
const jwt = (claims: unknown): string => `${part({ alg: "RS256", kid: "k1" })}.${part(claims)}.c2ln`;
const now = Math.floor(Date.now() / 1000);

const inspect = (token: string, ...flags: string[]): Promise<Ended> =>
  auth(["inspect", "-", ...flags], { stdin: `${token}\n` });

describe("a JWT", () => {
  const living = jwt({ iss: "https://issuer.example", sub: "ü", iat: now - 10, exp: now + 3599, roles: ["a"] });
  const dead = jwt({ iat: now - 7300, exp: now - 7205 });

  test("its header and claims, in words", async () => {
    const { code, stdout, stderr } = await inspect(living);
    expect([code, stderr]).toEqual([0, ""]);
    for (const text of ["RS256", "k1", "https://issuer.example", "roles", "Expires in 59 minutes."])
      expect(stdout).toContain(text);
  });

  test("in JSON, claims keep their names and epoch seconds; exp and iat are at the top", async () => {
    const { code, stdout, stderr } = await inspect(living, "--json");
    expect([code, stderr]).toEqual([0, ""]);
    const document = JSON.parse(stdout);
    expect(document).toMatchObject({ exp: now + 3599, iat: now - 10, header: { alg: "RS256", kid: "k1" } });
    expect(document.claims).toEqual({
      iss: "https://issuer.example",
      sub: "ü",
      iat: now - 10,
      exp: now + 3599,
      roles: ["a"],
    });
  });

  test("without exp and iat: null at the top", async () => {
    expect(JSON.parse((await inspect(jwt({ sub: "x" }), "--json")).stdout)).toMatchObject({ exp: null, iat: null });
    expect((await inspect(jwt({ sub: "x" }))).stdout).toContain("When it expires is unknown.");
  });

  test("an expired one is printed, then exit 4 token_expired", async () => {
    const words = await inspect(dead);
    expect(words.code).toBe(4);
    expect(words.stdout).toContain("RS256");
    expect(words.stdout).toContain("2 hours ago");
    expect(words.stderr).toStartWith("Error: ");
    const json = await inspect(dead, "--json");
    expect(json.code).toBe(4);
    expect(JSON.parse(json.stdout)).toMatchObject({ exp: now - 7205 });
    expect(errorOf(json)).toMatchObject({ code: "token_expired", exitCode: 4 });
  });

  test("what is in it can't draw on the terminal", async () => {
    const { stdout } = await inspect(jwt({ "\u001b[31mname": "\u001b]0;title\u0007 \u202e", exp: now + 60 }));
    for (const character of ["\u001b", "\u0007", "\u202e"]) expect(stdout).not.toContain(character);
  });
});

describe("an opaque token", () => {
  test("from stdin: that nothing is known, exit 0", async () => {
    for (const token of ["opaque", "a.b.c", "ghp_x.y", "...."]) {
      const { code, stdout } = await inspect(token, "--json");
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ exp: null, iat: null, header: null, claims: null });
    }
    expect((await inspect("opaque")).code).toBe(0);
  });

  test("from the vault: what is known of it", async () => {
    const home = await browserHome({ accessLifetime: 3600 });
    const { code, stdout } = await home.call(["inspect", "sentry", "--json"]);
    expect(code).toBe(0);
    const document = JSON.parse(stdout);
    expect(document.connection).toBe("sentry:default");
    expect(document.exp - document.iat).toBe(3600);
    expect(document.scopes).toContain("org:read");
    expect(stdout).not.toContain(home.issuer.rows[0]?.access ?? "-");
    const calls = home.issuer.server.calls.length;
    expect((await home.call(["inspect"])).stdout).toContain("Expires in 59 minutes.");
    expect(home.issuer.server.calls).toHaveLength(calls);
    await home.stop();
  });

  test("one from the vault that has expired is reported, then exit 4", async () => {
    const home = await browserHome({ accessLifetime: 1 });
    await Bun.sleep(1050);
    const ended = await home.call(["inspect", "sentry", "--json"]);
    expect(ended.code).toBe(4);
    expect(JSON.parse(ended.stdout).connection).toBe("sentry:default");
    expect(errorOf(ended)).toMatchObject({ code: "token_expired", connection: "sentry:default" });
    await home.stop();
  });
});

test("a JWT that was pasted, and one in the environment", async () => {
  const env = bareEnvironment();
  const token = jwt({ sub: "me", exp: now + 600 });
  await paste(env, "sentry", token);
  expect(JSON.parse((await auth(["inspect", "sentry", "--json"], { env })).stdout)).toMatchObject({
    connection: "sentry:default",
    claims: { sub: "me" },
  });
  const other = jwt({ sub: "other" });
  const seen = await auth(["inspect", "sentry", "--json"], { env: { ...env, SENTRY_AUTH_TOKEN: other } });
  expect(JSON.parse(seen.stdout)).toMatchObject({ claims: { sub: "other" } });
});

test("nothing on stdin, and several lines: exit 64", async () => {
  for (const stdin of ["", "\n", "one\ntwo"])
    expect(await auth(["inspect", "-"], { stdin })).toMatchObject({ code: 64, stdout: "" });
});

test("a profile without a login: exit 4", async () => {
  const env = bareEnvironment();
  await auth(["profile", "create", "sentry"], { env });
  const ended = await auth(["inspect", "sentry", "--json"], { env });
  expect([ended.code, errorOf(ended).code]).toEqual([4, "login_required"]);
});
