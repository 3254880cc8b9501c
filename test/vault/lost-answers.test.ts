/** A commit whose answer is lost, over each database: it is found out whether it was made, and nothing is said of it that isn't known. */

import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { AuthError } from "../../src/platform/errors.ts";
import { initVault } from "../../src/vault/create.ts";
import { type StoreDriver, UnknownCommit } from "../../src/vault/driver.ts";
import { rekeyVault } from "../../src/vault/rekey.ts";
import { retryLostSwaps } from "../../src/vault/shared/lost-answers.ts";
import { openVault } from "../../src/vault/store.ts";
import { type CuttingRelay, cuttingRelay } from "../support/cutting-relay.ts";
import { lacking } from "../support/needs.ts";
import { erase, put, version } from "./home.ts";
import { memoryDriver } from "./memory-driver.ts";
import { COPY_KEY as NEXT_KEY } from "./moving-home.ts";
import { BACKENDS, type SharedHome, serverForTests, sharedHomes } from "./shared-home.ts";

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = serverForTests(start);
    const homeAt = sharedHomes();
    let relay: CuttingRelay;
    let count = 0;
    beforeAll(async () => {
      relay = await cuttingRelay(server);
    });
    afterAll(() => relay.stop());
    /** A home that reaches its vault by the relay, and one that doesn't. */
    const two = (): [SharedHome, SharedHome] => {
      const place = `lost_${++count}`;
      return [homeAt(relay.address(place)), homeAt(server.address(place))];
    };
    const opened = async (home: SharedHome) => (await openVault(home.context())) ?? expect.unreachable();
    /** The work, on a way that loses the answer to its first commit. */
    const losing = async <T>(work: () => Promise<T>): Promise<T> => {
      const before = relay.lost();
      relay.lose("answer");
      const result = await work();
      expect(relay.lost()).toBe(before + 1);
      return result;
    };

    test("a record that was put is committed; so is one that was changed, and one that was erased", async () => {
      const [home] = two();
      const vault = await home.open();
      expect(await losing(() => vault.commit([put("a:x", 1, "1")]))).toBe("committed");
      expect(await losing(() => vault.commit([put("a:x", 2, "2")]))).toBe("committed");
      expect((await vault.read("connection", "a:x"))?.body).toBe("2");
      expect(await losing(() => vault.commit([erase("a:x", 2)]))).toBe("committed");
      expect(await vault.read("connection", "a:x")).toBeNull();
      await vault.close();
    });

    test("a new login that another machine has refreshed meanwhile is committed", async () => {
      const [home, elsewhere] = two();
      const vault = await home.open();
      const other = await opened(elsewhere);
      relay.lose("answer");
      const before = relay.lost();
      const committing = vault.commit([put("a:x", 1, "1")]);
      while (relay.lost() === before) await Bun.sleep(1);
      expect(await other.commit([put("a:x", 2, "refreshed")])).toBe("committed");
      expect(await committing).toBe("committed");
      for (const one of [vault, other]) await one.close();
    });

    test("a commit that another machine came before is a conflict all the same", async () => {
      const [home, elsewhere] = two();
      const vault = await home.open();
      const other = await opened(elsewhere);
      await other.commit([
        { ...put("a:x", 1, "theirs"), next: { version: version(1, "cd".repeat(16)), body: "theirs" } },
      ]);
      expect(await losing(() => vault.commit([put("a:x", 1, "1")]))).toBe("conflict");
      expect((await other.read("connection", "a:x"))?.body).toBe("theirs");
      for (const one of [vault, other]) await one.close();
    });

    test("a vault that is made, and given a new key, is so", async () => {
      const [home] = two();
      const context = home.context();
      expect(await losing(() => initVault(context))).toMatchObject({ source: "env" });
      const vault = await opened(home);
      await vault.commit([put("a:x", 1, "1")]);
      await vault.close();
      const environment = { ...home.variables, AUTH_KEY: NEXT_KEY };
      expect(await losing(() => rekeyVault(context, { environment }))).toMatchObject({ epoch: 2, records: 1 });
      const rekeyed = await openVault(home.context(environment));
      expect((await rekeyed?.read("connection", "a:x"))?.body).toBe("1");
      await rekeyed?.close();
    });
  });

test("a server that doesn't come back leaves it unknown, and what is only compared is refused as always", async () => {
  const away = new AuthError("vault_unreachable", "away");
  const driver: StoreDriver = { ...memoryDriver(), swap: () => Promise.reject(away) };
  const { swap } = retryLostSwaps({ shown: "redis://127.0.0.1:1/0" }, driver, 300);
  const next = { version: "1.a.1", value: new Uint8Array(1) };
  const lost: unknown = await swap([{ key: "x", expected: null, next }]).catch((error: unknown) => error);
  expect(lost).toBeInstanceOf(UnknownCommit);
  expect(lost).toMatchObject({
    code: "vault_unreachable",
    message: expect.stringContaining("isn't known"),
    cause: away,
  });
  expect(await swap([{ key: "x", expected: null }]).catch((error: unknown) => error)).toBe(away);
});
