/** What `acquire` gives, for a command that runs for long and asks for each use: see `connections/live-token.ts`. */
import { type LiveToken, liveToken } from "../connections/live-token.ts";
import type { Selected } from "../connections/select.ts";
import type { Secret } from "../platform/secret.ts";
import { type Acquired, acquire, acquiredFrom } from "./acquire.ts";
import { type Session, servicesFor } from "./session.ts";

export interface LiveAcquired {
  /** @param minTtl milliseconds. @throws AuthError as `LiveToken.get` */
  get(minTtl?: number): Promise<Acquired>;
  /** After an API refused this token. @throws AuthError as `LiveToken.rejected`; for an environment's token too */
  rejected(token: Secret): Promise<Acquired>;
}

export interface LiveAcquiredOptions {
  /** Milliseconds. */
  readonly minTtl?: number;
  readonly resource?: string | null;
  /** See `AccessOptions`. */
  readonly withHost?: boolean;
}

/** @param session is open for as long as the token is used */
export async function liveAcquired(
  session: Session,
  selected: Selected,
  { minTtl = 0, resource = null, withHost = false }: LiveAcquiredOptions = {},
): Promise<LiveAcquired> {
  if (selected.source === "environment")
    return {
      get: () => acquire(session, selected, minTtl, undefined, resource),
      rejected: (token) => acquire(session, selected, minTtl, token, resource),
    };
  const services = await servicesFor(session, selected.ref);
  const live: LiveToken = liveToken(services, selected.ref, {
    minTtl,
    implicit: selected.mustAgree,
    withHost,
    ...(resource !== null && { resource }),
  });
  return {
    async get(ttl) {
      const { stored, warning } = await live.get(ttl);
      return acquiredFrom(stored, warning);
    },
    async rejected(token) {
      const { stored, warning } = await live.rejected(token);
      return acquiredFrom(stored, warning);
    },
  };
}
