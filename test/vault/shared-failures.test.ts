/** What goes wrong with a database that holds a vault: each in its own words and code, and none with the password in it. */

import { describe, expect, test } from "bun:test";
import { parseAddress } from "../../src/vault/address.ts";
import { initVault } from "../../src/vault/create.ts";
import { retryWhileBusy } from "../../src/vault/driver.ts";
import { redisConnection } from "../../src/vault/shared/redis-connection.ts";
import { openVault } from "../../src/vault/store.ts";
import { freePort, inPostgres, inRedis, PASSWORD, startPostgres, startRedis } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { put, refusal, version } from "./home.ts";
import { BACKENDS, serverForTests, sharedHomes } from "./shared-home.ts";

const homeAt = sharedHomes();

/** How the vault at an address is refused, made or opened. */
async function refused(address: string, work: typeof initVault | typeof openVault = openVault) {
  const home = homeAt(address);
  const found = await refusal(work(home.context()));
  for (const form of [PASSWORD, encodeURIComponent(PASSWORD), "wr0ngpassword"]) expect(found.text).not.toContain(form);
  return found;
}

const ENCODED = encodeURIComponent(PASSWORD);

/** A record in a new vault, which is read and can't be written once the server takes no writes. */
async function refusedWrite(address: string, stopWrites: () => Promise<unknown>) {
  const vault = await homeAt(address).open();
  await vault.commit([put("a:x", 1, "1")]);
  await vault.close();
  await stopWrites();
  const again = await homeAt(address).open();
  expect((await again.read("connection", "a:x"))?.body).toBe("1");
  const found = await refusal(again.commit([put("a:x", 2, "2")]));
  expect(found.code).toBe("vault_unwritable");
  await again.close();
  return found;
}

/** Makes a vault, with a record and a kept reply, and reads both. */
async function storeAndRead(address: string): Promise<void> {
  const vault = await homeAt(address).open();
  await vault.commit([put("a:x", 1, "1")]);
  expect((await vault.list("connection")).map(({ body }) => body)).toEqual(["1"]);
  const lock = await vault.tryLock("a:x");
  await lock?.reply.prepare();
  await lock?.reply.keep(version(1), new TextEncoder().encode("the reply"));
  expect(await lock?.reply.kept()).toHaveLength(2);
  await lock?.reply.blank("all");
  lock?.release();
  await vault.close();
}

for (const [name, { needs, start }] of Object.entries(BACKENDS))
  describe.skipIf(lacking(...needs))(name, () => {
    const server = serverForTests(start);

    test("a server that isn't there is exit 5: try again", async () => {
      const address = server.address("gone").replace(`:${server.port}/`, ":1/");
      const found = await refused(address);
      expect(found.code).toBe("vault_unreachable");
      expect(found.text).toContain("the connection was refused");
      expect(found.text).toContain("without TLS");
    });

    test("a wrong password is said to be one", async () => {
      const found = await refused(server.address("wrong").replace(ENCODED, "wr0ngpassword"));
      expect(found.code).toBe("vault_locked");
      expect(found.text).toContain("refused the user name or password in AUTH_STORE");
    });

    test("and so it is each time, whatever else is lacking", async () => {
      const address = server.address("again");
      const { context } = homeAt(address);
      await initVault(context());
      await (await openVault(context(), { allowCached: true }))?.close();
      const refusedStore = { AUTH_STORE: address.replace(ENCODED, "wr0ngpassword") };
      for (const options of [{}, { allowCached: true }])
        expect((await refusal(openVault(context(refusedStore), options))).code).toBe("vault_locked");
    });

    test("a database that isn't there is a mistake in AUTH_STORE", async () => {
      const address = server
        .address("none")
        .replace(/\/(0|postgres)\?/, (_, found) => (found === "0" ? "/999?" : "/none?"));
      const found = await refused(address);
      expect(found.code).toBe("usage");
      expect(found.text).toContain("AUTH_STORE names a database");
    });

    test("a server that ends while the vault is open is noticed, and its return too", async () => {
      const address = server.address("away");
      const vault = await homeAt(address).open();
      await vault.commit([put("a:x", 1, "1")]);
      if (name === "Redis") await inRedis(server, "CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes");
      else
        await inPostgres(
          server,
          "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND backend_type = 'client backend'",
        );
      await Bun.sleep(50);
      // At the latest the second time: the first may be told that its connection is gone.
      const read = async (): Promise<string | undefined> => (await vault.read("connection", "a:x"))?.body;
      expect(await read().catch(read)).toBe("1");
      await vault.close();
    });
  });

