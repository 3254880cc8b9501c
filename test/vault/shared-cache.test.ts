/** What a home keeps of a shared vault: when it is good enough, and that nothing else is ever taken for it. */

import { afterAll, describe, expect, test } from "bun:test";
import { readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseAddress } from "../../src/vault/address.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import { openVault } from "../../src/vault/store.ts";
import type { Vault } from "../../src/vault/types.ts";
import { lacking } from "../support/needs.ts";
import { type Relay, relayTo } from "../support/relay.ts";
import { erase, put, refusal } from "./home.ts";
import { BACKENDS, lazyServer, type SharedHome, sharedHome } from "./shared-home.ts";

/** Milliseconds. */
const BOUND = 30_000;

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = lazyServer(start);
    const ending: (() => unknown)[] = [];
    afterAll(async () => {
      for (const end of ending.reverse()) await end();
      await server.stop();
    });

    interface Machine {
      readonly home: SharedHome;
      readonly relay: Relay;
      clock: number;
      /** As a command opens it that only reads: closed again after `work`. */
      use<T>(work: (vault: Vault) => Promise<T>): Promise<T>;
      /** What a new process is told of a record. */
      cached(record?: string): Promise<string | null>;
      files(): string[];
    }

    /** A machine that has been to the vault, with the record a:x in it, and other homes at the same vault. */
    async function machine(options = ""): Promise<{ one: Machine; other: Vault; address: string }> {
      const address = await server.address();
      const relay = await relayTo((await server.get()).port);
      ending.push(() => relay.cut());
      const through = (port: number): string => address.replace(/:\d+\//, `:${port}/`) + options;
      const elsewhere = sharedHome(address);
      const home = sharedHome(through(relay.port));
      ending.push(
        () => elsewhere[Symbol.dispose](),
        () => home[Symbol.dispose](),
      );
      const other = await elsewhere.open();
      ending.push(() => other.close());
      await other.commit([put("a:x", 1, "one")]);
      const one: Machine = {
        home,
        relay,
        clock: Date.now(),
        async use(work) {
          const context = { ...home.context(), now: () => one.clock };
          const vault = await openVault(context, { allowCached: true });
          if (vault === null) throw new Error("there is no vault");
          try {
            return await work(vault);
          } finally {
            await vault.close();
          }
        },
        cached: (record = "a:x") =>
          one.use(async (vault) => (await vault.read("connection", record, "cached"))?.body ?? null),
        files: () => [...new Bun.Glob("shared/*/cache/*").scanSync(home.folder)].map((file) => join(home.folder, file)),
      };
      expect(await one.cached()).toBe("one");
      return { one, other, address };
    }

    const connections = async ({ relay }: Machine, work: () => Promise<unknown>): Promise<number> => {
      const before = relay.count();
      await work();
      return relay.count() - before;
    };

    test("what was read within the bound takes no connection; a commit elsewhere is seen once it is over", async () => {
      const { one, other } = await machine();
      expect(await connections(one, () => one.cached())).toBe(0);
      await other.commit([put("a:x", 2, "two")]);
      one.clock += BOUND - 1000;
      expect(await connections(one, async () => expect(await one.cached()).toBe("one"))).toBe(0);
      one.clock += 1000;
      expect(await one.cached()).toBe("two");
      expect(await connections(one, async () => expect(await one.cached()).toBe("two"))).toBe(0);
    });

    test("a read of now asks the server, and what it finds counts for all that follow", async () => {
      const { one, other } = await machine();
      await other.commit([put("a:x", 2, "two")]);
      expect(await one.use(async (vault) => (await vault.read("connection", "a:x"))?.body)).toBe("two");
      expect(await connections(one, async () => expect(await one.cached()).toBe("two"))).toBe(0);
    });

    test("a commit from here is seen at once, without a connection", async () => {
      const { one } = await machine();
      await one.use(async (vault) => {
        await vault.commit([put("a:x", 2, "mine")]);
        expect((await vault.read("connection", "a:x", "cached"))?.body).toBe("mine");
      });
      expect(await connections(one, async () => expect(await one.cached()).toBe("mine"))).toBe(0);
      await one.use((vault) => vault.commit([erase("a:x", 2)]));
      expect(await one.cached()).toBeNull();
    });

    test("what was erased elsewhere is gone within the bound; that a login isn't there is never from the cache", async () => {
      const { one, other } = await machine();
      await other.commit([erase("a:x", 1)]);
      one.clock += BOUND;
      expect(await one.cached()).toBeNull();
      expect(await one.cached("a:y")).toBeNull();
      await other.commit([put("a:y", 1, "new")]);
      expect(await one.cached("a:y")).toBe("new");
    });

    test("that nothing was chosen is good enough, within the bound", async () => {
      const { one, other } = await machine();
      const chosen = (): Promise<string | null> =>
        one.use(async (vault) => (await vault.read("settings", "defaults", "cached"))?.body ?? null);
      expect(await chosen()).toBeNull();
      expect(await connections(one, chosen)).toBe(0);
      await other.commit([put("defaults", 1, "a", "settings")]);
      one.clock += BOUND;
      expect(await chosen()).toBe("a");
    });

    test("a later state that a list has read goes before what was read earlier", async () => {
      const { one, other } = await machine();
      await other.commit([put("a:x", 2, "two")]);
      expect(await one.cached()).toBe("one");
      await one.use((vault) => vault.list("connection"));
      expect(await one.cached()).toBe("two");
    });

    test("a clock that was set back makes nothing younger", async () => {
      const { one, other } = await machine();
      await other.commit([put("a:x", 2, "two")]);
      one.clock -= 60_000;
      expect(await one.cached()).toBe("two");
    });

    test("without a way to the server, what was there is used with one warning; a read of now fails", async () => {
      const { one } = await machine();
      one.clock += 10 * 60_000;
      await one.relay.cut();
      await one.use(async (vault) => {
        for (let i = 0; i < 3; i++) expect((await vault.read("connection", "a:x", "cached"))?.body).toBe("one");
        expect((await refusal(vault.read("connection", "a:x"))).code).toBe("vault_unreachable");
        expect((await refusal(vault.read("connection", "a:y", "cached"))).code).toBe("vault_unreachable");
      });
      expect(one.home.warnings).toEqual([
        expect.stringMatching(/can't be reached\. Going by what it had 10 minutes ago/),
      ]);
      await one.relay.mend();
      expect(await one.cached()).toBe("one");
      expect(one.home.warnings).toHaveLength(1);
    });

    test("cache=0: nothing is kept, and what was kept is erased", async () => {
      const { one } = await machine("&cache=0");
      expect(one.files()).toEqual([]);
      expect(await connections(one, () => one.cached())).toBeGreaterThan(0);
      await one.relay.cut();
      expect((await refusal(one.cached())).code).toBe("vault_unreachable");
      const kept = await machine();
      expect(kept.one.files()).not.toEqual([]);
      const { AUTH_STORE, ...rest } = kept.one.home.variables;
      const without = kept.one.home.context({ ...rest, AUTH_STORE: `${AUTH_STORE}&cache=0` });
      await (await openVault(without))?.close();
      expect(kept.one.files()).toEqual([]);
    });

    test("an older file in a newer one's place hides no state that this home has seen", async () => {
      const { one, other } = await machine();
      const older = one.files().map((file) => [file, readFileSync(file)] as const);
      await other.commit([put("a:x", 2, "two")]);
      one.clock += BOUND;
      expect(await one.cached()).toBe("two");
      one.clock -= BOUND;
      for (const [file, content] of older) writeFileSync(file, content);
      expect(await connections(one, async () => expect(await one.cached()).toBe("two"))).toBeGreaterThan(0);
    });

    test("an edited file is as good as none, wherever it was edited, and so is another record's", async () => {
      const { one, other } = await machine();
      await other.commit([put("a:y", 1, "why")]);
      expect(await one.cached("a:y")).toBe("why");
      const files = one.files();
      const originals = files.map((file) => readFileSync(file));
      const restore = (): void => {
        for (const [i, file] of files.entries()) writeFileSync(file, originals[i] ?? "");
      };
      const edits: readonly ((content: Buffer) => Uint8Array)[] = [
        ...[0, 7, 8, 39, 40, 60, 100].map(
          (at) => (content: Buffer) => content.map((byte, i) => (i === at ? byte ^ 1 : byte)),
        ),
        (content) => content.map((byte, i) => (i === content.length - 1 ? byte ^ 1 : byte)),
        (content) => content.subarray(0, 40),
        (content) => content.subarray(0, 20),
        (content) => Buffer.concat([content, Buffer.from("x")]),
        () => Buffer.alloc(0),
        () => Buffer.from("not what was there"),
      ];
      for (const edit of edits) {
        for (const [i, file] of files.entries()) writeFileSync(file, edit(originals[i] ?? Buffer.alloc(0)));
        expect(await connections(one, async () => expect(await one.cached()).toBe("one"))).toBeGreaterThan(0);
        expect(one.home.warnings).toEqual([]);
        restore();
      }
      const records = files.filter((file) => !file.endsWith("/header"));
      const [first = "", second = ""] = records;
      const contents = [readFileSync(first), readFileSync(second)] as const;
      writeFileSync(first, contents[1]);
      writeFileSync(second, contents[0]);
      expect(await one.cached()).toBe("one");
      expect(await one.cached("a:y")).toBe("why");
    });

    test("its files are for their owner alone, and show neither what is in them nor whose it is", async () => {
      const { one } = await machine();
      expect(one.files().length).toBeGreaterThan(1);
      for (const file of one.files()) {
        expect(statSync(file).mode & 0o777).toBe(0o600);
        expect(readFileSync(file, "latin1")).not.toMatch(/one|a:x/);
      }
      const [folder = ""] = one.files().map((file) => join(file, ".."));
      expect(statSync(folder).mode & 0o777).toBe(0o700);
      expect(readdirSync(folder).filter((file) => file.endsWith(".new"))).toEqual([]);
    });

    test("a vault that was emptied is noticed by the first read that asks the server", async () => {
      const { one, address } = await machine();
      const { driver } = await openStore(await parseAddress(address, "AUTH_STORE"));
      ending.push(() => driver.close());
      const keys = await driver.getKeys("", {});
      expect(await driver.swap(keys.map((key) => ({ key, next: null })))).toEqual([]);
      expect(await one.cached()).toBe("one");
      one.clock += BOUND;
      expect((await refusal(one.cached())).code).toBe("vault_replaced");
    });
  });
