/** What a PostgreSQL server reports, as errors for people. */
import { AuthError, usage } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import { busy, ServerFull } from "../driver.ts";
import { sentence } from "../giver.ts";
import { notOurs, refusedLogin, reported, unreachable, unwritable, usePrimary } from "./failures.ts";
import { quoted } from "./postgres-schema.ts";

const TOO_MANY_CONNECTIONS = "53300";

/** @param error of the server, by SQLSTATE (postgresql.org/docs/current/errcodes-appendix.html), which Bun gives as `errno` */
export function postgresRefusal(address: SharedAddress, error: unknown): AuthError {
  const { giver } = address;
  const state = String((error as { errno?: unknown } | null)?.errno ?? "");
  if (/^28/.test(state)) return refusedLogin(address, error);
  if (state === "3D000")
    return usage(
      sentence(giver, "names a database that this PostgreSQL server doesn't have."),
      `Make it: createdb <name>${giver.anew}`,
    );
  if (state === TOO_MANY_CONNECTIONS) return new ServerFull(error);
  // Starting up; a deadlock or a serialization failure.
  if (/^(57P03|40001|40P01)$/.test(state)) return busy(error);
  if (/^57P0[12]$/.test(state) || state.startsWith("08"))
    return unreachable(address, "the server is shutting down", error);
  if (state === "25006")
    return unwritable(
      address,
      "it is a read-only replica, or this user's transactions are read-only (default_transaction_read_only)",
      `Name there a user who may write. ${usePrimary(address)}`,
      error,
    );
  if (state === "57014")
    return unreachable(address, "the server ended the statement, as by a short statement_timeout", error);
  if (state === "42501") return unwritable(address, "this user may not", postgresRights(address), error);
  if (/^53[12]00$/.test(state))
    return unwritable(address, "the server is out of disk or memory", "Make room there.", error);
  if (/^(42|22)/.test(state)) return notOurs(address, "its schema holds other tables than a vault's", error);
  return reported(address, state, error);
}

/** What another user of the database put there would run with the rights of the one in the address. */
export function foreignSchema({ shown, namespace, user, giver }: SharedAddress): AuthError {
  return new AuthError(
    "vault_corrupt",
    `What is at ${shown} is not used: another user of the database owns the schema or something in it, or may add to it.`,
    {
      hint: `Name a schema of its own: in ${giver.name}, ?schema=<name>\nOr, if this one is the vault's, let the user in ${giver.name} own all of it (ALTER SCHEMA ${quoted(namespace)} OWNER TO ${quoted(user)}, and so for each of its tables and functions), and no one else have CREATE in it.${giver.anew}`,
    },
  );
}

/**
 * Lines of a hint. Whatever is there already: the schema may be missing, or a superuser's, with or without a vault in it.
 * To make a schema for another user takes more than owning the database.
 */
function postgresRights({ user, database, namespace }: SharedAddress): string {
  const [name, schema] = [quoted(user), quoted(namespace)];
  return [
    "A superuser of the server allows it, in this database:",
    `  GRANT CONNECT ON DATABASE ${quoted(database)} TO ${name};`,
    `  CREATE SCHEMA IF NOT EXISTS ${schema} AUTHORIZATION ${name};`,
    `  GRANT USAGE, CREATE ON SCHEMA ${schema} TO ${name};`,
    `  GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA ${schema} TO ${name};`,
    "Or, where the schema isn't there yet, the database's owner:",
    `  GRANT CONNECT, CREATE ON DATABASE ${quoted(database)} TO ${name};`,
  ].join("\n");
}