describe.skipIf(lacking("redis-server"))("Redis", () => {
  const server = serverForTests(startRedis);

  test("a server that may forget a login is refused, unless AUTH_STORE accepts that", async () => {
    for (const [option, value, words] of [
      ["appendonly", "no", "forgets its last writes"],
      ["maxmemory-policy", "allkeys-lru", "drops keys"],
    ] as const) {
      const before = (await inRedis(server, "CONFIG", "GET", option)) as Record<string, string>;
      await inRedis(server, "CONFIG", "SET", option, value);
      const address = server.address(`loss-${option}`);
      const found = await refused(address, initVault);
      expect(found.code).toBe("vault_unwritable");
      expect(found.text).toContain(words);
      expect(found.text).toContain("'appendfsync always' to lose not even the last second in a power cut");
      await (await homeAt(`${address}&accept-loss=1`).open()).close();
      await inRedis(server, "CONFIG", "SET", option, before[option] ?? "");
    }
  });

  test("a server that takes no more clients is busy, and no reason to doubt the password", async () => {
    const full = await startRedis({ settings: ["--maxclients", "1"] });
    const [one, other] = await Promise.all(
      [1, 2].map(async () => redisConnection(await parseAddress(full.address("full"), "AUTH_STORE"))),
    );
    try {
      expect(await one?.call("PING")).toBe("PONG");
      const found = await refusal(other?.call("PING") ?? Promise.resolve());
      expect(found.code).toBe("busy");
      one?.close();
      // The server may not have noticed yet.
      expect(await retryWhileBusy(() => other?.call("PING"))).toBe("PONG");
    } finally {
      for (const connection of [one, other]) connection?.close();
      await full.stop();
    }
  });

  test("a read-only replica is read, and written by no one", async () => {
    const found = await refusedWrite(server.address("replica"), () => inRedis(server, "REPLICAOF", "127.0.0.1", "1"));
    expect(found.text).toContain("read-only replica");
    await inRedis(server, "REPLICAOF", "NO", "ONE");
  });

  test("a user who may run no script is refused before a lock is taken: others can go on", async () => {
    await inRedis(server, "ACL", "SETUSER", "reader", "on", `>${PASSWORD}`, "~*", "+@all", "-eval");
    const address = server.address("scripts");
    await (await homeAt(address).open()).close();
    const vault = await homeAt(address.replace("redis://:", "redis://reader:")).open();
    expect((await refusal(vault.tryLock("a:x"))).code).toBe("vault_unwritable");
    await vault.close();
    expect(await inRedis(server, "KEYS", "scripts:lease:*")).toEqual([]);
  });

  test("a server that lacks a command says so at once", async () => {
    for (const command of ["EVAL", "HELLO"]) {
      const without = await startRedis({ settings: ["--rename-command", command, ""] });
      const found = await refused(without.address("renamed"), initVault);
      expect([command, found.code]).toEqual([command, "vault_unwritable"]);
      expect(found.text).toContain("lacks a command");
      await without.stop();
    }
  });

  test("a cluster is refused, though it has one shard", async () => {
    const cluster = await startRedis({ settings: ["--cluster-enabled", "yes", "--cluster-port", `${freePort()}`] });
    await inRedis(cluster, "CLUSTER", "ADDSLOTSRANGE", "0", "16383");
    while (!String(await inRedis(cluster, "CLUSTER", "INFO")).includes("cluster_state:ok")) await Bun.sleep(50);
    const found = await refused(cluster.address("cluster"), initVault);
    expect(found.code).toBe("usage");
    expect(found.text).toContain("Redis cluster");
    expect(await inRedis(cluster, "KEYS", "*")).toEqual([]);
    await cluster.stop();
  });

  test("another application's key of that name is left alone", async () => {
    await inRedis(server, "SET", "taken:records", "theirs");
    for (const work of [openVault, initVault]) {
      const found = await refused(server.address("taken"), work);
      expect(found.code).toBe("vault_corrupt");
      expect(found.text).toContain("another application has a key of that name");
    }
    expect(await inRedis(server, "GET", "taken:records")).toBe("theirs");
  });
});

