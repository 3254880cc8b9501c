/** A server that really follows another (PostgreSQL's streaming replication, Redis' replicas), and takes its place. */
import { afterAll, describe, expect, test } from "bun:test";
import { openVault, storeAt } from "../../src/vault/store.ts";
import { type DatabaseServer, inPostgres, inRedis } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { type Relay, relayTo } from "../support/relay.ts";
import { put, refusal } from "./home.ts";
import { BACKENDS, type SharedHome, sharedHomes } from "./shared-home.ts";

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const homeAt = sharedHomes();
    const stops: (() => unknown)[] = [];
    afterAll(async () => {
      for (const stop of stops.reverse()) await stop();
    });

    async function started<T extends DatabaseServer>(made: Promise<T>): Promise<T> {
      const server = await made;
      stops.push(() => server.stop());
      return server;
    }

    /** The machines' way to whichever server is the primary, under one name and port. */
    async function wayTo(server: DatabaseServer, before?: Relay): Promise<Relay> {
      await before?.cut();
      const way = await relayTo(server.port, before && { port: before.port });
      stops.push(() => way.cut());
      return way;
    }

    const opened = async (home: SharedHome) => (await openVault(home.context())) ?? expect.unreachable("no vault");

    /** Until the replica has as many records as that, the header among them. */
    async function holds(replica: DatabaseServer, count: number): Promise<void> {
      const records = async (): Promise<number> => {
        if (name === "Redis") return Number(await inRedis(replica, "HLEN", "standby:records"));
        const [row] = await inPostgres(replica, "SELECT count(*)::integer AS n FROM standby.records").catch(() => []);
        return Number(row?.n ?? 0);
      };
      while ((await records()) < count) await Bun.sleep(20);
    }

    const bodyOf = async (home: SharedHome): Promise<string | undefined> => {
      const vault = await opened(home);
      try {
        return (await vault.read("connection", "a:x"))?.body;
      } finally {
        await vault.close();
      }
    };

    test("it is read, and takes writes once it was promoted; what it lost is noticed by who has seen it", async () => {
      const primary = await started(start());
      const way = await wayTo(primary);
      const address = primary.address("standby").replace(`:${primary.port}/`, `:${way.port}/`);
      const home = homeAt(address);
      const elsewhere = homeAt(address);
      const vault = await home.open();
      await vault.commit([put("a:x", 1, "1")]);
      const replica = await started(primary.replica());
      await holds(replica, 2);
      expect(await bodyOf(elsewhere)).toBe("1");

      // Of a machine that AUTH_STORE sends to the replica itself.
      const astray = homeAt(replica.address("standby"));
      const reading = await opened(astray);
      expect((await reading.read("connection", "a:x"))?.body).toBe("1");
      const refused = await refusal(reading.commit([put("a:x", 2, "2")]));
      expect(refused.code).toBe("vault_unwritable");
      expect(refused.text).toContain("read-only replica");
      await reading.close();

      // The link between them goes first, and then, with what it has confirmed since, the primary.
      if (name === "Redis") await replica.promote();
      else {
        replica.pause();
        await inPostgres(primary, "SELECT pg_terminate_backend(pid) FROM pg_stat_replication");
      }
      expect(await vault.commit([put("a:x", 2, "2")])).toBe("committed");
      await vault.close();
      primary.pause();
      replica.resume();
      if (name !== "Redis") await replica.promote();
      await wayTo(replica, way);

      expect((await refusal(bodyOf(home))).code).toBe("vault_rolled_back");
      expect(await bodyOf(elsewhere)).toBe("1");
      await storeAt(home.context()).accept({});
      const again = await opened(home);
      expect((await again.read("connection", "a:x"))?.body).toBe("1");
      expect(await again.commit([put("a:x", 2, "after it")])).toBe("committed");
      await again.close();
      expect(await bodyOf(elsewhere)).toBe("after it");
    }, 60_000);

    test("a server that comes back empty is no new vault", async () => {
      const before = await started(start());
      const way = await wayTo(before);
      const home = homeAt(before.address("standby").replace(`:${before.port}/`, `:${way.port}/`));
      const vault = await home.open();
      await vault.commit([put("a:x", 1, "1")]);
      await vault.close();
      const after = await started(start());
      await wayTo(after, way);
      for (const work of [() => home.open(), () => bodyOf(home)])
        expect((await refusal(work())).code).toBe("vault_replaced");
    }, 60_000);
  });
