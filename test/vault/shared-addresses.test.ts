/** One vault by several addresses, as after a failover: what a home knows of it goes by the vault, not by where that is. */

import { afterAll, describe, expect, test } from "bun:test";
import { existsSync, readdirSync, renameSync, rmdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { parseAddress } from "../../src/vault/address.ts";
import { addressFolder, vaultFolder } from "../../src/vault/shared/home.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import { openVault } from "../../src/vault/store.ts";
import type { Vault } from "../../src/vault/types.ts";
import { lacking } from "../support/needs.ts";
import { relayTo } from "../support/relay.ts";
import { put, refusal } from "./home.ts";
import { BACKENDS, lazyServer, sharedHome } from "./shared-home.ts";

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = lazyServer(start);
    afterAll(() => server.stop());

    /** A home, and its vault by another address. */
    async function home() {
      const address = await server.address();
      const { port } = await server.get();
      const way = await relayTo(port);
      const made = sharedHome(address);
      const other = address.replace(`:${port}/`, `:${way.port}/`);
      const stop = async (): Promise<void> => {
        await way.cut();
        made[Symbol.dispose]();
      };
      const openAt = async (store: string): Promise<Vault> =>
        (await openVault(made.context({ ...made.variables, AUTH_STORE: store }))) as Vault;
      return { ...made, address, other, openAt, [Symbol.asyncDispose]: stop };
    }

    /** The server has the vault as it was before its last commit, which this home has seen. */
    async function wentBack(address: string, vault: Vault, meanwhile = async () => {}): Promise<void> {
      await vault.commit([put("a:x", 1, "1")]);
      const { driver } = await openStore(await parseAddress(address, "AUTH_STORE"));
      const key = (await driver.getKeys("", {})).find((one) => one !== "header") ?? "";
      const value = (await driver.getItemRaw?.(key, {})) as Uint8Array;
      await vault.commit([put("a:x", 2, "2")]);
      await meanwhile();
      expect(await driver.swap([{ key, next: { version: "older", value } }])).toEqual([]);
      driver.close();
    }

    test("an older state at another address is noticed by who has seen the later one", async () => {
      await using here = await home();
      const vault = await here.open();
      await wentBack(here.address, vault);
      await vault.close();
      const moved = await here.openAt(here.other);
      expect((await refusal(moved.read("connection", "a:x"))).code).toBe("vault_rolled_back");
      await moved.close();
    });

    test("an older state is noticed by who has only listed the later one", async () => {
      await using here = await home();
      const vault = await here.open();
      using other = sharedHome(here.address);
      await wentBack(here.address, vault, async () => {
        const lists = await other.open();
        expect(await lists.list("connection")).toHaveLength(1);
        await lists.close();
      });
      await vault.close();
      const again = await other.open();
      expect((await refusal(again.read("connection", "a:x"))).code).toBe("vault_rolled_back");
      await again.close();
    });

    test("another vault at an address that is known is noticed all the same", async () => {
      await using here = await home();
      await using there = await home();
      await (await here.open()).close();
      await (await there.open()).close();
      await (await here.openAt(here.other)).close();
      // The vault's own, and one for each address.
      expect(readdirSync(join(here.folder, "shared"))).toHaveLength(3);
      const { driver } = await openStore(await parseAddress(there.address, "AUTH_STORE"));
      const header = (await driver.getItemRaw?.("header", {})) as Uint8Array;
      driver.close();
      const own = await openStore(await parseAddress(here.address, "AUTH_STORE"));
      await own.driver.swap([{ key: "header", next: { version: "another", value: header } }]);
      own.driver.close();
      for (const address of [here.address, here.other])
        expect((await refusal(here.openAt(address))).code).toBe("vault_replaced");
    });

    test("what an earlier version knew by the address is taken over", async () => {
      await using here = await home();
      const vault = await here.open();
      await wentBack(here.address, vault);
      (await vault.tryLock("a:x"))?.release();
      await vault.close();
      const context = here.context();
      const old = addressFolder(context, await parseAddress(here.address, "AUTH_STORE"));
      const known = vaultFolder(context, vault.id);
      rmSync(join(known, "vault.json"));
      for (const part of readdirSync(known)) renameSync(join(known, part), join(old, part));
      rmdirSync(known);
      const again = await here.openAt(here.address);
      expect((await refusal(again.read("connection", "a:x"))).code).toBe("vault_rolled_back");
      await again.close();
      for (const part of ["vault.json", "vault.locks", "seen"])
        expect([part, existsSync(join(known, part))]).toEqual([part, true]);
      expect(readdirSync(old)).toEqual(["vault.json"]);
    });
  });