describe.skipIf(lacking("postgres"))("PostgreSQL", () => {
  const server = serverForTests(startPostgres);

  test("a server that takes no writes is read, and that it does not is said", async () => {
    const found = await refusedWrite(server.address("readonly"), () =>
      inPostgres(server, "ALTER ROLE auth SET default_transaction_read_only = on"),
    );
    expect(found.text).toContain("default_transaction_read_only");
    await inPostgres(server, "BEGIN READ WRITE; ALTER ROLE auth RESET default_transaction_read_only; COMMIT");
  });

  test("the form in which the server writes bytes is of no matter", async () => {
    await inPostgres(server, "ALTER ROLE auth SET bytea_output = escape");
    await storeAndRead(server.address("escaped"));
    await inPostgres(server, "ALTER ROLE auth RESET bytea_output");
  });

  test("another application's tables in the schema are left alone", async () => {
    await inPostgres(server, "CREATE SCHEMA taken; CREATE TABLE taken.records (id integer)");
    for (const work of [openVault, initVault]) {
      const found = await refused(server.address("taken"), work);
      expect(found.code).toBe("vault_corrupt");
      expect(found.text).toContain("other tables than a vault's");
    }
    const [row] = await inPostgres(
      server,
      "SELECT count(*)::integer AS n FROM information_schema.columns WHERE table_schema = 'taken'",
    );
    expect(row?.n).toBe(1);
  });

  test("a user who may make no schema is told what its owner must do, and can go on then", async () => {
    await inPostgres(server, `CREATE ROLE runner LOGIN PASSWORD '${PASSWORD}'`);
    const address = server.address("given").replace("//auth:", "//runner:");
    const found = await refused(address, initVault);
    expect(found.code).toBe("vault_unwritable");
    const statement = /CREATE SCHEMA .*;/.exec(found.text)?.[0];
    await inPostgres(server, statement ?? "");
    await (await homeAt(address).open()).close();
  });

  test("a schema may have the name of a word of SQL", async () => {
    for (const word of ["user", "order"]) await storeAndRead(server.address(word));
  });

  test("a commit is on the server's disk when it is confirmed, whatever the role's default is", async () => {
    await inPostgres(server, "ALTER ROLE auth SET synchronous_commit = off");
    const address = server.address("durable");
    await (await homeAt(address).open()).close();
    await inPostgres(
      server,
      `CREATE TABLE durable.noted (setting text);
       CREATE FUNCTION durable.note() RETURNS trigger LANGUAGE plpgsql AS $$
         BEGIN INSERT INTO durable.noted VALUES (current_setting('synchronous_commit')); RETURN NEW; END $$;
       CREATE TRIGGER note AFTER INSERT ON durable.records FOR EACH ROW EXECUTE FUNCTION durable.note()`,
    );
    const vault = await homeAt(address).open();
    await vault.commit([put("a:x", 1, "1")]);
    await vault.close();
    const noted = await inPostgres(server, "SELECT setting FROM durable.noted");
    expect(noted.map(({ setting }) => setting)).toEqual(["on"]);
    await inPostgres(server, "ALTER ROLE auth RESET synchronous_commit");
  });
});
