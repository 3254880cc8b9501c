/** Two machines that share a vault: what is done on one is so on the other. */
import { afterAll, describe, expect, test } from "bun:test";
import { PASSWORD } from "../support/databases.ts";
import { CONNECTION, errorOf, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { auth, tempFolder } from "../support/program.ts";
import { KEY } from "../vault/home.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = lazyServer(start);
    afterAll(() => server.stop());

    test("logged in on one, a command runs with the token on the other; revoked on one, the other says so", async () => {
      const shared = { AUTH_STORE: await server.address(), AUTH_KEY: KEY };
      const one = await loggedIn({}, null);
      const home = tempFolder();
      // Asks the server each time: by default it would say so within half a minute (shared-cache.test.ts).
      const other = { ...shared, AUTH_STORE: `${shared.AUTH_STORE}&cache=0`, HOME: home, AUTH_HOME: home };
      try {
        // A mistake in an address looks the same: a command that reads says where it looked.
        for (const args of [
          ["list", "--json"],
          ["status", "--json"],
          ["refresh", "--all", "--quiet", "--json"],
          ["token", CONNECTION, "--json"],
          ["vault", "status", "--json"],
          ["vault", "accept", "--json"],
        ]) {
          const ended = await auth(args, { env: other });
          expect({ args, code: ended.code, stdout: ended.stdout }).toEqual({ args, code: 2, stdout: "" });
          const { code, message } = errorOf(ended);
          expect({ code, message }).toEqual({
            code: "connection_not_found",
            message: expect.stringMatching(/^There is no vault at (redis|postgres):.*127\.0\.0\.1:\d+\/.*vault_\d+/),
          });
        }
        const login = await one.call(["login", PROVIDER, ...one.places, "--quiet"], { env: shared });
        expect({ code: login.code, stderr: login.stderr }).toEqual({ code: 0, stderr: expect.any(String) });
        const token = (await one.call(["token", PROVIDER], { env: shared })).stdout.trim();
        expect(token).not.toBe("");

        const ran = await auth(["run", PROVIDER, "--", "env"], { env: other });
        expect(ran.code).toBe(0);
        expect(ran.stdout).toContain(token);
        // What opens the vault stays outside, the database's password with it.
        for (const secret of [KEY, PASSWORD, encodeURIComponent(PASSWORD)]) expect(ran.stdout).not.toContain(secret);

        const revoked = await one.call(["revoke", PROVIDER, "--yes"], { env: shared });
        expect({ code: revoked.code, stderr: revoked.stderr }).toEqual({
          code: 0,
          stderr: expect.stringContaining("erased for every machine"),
        });
        const after = await auth(["run", PROVIDER, "--json", "--", "env"], { env: other });
        expect(after.code).toBe(125);
        expect(errorOf(after)).toMatchObject({ code: "login_required", connection: CONNECTION });
      } finally {
        await one.stop();
      }
    }, 60_000);

    test("doctor finds that no vault can be made at a server that forgets, before one is", async () => {
      const forgetful = await start({ settings: name === "Redis" ? ["--appendonly", "no"] : ["fsync=off"] });
      try {
        const env = { AUTH_STORE: forgetful.address("none"), AUTH_KEY: KEY };
        const { code, stdout } = await auth(["doctor", "--offline"], { env });
        expect(code).toBe(1);
        expect(stdout).toMatch(/✗ writing: The shared vault at .* can't be written: the server forgets/);
        expect((await auth(["vault", "init"], { env })).code).toBe(8);
        const accepting = { ...env, AUTH_STORE: `${env.AUTH_STORE}&accept-loss=1` };
        expect((await auth(["doctor", "--offline"], { env: accepting })).stdout).toContain("✓ writing");
        // It makes nothing.
        expect((await auth(["vault", "status"], { env })).code).toBe(2);
      } finally {
        await forgetful.stop();
      }
    }, 60_000);

    test("a server that doesn't answer is exit 5 within its time, and no token of elsewhere is given", async () => {
      const env = { AUTH_STORE: await server.address(), AUTH_KEY: KEY };
      expect((await auth(["vault", "init"], { env })).code).toBe(0);
      const database = await server.get();
      database.pause();
      try {
        const ended = await auth(["token", PROVIDER, "--json"], { env });
        expect(ended.code).toBe(5);
        expect(errorOf(ended)).toMatchObject({ code: "vault_unreachable" });
        expect(ended.stderr).not.toContain(encodeURIComponent(PASSWORD));
      } finally {
        database.resume();
      }
    }, 60_000);
  });
