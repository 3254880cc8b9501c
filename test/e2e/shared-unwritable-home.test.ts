/** What a home can't remember of a shared vault is no reason to refuse, or to take back, what the server has. */
import { afterAll, describe, expect, test } from "bun:test";
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { startHeld } from "../issuers/held.ts";
import { succeeded } from "../support/home.ts";
import { lacking } from "../support/needs.ts";
import { AUTH, bareEnvironment, type Ended, run, tempFolder } from "../support/program.ts";
import { KEY } from "../vault/home.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";

const LOGIN = ["login", "acme", "--flow", "device"];

describe.skipIf(lacking("linux", "root", "setpriv", "redis-server"))(
  "a home of a shared vault that can't be written",
  () => {
    const USER = 61_001;
    const server = lazyServer(BACKENDS.Redis.start);
    const issuer = startHeld();
    afterAll(async () => {
      await issuer.stop();
      await server.stop();
    });

    /** A user's home with a login in it. */
    async function home() {
      const root = tempFolder();
      chmodSync(root, 0o755);
      const folder = join(root, "home");
      mkdirSync(folder);
      const file = join(folder, "acme.toml");
      writeFileSync(file, issuer.manifest("acme"), { mode: 0o600 });
      for (const path of [folder, file]) chownSync(path, USER, USER);
      const env = { HOME: folder, AUTH_HOME: join(folder, "auth"), AUTH_STORE: await server.address(), AUTH_KEY: KEY };
      const call = (...args: string[]): Promise<Ended> =>
        run(["setpriv", `--reuid=${USER}`, `--regid=${USER}`, "--clear-groups", AUTH, ...args], {
          env: bareEnvironment(env),
          cwd: folder,
        });
      await succeeded(call("vault", "init"));
      await succeeded(call("provider", "add", file, "--yes"));
      await succeeded(call(...LOGIN));
      const shared = join(folder, "auth", "shared");
      return {
        store: env.AUTH_STORE,
        folder,
        call,
        known: dirname(
          [...new Bun.Glob("*/seen").scanSync({ cwd: shared, absolute: true, onlyFiles: false })][0] ?? "",
        ),
      };
    }

    test("a login that was stored stays, where the home can't remember it", async () => {
      const { call, known } = await home();
      chmodSync(join(known, "seen"), 0o500);
      await succeeded(call(...LOGIN, "--force"));
      const token = (await succeeded(call("token", "acme"))).stdout.trim();
      expect([...issuer.live]).toContain(token);
    });

    test("without a home at all a token is read too, and what needs one says so", async () => {
      const { call, folder, store } = await home();
      const login = (name: string) => ["login", `apikey:${name}`, "--token", "a-key", "--no-verify"];
      await succeeded(call(...login("x")));
      const homeless = (...args: string[]) =>
        run(["env", "-i", `AUTH_STORE=${store}`, `AUTH_KEY=${KEY}`, AUTH, ...args], { cwd: folder });
      const read = await homeless("token", "apikey:x");
      expect({ code: read.code, stdout: read.stdout }).toEqual({ code: 0, stdout: "a-key\n" });
      const listed = await homeless("list", "--json");
      expect({ code: listed.code, count: JSON.parse(listed.stdout).length }).toEqual({ code: 0, count: 2 });
      const refused = await homeless(...login("y"));
      expect(refused.code).toBe(8);
      expect(refused.stderr).toContain("needs a folder of this machine");
      expect(refused.stderr).toContain("HOME is not set");
    });

    test("a token is read all the same, by who never was there too", async () => {
      const { call, folder, known } = await home();
      const token = (await succeeded(call("token", "acme"))).stdout;
      for (const path of [join(known, "seen"), known, join(folder, "auth", "shared"), join(folder, "auth"), folder])
        chmodSync(path, 0o500);
      expect((await succeeded(call("token", "acme"))).stdout).toBe(token);
      for (const path of [folder, join(folder, "auth"), join(folder, "auth", "shared")]) chmodSync(path, 0o700);
      rmSync(join(folder, "auth"), { recursive: true });
      mkdirSync(join(folder, "auth"), { mode: 0o500 });
      chownSync(join(folder, "auth"), USER, USER);
      expect((await succeeded(call("token", "acme"))).stdout).toBe(token);
    });
  },
);
