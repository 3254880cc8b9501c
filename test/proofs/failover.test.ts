/** A server that lost what it had confirmed: a reply that was kept for a later state is taken in before anything is sent. */
import { afterAll, describe, expect, test } from "bun:test";
import { inRedis, startRedis } from "../support/databases.ts";
import { loggedIn, PROVIDER } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { run } from "../support/program.ts";
import { KEY } from "../vault/home.ts";
import { lazyServer } from "../vault/shared-home.ts";
import { TEST_BUILD } from "./proof-home.ts";

describe.skipIf(lacking("redis-server"))("Redis", () => {
  const server = lazyServer(startRedis);
  afterAll(() => server.stop());

  for (const [words, lost] of [
    ["the note of a refresh", 1],
    ["the refresh before it, too", 2],
  ] as const)
    test(`once ${words} was lost and that is accepted, the login goes on with the reply that was kept`, async () => {
      const database = await server.get();
      const prefix = `failover-${lost}`;
      const shared = { AUTH_STORE: database.address(prefix), AUTH_KEY: KEY };
      const one = await loggedIn({}, null);
      const call = (args: readonly string[], fault = "") =>
        run([TEST_BUILD, ...args], { env: { ...one.env, ...shared, AUTH_TEST_FAULT: fault } });
      try {
        expect((await call(["login", PROVIDER, ...one.places, "--quiet"])).code).toBe(0);
        await inRedis(database, "COPY", `${prefix}:records`, `${prefix}:before`);
        if (lost === 2) expect((await call(["refresh", PROVIDER, "--force"])).code).toBe(0);
        expect((await call(["refresh", PROVIDER, "--force"], "kept:kill")).code).toBeNull();
        // Its lease would end by itself, later.
        for (const lease of (await inRedis(database, "KEYS", `${prefix}:lease:*`)) as string[])
          await inRedis(database, "DEL", lease);
        await inRedis(database, "COPY", `${prefix}:before`, `${prefix}:records`, "REPLACE");
        expect((await call(["refresh", PROVIDER, "--force"])).stderr).toContain("auth vault accept");
        expect((await call(["vault", "accept"])).code).toBe(0);
        expect(await call(["refresh", PROVIDER, "--force"])).toMatchObject({ code: 0 });
        expect(await call(["refresh", PROVIDER, "--force"])).toMatchObject({ code: 0 });
      } finally {
        await one.stop();
      }
    }, 60_000);
});
