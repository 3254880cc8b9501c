/** Other users of the database that a vault is in, and other programs' settings for it: neither gets in between. */

import { beforeAll, beforeEach, describe, expect, test } from "bun:test";
import { parseAddress } from "../../src/vault/address.ts";
import { initVault } from "../../src/vault/create.ts";
import { openStore } from "../../src/vault/shared/open.ts";
import { openVault } from "../../src/vault/store.ts";
import { inPostgres, PASSWORD, startPostgres } from "../support/databases.ts";
import { lacking } from "../support/needs.ts";
import { put, refusal } from "./home.ts";
import { serverForTests, sharedHomes } from "./shared-home.ts";

describe.skipIf(lacking("postgres"))("PostgreSQL", () => {
  const server = serverForTests(startPostgres);
  const homeAt = sharedHomes();
  const sql = (statement: string) => inPostgres(server, statement);
  /** For a vault of a user who is no superuser. */
  const addressOf = (schema: string): string => server.address(schema).replace("//auth:", "//runner:");

  /** What the other user's code has run as someone else. */
  const ran = async (): Promise<unknown[]> =>
    (await sql("SELECT DISTINCT what, who FROM other.ran WHERE who <> 'mallory'")).map(
      ({ what, who }) => `${what} as ${who}`,
    );

  beforeAll(async () => {
    await sql(`
      CREATE ROLE runner LOGIN PASSWORD '${PASSWORD}';
      CREATE ROLE mallory LOGIN PASSWORD '${PASSWORD}';
      GRANT CREATE ON DATABASE postgres TO runner, mallory;
      GRANT CREATE ON SCHEMA public TO PUBLIC;
      CREATE SCHEMA other;
      GRANT USAGE ON SCHEMA other TO PUBLIC;
      CREATE TABLE other.ran (what text, who text);
      GRANT INSERT ON other.ran TO PUBLIC;
      CREATE FUNCTION other.run(what text) RETURNS boolean LANGUAGE plpgsql AS $$
        BEGIN INSERT INTO other.ran VALUES (what, current_user); RETURN true; END $$;
      CREATE FUNCTION other.on_write() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM other.run('a trigger'); RETURN NEW; END $$;
      ALTER FUNCTION other.on_write() OWNER TO mallory;`);
  });
  beforeEach(() => sql("DELETE FROM other.ran"));

  /** A function of the other user's that says that it ran, then does what PostgreSQL's does. */
  const squatted = (name: string, types: readonly string[], result: string, own: string): string => `
    CREATE FUNCTION public.${name}(${types.join(", ")}) RETURNS ${result} LANGUAGE plpgsql AS $$
      BEGIN PERFORM other.run('${name}'); RETURN ${own}; END $$;`;
  const operator = (sign: string, name: string, left: string, right: string, result: string, own: string): string => `
    ${squatted(name, [left, right], result, own)}
    CREATE OPERATOR public.${sign} (FUNCTION = public.${name}, LEFTARG = ${left}, RIGHTARG = ${right});`;

  const BETTER_FITTING = [
    squatted("hashtextextended", ["text", "integer"], "bigint", "pg_catalog.hashtextextended($1, $2::bigint)"),
    operator("*", "times", "integer", "interval", "interval", "$1::float8 OPERATOR(pg_catalog.*) $2"),
    operator("->>", "entry", "jsonb", "jsonb", "text", "NULL"),
  ];
  const SAME = [
    operator("=", "same_text", "text", "text", "boolean", "$1 OPERATOR(pg_catalog.=) $2"),
    operator("=", "same_name", "name", "name", "boolean", "$1 OPERATOR(pg_catalog.=) $2"),
    operator("=", "same_oid", "oid", "oid", "boolean", "$1 OPERATOR(pg_catalog.=) $2"),
    operator("+", "later", "timestamptz", "interval", "timestamptz", "$1 OPERATOR(pg_catalog.+) $2"),
    squatted("clock_timestamp", [], "timestamptz", "pg_catalog.clock_timestamp()"),
    squatted("current_setting", ["text"], "text", "pg_catalog.current_setting($1)"),
    squatted("decode", ["text", "text"], "bytea", "pg_catalog.decode($1, $2)"),
    squatted("pg_is_in_recovery", [], "boolean", "false"),
    squatted("to_regnamespace", ["text"], "regnamespace", "pg_catalog.to_regnamespace($1)"),
  ];

  for (const [words, theirs, path] of [
    ["functions and operators that fit better than PostgreSQL's", BETTER_FITTING, "DEFAULT"],
    ["those that the database's search path puts before PostgreSQL's", SAME, "public, pg_catalog"],
  ] as const)
    test(`another user's ${words} are not called`, async () => {
      await sql(`SET ROLE mallory; ${theirs.join("")} RESET ROLE; ALTER DATABASE postgres SET search_path = ${path};`);
      const schema = path === "DEFAULT" ? "fitting" : "before";
      try {
        const vault = await homeAt(addressOf(schema)).open();
        await vault.commit([put("a:x", 1, "1")]);
        expect((await vault.list("connection")).length).toBe(1);
        const lock = await vault.tryLock("a:x");
        await lock?.reply.prepare();
        await lock?.reply.keep({ incarnation: "ab".repeat(16), generation: 1 }, new Uint8Array([1]));
        await lock?.reply.blank("all");
        lock?.release();
        await vault.close();
        const store = await openStore(await parseAddress(addressOf(schema), "AUTH_STORE"));
        expect(await store.leases.take("a", "one", 60_000)).not.toBeNull();
        expect(await store.leases.renew("a", "one", 60_000)).toBe(true);
        store.driver.close();
        expect(await ran()).toEqual([]);
      } finally {
        await sql(`ALTER DATABASE postgres RESET search_path; DROP OWNED BY mallory; GRANT CREATE ON DATABASE postgres TO mallory;
          CREATE FUNCTION other.on_write() RETURNS trigger LANGUAGE plpgsql AS $$
            BEGIN PERFORM other.run('a trigger'); RETURN NEW; END $$;
          ALTER FUNCTION other.on_write() OWNER TO mallory;`);
      }
    });

  const VIEW =
    "VIEW %.records AS SELECT ''::text AS key, ''::text AS version, ''::bytea AS value WHERE other.run('a view')";
  const SWAP = `CREATE FUNCTION %.swap(steps jsonb, whole boolean) RETURNS SETOF text LANGUAGE plpgsql
    SET search_path = pg_catalog AS $$ BEGIN PERFORM other.run('swap'); END $$;`;
  const TABLES = `CREATE TABLE %.records (key text PRIMARY KEY, version text NOT NULL, value bytea NOT NULL);`;

  for (const [schema, words, statements] of [
    [
      "theirs",
      "is another user's",
      `SET ROLE mallory; CREATE SCHEMA %; GRANT ALL ON SCHEMA % TO runner; CREATE ${VIEW};
      GRANT ALL ON ALL TABLES IN SCHEMA % TO runner; ${SWAP}`,
    ],
    ["open", "another user may add to", "CREATE SCHEMA % AUTHORIZATION runner; GRANT ALL ON SCHEMA % TO mallory;"],
    ["everyones", "everyone may add to", "CREATE SCHEMA % AUTHORIZATION runner; GRANT ALL ON SCHEMA % TO PUBLIC;"],
    [
      "held",
      "holds another user's function",
      `CREATE SCHEMA % AUTHORIZATION runner; SET ROLE runner; ${TABLES} RESET ROLE;
      ${SWAP} ALTER FUNCTION %.swap(jsonb, boolean) OWNER TO mallory;`,
    ],
    [
      "watched",
      "has another user's trigger",
      `CREATE SCHEMA % AUTHORIZATION runner; SET ROLE runner; ${TABLES} RESET ROLE;
      CREATE TRIGGER t BEFORE INSERT ON %.records FOR EACH ROW EXECUTE FUNCTION other.on_write();`,
    ],
  ] as const)
    test(`a schema that ${words} is refused, and nothing in it runs`, async () => {
      await sql(statements.replaceAll("%", schema));
      const home = homeAt(addressOf(schema));
      for (const work of [openVault, initVault]) {
        const found = await refusal(work(home.context()));
        expect(found.code).toBe("vault_corrupt");
        expect(found.text).toContain("another user of the database");
      }
      expect(await ran()).toEqual([]);
    });

  test("a superuser may own the schema, and is no one to be kept out", async () => {
    await (await homeAt(server.address("given")).open()).close();
    await sql("GRANT USAGE ON SCHEMA given TO runner; GRANT ALL ON ALL TABLES IN SCHEMA given TO runner;");
    const vault = await homeAt(addressOf("given")).open();
    await vault.commit([put("a:x", 1, "1")]);
    await vault.close();
  });

  test("what other programs' variables say of PostgreSQL changes nothing", async () => {
    await sql("CREATE DATABASE elsewhere");
    const variables = {
      PGDATABASE: "elsewhere",
      PGUSER: "mallory",
      PGPASSWORD: PASSWORD,
      PGHOST: "127.0.0.9",
      PGPORT: "1",
      DATABASE_URL: "postgres://mallory@127.0.0.9/elsewhere",
      PGOPTIONS: "-c default_transaction_read_only=on",
    };
    const before = { ...process.env };
    Object.assign(process.env, variables);
    try {
      await (await homeAt(addressOf("kept")).open()).close();
      // Nor do they lend a password to an address that has none.
      const home = homeAt(addressOf("kept").replace(/runner:[^@]*@/, "mallory@"));
      const found = await refusal(openVault(home.context()));
      expect(found.code).toBe("vault_locked");
    } finally {
      for (const name of Object.keys(variables)) delete process.env[name];
      Object.assign(process.env, before);
    }
    expect(
      (await sql("SELECT nspowner::regrole::text AS owner FROM pg_namespace WHERE nspname = 'kept'"))[0]?.owner,
    ).toBe("runner");
  });
});
