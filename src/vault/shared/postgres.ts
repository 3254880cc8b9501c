/**
 * A vault in PostgreSQL: a schema with a table of records, compared and written by one function, and rows for leases,
 * which live through a pooler and a reconnection as an advisory lock of the session wouldn't.
 */

import type { SharedAddress } from "../address.ts";
import { PLAIN_WRITES, type StoreDriver } from "../driver.ts";
import { readOnlyReplica, unexpected, unwritable } from "./failures.ts";
import { type PostgresConnection, postgresConnection } from "./postgres-connection.ts";
import { inOwnSchema } from "./postgres-owner.ts";
import { quoted, schemaOf } from "./postgres-schema.ts";
import { requestOf } from "./request.ts";
import type { Leases, Replies, SharedStore, Weakness } from "./store.ts";

export function openPostgres(address: SharedAddress): SharedStore {
  const connection = inOwnSchema(address, postgresConnection(address));
  return {
    driver: postgresDriver(address, connection),
    leases: postgresLeases(address, connection),
    replies: postgresReplies(address, connection),
    requireDurable: () => requireDurable(address, connection),
    prepare: async () => {
      await requireDurable(address, connection);
      if (!(await isPrepared(address, connection))) await connection.query(schemaOf(address.namespace));
    },
    weaknesses: async () => ((await settingsOf(connection)).fsync === "on" ? [] : [FORGETFUL]),
    time: async () => Number((await settingsOf(connection)).now) * 1000,
  };
}

/**
 * Names in full, as of types and functions: the search path is another's to set, and another user's operator would be
 * chosen where it fits better (PostgreSQL's manual, "Operator Type Resolution").
 */
const IS = "OPERATOR(pg_catalog.=)";
const AFTER = "OPERATOR(pg_catalog.>)";
const NOW = "pg_catalog.clock_timestamp()";

/** Whatever form of bytes the server is set to (bytea_output). */
const VALUE = "pg_catalog.encode(value, 'base64') AS value";

/** undefined_table, invalid_schema_name: nothing was made there yet. */
const NOTHING_THERE = ["42P01", "3F000"];

function postgresDriver(address: SharedAddress, { query, close }: PostgresConnection): StoreDriver {
  const schema = quoted(address.namespace);
  const records = `${schema}.records`;
  let durable = false;
  const rows = async (text: string, values: readonly unknown[]): Promise<Record<string, unknown>[]> => {
    try {
      return await query(text, values, NOTHING_THERE);
    } catch (error) {
      if (NOTHING_THERE.includes(String((error as { errno?: unknown }).errno))) return [];
      throw error;
    }
  };
  const read = async (key: string): Promise<Uint8Array | null> => {
    const [row] = await rows(`SELECT ${VALUE} FROM ${records} WHERE key ${IS} $1::pg_catalog.text`, [key]);
    return row === undefined ? null : bytesIn(address, row.value);
  };
  const forWriting = async (): Promise<void> => {
    if (durable) return;
    await requireDurable(address, { query, close });
    durable = true;
  };
  return {
    name: "auth-postgres",
    ...PLAIN_WRITES,
    hasItem: async (key) => (await read(key)) !== null,
    getItem: read,
    getItemRaw: read,
    getItems: async (items) => {
      const keys = JSON.stringify(items.map(({ key }) => key));
      const found = await rows(
        `SELECT key, ${VALUE} FROM ${records}
           WHERE key ${IS} ANY (SELECT pg_catalog.jsonb_array_elements_text($1::pg_catalog.text::pg_catalog.jsonb))`,
        [keys],
      );
      const values = new Map(found.map(({ key, value }) => [key, bytesIn(address, value)]));
      return items.map(({ key }) => ({ key, value: values.get(key) ?? null }));
    },
    getKeys: async () =>
      (await rows(`SELECT key FROM ${records} WHERE $1::pg_catalog.text IS NOT NULL`, [""]))
        .map(({ key }) => String(key))
        .sort(),
    swap: async (steps, whole = false) => {
      await forWriting();
      const request = requestOf(steps, (version, value) => ({ version, value }));
      const failed = await query(`SELECT ${schema}.swap($1::pg_catalog.text::pg_catalog.jsonb, $2::boolean) AS key`, [
        request,
        whole,
      ]);
      return failed.map(({ key }) => textIn(address, key));
    },
    requireWritable: async () => {
      await forWriting();
      await query(`SELECT ${schema}.swap($1::pg_catalog.text::pg_catalog.jsonb, false) AS key`, ["[]"]);
    },
    // What is sealed shows damage by itself; the server looks after its own.
    check: async () => {},
    close,
  };
}

function bytesIn(address: SharedAddress, value: unknown): Uint8Array {
  try {
    return Uint8Array.fromBase64(textIn(address, value));
  } catch {
    throw unexpected(address);
  }
}

function textIn(address: SharedAddress, value: unknown): string {
  if (typeof value !== "string") throw unexpected(address);
  return value;
}

