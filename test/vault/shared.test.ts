/** A vault that machines share, over each database: who finds what there, and what is noticed when it isn't as it was. */
import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseAddress } from "../../src/vault/address.ts";
import { initVault } from "../../src/vault/create.ts";
import { waitForLock } from "../../src/vault/lock.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import type { SharedStore } from "../../src/vault/shared/store.ts";
import { openVault, storeAt } from "../../src/vault/store.ts";
import type { Lock, Vault } from "../../src/vault/types.ts";
import { PASSWORD } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { erase, put, refusal, version } from "./home.ts";
import { BACKENDS, emptied, lazyServer, sharedHomes, snapshotOf } from "./shared-home.ts";

const OTHER_KEY = "QSBrZXkgZm9yIHByb29mcywgMzIgYnl0ZXMgbG9uZyE=";

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = lazyServer(start);
    const homeAt = sharedHomes();
    const stores: SharedStore[] = [];
    afterAll(async () => {
      for (const store of stores) store.driver.close();
      await server.stop();
    });
    /** Past every vault, as who runs the server may reach it. */
    const databaseAt = async (address: string): Promise<SharedStore> => {
      const store = await openStore(await parseAddress(address, "AUTH_STORE"));
      stores.push(store);
      return store;
    };
    const empty = async (address: string): Promise<void> => emptied((await databaseAt(address)).driver);
    const snapshot = async (address: string) => snapshotOf((await databaseAt(address)).driver);

    test("what one home commits another reads, and a commit from an older state of it is a conflict", async () => {
      const address = await server.address();
      const [one, other] = [await homeAt(address).open(), await homeAt(address).open()];
      expect(other.id).toBe(one.id);
      await one.commit([put("a:x", 1, "1")]);
      expect((await other.read("connection", "a:x"))?.body).toBe("1");
      await one.commit([put("a:x", 2, "2")]);
      expect(await other.commit([put("a:x", 2, "late")])).toBe("conflict");
      expect((await other.read("connection", "a:x"))?.body).toBe("2");
      await one.close();
      await other.close();
    });

    test("a lock that one home holds is none for another, until it is released", async () => {
      const address = await server.address();
      const [one, other] = [await homeAt(address).open(), await homeAt(address).open()];
      const lock = await one.tryLock("a:x");
      expect(await other.tryLock("a:x")).toBeNull();
      lock?.release();
      await one.close();
      const next = await other.tryLock("a:x");
      expect(next).not.toBeNull();
      next?.release();
      await other.close();
    });

    test("a reply that one machine kept is found by another, once it has the lock", async () => {
      const address = await server.address();
      const [one, other] = [await homeAt(address).open(), await homeAt(address).open()];
      const lock = await one.tryLock("a:x");
      await lock?.reply.prepare();
      await lock?.reply.keep(version(3), new TextEncoder().encode("the reply"));
      lock?.release();
      await one.close();
      const next = await other.tryLock("a:x");
      expect(new TextDecoder().decode((await next?.reply.read(version(3))) ?? undefined)).toBe("the reply");
      expect(await next?.reply.read(version(4))).toBeNull();
      await next?.reply.blank(version(3));
      expect(await next?.reply.read(version(3))).toBeNull();
      next?.release();
      await other.close();
    });

    test("of two machines' replies each is blanked by itself, and all of them with a login", async () => {
      const address = await server.address();
      const [one, other] = [await homeAt(address).open(), await homeAt(address).open()];
      const locked = async (vault: Vault): Promise<Lock> => {
        const turn = await waitForLock(vault, "a:x", { watch: async () => null, timeout: 20_000 });
        if (turn.kind !== "locked") throw new Error("the lock isn't given back");
        return turn.lock;
      };
      const keep = async (vault: Vault, generation: number): Promise<void> => {
        const lock = await locked(vault);
        await lock.reply.prepare();
        await lock.reply.keep(version(generation), new TextEncoder().encode("a reply"));
        lock.release();
      };
      for (const [which, left] of [
        [version(4), [2, 3]],
        [version(3), [2]],
        [version(2), [3]],
        ["all", []],
      ] as const) {
        await keep(one, 2);
        await keep(other, 3);
        const lock = await locked(one);
        const generations = async () => (await lock.reply.kept()).map((kept) => kept.version.generation);
        expect(await generations()).toEqual([2, 3]);
        await lock.reply.blank(which);
        expect(await generations()).toEqual([...left]);
        lock.release();
      }
      await one.close();
      await other.close();
    });

    test("a home with another key is kept out, and two vaults in one database don't meet", async () => {
      const [address, second] = [await server.address(), await server.address()];
      const vault = await homeAt(address).open();
      await vault.commit([put("a:x", 1, "1")]);
      await vault.close();
      const stranger = homeAt(address, OTHER_KEY);
      expect((await refusal(openVault(stranger.context()))).code).toBe("vault_locked");
      const apart = await homeAt(second, OTHER_KEY).open();
      expect(apart.id).not.toBe(vault.id);
      expect(await apart.read("connection", "a:x")).toBeNull();
      await apart.close();
    });

    test("of many homes that make the vault at once, one makes it and all use that one", async () => {
      const address = await server.address();
      const vaults = await Promise.all(Array.from({ length: 8 }, () => homeAt(address).open()));
      expect(new Set(vaults.map(({ id }) => id)).size).toBe(1);
      for (const vault of vaults) await vault.close();
    });

    test("without a key that other machines can have, none is made", async () => {
      const home = homeAt(await server.address());
      const refused = await refusal(initVault(home.context({ AUTH_STORE: home.variables.AUTH_STORE })));
      expect(refused.code).toBe("usage");
      expect(refused.text).toContain("AUTH_KEY");
    });

    test("an empty store where a vault was is noticed, and no other is made in its place until that is accepted", async () => {
      const address = await server.address();
      const home = homeAt(address);
      await (await home.open()).close();
      await empty(address);
      const context = home.context();
      for (const work of [openVault, initVault]) {
        const refused = await refusal(work(context));
        expect(refused.code).toBe("vault_replaced");
        expect(refused.text).toContain("is empty");
        expect(refused.text).toContain("auth vault restore");
      }
      expect(await (await databaseAt(address)).driver.getKeys("", {})).toEqual([]);
      expect((await storeAt(context).accept({})).vaultId).toBeNull();
      await (await home.open()).close();
    });

    test("another vault of the same key in its place is noticed, and so is one whose id was copied", async () => {
      const address = await server.address();
      const home = homeAt(address);
      await (await home.open()).close();
      const context = home.context();
      await empty(address);
      const other = await homeAt(address).open();
      await other.close();
      expect((await refusal(openVault(context))).code).toBe("vault_replaced");
      // As if it had the same id: the key in it is another all the same.
      const folder = join(home.folder, "shared");
      const file = [...new Bun.Glob("*/vault.json").scanSync(folder)].map((path) => join(folder, path))[0] ?? "";
      await Bun.write(file, readFileSync(file, "utf8").replace(/"vaultId":"\w+"/, `"vaultId":"${other.id}"`));
      expect((await refusal(openVault(context))).code).toBe("vault_replaced");
      expect((await storeAt(context).accept({})).vaultId).toBe(other.id);
      await (await home.open()).close();
    });

    test("a damaged memory of which vault it was is said to be, and is given up by accepting what is there", async () => {
      const home = homeAt(await server.address());
      await (await home.open()).close();
      const folder = join(home.folder, "shared");
      const file = [...new Bun.Glob("*/vault.json").scanSync(folder)].map((path) => join(folder, path))[0] ?? "";
      for (const text of ["", "null", "{", "{}", readFileSync(file, "utf8").replace('"epoch":1', '"epoch":"1"')]) {
        await Bun.write(file, text);
        const found = await refusal(openVault(home.context()));
        expect([text, found.code]).toEqual([text, "vault_replaced"]);
        expect(found.text).toContain("auth vault accept");
      }
      await storeAt(home.context()).accept({});
      await (await home.open()).close();
    });

    test("a generation that went back is noticed by who has seen the later one, and by no one else", async () => {
      const address = await server.address();
      const home = homeAt(address);
      const vault = await home.open();
      await vault.commit([put("a:x", 1, "1")]);
      const putBack = await snapshot(address);
      await vault.commit([put("a:x", 2, "2")]);
      await vault.close();
      await putBack();
      const again = await home.open();
      const refused = await refusal(again.read("connection", "a:x"));
      expect(refused.code).toBe("vault_rolled_back");
      expect(refused.text).toContain("a:x");
      expect(await refusal(again.list("connection"))).toEqual(refused);
      const passedOver: string[] = [];
      expect(await again.list("connection", ({ code }) => passedOver.push(code))).toEqual([]);
      expect(passedOver).toEqual(["vault_rolled_back"]);
      await again.close();
      const other = await homeAt(address).open();
      expect((await other.read("connection", "a:x"))?.body).toBe("1");
      await other.close();
      await storeAt(home.context()).accept({});
      const accepted = await home.open();
      expect((await accepted.read("connection", "a:x"))?.body).toBe("1");
      await accepted.close();
    });

    test("a login that was replaced or erased doesn't come back unnoticed", async () => {
      for (const step of ["replaced", "erased"] as const) {
        const address = await server.address();
        const home = homeAt(address);
        const vault = await home.open();
        await vault.commit([put("a:x", 1, "old")]);
        const putBack = await snapshot(address);
        const next = { version: version(1, "ef".repeat(16)), body: "new" };
        await vault.commit([step === "erased" ? erase("a:x", 1) : { ...erase("a:x", 1), next }]);
        await vault.close();
        await putBack();
        const again = await home.open();
        expect((await refusal(again.read("connection", "a:x"))).code).toBe("vault_rolled_back");
        await again.close();
      }
    });

    test("a login whose end elsewhere was noticed doesn't come back unnoticed, and another one is taken", async () => {
      const notice = {
        read: async (vault: Vault) => expect(await vault.read("connection", "a:x")).toBeNull(),
        list: async (vault: Vault) => expect(await vault.list("connection")).toEqual([]),
      };
      for (const [how, look] of Object.entries(notice)) {
        const address = await server.address();
        const [home, elsewhere] = [homeAt(address), homeAt(address)];
        const vault = await elsewhere.open();
        await vault.commit([put("a:x", 1, "old")]);
        const putBack = await snapshot(address);
        const one = await home.open();
        expect((await one.read("connection", "a:x"))?.body).toBe("old");
        await vault.commit([erase("a:x", 1)]);
        await look(one);
        await putBack();
        const refused = await refusal(one.read("connection", "a:x"));
        expect([how, refused.code]).toEqual([how, "vault_rolled_back"]);
        const next = { version: version(1, "ef".repeat(16)), body: "new" };
        await vault.commit([{ ...erase("a:x", 1), next }]);
        expect((await one.read("connection", "a:x"))?.body).toBe("new");
        for (const opened of [one, vault]) await opened.close();
      }
    });

    test("of a hundred logins under one name, none comes back unnoticed", async () => {
      const address = await server.address();
      const home = homeAt(address);
      const vault = await home.open();
      await vault.commit([put("a:x", 1, "first")]);
      const putBack = await snapshot(address);
      let expected = version(1);
      for (let login = 1; login < 100; login++) {
        const next = { version: version(1, login.toString(16).padStart(32, "0")), body: "later" };
        expect(await vault.commit([{ type: "connection", name: "a:x", expected, next }])).toBe("committed");
        expected = next.version;
      }
      await putBack();
      expect((await refusal(vault.read("connection", "a:x"))).code).toBe("vault_rolled_back");
      await vault.close();
    });

    test("what a home has seen may be lost, cut short or unreadable, and is no reason to refuse what the server has", async () => {
      const address = await server.address();
      const home = homeAt(address);
      const vault = await home.open();
      await vault.commit([put("a:x", 1, "1")]);
      const [file = ""] = [...new Bun.Glob("shared/*/seen/*").scanSync(home.folder)].map((path) =>
        join(home.folder, path),
      );
      const whole = readFileSync(file);
      for (const spoil of [
        () => rmSync(file),
        () => writeFileSync(file, ""),
        () => writeFileSync(file, whole.subarray(0, 50)),
        () => writeFileSync(file, whole.fill(0)),
        // Nothing can be read or written in its place.
        () => {
          rmSync(file);
          mkdirSync(file);
        },
      ]) {
        spoil();
        const again = await home.open();
        expect((await again.read("connection", "a:x"))?.body).toBe("1");
        expect((await again.list("connection")).map(({ body }) => body)).toEqual(["1"]);
        await again.close();
      }
      await vault.close();
    });

    test("no draft of what a home remembers stays, where it can't be written or its process was killed", async () => {
      const home = homeAt(await server.address());
      const vault = await home.open();
      await vault.commit([put("a:x", 1, "1")]);
      const files = (): string[] => [...new Bun.Glob("shared/**").scanSync({ cwd: home.folder, onlyFiles: true })];
      const file = join(home.folder, files().find((path) => path.includes("/seen/")) ?? "");
      const old = join(dirname(file), "a.0123456789abcdef.new");
      const fresh = join(dirname(file), "b.0123456789abcdef.new");
      const address = `${home.context().paths.store}.0123456789abcdef.new`;
      for (const path of [old, fresh, address]) writeFileSync(path, "");
      for (const path of [old, address]) utimesSync(path, new Date(0), new Date(0));
      // As at a full disk: the draft is made, and nothing comes of it.
      rmSync(file);
      mkdirSync(file);
      await vault.commit([put("a:x", 2, "2")]);
      (await vault.tryLock("a:x"))?.release();
      await vault.close();
      expect(
        files()
          .filter((path) => path.endsWith(".new"))
          .map((path) => basename(path)),
      ).toEqual([basename(fresh)]);
      expect(existsSync(address)).toBe(false);
    });

    test("records without a header, a damaged one and one of a newer version are left as they are", async () => {
      const address = await server.address();
      const home = homeAt(address);
      const context = home.context();
      const store = await databaseAt(address);
      await store.prepare();
      const at = (key: string, value: number[]) => [{ key, next: { version: "1", value: new Uint8Array(value) } }];
      await store.driver.swap(at("someone", [1, 2, 3]));
      for (const work of [openVault, initVault])
        expect((await refusal(work(context))).text).toContain("not a vault of auth");
      await store.driver.swap(at("header", [9, 9, 9]));
      expect((await refusal(openVault(context))).text).toContain("newer version");
      await store.driver.swap(at("header", [1, 9, 9]));
      const damaged = await refusal(openVault(context));
      expect(damaged.text).toContain("damaged");
      expect(damaged.text).toContain("on the server");
      expect(await store.driver.getKeys("", {})).toEqual(["header", "someone"]);
    });

    test("a lease is its owner's until it ends by the server's clock", async () => {
      const store = await databaseAt(await server.address());
      await store.prepare();
      const { leases } = store;
      expect(await leases.take("a", "one", 60_000)).not.toBeNull();
      expect(await leases.take("a", "two", 60_000)).toBeNull();
      expect(await leases.take("b", "two", 60_000)).not.toBeNull();
      expect(await leases.held(["c", "b", "a"])).toEqual(expect.arrayContaining(["a", "b"]));
      await leases.release("a", "two");
      expect(await leases.renew("a", "two", 60_000)).toBe(false);
      expect(await leases.renew("a", "one", 50)).toBe(true);
      await Bun.sleep(100);
      expect(await leases.held(["a", "b", "c"])).toEqual(["b"]);
      expect(await leases.renew("a", "one", 60_000)).toBe(false);
      expect(await leases.take("a", "two", 60_000)).not.toBeNull();
      await leases.release("a", "two");
      expect(await leases.take("a", "one", 60_000)).not.toBeNull();
    });

    test("who takes a lease is told the server's time", async () => {
      const { leases, prepare } = await databaseAt(await server.address());
      await prepare();
      const before = Date.now();
      const at = (await leases.take("a", "one", 60_000))?.at ?? null;
      // The server's clock is this machine's, and tells more than milliseconds.
      expect(at).toBeGreaterThanOrEqual(before);
      expect(at).toBeLessThan(Date.now() + 1);
    });

    test("who has lost a lease changes no kept reply any more", async () => {
      const store = await databaseAt(await server.address());
      await store.prepare();
      const { leases, replies } = store;
      // As what is sealed begins: with its format.
      const bytes = (text: string): Uint8Array => new TextEncoder().encode(`\u0001${text}`);
      const kept = async (): Promise<string | null> => {
        const value = await replies.get("a");
        return value === null ? null : new TextDecoder().decode(value.subarray(1));
      };
      await leases.take("a", "one", 60_000);
      expect(await replies.put("a", "one", bytes("first"))).toBe(true);
      await leases.release("a", "one");
      await leases.take("a", "two", 60_000);
      expect(await replies.put("a", "one", bytes("late"))).toBe(false);
      expect(await replies.drop("a", "one")).toBe(false);
      expect(await kept()).toBe("first");
      expect(await replies.put("a", "two", bytes("second"))).toBe(true);
      expect(await kept()).toBe("second");
      expect(await replies.drop("a", "two")).toBe(true);
      expect(await kept()).toBeNull();
    });

    test("what is remembered of the vault in a home has no password in it", async () => {
      const home = homeAt(await server.address());
      const vault = await home.open();
      await vault.commit([put("a:x", 1, "1")]);
      await vault.close();
      for (const path of new Bun.Glob("**").scanSync(home.folder)) {
        const text = readFileSync(join(home.folder, path), "latin1");
        for (const form of [PASSWORD, encodeURIComponent(PASSWORD)])
          expect([path, text.includes(form)]).toEqual([path, false]);
      }
    });
  });
