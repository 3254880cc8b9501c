/** A lifetime that only introspection tells: asked for once the tokens are safe, and never at their cost. */
import { expect, test } from "bun:test";
import { mkdirSync, writeFileSync } from "node:fs";
import { TEST_BUILD } from "../proofs/proof-home.ts";
import { auth, bareEnvironment, run } from "../support/program.ts";

/** Tokens without a lifetime, as Salesforce gives them. @param exp what introspection says, seconds from now */
async function home(exp: (introspections: number) => number | null) {
  let count = 0;
  const paths: string[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: (request) => {
      const { pathname } = new URL(request.url);
      paths.push(pathname);
      if (pathname === "/introspect") {
        const left = exp(paths.filter((path) => path === "/introspect").length);
        if (left === null) return new Response("broken", { status: 500 });
        return Response.json({ active: true, exp: Math.floor(Date.now() / 1000) + left });
      }
      count++;
      return Response.json({
        access_token: `access-${count}`,
        token_type: "Bearer",
        refresh_token: `refresh-${count}`,
      });
    },
  });
  const url = `http://127.0.0.1:${server.port}`;
  const env = bareEnvironment();
  const folder = `${env.AUTH_HOME}/providers`;
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const text = `id = "acme"\ntitle = "A"\nflows = ["code"]\nreply.expiry.introspect = true\n[endpoints]\ntoken = "${url}/token"\nintrospection = "${url}/introspect"\n`;
  writeFileSync(`${folder}/acme.toml`, text, { mode: 0o600 });
  const call = (args: readonly string[], stdin = "") => auth(args, { env, stdin });
  const login = await call(["login", "acme", "--client-id", "me", "--code", "-"], "code");
  expect({ code: login.code, stderr: login.stderr }).toMatchObject({ code: 0 });
  const left = async (): Promise<number | null> =>
    JSON.parse((await call(["token", "acme", "--stored", "--json"])).stdout).expires_in;
  return { call, env, left, paths, stop: () => server.stop(true) };
}

test("is kept with the login, and again with each refresh", async () => {
  const { call, left, paths, stop } = await home((n) => n * 3600);
  expect(await left()).toBeWithin(3500, 3601);
  expect((await call(["refresh", "acme", "--force"])).code).toBe(0);
  expect(await left()).toBeWithin(7100, 7201);
  expect(paths).toEqual(["/token", "/introspect", "/token", "/introspect"]);
  await stop();
});

test("makes a token due, as any lifetime does", async () => {
  const { call, paths, stop } = await home((n) => (n === 1 ? 0 : 3600));
  expect((await call(["token", "acme"])).stdout).toBe("access-2\n");
  expect((await call(["token", "acme"])).stdout).toBe("access-2\n");
  expect(paths.filter((path) => path === "/token")).toHaveLength(2);
  await stop();
});

test("that can't be stored hides no token: the one that was stored is printed", async () => {
  const { call, env, stop } = await home((n) => (n === 1 ? 0 : 3600));
  // The commits: the note, the new tokens, then when they end.
  const faulty = { ...env, AUTH_TEST_FAULT: "vault-commit#3:EIO" };
  const ended = await run([TEST_BUILD, "token", "acme", "--stored"], { env: faulty });
  expect(ended).toMatchObject({ code: 0, stdout: "access-2\n" });
  expect((await call(["token", "acme", "--stored"])).stdout).toBe("access-2\n");
  await stop();
});

test("without an answer the tokens are kept, with no lifetime", async () => {
  const { call, left, stop } = await home(() => null);
  expect(await left()).toBeNull();
  expect((await call(["refresh", "acme", "--force"])).code).toBe(0);
  expect((await call(["token", "acme"])).stdout).toBe("access-2\n");
  await stop();
});
