/** The contract of vaults (`src/vault/types.ts`), over every vault: what the rest of the program may lean on. */
import { afterAll, describe, expect, test } from "bun:test";
import { MemoryVault } from "../../src/vault/memory.ts";
import type { Vault } from "../../src/vault/types.ts";
import { lacking, type Need } from "../support/needs.ts";
import { erase, newHome, put, version } from "./home.ts";
import { BACKENDS, lazyServer, sharedVault } from "./shared-home.ts";

interface Kind {
  /** Programs without which it can't be tried. */
  readonly needs: readonly Need[];
  make(): Promise<Vault & Partial<Disposable>>;
}

const servers: { stop(): Promise<void> }[] = [];
afterAll(async () => {
  for (const server of servers) await server.stop();
});

const SHARED = Object.entries(BACKENDS).map(([name, { needs, start }]): [string, Kind] => {
  const server = lazyServer(start);
  servers.push(server);
  return [`the vault in ${name}`, { needs, make: async () => sharedVault(await server.address()) }];
});

const VAULTS: Readonly<Record<string, Kind>> = {
  "the local vault": {
    needs: [],
    make: async () => {
      const home = newHome();
      return Object.assign(await home.open(), { [Symbol.dispose]: () => home[Symbol.dispose]() });
    },
  },
  "the vault in memory": { needs: [], make: async () => new MemoryVault() },
  ...Object.fromEntries(SHARED),
};

for (const [name, { needs, make }] of Object.entries(VAULTS))
  describe.skipIf(lacking(...needs))(name, () => {
    const using = (title: string, work: (vault: Vault) => Promise<void>): void =>
      test(title, async () => {
        const vault = await make();
        try {
          await work(vault);
        } finally {
          await vault.close();
          vault[Symbol.dispose]?.();
        }
      });

    using("what was committed is read by type and name, and listed in order of name", async (vault) => {
      expect(await vault.commit([put("b:x", 1, "b"), put("a:x", 1, "a"), put("a:x", 1, "c", "client")])).toBe(
        "committed",
      );
      expect(await vault.read("connection", "a:x")).toEqual({
        type: "connection",
        name: "a:x",
        version: version(1),
        body: "a",
      });
      expect((await vault.list("connection")).map(({ body }) => body)).toEqual(["a", "b"]);
      expect((await vault.read("client", "a:x"))?.body).toBe("c");
      expect(await vault.read("settings", "a:x")).toBeNull();
    });

    using("a commit from another version is a conflict, and changes nothing", async (vault) => {
      await vault.commit([put("a:x", 1, "1"), put("b:x", 1, "1")]);
      expect(await vault.commit([put("a:x", 2, "2"), put("b:x", 3, "3")])).toBe("conflict");
      expect(await vault.commit([put("a:x", 1, "again")])).toBe("conflict");
      const other = { ...put("a:x", 2, "2"), expected: version(1, "cd".repeat(16)) };
      expect(await vault.commit([other])).toBe("conflict");
      expect((await vault.list("connection")).map(({ body }) => body)).toEqual(["1", "1"]);
    });

    using("any version is replaced where that is asked for, and an erased record is gone", async (vault) => {
      await vault.commit([put("a:x", 1, "1")]);
      const next = { version: version(1, "ef".repeat(16)), body: "new" };
      expect(await vault.commit([{ type: "connection", name: "a:x", expected: "any", next }])).toBe("committed");
      expect((await vault.read("connection", "a:x"))?.body).toBe("new");
      const erased = { ...erase("a:x", 1), expected: next.version };
      expect(await vault.commit([erased])).toBe("committed");
      expect(await vault.read("connection", "a:x")).toBeNull();
      expect(await vault.commit([put("a:x", 1, "1")])).toBe("committed");
    });

    using("a lock keeps others out until it is released; another connection's doesn't", async (vault) => {
      const lock = await vault.tryLock("a:x");
      expect(lock).not.toBeNull();
      expect(await vault.tryLock("a:x")).toBeNull();
      const other = await vault.tryLock("b:x");
      expect(other).not.toBeNull();
      other?.release();
      lock?.release();
      const again = await vault.tryLock("a:x");
      expect(again).not.toBeNull();
      again?.release();
    });

    using("a kept reply is read under the version that it was kept for, until it is blanked", async (vault) => {
      const lock = await vault.tryLock("a:x");
      if (lock === null) throw new Error("no lock");
      const bytes = new TextEncoder().encode("reply");
      await lock.reply.prepare();
      await lock.reply.keep(version(4), bytes);
      expect(await lock.reply.read(version(4))).toEqual(bytes);
      expect(await lock.reply.read(version(5))).toBeNull();
      await lock.reply.blank(version(5));
      expect(await lock.reply.read(version(4))).toEqual(bytes);
      await lock.reply.blank(version(4));
      expect(await lock.reply.read(version(4))).toBeNull();
      lock.release();
    });

    using("a fingerprint tells equal secrets from others, and isn't one", async (vault) => {
      const print = await vault.fingerprint("s3cret");
      expect(await vault.fingerprint("s3cret")).toBe(print);
      expect(await vault.fingerprint("s3cres")).not.toBe(print);
      expect(print).not.toContain("s3cret");
    });
  });
