/**
 * The binary alone on a bare system: a root with nothing in it but the C library that every Linux has, /proc, and a
 * program to run. No Node, no Bun, no node_modules, no shell, no /tmp, no /etc.
 */
import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { cpSync, mkdirSync, realpathSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { type SentryOptions, startSentry } from "../issuers/sentry.ts";
import { lacking } from "../support/needs.ts";
import { manifest } from "../support/plugin-home.ts";
import { AUTH, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";
import { filesUnder } from "../support/stock.ts";

const PROVIDER = "sentry";
const ISSUER: SentryOptions = { approve: true, interval: 1 };

/** Libraries by ldd, at the paths that the loader will look for. */
async function librariesOf(program: string): Promise<string[]> {
  const { stdout } = await run(["ldd", program]);
  return [...stdout.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path]) => path ?? "");
}

async function bareRoot(...programs: readonly (readonly [from: string, to: string])[]): Promise<string> {
  const root = tempFolder();
  const put = (from: string, to: string): void => {
    mkdirSync(join(root, dirname(to)), { recursive: true });
    cpSync(realpathSync(from), join(root, to));
  };
  for (const [from, to] of programs) {
    put(from, to);
    for (const library of await librariesOf(from)) put(library, library);
  }
  for (const folder of ["proc", "dev", "home"]) mkdirSync(join(root, folder));
  writeFileSync(join(root, "dev", "null"), "");
  return root;
}

/** In a mount namespace of its own: nothing stays mounted. */
const ENTER = `
  mount --bind /proc "$1/proc" && mount --bind /dev/null "$1/dev/null" || exit 99
  root=$1; shift; exec chroot "$root" "$@"`;

describe.skipIf(lacking("linux", "root", "mounts", "chroot", "ldd"))("alone on a bare system, auth", () => {
  const issuer = startSentry(ISSUER);
  const places = Object.entries(issuer.endpoints).flatMap(([name, url]) => ["--endpoint", `${name}=${url}`]);
  const env = bareEnvironment({
    HOME: "/home",
    AUTH_HOME: undefined,
    PATH: `/bin:${process.env.PATH}`,
    AUTH_SENTRY_CLIENT_ID: issuer.publicClient.id,
  });
  let root = "";
  beforeAll(async () => {
    root = await bareRoot([AUTH, "/auth"], ["/usr/bin/printenv", "/bin/printenv"]);
  });
  afterAll(() => issuer.server.stop());

  const inside = (...command: string[]): Promise<Ended> =>
    run(["unshare", "--mount", "sh", "-c", ENTER, "sh", root, ...command], { env: { ...env, AUTH_HOME: undefined } });
  const call = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await inside("/auth", ...args);
    if (code !== 0) throw new Error(`exit ${code}\n${stdout}\n${stderr}`);
    return stdout;
  };

  test("logs in, shows, hands over, refreshes, runs, exports and logs out", async () => {
    expect(
      filesUnder(root).filter((path) => !/^(auth|bin\/printenv|dev\/null|(usr\/)?lib(64)?\/.*\.so.*)$/.test(path)),
    ).toEqual([]);
    expect((await inside("/bin/sh", "-c", "true")).code).toBe(127);

    const events = await call("login", PROVIDER, "-f", "device", ...places, "--json");
    expect(events).toContain('"event":"device_code"');
    expect(events).toContain('"event":"connected"');
    expect(await call("status", PROVIDER)).toContain("Authenticated as: ");
    const first = await call("token", PROVIDER);
    expect(issuer.isLive(first.trim())).toBe(true);
    expect(JSON.parse(await call("refresh", PROVIDER, "--force", "--json"))).toMatchObject({ refreshed: true });
    const second = await call("token", PROVIDER);
    expect(second).not.toBe(first);
    expect(await call("run", PROVIDER, "--", "printenv", "SENTRY_AUTH_TOKEN")).toBe(second);
    expect(await call("run", PROVIDER, "--", "/bin/printenv", "SENTRY_AUTH_TOKEN")).toBe(second);
    expect(JSON.parse(await call("export", PROVIDER, "--format", "json"))).toMatchObject({
      SENTRY_AUTH_TOKEN: second.trim(),
    });
    expect(await call("get", PROVIDER, "--field", "account")).toMatch(/\S/);
    expect(JSON.parse(await call("list", "--json"))).toHaveLength(1);
    expect(await call("vault", "status")).toContain("Vault: /home/");
    expect(JSON.parse(await call("logout", PROVIDER, "--json"))).toMatchObject({ erased: true });
    expect((await inside("/auth", "token", PROVIDER)).code).toBe(2);
  }, 60_000);

  test("takes a new provider: a manifest and a module, checked, added, trusted, used", async () => {
    const { url } = issuer.server;
    const urls = ["--device-url", `${url}/oauth/device/code/`, "--token-url", `${url}/oauth/token/`];
    await call("provider", "new", "fresh", ...urls, "--file", "/home/fresh.toml");
    await call("provider", "check", "/home/fresh.toml");
    writeFileSync(join(root, "home", "acme.toml"), manifest(url), { mode: 0o600 });
    expect(await call("provider", "check", "/home/acme.toml")).toContain("✓ login by device");
    await call("provider", "add", "/home/acme.toml", "--yes");
    // The same place by another name: one provider can't have another's origin.
    const other = url.replace("127.0.0.1", "localhost");
    const module = `import { defineProvider } from "auth/provider";
      export default defineProvider({
        id: "bare", title: "Bare", flows: ["device"],
        endpoints: { device: "${other}/oauth/device/code/", token: "${other}/oauth/token/" },
        client: { kind: "public" },
        functions: { reply: ({ body }) => ({ ...body, scope: "seen" }) },
      });`;
    writeFileSync(join(root, "home", "bare.ts"), module, { mode: 0o600 });
    expect(await call("provider", "check", "/home/bare.ts", "--yes")).toContain("✓ login by device");
    const { hash } = JSON.parse(await call("provider", "add", "/home/bare.ts", "--yes", "--json"));
    expect((await inside("/auth", "login", "bare")).code).toBe(9);
    await call("provider", "trust", "bare", "--ci", hash);
    for (const id of ["acme", "bare"]) {
      await call("login", id, "--client-id", issuer.publicClient.id);
      const first = await call("token", id);
      await call("refresh", id, "--force");
      const second = await call("run", id, "--", "printenv", `${id.toUpperCase()}_TOKEN`);
      expect(second).not.toBe(first);
      expect(issuer.isLive(second.trim())).toBe(true);
    }
    expect(await call("get", "bare", "--field", "scopes")).toBe("seen\n");
    for (const id of ["acme", "bare"]) await call("logout", id);
  }, 60_000);

  test("says in words what isn't there", async () => {
    const { code, stderr } = await inside("/auth", "token", PROVIDER, "--json");
    expect(code).toBe(2);
    expect(JSON.parse(stderr).error).toMatchObject({ code: "connection_not_found", exitCode: 2 });
    expect(await call("--version")).toMatch(/^auth \d/);
    expect(await call("--help")).toContain("login");
  });
});
