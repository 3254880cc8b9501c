/**
 * A connection's token for a program that runs for long and needs it often: `agent`, `proxy`, `mcp`, `run --fresh`.
 *
 * Each `get` looks at the record in the vault, so a refresh, a login or a logout by another process counts at once. While
 * nothing changed that look takes microseconds, since the vault keeps open what it read; where machines share a vault, what was
 * read there moments ago counts as well. A token that is due is renewed by
 * the refresh engine, once for all who ask in this process meanwhile; the engine sees to the other processes.
 */
import { AuthError } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import { type Access, type AccessOptions, access, asStored } from "./access.ts";
import type { ConnectionRef } from "./ref.ts";
import type { Services } from "./services.ts";
import { requireConnection } from "./store.ts";

export interface LiveToken {
  /**
   * A token that works now. Not kept by the caller: it asks again for each use.
   *
   * @param minTtl milliseconds that the token should still live; absent: as `liveToken` was told
   * @throws AuthError as `access`; `vault_replaced` where the vault's file is another one by now, or gone
   */
  get(minTtl?: number): Promise<Access>;
  /**
   * The token to try once more with, after an API refused this one (401). Where another took its place meanwhile, that one;
   * else it is refreshed.
   *
   * @throws AuthError as `get`; `token_refused` where a new token would fare no better
   */
  rejected(token: Secret): Promise<Access>;
}

export interface LiveTokenOptions extends Omit<AccessOptions, "rejected" | "resource"> {
  /** The API that the token is to be for, as an address; absent: the login's own. */
  readonly resource?: string;
}

const PLAIN: LiveTokenOptions = { minTtl: 0, mustAgree: false };

/** @param services whose vault stays open for as long as the token is used */
export function liveToken(services: Services, ref: ConnectionRef, given: LiveTokenOptions = PLAIN): LiveToken {
  const { resource, ...options } = given;
  /** Renewals under way, by what they are for. */
  const renewals = new Map<string, Promise<Access>>();

  const acquire = async (request: AccessOptions): Promise<Access> => {
    if (resource === undefined) return access(services, ref, request);
    const { accessTo } = await import("./resource-access.ts");
    return accessTo(services, ref, resource, request);
  };
  const once = (purpose: string, request: AccessOptions): Promise<Access> => {
    const underWay = renewals.get(purpose);
    if (underWay !== undefined) return underWay;
    const renewal = acquire(request).finally(() => renewals.delete(purpose));
    renewals.set(purpose, renewal);
    return renewal;
  };
  const inPlace = (): void => {
    if (services.vault.isReplaced()) throw replaced();
  };

  return {
    async get(minTtl = options.minTtl) {
      inPlace();
      const request = { ...options, minTtl };
      if (resource !== undefined) return once(`ttl ${minTtl}`, request);
      const stored = await requireConnection(services.vault, ref, undefined, "cached");
      // Joined only by who has seen that it is due: a renewal that began earlier ends with a token from after that.
      return (await asStored(services, stored, request)) ?? once(`ttl ${minTtl}`, request);
    },
    async rejected(token) {
      inPlace();
      return once(`rejected ${token.reveal()}`, { ...options, rejected: token });
    },
  };
}

function replaced(): AuthError {
  return new AuthError("vault_replaced", "The vault's file was replaced or removed while this program was using it.", {
    hint: "Run the command again to use the vault that is there now.",
  });
}
