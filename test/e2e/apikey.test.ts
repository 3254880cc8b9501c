/** Any static key: what a key is asked, where it is handed over, and what never happens to it. */
import { expect, test } from "bun:test";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const KEY = "sk-0123456789abcdef";

function home(): (args: readonly string[], stdin?: string) => Promise<Ended> {
  const env = bareEnvironment();
  return (args, stdin = "") => auth(args, { env, stdin });
}

async function kept(flags: readonly string[] = [], name = "openai"): Promise<ReturnType<typeof home>> {
  const call = home();
  const { code, stderr } = await call(["login", `apikey:${name}`, "--token", "-", ...flags], KEY);
  expect({ code, stderr }).toMatchObject({ code: 0 });
  return call;
}

test("is kept under a name, and printed as it is", async () => {
  const call = await kept();
  expect((await call(["token", "apikey:openai"])).stdout).toBe(`${KEY}\n`);
  const [entry] = JSON.parse((await call(["list", "--json"])).stdout);
  expect(entry).toMatchObject({
    connection: "apikey:openai",
    status: "connected",
    expiresAt: null,
    refreshable: false,
  });
});

test("goes under the variable that it was given, and only there", async () => {
  const call = await kept(["--env", "OPENAI_API_KEY"]);
  const seen = await call(["run", "apikey:openai", "--", "sh", "-c", "env"]);
  expect(seen.stdout).toContain(`OPENAI_API_KEY=${KEY}\n`);
  expect(seen.stdout).not.toContain("APIKEY_TOKEN=");
});

test("without a variable, under the one named after the provider", async () => {
  const call = await kept();
  const seen = await call(["run", "apikey:openai", "--", "sh", "-c", 'printf %s "$APIKEY_TOKEN"']);
  expect(seen.stdout).toBe(KEY);
});

test("is shown as the header that was chosen", async () => {
  const header = async (...flags: string[]): Promise<string> =>
    (await (await kept(flags))(["token", "apikey:openai", "-o", "header"])).stdout;
  expect(await header()).toBe(`Authorization: Bearer ${KEY}\n`);
  expect(await header("--header", "X-Api-Key: {token}")).toBe(`X-Api-Key: ${KEY}\n`);
  expect(await header("--header", "Authorization: Token token={token}")).toBe(`Authorization: Token token=${KEY}\n`);
});

test("must match its pattern: exit 7, and nothing is stored", async () => {
  const call = home();
  const flags = ["--token", "-", "--pattern", "sk-[a-z]+", "--json"];
  const refused = await call(["login", "apikey:openai", ...flags], KEY);
  expect(errorOf(refused)).toMatchObject({ code: "token_rejected", exitCode: 7 });
  expect(JSON.stringify(refused)).not.toContain(KEY);
  expect(JSON.parse((await call(["list", "--json"])).stdout)).toEqual([]);
});

test("a pattern that could hang, or an invalid header or variable: exit 64", async () => {
  for (const wrong of [
    ["--pattern", "(a+)+$"],
    ["--header", "no header"],
    ["--env", "PATH"],
    ["--env", "1X"],
  ]) {
    const refused = await home()(["login", "apikey:x", "--token", "-", ...wrong, "--json"], KEY);
    expect({ wrong, code: errorOf(refused).exitCode }).toEqual({ wrong, code: 64 });
  }
});

test("never refreshes: exit 3, and what to do instead", async () => {
  const call = await kept();
  for (const args of [
    ["refresh", "apikey:openai"],
    ["refresh", "apikey:openai", "--force"],
  ]) {
    const { code, stderr } = await call(args);
    expect({ code, stderr }).toEqual({
      code: 3,
      stderr: "Error: API keys never refresh.\nReplace it: auth login apikey:openai --token -\n",
    });
  }
});

test("is skipped by refresh --all", async () => {
  const { code, stdout } = await (await kept())(["refresh", "--all", "--json"]);
  const lines = stdout
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(code).toBe(0);
  expect(lines.at(-1)).toEqual({ summary: { refreshed: 0, valid: 0, skipped: 1, failed: 0 } });
});

test("is erased by logout, which revokes nothing", async () => {
  const call = await kept();
  expect(JSON.parse((await call(["logout", "apikey:openai", "--json"])).stdout)).toEqual({
    connection: "apikey:openai",
    erased: true,
    revoked: "unsupported",
  });
  expect((await call(["token", "apikey:openai"])).code).toBe(2);
});
