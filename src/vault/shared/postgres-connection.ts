/** Statements to a PostgreSQL server over Bun.SQL: one connection, made when it is needed and again after it broke. */
import { SQL } from "bun";
import { LIMITS } from "../../platform/limits.ts";
import { withholdPostgresOptions } from "../../platform/postgres-variables.ts";
import type { SharedAddress } from "./address.ts";
import { postgresFailure, timedOut } from "./failures.ts";

export interface PostgresConnection {
  /**
   * One round trip. Nothing of a session is relied on, so that it may go through a pooler.
   *
   * @param text several statements without values are one transaction (postgresql.org/docs/current/protocol-flow.html,
   *   "Multiple Statements in a Simple Query")
   * @throws AuthError; the server's own error for the SQLSTATEs in `expected`
   */
  query(text: string, values?: readonly unknown[], expected?: readonly string[]): Promise<Record<string, unknown>[]>;
  close(): void;
}

/** Each part said aloud: the client takes what is left out from PGDATABASE, PGUSER, PGPASSWORD and the like. */
function serverOf(address: SharedAddress) {
  const { hostname, port, username, password, pathname } = new URL(address.url);
  return {
    adapter: "postgres",
    hostname: hostname.replace(/^\[|\]$/g, ""),
    port: Number(port),
    username: decodeURIComponent(username),
    // An empty text would count as left out.
    password: () => decodeURIComponent(password),
    database: decodeURIComponent(pathname.slice(1)),
    connection: { application_name: "auth" },
  } as const;
}

export function postgresConnection(address: SharedAddress): PostgresConnection {
  let client: SQL | null = null;

  const connected = (): SQL => {
    withholdPostgresOptions();
    client ??= new SQL({
      ...serverOf(address),
      max: 1,
      // A pooler gives each statement another session: one that was prepared in the last isn't there.
      prepare: false,
      connectionTimeout: LIMITS.storeConnect / 1000,
      idleTimeout: 0,
      // Said aloud, since a variable could switch the check off.
      tls: address.tls && {
        rejectUnauthorized: true,
        ...(address.certificates !== null && { ca: address.certificates }),
      },
    });
    return client;
  };
  const close = (): void => {
    // Not waited for: what was confirmed is on the server's disk.
    void client?.close({ timeout: 0 }).catch(() => {});
    client = null;
  };

  return {
    async query(text, values = [], expected = []) {
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(timedOut()), LIMITS.storeCall);
      const used = connected();
      try {
        const asked = values.length === 0 ? used.unsafe(text).simple() : used.unsafe(text, [...values]);
        return (await Promise.race([asked, late.promise])) as Record<string, unknown>[];
      } catch (error) {
        if (expected.includes(String((error as { errno?: unknown } | null)?.errno))) throw error;
        const failure = postgresFailure(address, error);
        if (used === client && (failure.code === "vault_unreachable" || failure.code === "busy")) close();
        throw failure;
      } finally {
        clearTimeout(timer);
      }
    },
    close,
  };
}
