/** What a stolen copy of the database shows: its files as they lie on the disk, and a dump of it. */
import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { TEST_BUILD } from "../proofs/proof-home.ts";
import { type DatabaseServer, inPostgres, inRedis, PASSWORD } from "../support/databases.ts";
import { succeeded } from "../support/home.ts";
import { leaksIn } from "../support/leaks.ts";
import { loggedIn, PROVIDER } from "../support/logged-in.ts";
import { lacking, postgresPrograms } from "../support/needs.ts";
import { run } from "../support/program.ts";
import { KEY } from "../vault/home.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";

const ACCOUNT = "the-account-of-somebody";

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = lazyServer(start);
    afterAll(() => server.stop());

    test("no secret, and no name of a provider, an account or a connection", async () => {
      const shared = { AUTH_STORE: await server.address(), AUTH_KEY: KEY };
      const it = await loggedIn({}, null);
      // Not to be compressed, which would hide it from the search.
      const pasted = crypto.getRandomValues(new Uint8Array(30)).toBase64({ alphabet: "base64url" });
      const call = (args: readonly string[], more: Record<string, string> = {}, stdin = "") =>
        run([TEST_BUILD, ...args], { env: { ...it.env, ...shared, ...more }, stdin });
      const secrets = new Map([
        ["the vault's key", KEY],
        ["the pasted token", pasted],
      ]);
      const keepToken = async (when: string): Promise<void> => {
        const { stdout } = await succeeded(call(["token", `${PROVIDER}:${ACCOUNT}`]));
        secrets.set(`the access token ${when}`, stdout.trim());
      };
      try {
        await succeeded(call(["login", `${PROVIDER}:${ACCOUNT}`, ...it.places, "--quiet"]));
        await keepToken("of the login");
        await succeeded(call(["refresh", `${PROVIDER}:${ACCOUNT}`, "--force"]));
        await keepToken("of the refresh");
        await succeeded(call(["login", `apikey:${ACCOUNT}`, "--token", "-", "--no-verify"], {}, pasted));
        // So that a reply to a refresh lies there, too.
        const killed = await call(["refresh", `${PROVIDER}:${ACCOUNT}`, "--force"], { AUTH_TEST_FAULT: "kept:kill" });
        expect(killed.signal).toBe("SIGKILL");
        for (const { access, refresh, used } of it.issuer.rows)
          for (const [index, token] of [access, refresh, ...used].entries()) secrets.set(`token ${index}`, token);
        expect(secrets.size).toBeGreaterThanOrEqual(7);

        const names = new Map([PROVIDER, "apikey", ACCOUNT].map((one) => [one, one]));
        const database = await server.get();
        const found = async (): Promise<string[]> => {
          const all = new Set<string>();
          for (const bytes of await copyOf(database))
            for (const leak of leaksIn(bytes, new Map([...secrets, ...names]))) all.add(leak);
          return [...all].sort();
        };
        expect(await found()).toEqual([]);

        // What lies there in the clear is found, in what was dumped as in the files.
        if (name === "Redis") await inRedis(database, "SET", "planted", pasted);
        else await inPostgres(database, `CREATE TABLE planted AS SELECT '${pasted}'::text`);
        for (const bytes of await copyOf(database))
          expect(leaksIn(bytes, secrets)).toContain("the pasted token (plain)");
      } finally {
        await it.stop();
      }
    }, 60_000);
  });

/** All of it, as a backup of the server takes it and as whoever has its disk does. */
async function copyOf(database: DatabaseServer): Promise<Uint8Array[]> {
  const { folder, port } = database;
  if (folder.endsWith("data")) {
    const dump = [
      join(postgresPrograms() ?? "", "pg_dump"),
      "-h",
      "127.0.0.1",
      "-p",
      `${port}`,
      "-U",
      "auth",
      "postgres",
    ];
    const { stdout } = await succeeded(run(dump, { env: { PGPASSWORD: PASSWORD } }));
    await inPostgres(database, "CHECKPOINT");
    return [Buffer.from(stdout), filesIn(join(folder, "base")), filesIn(join(folder, "pg_wal"))];
  }
  await inRedis(database, "SAVE");
  return [filesIn(folder, /\.rdb$/), filesIn(folder, /\.aof$/)];
}

function filesIn(folder: string, those = /./): Buffer {
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).filter((file) => those.test(file));
  return Buffer.concat(
    files.map((file) => join(folder, file)).flatMap((path) => (statSync(path).isFile() ? [readFileSync(path)] : [])),
  );
}
