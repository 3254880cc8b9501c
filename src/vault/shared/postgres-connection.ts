/** Statements to a PostgreSQL server over Bun.SQL. */
import type { SQL } from "bun";
import { withholdPostgresOptions } from "../../platform/postgres-variables.ts";
import type { SharedAddress } from "../address.ts";
import { postgresRefusal } from "./postgres-failures.ts";
import { serverConnection, tlsOf } from "./server-connection.ts";

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
  const { ask, close } = serverConnection<SQL>(address, {
    make: () => {
      withholdPostgresOptions();
      return new Bun.SQL({
        ...serverOf(address),
        max: 1,
        // A pooler gives each statement another session: one that was prepared in the last isn't there.
        prepare: false,
        // None: `serverConnection` has its own.
        connectionTimeout: 0,
        idleTimeout: 0,
        tls: address.tls && tlsOf(address),
      });
    },
    // Not waited for: what was confirmed is on the server's disk.
    end: (client) => void client.close({ timeout: 0 }).catch(() => {}),
    refusalOf: (error) => postgresRefusal(address, error),
  });
  return {
    query: (text, values = [], expected = []) =>
      ask(
        async (client): Promise<Record<string, unknown>[]> =>
          values.length === 0 ? client.unsafe(text).simple() : client.unsafe(text, [...values]),
        (error) => expected.includes(String((error as { errno?: unknown } | null)?.errno)),
      ),
    close,
  };
}
