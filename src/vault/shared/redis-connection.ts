/** Commands to a Redis server over Bun's client. */
import type { RedisClient } from "bun";
import type { SharedAddress } from "../address.ts";
import { redisRefusal } from "./redis-failures.ts";
import { serverConnection, tlsOf } from "./server-connection.ts";

export interface RedisConnection {
  /** @throws AuthError */
  call(command: string, ...args: readonly string[]): Promise<unknown>;
  close(): void;
}

export function redisConnection(address: SharedAddress): RedisConnection {
  const { ask, close } = serverConnection<RedisClient>(address, {
    make: () =>
      new Bun.RedisClient(address.url, {
        autoReconnect: false,
        maxRetries: 0,
        // None: `serverConnection` has its own, and one for each command, which Bun's client lacks.
        connectionTimeout: 0,
        ...(address.tls && { tls: tlsOf(address) }),
      }),
    end: (client) => client.close(),
    refusalOf: (error) => redisRefusal(address, error),
  });
  return {
    call: (command, ...args) => ask((client) => client.send(command, [...args])),
    close,
  };
}
