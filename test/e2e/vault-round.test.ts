/** A vault that goes from place to place, interrupted on each way: a file, Redis, PostgreSQL, and a file again. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { generateX25519Identity, identityToRecipient } from "age-encryption";
import { TEST_BUILD } from "../proofs/proof-home.ts";
import { startPostgres, startRedis } from "../support/databases.ts";
import { paste, succeeded } from "../support/home.ts";
import { lacking } from "../support/needs.ts";
import { auth, bareEnvironment, run, tempFolder } from "../support/program.ts";
import { lazyServer } from "../vault/shared-home.ts";

type Variables = Record<string, string>;

const NAMES = ["n0", "n1", "n2"].map((name) => `apikey:${name}`);
const key = (): string => crypto.getRandomValues(new Uint8Array(32)).toBase64();

describe.skipIf(lacking("redis-server", "postgres"))("over Redis and PostgreSQL", () => {
  const servers = { redis: lazyServer(startRedis), postgres: lazyServer(startPostgres) };
  afterAll(async () => {
    for (const server of Object.values(servers)) await server.stop();
  });
  const places = {
    redis: () => servers.redis.address(),
    postgres: () => servers.postgres.address(),
    file: async () => `sqlite:${join(tempFolder(), "vault.db")}`,
  };

  async function filled(): Promise<Variables> {
    const env = bareEnvironment();
    for (const name of NAMES) await paste(env, name, `the token of ${name}`);
    return env;
  }

  async function expectAll(env: Variables): Promise<void> {
    for (const name of NAMES)
      expect((await succeeded(auth(["token", name], { env }))).stdout).toBe(`the token of ${name}\n`);
  }

  test("copied on, killed at each record of each way, and run again", async () => {
    let env = await filled();
    for (const kind of ["redis", "postgres", "file"] as const) {
      const store = await places[kind]();
      const copying = { ...env, AUTH_NEW_KEY: key() };
      const command = ["vault", "copy", "--to", "-", "--json"];
      for (const nth of [1, 2, 3]) {
        const fault = { AUTH_TEST_FAULT: `vault-commit#${nth}:kill` };
        const killed = await run([TEST_BUILD, ...command], { env: { ...copying, ...fault }, stdin: store });
        expect([kind, nth, killed.signal]).toEqual([kind, nth, "SIGKILL"]);
      }
      const { newer, other } = JSON.parse((await succeeded(auth(command, { env: copying, stdin: store }))).stdout);
      expect([kind, newer, other]).toEqual([kind, [], []]);
      // Another machine, which goes on from there.
      env = bareEnvironment({ AUTH_STORE: store, AUTH_KEY: copying.AUTH_NEW_KEY });
      await expectAll(env);
    }
  }, 120_000);

  for (const [from, to] of [
    ["redis", "postgres"],
    ["postgres", "redis"],
  ] as const)
    test(`a backup of a vault in ${from} is restored into ${to}, killed on the way, and into a file`, async () => {
      const local = await filled();
      const store = await places[from]();
      const first = { AUTH_NEW_KEY: key() };
      await succeeded(auth(["vault", "copy", "--to", "-"], { env: { ...local, ...first }, stdin: store }));
      const folder = tempFolder();
      const [file, secret] = [join(folder, "vault.age"), join(folder, "key.txt")];
      const identity = await generateX25519Identity();
      await Bun.write(secret, `${identity}\n`, { mode: 0o600 });
      const shared = bareEnvironment({ AUTH_STORE: store, AUTH_KEY: first.AUTH_NEW_KEY });
      const recipient = ["--recipient", await identityToRecipient(identity)];
      await succeeded(auth(["vault", "backup", file, ...recipient], { env: shared }));

      const restore = ["vault", "restore", file, "--identity", secret, "--json"];
      const next = bareEnvironment({ AUTH_STORE: await places[to](), AUTH_KEY: key() });
      const killed = await run([TEST_BUILD, ...restore], {
        env: { ...next, AUTH_TEST_FAULT: "vault-commit#3:kill" },
      });
      expect(killed.signal).toBe("SIGKILL");
      const { same } = JSON.parse((await succeeded(auth(restore, { env: next }))).stdout);
      expect(same).not.toEqual([]);
      await expectAll(next);
      const own = bareEnvironment();
      await succeeded(auth(restore, { env: own }));
      await expectAll(own);
    }, 120_000);
});
