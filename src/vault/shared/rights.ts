/** What the user in AUTH_STORE must be allowed, as what the server's owner can run. */
import type { SharedAddress } from "./address.ts";
import { quoted } from "./postgres-schema.ts";

/** All that a vault asks of Redis. CONFIG GET isn't among it: it would show every password of the server. */
const COMMANDS = [
  ...["select", "info", "get", "set", "del", "pexpire"],
  ...["hget", "hmget", "hkeys", "hset", "hdel", "eval"],
];

/** Lines of a hint. */
export function redisRights({ user, namespace }: SharedAddress): string {
  const name = user === "" ? "default" : /^[\w.-]+$/.test(user) ? user : "<user>";
  const rights = COMMANDS.map((command) => `+${command}`).join(" ");
  // cspell:ignore SETUSER
  return `Who runs the server allows it, in redis-cli:\n  ACL SETUSER ${name} ~${namespace}:* ${rights}`;
}

/**
 * Lines of a hint. Whatever is there already: the schema may be missing, or a superuser's, with or without a vault in it.
 * To make a schema for another user takes more than owning the database.
 */
export function postgresRights({ user, database, namespace }: SharedAddress): string {
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
