/** What else may be at a vault's place in Redis: damaged values, another application's keys, answers of another form. */

import { describe, expect, test } from "bun:test";
import { parseAddress } from "../../src/vault/address.ts";
import { initVault } from "../../src/vault/create.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import { openRedis } from "../../src/vault/shared/redis.ts";
import { openVault } from "../../src/vault/store.ts";
import { inRedis, startRedis } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { put, refusal } from "./home.ts";
import { serverForTests, sharedHomes } from "./shared-home.ts";

const homeAt = sharedHomes();

describe.skipIf(lacking("redis-server"))("Redis", () => {
  const server = serverForTests(startRedis);

  const NO_BASE64 = ["1 %%%", "neither a version nor Base64", "1 ", ""];

  test("a record that is no Base64 is damaged, is passed over in a list, and can be given up", async () => {
    const home = homeAt(server.address("damaged"));
    const vault = await home.open();
    const keys = async (): Promise<string[]> => (await inRedis(server, "HKEYS", "damaged:records")) as string[];
    await vault.commit([put("a:x", 1, "1")]);
    const others = await keys();
    await vault.commit([put("a:y", 1, "2")]);
    const [key = ""] = (await keys()).filter((one) => !others.includes(one));
    for (const value of NO_BASE64) {
      await inRedis(server, "HSET", "damaged:records", key, value);
      expect((await refusal(vault.read("connection", "a:y"))).code).toBe("vault_corrupt");
      const passed: string[] = [];
      const found = await vault.list("connection", ({ code }) => passed.push(code));
      expect([found.map(({ name }) => name), passed]).toEqual([["a:x"], ["vault_corrupt"]]);
      // Not absent: a login that expects none doesn't take its place.
      expect(await vault.commit([put("a:y", 1, "3")])).toBe("conflict");
      expect(await vault.commit([{ ...put("a:y", 1, "4"), expected: "any" }])).toBe("committed");
      expect((await vault.read("connection", "a:y"))?.body).toBe("4");
    }
    await vault.close();
  });

  test("a header that is no Base64 is a damaged one", async () => {
    const home = homeAt(server.address("headless"));
    await (await home.open()).close();
    for (const value of NO_BASE64) {
      await inRedis(server, "HSET", "headless:records", "header", value);
      expect((await refusal(openVault(home.context()))).code).toBe("vault_corrupt");
    }
  });

  test("a kept reply that is no Base64 is none, and another application's value is not written over", async () => {
    const store = await openStore(await parseAddress(server.address("kept"), "AUTH_STORE"));
    await store.leases.take("a", "one", 60_000);
    for (const value of ["%%%", "theirs", ""]) {
      await inRedis(server, "SET", "kept:reply:a", value);
      await store.replies.get("a");
      expect((await refusal(store.replies.put("a", "one", new Uint8Array([1, 2, 3])))).code).toBe("vault_corrupt");
      expect(await store.replies.drop("a", "one")).toBe(true);
      expect(await inRedis(server, "GET", "kept:reply:a")).toBe(value);
    }
    await inRedis(server, "DEL", "kept:reply:a");
    expect(await store.replies.put("a", "one", new Uint8Array([1, 255, 3]))).toBe(true);
    expect(await store.replies.put("a", "one", new Uint8Array([1, 2, 3]))).toBe(true);
    expect(await store.replies.get("a")).toEqual(new Uint8Array([1, 2, 3]));
    store.driver.close();
  });

  test("another application's keys under the prefix are left alone when the vault is tried", async () => {
    await inRedis(server, "SET", "app:room", "theirs");
    const vault = await homeAt(server.address("app")).open();
    await vault.requireWritable("a:x");
    await vault.close();
    expect(await inRedis(server, "GET", "app:room")).toBe("theirs");
    expect(await inRedis(server, "KEYS", "app:room*")).toEqual(["app:room"]);
  });
});

/** A server that gives the same answer to whatever it is asked, once it has been greeted. */
function answering(answer: string) {
  return Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket, data) {
        for (const command of data.toString().split(/(?=\*\d+\r\n\$)/))
          socket.write(/HELLO/i.test(command) ? "%1\r\n+proto\r\n:3\r\n" : answer);
      },
    },
  });
}

test("a server that gives answers of another form is said to, whatever they are", async () => {
  for (const answer of ["_\r\n", ":7\r\n", "*1\r\n_\r\n", "%1\r\n+a\r\n:1\r\n", "#t\r\n", "+text\r\n", "*0\r\n"]) {
    using listener = answering(answer);
    const address = await parseAddress(`redis://127.0.0.1:${listener.port}/0`, "AUTH_STORE");
    // Without what asks again for the end of a change.
    const store = openRedis(address);
    const { driver } = store;
    const swap = [{ key: "a", next: { version: "1", value: new Uint8Array([1]) } }];
    for (const work of [
      () => driver.getItemRaw?.("a", {}),
      () => driver.getKeys("", {}),
      () => driver.getItems?.([{ key: "a" }, { key: "b" }]),
      () => driver.swap(swap),
      () => store.prepare(),
      () => store.replies.get("a"),
      () => store.replies.put("a", "one", new Uint8Array([1])),
      () => store.leases.take("a", "one", 1000),
    ]) {
      const found = await refusal(Promise.resolve(work())).catch(() => null);
      if (found !== null) expect([answer, found.code]).toEqual([answer, expect.stringMatching(/^vault_/)]);
    }
    const home = homeAt(`redis://127.0.0.1:${listener.port}/0`);
    for (const work of [openVault, initVault]) {
      const found = await refusal(work(home.context())).catch(() => null);
      if (found !== null) expect([answer, found.code]).toEqual([answer, expect.stringMatching(/^vault_/)]);
    }
    driver.close();
  }
}, 60_000);
