/** Commands to a Redis server over Bun's client: one connection, made when it is needed and again after it broke. */
import { RedisClient } from "bun";
import { LIMITS } from "../../platform/limits.ts";
import type { SharedAddress } from "./address.ts";
import { redisFailure, timedOut } from "./failures.ts";

export interface RedisConnection {
  /** @throws AuthError */
  call(command: string, ...args: readonly string[]): Promise<unknown>;
  close(): void;
}

export function redisConnection(address: SharedAddress): RedisConnection {
  let client: RedisClient | null = null;

  const connected = (): RedisClient => {
    client ??= new RedisClient(address.url, {
      autoReconnect: false,
      maxRetries: 0,
      connectionTimeout: LIMITS.storeConnect,
      ...(address.tls && {
        // Said aloud, since a variable could switch it off.
        tls: { rejectUnauthorized: true, ...(address.certificates !== null && { ca: address.certificates }) },
      }),
    });
    return client;
  };
  const close = (): void => {
    client?.close();
    client = null;
  };

  return {
    async call(command, ...args) {
      // Bun's client has no time limit for a command: a server that is stopped would never answer.
      const late = Promise.withResolvers<never>();
      const timer = setTimeout(() => late.reject(timedOut()), LIMITS.storeCall);
      const used = connected();
      try {
        return await Promise.race([used.send(command, [...args]), late.promise]);
      } catch (error) {
        const failure = redisFailure(address, error);
        // The next call begins with a new connection; one that others are waiting on is left to them.
        if (used === client && (failure.code === "vault_unreachable" || failure.code === "busy")) close();
        throw failure;
      } finally {
        clearTimeout(timer);
      }
    },
    close,
  };
}
