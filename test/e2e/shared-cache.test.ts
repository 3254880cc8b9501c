/** `auth token` with a vault on another machine: when it asks that machine, and when it needn't. */
import { afterAll, describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { SQL } from "bun";
import { type DatabaseServer, PASSWORD } from "../support/databases.ts";
import { CONNECTION, errorOf, loggedIn, PROVIDER } from "../support/logged-in.ts";
import { lacking } from "../support/needs.ts";
import { auth, type Ended, type RunOptions, tempFolder } from "../support/program.ts";
import { relayTo } from "../support/relay.ts";
import { KEY } from "../vault/home.ts";
import { BACKENDS, lazyServer } from "../vault/shared-home.ts";

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = lazyServer(start);
    afterAll(() => server.stop());

    /** Two machines at one vault with a login in it, the second on a way that counts and can be cut. */
    async function withMachines(
      work: (machines: {
        one: (args: readonly string[], options?: RunOptions) => Promise<Ended>;
        /** @param more options of its AUTH_STORE */
        other: (args: readonly string[], options?: RunOptions, more?: string) => Promise<Ended>;
        relay: Awaited<ReturnType<typeof relayTo>>;
        home: string;
      }) => Promise<void>,
      issuer: Parameters<typeof loggedIn>[0] = {},
    ): Promise<void> {
      const address = await server.address();
      const relay = await relayTo((await server.get()).port);
      const first = await loggedIn(issuer, null);
      const home = tempFolder();
      const one = (args: readonly string[], options: RunOptions = {}): Promise<Ended> =>
        first.call(args, { ...options, env: { AUTH_STORE: address, AUTH_KEY: KEY } });
      const through = address.replace(/:\d+\//, `:${relay.port}/`);
      try {
        const login = await one(["login", PROVIDER, ...first.places, "--quiet"]);
        expect({ code: login.code, stderr: login.stderr }).toEqual({ code: 0, stderr: expect.any(String) });
        await work({
          one,
          other: (args, options = {}, more = "") =>
            auth(args, {
              ...options,
              env: { ...first.env, HOME: home, AUTH_HOME: home, AUTH_STORE: through + more, AUTH_KEY: KEY },
            }),
          relay,
          home,
        });
      } finally {
        await relay.cut();
        await first.stop();
      }
    }

    const printed = ({ code, stdout, stderr }: Ended): string => {
      expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
      return stdout.trim();
    };

    test(
      "a fresh token takes no connection; with cache=0 each takes one",
      () =>
        withMachines(async ({ other, relay, home }) => {
          const token = printed(await other(["token", PROVIDER]));
          const before = relay.count();
          expect(before).toBeGreaterThan(0);
          for (const call of [
            ["token", PROVIDER],
            ["token", `${PROVIDER}:default`],
            ["run", PROVIDER, "--", "true"],
          ])
            expect((await other(call)).code).toBe(0);
          expect(printed(await other(["token", PROVIDER]))).toBe(token);
          expect(relay.count()).toBe(before);
          for (const path of new Bun.Glob("**").scanSync(home))
            expect([path, readFileSync(join(home, path), "latin1").includes(token)]).toEqual([path, false]);
          expect(printed(await other(["token", PROVIDER], {}, "&cache=0"))).toBe(token);
          expect(relay.count()).toBeGreaterThan(before);
        }),
      60_000,
    );

    test(
      "a rotation elsewhere: the refused token leads to the new one, and no second refresh is sent",
      () =>
        withMachines(async ({ one, other }) => {
          const old = printed(await other(["token", PROVIDER]));
          expect((await one(["refresh", PROVIDER, "--force"])).code).toBe(0);
          const next = printed(await other(["token", PROVIDER, "--rejected", "-"], { stdin: old }));
          expect(next).not.toBe(old);
          // The one that the other machine has: had this one refreshed too, it would be another.
          expect(next).toBe(printed(await one(["token", PROVIDER])));
          expect(printed(await other(["token", PROVIDER]))).toBe(next);
        }),
      60_000,
    );

    test(
      "offline, a token that is still valid is given with a warning; a refused one is not",
      () =>
        withMachines(async ({ other, relay }) => {
          const token = printed(await other(["token", PROVIDER], {}, "&cache=1"));
          await relay.cut();
          await Bun.sleep(1100);
          const offline = await other(["token", PROVIDER], {}, "&cache=1");
          expect({ code: offline.code, stdout: offline.stdout }).toEqual({ code: 0, stdout: `${token}\n` });
          expect(offline.stderr).toMatch(/can't be reached.*Going by what it had/);
          // It lives for less than that: a refresh would be due.
          const due = await other(["token", PROVIDER, "--min-ttl", "999999999"]);
          expect({ code: due.code, stdout: due.stdout }).toEqual({ code: 0, stdout: `${token}\n` });
          expect(due.stderr).toMatch(/can't be reached.*still works/);
          const refused = await other(["token", PROVIDER, "--rejected", "-", "--json"], { stdin: token });
          expect(refused.code).toBe(5);
          expect(errorOf(refused)).toMatchObject({ code: "vault_unreachable" });
        }),
      60_000,
    );

    test(
      "a token that has ended is not said to be used, and the error names its connection",
      () =>
        withMachines(
          async ({ other, relay }) => {
            printed(await other(["token", PROVIDER]));
            await relay.cut();
            await Bun.sleep(2100);
            const ended = await other(["token", PROVIDER, "--json"]);
            expect({ code: ended.code, stdout: ended.stdout }).toEqual({ code: 5, stdout: "" });
            expect(ended.stderr).not.toContain("Used");
            const { code, connection, hint } = errorOf(ended);
            expect({ code, connection }).toEqual({ code: "vault_unreachable", connection: CONNECTION });
            expect(hint).toContain(`The token of ${CONNECTION} that was read before has expired.`);
          },
          { accessLifetime: 2 },
        ),
      60_000,
    );

    test(
      "a server that takes no more clients is as good as none: a valid token is given at once",
      () =>
        withMachines(async ({ other }) => {
          const token = printed(await other(["token", PROVIDER], {}, "&cache=1"));
          const end = await (name === "Redis" ? fillRedis : fillPostgres)(await server.get());
          try {
            await Bun.sleep(1100);
            const full = await other(["token", PROVIDER], {}, "&cache=1");
            expect({ code: full.code, stdout: full.stdout }).toEqual({ code: 0, stdout: `${token}\n` });
            expect(full.stderr).toContain("takes no more clients. Going by what it had");
          } finally {
            await end();
          }
        }),
      60_000,
    );

    test.each(["logout", "revoke"])(
      "after a %s elsewhere that 'list' has seen, no command gives the token",
      (ending) =>
        withMachines(async ({ one, other }) => {
          printed(await other(["token", PROVIDER]));
          expect((await one([ending, PROVIDER, "--yes"])).code).toBe(0);
          const listed = JSON.parse((await other(["list", "--json"])).stdout);
          expect(listed).toMatchObject(ending === "logout" ? [] : [{ status: "not_connected" }]);
          const after = await other(["token", `${PROVIDER}:default`, "--json"]);
          expect({ code: after.code, stdout: after.stdout }).toEqual({ code: ending === "logout" ? 2 : 4, stdout: "" });
        }),
      60_000,
    );

    test(
      "a logout elsewhere is seen once the bound is over",
      () =>
        withMachines(async ({ one, other }) => {
          printed(await other(["token", PROVIDER], {}, "&cache=1"));
          expect((await one(["logout", PROVIDER, "--yes"])).code).toBe(0);
          await Bun.sleep(1100);
          const after = await other(["token", PROVIDER, "--json"], {}, "&cache=1");
          expect(errorOf(after)).toMatchObject({ code: "connection_not_found" });
        }),
      60_000,
    );
  });

type End = () => Promise<void>;

/** No client can come until `End`. */
async function fillRedis({ port }: DatabaseServer): Promise<End> {
  const holder = new Bun.RedisClient(`redis://:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/0`);
  const clients = String(await holder.send("CLIENT", ["LIST"]))
    .trim()
    .split("\n").length;
  await holder.send("CONFIG", ["SET", "maxclients", `${clients}`]);
  return async () => {
    await holder.send("CONFIG", ["SET", "maxclients", "10000"]);
    holder.close();
  };
}

async function fillPostgres({ port }: DatabaseServer): Promise<End> {
  const url = `postgres://auth:${encodeURIComponent(PASSWORD)}@127.0.0.1:${port}/postgres`;
  const clients: SQL[] = [];
  const end = async (): Promise<void> => void (await Promise.all(clients.map((client) => client.close())));
  for (;;) {
    const client = new SQL({ url, max: 1, tls: false });
    clients.push(client);
    try {
      await client.unsafe("SELECT 1");
    } catch {
      return end;
    }
  }
}
