/** What a command says of a login once, by its name, and only where it is true. */
import { afterAll, expect, test } from "bun:test";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { auth, bareEnvironment, type Ended } from "../support/program.ts";

const servers: { stop(): Promise<void> }[] = [];
afterAll(() => Promise.all(servers.map((server) => server.stop())));

/** Logins at a provider that a file describes. @param names of the connections */
async function home(...names: string[]) {
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    fetch: async (request) => {
      const code = new URLSearchParams(await request.text()).get("code") ?? "again";
      return Response.json({
        access_token: `access-${code}`,
        token_type: "Bearer",
        expires_in: 3600,
        refresh_token: `refresh-${code}`,
        scope: "read admin",
      });
    },
  });
  servers.push({ stop: () => server.stop(true) });
  const env = bareEnvironment();
  const folder = join(env.AUTH_HOME ?? "", "providers");
  const description = join(folder, "acme.toml");
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const at = `http://127.0.0.1:${server.port}`;
  const endpoints = `[endpoints]\ntoken = "${at}/token"\nrevocation = "${at}/revoke"\n`;
  const scopes = '[scopes]\ndefault = ["admin", "read"]\n';
  writeFileSync(description, `id = "acme"\ntitle = "Acme"\nflows = ["code"]\n${scopes}${endpoints}`, { mode: 0o600 });
  const call = (args: readonly string[], stdin = ""): Promise<Ended> => auth(args, { env, stdin });
  for (const name of names) {
    const { code, stderr } = await call(["login", `acme:${name}`, "--client-id", "me", "--code", "-"], name);
    if (code !== 0) throw new Error(stderr);
  }
  return { call, description };
}

test("a profile edit that brings the scopes of the token back asks for no login", async () => {
  const { call } = await home("default");
  const added = await call(["profile", "edit", "acme", "--add-scope", "write"]);
  expect(added.stderr).toContain("log in again: auth login acme --force");
  const removed = await call(["profile", "edit", "acme", "--remove-scope", "write"]);
  expect([removed.code, removed.stderr]).toEqual([0, expect.not.stringContaining("log in again")]);
  const less = await call(["profile", "edit", "acme", "--remove-scope", "admin"]);
  expect(less.stderr).toContain("log in again: auth login acme --force");
});

test("a logout whose provider's description is gone says why nothing is revoked, and nothing of an answer", async () => {
  const { call, description } = await home("default");
  rmSync(description);
  const { code, stdout, stderr } = await call(["logout", "acme:default", "--yes"]);
  expect([code, stdout]).toEqual([0, ""]);
  expect(stderr).toContain("Nothing can be revoked at the provider");
  expect(stderr.match(/Warning/g)).toHaveLength(1);
  expect(stderr).not.toContain("did not confirm");
});

test("refresh --all names the connection in every line", async () => {
  const { call } = await home("one", "two");
  for (const args of [[], ["--min-ttl", "99999"], ["--force"]]) {
    const { stderr } = await call(["refresh", "--all", ...args]);
    const lines = stderr.split("\n").filter((line) => /^Warning|still valid|refreshed \(/.test(line));
    expect(lines.length).toBeGreaterThanOrEqual(2);
    for (const line of lines) expect(line).toMatch(/acme:(one|two)|acme \((one|two)\)/);
  }
});

test("a profile edit that changes nothing says so", async () => {
  const { call } = await home("default");
  const { stderr } = await call(["profile", "edit", "acme", "--unset", "issuer"]);
  expect(stderr).toContain("Nothing to change: acme:default is as it was.");
});
