/** A new key for a vault that machines share. */
import { afterAll, describe, expect, test } from "bun:test";
import type { Context } from "../../src/platform/context.ts";
import { Secret } from "../../src/platform/secret.ts";
import { parseAddress } from "../../src/vault/address.ts";
import { vaultKey } from "../../src/vault/handover.ts";
import { rekeyVault } from "../../src/vault/rekey.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import { vaultStatus } from "../../src/vault/status.ts";
import { openVault, storeAt } from "../../src/vault/store.ts";
import { lacking } from "../support/needs.ts";
import { KEY, newHome, openOrMake, put, refusal, version } from "./home.ts";
import { COPY_KEY as NEXT_KEY } from "./moving-home.ts";
import { BACKENDS, lazyServer, type SharedHome, sharedHomes, snapshotOf } from "./shared-home.ts";

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = lazyServer(start);
    afterAll(() => server.stop());
    const homeAt = sharedHomes();
    const rekey = (home: SharedHome, key = NEXT_KEY) =>
      rekeyVault(home.context(), { environment: { ...home.variables, AUTH_KEY: key } });

    test("every record opens with the new key on each machine, and with the old one nothing does", async () => {
      const address = await server.address();
      const home = homeAt(address);
      const other = homeAt(address);
      const vault = await other.open();
      await vault.commit([put("a:x", 1, "1"), put("b:y", 1, "2", "client")]);
      expect(await rekey(home)).toMatchObject({ source: "env", epoch: 2, records: 2 });
      expect(await vault.commit([put("a:x", 2, "late")])).toBe("rekeyed");
      await vault.close();
      expect((await refusal(openVault(other.context()))).code).toBe("vault_locked");
      for (const one of [home, other, homeAt(address)]) {
        const there = await openVault(one.context({ ...one.variables, AUTH_KEY: NEXT_KEY }));
        expect((await there?.read("connection", "a:x"))?.body).toBe("1");
        expect((await there?.read("client", "b:y"))?.body).toBe("2");
        await there?.close();
      }
    });

    test("a machine that it was done without is told of the new key, and no login is called lost", async () => {
      const address = await server.address();
      const [home, other] = [homeAt(address), homeAt(address)];
      await (await other.open()).close();
      await rekey(home);
      const context = other.context();
      for (const work of [() => openVault(context), () => vaultKey(context, undefined), () => rekey(other)]) {
        const found = await refusal(work());
        expect(found.code).toBe("vault_locked");
        expect(found.text).toContain("was given another key (by a rekey on another machine)");
        expect(found.text).not.toContain("are lost");
      }
    });

    test("a copy from before it is noticed whatever key is had, and is accepted with the key that it had", async () => {
      const address = await server.address();
      const home = homeAt(address);
      const vault = await home.open();
      await vault.commit([put("a:x", 1, "1")]);
      await vault.close();
      const store = await openStore(await parseAddress(address, "AUTH_STORE"));
      const putBack = await snapshotOf(store.driver);
      await rekey(home);
      await putBack();
      store.driver.close();
      const [before, after] = [KEY, NEXT_KEY].map((key) => home.context({ ...home.variables, AUTH_KEY: key }));
      if (!before || !after) throw new Error("unreachable");
      const accept = (context: Context) => storeAt(context).accept({});
      const all = [() => openVault(before), () => openVault(after), () => vaultStatus(after), () => accept(after)];
      for (const work of all) {
        const found = await refusal(work());
        expect(found.code).toBe("vault_rolled_back");
        expect(found.text).toContain("auth vault accept");
        expect(found.text).toContain("the key that the vault had then, from AUTH_KEY");
        expect(found.text).not.toContain("are lost");
      }
      await accept(before);
      const accepted = await openVault(before);
      expect((await accepted?.read("connection", "a:x"))?.body).toBe("1");
      await accepted?.close();
    });

    test("a reply that was kept before it still opens", async () => {
      const home = homeAt(await server.address());
      const vault = await home.open();
      const lock = await vault.tryLock("a:x");
      await lock?.reply.prepare();
      await lock?.reply.keep(version(3), new TextEncoder().encode("the reply"));
      lock?.release();
      await vault.close();
      await rekey(home);
      const there = await openVault(home.context({ ...home.variables, AUTH_KEY: NEXT_KEY }));
      const next = await there?.tryLock("a:x");
      expect(new TextDecoder().decode((await next?.reply.read(version(3))) ?? undefined)).toBe("the reply");
      next?.release();
      await there?.close();
    });

    test("it waits for who has a connection's lock, and seals what was stored meanwhile", async () => {
      const address = await server.address();
      const [home, other] = [homeAt(address), homeAt(address)];
      const vault = await other.open();
      await vault.commit([put("a:x", 1, "1"), put("a:y", 1, "1"), put("b:y", 1, "2", "client")]);
      const lock = await vault.tryLock("a:x");
      const waits = Promise.withResolvers<string>();
      const context = { ...home.context(home.variables), warn: waits.resolve };
      const done = rekeyVault(context, { environment: { ...home.variables, AUTH_KEY: NEXT_KEY } });
      expect(await waits.promise).toContain("Being refreshed: a:x.");
      expect(await vault.commit([put("a:x", 2, "what came")])).toBe("committed");
      lock?.release();
      expect(await done).toMatchObject({ epoch: 2, records: 3 });
      expect(await vault.commit([put("a:x", 3, "late")])).toBe("rekeyed");
      await vault.close();
      const there = await openVault(home.context({ ...home.variables, AUTH_KEY: NEXT_KEY }));
      expect((await there?.read("connection", "a:x"))?.body).toBe("what came");
      await there?.close();
    });

    test("attack: whoever has only a former key puts a reply of their own into the database: no machine takes it in", async () => {
      const address = await server.address();
      const [home, former] = [homeAt(address), homeAt(address)];
      const theirs = await former.open();
      await theirs.commit([put("a:x", 1, "1")]);
      await rekey(home);
      const lock = await theirs.tryLock("a:x");
      await lock?.reply.keep(version(1), new TextEncoder().encode("forged"));
      lock?.release();
      await theirs.close();
      const there = await openVault(home.context({ ...home.variables, AUTH_KEY: NEXT_KEY }));
      const mine = await there?.tryLock("a:x");
      expect(await mine?.reply.kept()).toEqual([]);
      expect(await mine?.reply.read(version(1))).toBeNull();
      mine?.release();
      await there?.close();
    });

    test("one by the same machine while a person types is no older state to the command that asked", async () => {
      const { context, variables } = homeAt(await server.address());
      const AUTH_PASSPHRASE = "correct horse";
      const at = { AUTH_STORE: variables.AUTH_STORE };
      await (await openOrMake(context({ ...at, AUTH_PASSPHRASE }))).close();
      let asked = 0;
      const prompt = async (): Promise<Secret> => {
        if (asked++ > 0) return new Secret("another");
        const environment = { AUTH_PASSPHRASE: "another" };
        await rekeyVault(context({ ...at, AUTH_PASSPHRASE }), { environment });
        return new Secret(AUTH_PASSPHRASE);
      };
      const vault = await openVault(context(at), { prompt });
      expect(await vault?.list("connection")).toEqual([]);
      expect(asked).toBe(2);
      await vault?.close();
    }, 60_000);

    test("one by another machine while a person types is looked for before the typed key is called wrong by accept", async () => {
      const [home, other] = [homeAt(await server.address()), newHome("auth-shared-")];
      const at = { AUTH_STORE: home.variables.AUTH_STORE };
      const AUTH_PASSPHRASE = "correct horse";
      await (await openOrMake(home.context({ ...at, AUTH_PASSPHRASE }))).close();
      let asked = 0;
      const prompt = async (): Promise<Secret> => {
        const environment = { AUTH_PASSPHRASE: "another" };
        if (asked++ === 0) await rekeyVault(home.context({ ...at, AUTH_PASSPHRASE }), { environment });
        return new Secret("another");
      };
      const accepted = await storeAt(other.context(at)).accept({ prompt });
      expect(accepted.vaultId).toMatch(/^[0-9a-f]{32}$/);
      const vault = await openVault(other.context({ ...at, AUTH_PASSPHRASE: "another" }));
      expect(await vault?.list("connection")).toEqual([]);
      await vault?.close();
      other[Symbol.dispose]();
    }, 60_000);

    test("of machines that do it at once one succeeds, and its key is the vault's", async () => {
      const address = await server.address();
      const vault = await homeAt(address).open();
      await vault.commit([put("a:x", 1, "1")]);
      await vault.close();
      const keys = [1, 2, 3, 4].map(() => crypto.getRandomValues(new Uint8Array(32)).toBase64());
      const ends = await Promise.allSettled(keys.map((key) => rekey(homeAt(address), key)));
      const won = keys.filter((_, i) => ends[i]?.status === "fulfilled");
      expect(won).toHaveLength(1);
      for (const end of ends)
        if (end.status === "rejected")
          expect(["busy", "vault_locked"]).toContain((end.reason as { code: string }).code);
      const there = await homeAt(address, won[0]).open();
      expect((await there.read("connection", "a:x"))?.body).toBe("1");
      await there.close();
    });
  });
