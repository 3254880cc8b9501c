/** Whose the schema of a vault is: what others have put there would run with the rights of this user. */
import type { SharedAddress } from "../address.ts";
import type { PostgresConnection } from "./postgres-connection.ts";
import { foreignSchema } from "./postgres-failures.ts";

/**
 * The connection, for a schema that is this user's own: before its first use, all of it must belong to this user or a
 * superuser, and no one else may add to it.
 *
 * One round trip more for each process. From then on only this user and superusers can change whose it is.
 */
export function inOwnSchema(address: SharedAddress, { query, close }: PostgresConnection): PostgresConnection {
  let isOwn = false;
  return {
    query: async (...asked) => {
      // Where nothing is there yet, another may make it in the meantime.
      if (!isOwn) isOwn = await requireOwn(address, query);
      return query(...asked);
    },
    close,
  };
}

/** @returns whether it is there @throws AuthError `vault_corrupt` where it is another's */
async function requireOwn(address: SharedAddress, query: PostgresConnection["query"]): Promise<boolean> {
  const [row] = await query(OWNERS, [address.namespace]);
  if (row?.foreign !== false) throw foreignSchema(address);
  return row.there === true;
}

/** The search path may be another's, too: names are in full (postgresql.org/docs/current/ddl-schemas.html, "Usage Patterns"). */
const IS = "OPERATOR(pg_catalog.=)";

// cspell:disable -- columns of PostgreSQL's catalogue
const OWNERS = `
WITH trusted AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolsuper OR rolname ${IS} CURRENT_USER),
  place AS (SELECT * FROM pg_catalog.pg_namespace WHERE nspname ${IS} $1::pg_catalog.name),
  tables AS (SELECT pg_class.* FROM pg_catalog.pg_class, place WHERE relnamespace ${IS} place.oid),
  owners AS (
    SELECT nspowner AS owner FROM place
    UNION ALL SELECT granted.grantee FROM place, pg_catalog.aclexplode(nspacl) AS granted
      WHERE granted.privilege_type ${IS} 'CREATE'::pg_catalog.text
    UNION ALL SELECT relowner FROM tables
    UNION ALL SELECT proowner FROM pg_catalog.pg_proc, place WHERE pronamespace ${IS} place.oid
    UNION ALL SELECT proowner FROM tables, pg_catalog.pg_trigger, pg_catalog.pg_proc
      WHERE tgrelid ${IS} tables.oid AND pg_proc.oid ${IS} tgfoid
  )
SELECT EXISTS (SELECT FROM place) AS there,
  EXISTS (SELECT FROM owners WHERE NOT EXISTS (SELECT FROM trusted WHERE trusted.oid ${IS} owners.owner)) AS foreign`;