async function isPrepared({ namespace }: SharedAddress, { query }: PostgresConnection): Promise<boolean> {
  const rows = await query(
    `SELECT FROM pg_catalog.pg_proc WHERE proconfig IS NOT NULL
       AND oid ${IS} pg_catalog.to_regprocedure($1::pg_catalog.text)::pg_catalog.oid`,
    [`${quoted(namespace)}.swap(pg_catalog.jsonb, boolean)`],
  );
  return rows.length === 1;
}

/** @throws AuthError `vault_unwritable` for a replica, and a server that loses what it has confirmed */
async function requireDurable(address: SharedAddress, connection: PostgresConnection): Promise<void> {
  const { replica, fsync } = await settingsOf(connection);
  if (replica === true) throw readOnlyReplica(address);
  if (fsync === "on" || address.acceptLoss) return;
  throw unwritable(
    address,
    "the server forgets its last writes in a crash (fsync is off)",
    `Set 'fsync = on' in postgresql.conf; or, where logins may be lost, add ?accept-loss=1 to ${address.giver.name}.${address.giver.anew}`,
  );
}

/** Anyone may ask for these. */
async function settingsOf({ query }: PostgresConnection): Promise<Record<string, unknown>> {
  const [row] = await query(
    `SELECT pg_catalog.pg_is_in_recovery() AS replica, pg_catalog.current_setting('fsync') AS fsync,
            pg_catalog.date_part('epoch', ${NOW}) AS now
       WHERE $1::pg_catalog.text IS NOT NULL`,
    [""],
  );
  return row ?? {};
}

const FORGETFUL: Weakness = {
  text: "The shared vault's server forgets its last writes in a crash (fsync is off).",
  remedy: "'fsync = on' in postgresql.conf",
};

function postgresLeases(address: SharedAddress, { query }: PostgresConnection): Leases {
  const { namespace } = address;
  const leases = `${quoted(namespace)}.leases`;
  const until = `${NOW} OPERATOR(pg_catalog.+) ($3::double precision OPERATOR(pg_catalog.*) interval '1 millisecond')`;
  return {
    take: async (name, owner, milliseconds) => {
      const [row] = await query(
        `INSERT INTO ${leases} AS held (name, owner, ends) VALUES ($1, $2, ${until})
           ON CONFLICT (name) DO UPDATE SET owner = excluded.owner, ends = excluded.ends
           WHERE ${NOW} OPERATOR(pg_catalog.>=) held.ends RETURNING pg_catalog.date_part('epoch', ${NOW}) AS now`,
        [name, owner, milliseconds],
      );
      return row === undefined ? null : { at: Number(row.now) * 1000 };
    },
    renew: async (name, owner, milliseconds) =>
      (await query(`UPDATE ${leases} SET ends = ${until} WHERE ${HELD} RETURNING 1`, [name, owner, milliseconds]))
        .length === 1,
    held: async (names) => {
      const found = await query(
        `SELECT name FROM ${leases} WHERE ends ${AFTER} ${NOW}
           AND name ${IS} ANY (SELECT pg_catalog.jsonb_array_elements_text($1::pg_catalog.text::pg_catalog.jsonb))`,
        [JSON.stringify(names)],
      );
      return found.map(({ name }) => textIn(address, name));
    },
    release: async (name, owner) =>
      void (await query(
        `DELETE FROM ${leases} WHERE name ${IS} $1::pg_catalog.text AND owner ${IS} $2::pg_catalog.text`,
        [name, owner],
      )),
  };
}

/** The lease $1 is still $2's. */
const HELD = `name ${IS} $1::pg_catalog.text AND owner ${IS} $2::pg_catalog.text AND ends ${AFTER} ${NOW}`;

function postgresReplies(address: SharedAddress, { query }: PostgresConnection): Replies {
  const { namespace } = address;
  const replies = `${quoted(namespace)}.replies`;
  const held = `SELECT 1 FROM ${quoted(namespace)}.leases WHERE ${HELD} FOR UPDATE`;
  return {
    get: async (name) => {
      const [row] = await query(`SELECT ${VALUE} FROM ${replies} WHERE name ${IS} $1::pg_catalog.text`, [name]);
      return row === undefined ? null : bytesIn(address, row.value);
    },
    put: async (name, owner, value) =>
      (
        await query(
          `INSERT INTO ${replies} (name, value)
             SELECT $1, pg_catalog.decode($3::pg_catalog.text, 'base64') WHERE EXISTS (${held})
           ON CONFLICT (name) DO UPDATE SET value = excluded.value RETURNING 1`,
          [name, owner, Buffer.from(value).toString("base64")],
        )
      ).length === 1,
    drop: async (name, owner, value) => {
      const isMeant = `($3::pg_catalog.text IS NULL OR value ${IS} pg_catalog.decode($3::pg_catalog.text, 'base64'))`;
      const done = await query(
        `WITH held AS (${held}),
              gone AS (DELETE FROM ${replies}
                         WHERE name ${IS} $1::pg_catalog.text AND ${isMeant} AND EXISTS (SELECT FROM held))
         SELECT 1 FROM held`,
        [name, owner, value === undefined ? null : Buffer.from(value).toString("base64")],
      );
      return done.length === 1;
    },
  };
}
