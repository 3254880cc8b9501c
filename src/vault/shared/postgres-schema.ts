/** The tables of a vault in PostgreSQL, in a schema of its own, and the function that compares and writes in one step. */

/**
 * A schema that is there is left: to "create it if it isn't" takes a right on the database.
 *
 * Each statement of the function sees what was committed when it began (postgresql.org/docs/current/xfunc-volatility.html),
 * and only one caller is past the first: so what is compared is what is written over. A commit is on the server's disk
 * when it is confirmed, whatever the database's default is. Names are PostgreSQL's own, here and in the function: what
 * other users of the database have made would be found before it where its types fit better.
 */
export function schemaOf(name: string): string {
  const schema = quoted(name);
  return `
SELECT pg_catalog.set_config('search_path', 'pg_catalog, pg_temp', true);
SELECT pg_advisory_xact_lock(hashtextextended('schema ${name} of a vault', 0));
DO $$ BEGIN IF to_regnamespace('${schema}') IS NULL THEN CREATE SCHEMA ${schema}; END IF; END $$;
CREATE TABLE IF NOT EXISTS ${schema}.records (key text PRIMARY KEY, version text NOT NULL, value bytea NOT NULL);
CREATE TABLE IF NOT EXISTS ${schema}.leases (name text PRIMARY KEY, owner text NOT NULL, ends timestamptz NOT NULL);
CREATE TABLE IF NOT EXISTS ${schema}.replies (name text PRIMARY KEY, value bytea NOT NULL);
CREATE OR REPLACE FUNCTION ${schema}.swap(steps jsonb, whole boolean) RETURNS SETOF text LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp AS $$
BEGIN
  PERFORM pg_advisory_xact_lock('${schema}.records'::regclass::oid::bigint);
  IF current_setting('synchronous_commit') IN ('off', 'local') THEN
    PERFORM set_config('synchronous_commit', 'on', true);
  END IF;
  RETURN QUERY
    SELECT step->>'key' FROM jsonb_array_elements(steps) AS step
      LEFT JOIN ${schema}.records AS held ON held.key = step->>'key'
      WHERE step ? 'expected' AND held.version IS DISTINCT FROM step->>'expected';
  IF FOUND THEN RETURN; END IF;
  IF whole THEN
    RETURN QUERY
      SELECT held.key FROM ${schema}.records AS held
        WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(steps) AS step WHERE step->>'key' = held.key);
    IF FOUND THEN RETURN; END IF;
  END IF;
  DELETE FROM ${schema}.records AS held
    USING jsonb_array_elements(steps) AS step
    WHERE held.key = step->>'key' AND step->'next' = 'null';
  INSERT INTO ${schema}.records (key, version, value)
    SELECT step->>'key', step->'next'->>'version', decode(step->'next'->>'value', 'base64')
      FROM jsonb_array_elements(steps) AS step WHERE jsonb_typeof(step->'next') = 'object'
    ON CONFLICT (key) DO UPDATE SET version = excluded.version, value = excluded.value;
END $$;`;
}

/** A name, which may be a word of SQL (`user`), or a user's with any sign in it. */
export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}
