/** How long a token is used, by what a provider says of its lifetime, in however odd a way. */
import { afterAll, describe, expect, test } from "bun:test";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { auth, bareEnvironment } from "../support/program.ts";

type Fields = Readonly<Record<string, unknown>>;

const servers: { stop(): Promise<void> }[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** A login at a provider. @param says what its nth token reply (from 1) says besides the tokens */
async function home(says: (n: number) => Fields, description = "") {
  let count = 0;
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: () => {
      count++;
      const more = says(count);
      return Response.json({
        access_token: `access-${count}`,
        token_type: "Bearer",
        refresh_token: `r-${count}`,
        ...more,
      });
    },
  });
  servers.push({ stop: () => server.stop(true) });
  const env = bareEnvironment();
  const folder = join(env.AUTH_HOME ?? "", "providers");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  writeFileSync(
    join(folder, "acme.toml"),
    `id = "acme"\ntitle = "Acme"\nflows = ["code"]\n${description}\n[endpoints]\ntoken = "http://127.0.0.1:${server.port}/token"\n`,
    { mode: 0o600 },
  );
  const call = (args: readonly string[], stdin = "") => auth(args, { env, stdin });
  const login = await call(["login", "acme", "--client-id", "me", "--code", "-"], "code");
  expect({ code: login.code, stderr: login.stderr }).toMatchObject({ code: 0 });
  const entry = async (): Promise<Fields> => JSON.parse((await call(["status", "acme", "--json"])).stdout)[0];
  return {
    call,
    entry,
    login,
    requests: () => count,
    left: async (): Promise<number | null> => {
      const { expiresAt } = await entry();
      return expiresAt === null ? null : Math.round((Date.parse(String(expiresAt)) - Date.now()) / 1000);
    },
    log: () => readFileSync(join(env.AUTH_HOME ?? "", "logs", "auth.log"), "utf8"),
  };
}

function jwt(exp: number): string {
  const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  return `${part({ alg: "none" })}.${part({ exp })}.c2ln`;
}
const now = (): number => Math.floor(Date.now() / 1000);

describe("a lifetime of zero", () => {
  for (const value of [0, "0", -5])
    test(`${JSON.stringify(value)}: with a refresh token one call refreshes, and the next don't for a minute`, async () => {
      const { call, requests } = await home(() => ({ expires_in: value }));
      const tokens = [];
      for (let i = 0; i < 5; i++) tokens.push((await call(["token", "acme"])).stdout.trim());
      expect(tokens).toEqual(Array(5).fill("access-2"));
      expect(requests()).toBe(2);
    });

  test("without a refresh token it counts as unknown, and the token is used", async () => {
    const { call, entry } = await home(() => ({ expires_in: 0, refresh_token: undefined }));
    expect((await call(["token", "acme"])).stdout).toBe("access-1\n");
    expect(await entry()).toMatchObject({ status: "connected", expiresAt: null });
  });
});

test("a refresh whose reply has no lifetime keeps the last one", async () => {
  const { call, left } = await home((n) => (n === 1 ? { expires_in: 3600 } : {}));
  expect((await call(["refresh", "acme", "--force"])).code).toBe(0);
  expect(await left()).toBeWithin(3590, 3601);
});

test("a JWT's own end counts where the reply says none", async () => {
  const { left, call } = await home((n) => ({ access_token: jwt(now() + n * 1000) }));
  expect(await left()).toBeWithin(985, 1003);
  expect((await call(["refresh", "acme", "--force"])).code).toBe(0);
  expect(await left()).toBeWithin(1985, 2003);
});

test("a pasted JWT's end is known, and it isn't used beyond that", async () => {
  const env = bareEnvironment();
  const paste = (token: string) =>
    auth(["login", "apikey:one", "--token", "-", "--env", "ONE_TOKEN"], { env, stdin: token });
  expect((await paste(jwt(now() + 1000))).code).toBe(0);
  const [entry] = JSON.parse((await auth(["status", "apikey:one", "--json"], { env })).stdout) as Fields[];
  expect(Date.parse(String(entry?.expiresAt)) - Date.now()).toBeWithin(990_000, 1_001_000);
});

test("a lifetime that can't be read counts as absent, and the log says so", async () => {
  const { call, left, login, log } = await home((n) => ({ expires_in: n === 1 ? "3600abc" : true }));
  expect(login.stderr).toContain('can\'t be read, and counts as not there: expires_in "3600abc"');
  expect(await left()).toBeNull();
  expect(log()).toContain('expires_in "3600abc"');
  expect((await call(["refresh", "acme", "--force"])).code).toBe(0);
  expect(log()).toContain(
    "warning: acme:default: The provider's reply has what can't be read, and counts as not there: expires_in true.",
  );
});
