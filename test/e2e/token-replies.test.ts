/** What becomes of a login by what the token endpoint answers: large replies, and refusals that don't look like one. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { errorOf } from "../support/logged-in.ts";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

type Fields = Readonly<Record<string, unknown>>;
interface Answer {
  readonly status?: number;
  readonly body: Fields;
}

const servers: { stop(): Promise<void> }[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/**
 * A login whose access token has expired, at a provider that rotates refresh tokens.
 * @param answers by the number of the request, from 1 (the login); `{}`: tokens, with these fields
 */
async function home(answers: (n: number) => Answer, { secret = false } = {}) {
  const sent: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      sent.push(new URLSearchParams(await request.text()).get("refresh_token") ?? "");
      const { status = 200, body } = answers(sent.length);
      return Response.json(body, { status });
    },
  });
  servers.push({ stop: () => server.stop(true) });
  const env = bareEnvironment();
  const folder = join(env.AUTH_HOME ?? "", "providers");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(
    join(folder, "acme.toml"),
    `id = "acme"\ntitle = "Acme"\nflows = ["code"]\n[endpoints]\ntoken = "http://127.0.0.1:${server.port}/token"\n`,
    { mode: 0o600 },
  );
  const call = (args: readonly string[], stdin = ""): Promise<Ended> =>
    auth(args, { env: secret ? { ...env, AUTH_ACME_CLIENT_ID: "me", AUTH_ACME_CLIENT_SECRET: "s3cret" } : env, stdin });
  const login = await call(["login", "acme", ...(secret ? [] : ["--client-id", "me"]), "--code", "-"], "code");
  return { call, login, sent };
}

const tokens = (n: number, more: Fields = {}): Answer => ({
  body: { access_token: `access-${n}`, token_type: "Bearer", expires_in: 1, refresh_token: `refresh-${n}`, ...more },
});
const past = (): Promise<void> => Bun.sleep(1100);

describe("a large token reply", () => {
  const LARGE = { pad: "i".repeat(16_500), scope: "read ".repeat(3400) };
  const large = (n: number): Answer =>
    tokens(n, { ...LARGE, access_token: `access-${n}-${"a".repeat(n === 2 ? 300_000 : 16_500)}`, expires_in: 3600 });

  test("is kept and used: of a login, of a refresh, and of the next one", async () => {
    const { call, login, sent } = await home(large);
    expect([login.code, login.stderr]).toMatchObject([0, expect.not.stringContaining("too large")]);
    for (let n = 2; n <= 3; n++) {
      expect((await call(["refresh", "acme", "--force"])).code).toBe(0);
      expect((await call(["token", "acme"])).stdout).toBe(`${large(n).body.access_token}\n`);
    }
    expect(sent).toEqual(["", "refresh-1", "refresh-2"]);
  });

  test("of more than 1 MiB is not read: the words say that the login may be lost, and how to log in", async () => {
    const { call } = await home((n) => tokens(n, n === 2 ? { pad: "x".repeat(1_100_000) } : {}));
    await past();
    const ended = await call(["token", "acme", "--json"]);
    expect(ended.code).toBe(5);
    const { message, hint } = errorOf(ended);
    expect(message).toContain("the reply is too large");
    expect(hint).toContain("a new refresh token in it may be lost");
    expect(hint).toContain("auth login acme --force");
    expect(hint).not.toContain("kept");
    expect((await call(["status", "acme"])).stdout).toContain("(in_doubt)");
  });
});

describe("a refusal with status 200", () => {
  const REFUSALS: readonly [body: Fields, reason: string, words: string | null][] = [
    [{ errcode: 40030, errmsg: "invalid refresh_token" }, "HTTP 200: 40030", "invalid refresh_token"],
    [{ ok: false, error: "refresh_token_unknown" }, "HTTP 200: refresh_token_unknown", null],
    [{ success: false, message: "gone" }, "HTTP 200", "gone"],
  ];
  for (const [body, reason, words] of REFUSALS)
    test(`${JSON.stringify(body)} is a refusal: reported, and the token is not sent again until --force`, async () => {
      const { call, sent } = await home((n) => (n === 2 || n === 3 ? { body } : tokens(n)));
      await past();
      for (let calls = 0; calls < 3; calls++) {
        const ended = await call(["token", "acme", "--json"]);
        expect([ended.code, errorOf(ended).code]).toEqual([4, "refresh_refused"]);
        expect(errorOf(ended).message).toEndWith(`the provider refused the refresh (${reason})`);
        expect(errorOf(ended).hint).toStartWith("Log in again: auth login acme\n");
        if (words !== null) expect(errorOf(ended).detail).toBe(words);
      }
      expect(sent).toEqual(["", "refresh-1"]);
      await call(["refresh", "acme", "--force"]);
      expect((await call(["refresh", "acme", "--force"])).code).toBe(0);
      expect(sent).toEqual(["", "refresh-1", "refresh-1", "refresh-1"]);
    });

  test("without tokens and without an error it stays in doubt, and the words name the login", async () => {
    const { call } = await home((n) => (n === 2 ? { body: { data: {} } } : tokens(n)));
    await past();
    const ended = await call(["token", "acme", "--json"]);
    expect([ended.code, errorOf(ended).code]).toEqual([5, "provider_unavailable"]);
    expect(errorOf(ended).hint).toContain("log in again: auth login acme");
    expect((await call(["status", "acme"])).stdout).toContain("(in_doubt)");
  });
});

describe("a refusal with status 401", () => {
  const BODIES = [
    { error: { message: "already used", code: "refresh_token_reused" } },
    { error: "invalid_token" },
    { message: "gone" },
  ];
  for (const body of BODIES)
    test(`${JSON.stringify(body)} to a public client: log in again, by every command`, async () => {
      const { call, sent } = await home((n) => (n === 2 ? { status: 401, body } : tokens(n)));
      await past();
      for (const args of [
        ["refresh", "acme"],
        ["token", "acme"],
        ["run", "acme", "--", "true"],
        ["status", "acme"],
      ]) {
        const { code, stdout, stderr } = await call(args);
        expect(code).toBe(args[0] === "run" ? 125 : 4);
        expect(stdout + stderr).toContain("auth login acme");
        expect(stdout + stderr).not.toContain("auth client set");
      }
      expect(sent).toHaveLength(2);
    });

  test("to a client with a secret: one remedy, which has the client and the login, by every command", async () => {
    const { call } = await home((n) => (n === 2 ? { status: 401, body: { error: "invalid_token" } } : tokens(n)), {
      secret: true,
    });
    await past();
    for (const args of [["refresh", "acme"], ["token", "acme"], ["status", "acme"], ["doctor"]]) {
      const { stdout, stderr } = await call(args);
      expect(stdout + stderr).toContain("auth client set acme --client-id me --client-secret -");
      expect(stdout + stderr).toContain("log in again: auth login acme --force");
    }
  });
});
