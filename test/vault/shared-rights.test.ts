/**
 * A database user who may too little is told what its owner must run, and one who has got exactly that can do everything.
 */
import { describe, expect, test } from "bun:test";
import { parseAddress } from "../../src/vault/address.ts";
import { initVault } from "../../src/vault/create.ts";
import { rekeyVault } from "../../src/vault/rekey.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import { vaultStatus } from "../../src/vault/status.ts";
import { openVault, storeAt } from "../../src/vault/store.ts";
import { inPostgres, inRedis, PASSWORD, startPostgres, startRedis } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { KEY, newHome, openOrMake, put, refusal, version } from "./home.ts";
import { contentOf, copy, filled, openedWith } from "./moving-home.ts";
import { serverForTests, sharedHomes } from "./shared-home.ts";

const NEW_KEY = "QSBrZXkgZm9yIHByb29mcywgMzIgYnl0ZXMgbG9uZyE=";
const homeAt = sharedHomes();

/** The statements in the lines of a hint. */
function printed(text: string): string[] {
  return text.split("\n").flatMap((line) => (line.startsWith("  ") ? [line.trim()] : []));
}

/** What a login, a token, a refresh, a logout, a rekey, a move and `accept` ask of the server. */
async function doEverything(address: string): Promise<void> {
  const home = homeAt(address);
  const context = home.context();
  const vault = await openOrMake(context);
  await vault.requireWritable("a:x");
  await vault.commit([put("a:x", 1, "1"), put("a:y", 1, "1")]);
  const lock = await vault.tryLock("a:x");
  await lock?.reply.prepare();
  await lock?.confirm?.();
  await lock?.reply.keep(version(1), new TextEncoder().encode("the reply"));
  expect((await lock?.reply.kept())?.length).toBeGreaterThan(0);
  await vault.commit([put("a:x", 2, "2")]);
  await lock?.reply.blank("all");
  lock?.release();
  await vault.commit([{ type: "connection", name: "a:y", expected: version(1), next: null }]);
  expect((await vault.list("connection")).map(({ body }) => body)).toContain("2");
  await vault.close();
  expect((await vaultStatus(context))?.records).toBeGreaterThan(0);
  const environment = { ...context.env, AUTH_KEY: NEW_KEY };
  await rekeyVault(context, { environment });
  const rekeyed = home.context({ ...home.variables, AUTH_KEY: NEW_KEY });
  expect((await storeAt(rekeyed).accept({})).vaultId).not.toBeNull();
  expect((await openVault(rekeyed).then((opened) => opened?.read("connection", "a:x")))?.body).toBe("2");
}

/** A vault file's records, copied there. */
async function copyTo(address: string): Promise<void> {
  using home = newHome();
  (await filled(home)).close();
  const { records } = await copy(home, address, {}, home.context({ AUTH_KEY: KEY }));
  expect(records.new).toHaveLength(6);
  const target = home.context({ AUTH_STORE: address, AUTH_KEY: NEW_KEY });
  expect(await openedWith(target, contentOf)).toHaveLength(6);
}

describe.skipIf(lacking("redis-server"))("Redis", () => {
  const server = serverForTests(startRedis);

  test("in a database other than the first", async () => {
    await inRedis(server, "ACL", "SETUSER", "runner", "on", ">pw");
    const at = (prefix: string): string =>
      server
        .address(prefix)
        .replace(/\/\/:[^@]+@/, "//runner:pw@")
        .replace("/0?", "/3?");
    const found = await refusal(initVault(homeAt(at("team")).context()));
    expect(found.code).toBe("vault_unwritable");
    for (const prefix of ["team", "copy"]) {
      const home = homeAt(at(prefix));
      const [command = ""] = printed((await refusal(initVault(home.context()))).text);
      const [acl = "", ...rights] = command.split(" ");
      await inRedis(server, acl, ...rights);
      await (prefix === "team" ? doEverything(at(prefix)) : copyTo(at(prefix)));
    }
    // Who was allowed an earlier version's commands is told no time, and takes leases all the same.
    await inRedis(server, "ACL", "SETUSER", "runner", "-time");
    const { leases, driver } = await openStore(await parseAddress(at("team"), "AUTH_STORE"));
    expect(await leases.take("a", "one", 1_000)).toEqual({ at: null });
    driver.close();
    // And no more: neither what is beside the vault nor the passwords of the server.
    expect(await inRedis(server, "ACL", "DRYRUN", "runner", "GET", "others:key")).not.toBe("OK");
    expect(await inRedis(server, "ACL", "DRYRUN", "runner", "CONFIG", "GET", "requirepass")).not.toBe("OK");
  });
});

describe.skipIf(lacking("postgres"))("PostgreSQL", () => {
  const server = serverForTests(startPostgres);

  /** A name that has to be quoted, in SQL and in the address. */
  const NAME = 'Run"ner';
  const QUOTED = '"Run""ner"';
  const addressOf = (schema: string): string =>
    server.address(schema).replace("//auth:", `//${encodeURIComponent(NAME)}:`);

  const refusedAt = async (schema: string): Promise<string[]> => {
    const home = homeAt(addressOf(schema));
    const found = await refusal(openOrMake(home.context()));
    expect([schema, found.code]).toEqual([schema, "vault_unwritable"]);
    return printed(found.text);
  };

  const cases = {
    nothing: async () => {},
    unconnected: () => inPostgres(server, "REVOKE CONNECT ON DATABASE postgres FROM PUBLIC"),
    empty: () => inPostgres(server, "CREATE SCHEMA empty"),
    // By a superuser.
    filled: async () => (await homeAt(server.address("filled")).open()).close(),
  } as const;

  test("by a superuser, whatever is there already", async () => {
    for (const [schema, before] of Object.entries(cases)) {
      await inPostgres(server, `CREATE ROLE ${QUOTED} LOGIN PASSWORD '${PASSWORD}'`);
      await before();
      const statements = (await refusedAt(schema)).slice(0, -1);
      expect(statements).toHaveLength(4);
      await inPostgres(server, statements.join("\n"));
      await doEverything(addressOf(schema));
      await inPostgres(server, "GRANT CONNECT ON DATABASE postgres TO PUBLIC");
      await inPostgres(server, `DROP OWNED BY ${QUOTED}; DROP ROLE ${QUOTED}`);
    }
  }, 60_000);

  test("by the database's owner, where nothing is there yet; and it may be copied to", async () => {
    await inPostgres(server, `CREATE ROLE ${QUOTED} LOGIN PASSWORD '${PASSWORD}'; CREATE ROLE owner`);
    await inPostgres(server, "ALTER DATABASE postgres OWNER TO owner");
    const statement = (await refusedAt("owned")).at(-1);
    await inPostgres(server, `SET ROLE owner; ${statement}`);
    await doEverything(addressOf("owned"));
    await copyTo(addressOf("copied"));
  }, 60_000);
});
