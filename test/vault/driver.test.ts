/** The contract of store drivers (`src/vault/driver.ts`), over every driver there is. */
import { afterAll, describe, expect, test } from "bun:test";
import { join } from "node:path";
import { parseAddress } from "../../src/vault/address.ts";
import type { StoreDriver, Swap } from "../../src/vault/driver.ts";
import { createPrivate } from "../../src/vault/files.ts";
import { openPostgres } from "../../src/vault/shared/postgres.ts";
import { openRedis } from "../../src/vault/shared/redis.ts";
import { openSqlite } from "../../src/vault/sqlite.ts";
import { createSqlite } from "../../src/vault/sqlite-writing.ts";
import { lacking, type Need } from "../support/needs.ts";
import { tempFolder } from "../support/program.ts";
import { memoryDriver } from "./memory-driver.ts";
import { BACKENDS, type Backend, lazyServer } from "./shared-home.ts";

interface Kind {
  /** Programs without which it can't be tried. */
  readonly needs: readonly Need[];
  make(): Promise<StoreDriver>;
}

const servers: { stop(): Promise<void> }[] = [];
afterAll(async () => {
  for (const server of servers) await server.stop();
});

/** Stores on a server of their own. */
function onServer({ needs, start }: Backend, open: typeof openRedis | typeof openPostgres): Kind {
  const server = lazyServer(start);
  servers.push(server);
  return {
    needs,
    make: async () => {
      const store = open(await parseAddress(await server.address(), "AUTH_STORE"));
      await store.prepare();
      return store.driver;
    },
  };
}

const DRIVERS: Readonly<Record<string, Kind>> = {
  sqlite: {
    needs: [],
    make: async () => {
      const path = join(tempFolder(), "vault.db");
      createPrivate(path);
      await createSqlite(path, []);
      const driver = await openSqlite(path);
      if (driver === null) throw new Error("the store that was made isn't there");
      return driver;
    },
  },
  memory: { needs: [], make: async () => memoryDriver() },
  Redis: onServer(BACKENDS.Redis, openRedis),
  PostgreSQL: onServer(BACKENDS.PostgreSQL, openPostgres),
};

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const put = (key: string, version: string, expected: string | null, text = version): Swap => ({
  key,
  expected,
  next: { version, value: bytes(text) },
});

for (const [name, { needs, make }] of Object.entries(DRIVERS))
  describe.skipIf(lacking(...needs))(name, () => {
    const open: StoreDriver[] = [];
    afterAll(() => {
      for (const driver of open) driver.close();
    });
    const driver = async (): Promise<StoreDriver> => {
      const made = await make();
      open.push(made);
      return made;
    };
    const textAt = async (store: StoreDriver, key: string): Promise<string | null> => {
      const value = (await store.getItemRaw?.(key, {})) as Uint8Array | null;
      return value === null ? null : new TextDecoder().decode(value);
    };

    test("what was swapped in is read, by key, in lists and in batches", async () => {
      const store = await driver();
      expect(await store.swap([put("b", "1", null), put("a", "1", null, "other")])).toEqual([]);
      expect(await textAt(store, "a")).toBe("other");
      expect(await textAt(store, "c")).toBeNull();
      expect(await store.getKeys("", {})).toEqual(["a", "b"]);
      expect([await store.hasItem("a", {}), await store.hasItem("c", {})]).toEqual([true, false]);
      const items = (await store.getItems?.([{ key: "a" }, { key: "c" }])) ?? [];
      expect(items.map(({ key, value }) => [key, value === null])).toEqual([
        ["a", false],
        ["c", true],
      ]);
    });

    test("a swap that isn't as expected changes nothing at all, and names the keys", async () => {
      const store = await driver();
      await store.swap([put("a", "1", null), put("b", "1", null)]);
      expect(await store.swap([put("a", "2", "1"), put("b", "3", "2"), put("c", "1", null)])).toEqual(["b"]);
      expect([await textAt(store, "a"), await textAt(store, "b"), await textAt(store, "c")]).toEqual(["1", "1", null]);
    });

    test("null expects that there is nothing, and null as next erases", async () => {
      const store = await driver();
      await store.swap([put("a", "1", null)]);
      expect(await store.swap([put("a", "2", null)])).toEqual(["a"]);
      expect(await store.swap([{ key: "a", expected: "1", next: null }])).toEqual([]);
      expect(await textAt(store, "a")).toBeNull();
      expect(await store.swap([put("a", "1", null)])).toEqual([]);
    });

    test("a key without next is only checked; one without expected is replaced whatever it is", async () => {
      const store = await driver();
      await store.swap([put("a", "1", null), put("b", "1", null)]);
      expect(await store.swap([{ key: "a", expected: "2" }, put("b", "2", "1")])).toEqual(["a"]);
      expect(
        await store.swap([
          { key: "a", expected: "1" },
          { key: "b", next: { version: "9", value: bytes("9") } },
        ]),
      ).toEqual([]);
      expect([await textAt(store, "a"), await textAt(store, "b")]).toEqual(["1", "9"]);
    });

    test("a swap of the whole store fails where there are other keys", async () => {
      const store = await driver();
      await store.swap([put("a", "1", null), put("b", "1", null)]);
      expect(await store.swap([put("a", "2", "1")], true)).toEqual(["b"]);
      expect(await store.swap([put("a", "2", "1"), { key: "b", expected: "1" }], true)).toEqual([]);
      expect(await textAt(store, "a")).toBe("2");
    });

    test("of many that swap at once from the same version, one wins", async () => {
      const store = await driver();
      await store.swap([put("a", "0", null)]);
      const results = await Promise.all(Array.from({ length: 20 }, (_, i) => store.swap([put("a", `${i + 1}`, "0")])));
      expect(results.filter((failed) => failed.length === 0)).toHaveLength(1);
    });

    test("nothing is written past the comparison", async () => {
      const store = await driver();
      await store.swap([put("a", "1", null)]);
      for (const write of [
        () => store.setItem?.("a", "x", {}),
        () => store.setItemRaw?.("a", "x", {}),
        () => store.removeItem?.("a", {}),
        () => store.clear?.("", {}),
      ])
        expect(write).toThrow("swap alone");
      expect(await textAt(store, "a")).toBe("1");
    });
  });
