/** What `acquire` gives, for a command that runs for long and asks for each use: see `connections/live-token.ts`. */
import { type LiveToken, liveToken } from "../connections/live-token.ts";
import type { Selected } from "../connections/select.ts";
import type { Secret } from "../platform/secret.ts";
import { type Acquired, acquire, acquiredFrom } from "./acquire.ts";
import { type Session, servicesFor } from "./session.ts";

export interface LiveAcquired {
  /** @throws AuthError as `LiveToken.get` */
  get(): Promise<Acquired>;
  /** After an API refused this token. @throws AuthError as `LiveToken.rejected`; for an environment's token too */
  rejected(token: Secret): Promise<Acquired>;
}

/** @param session is open for as long as the token is used @param minTtl milliseconds */
export async function liveAcquired(session: Session, selected: Selected, minTtl: number): Promise<LiveAcquired> {
  if (selected.source === "environment")
    return {
      get: () => acquire(session, selected),
      rejected: (token) => acquire(session, selected, 0, token),
    };
  const services = await servicesFor(session, selected.ref);
  const live: LiveToken = liveToken(services, selected.ref, {
    minTtl,
    implicit: selected.mustAgree,
    withHost: true,
  });
  return {
    async get() {
      const { stored, warning } = await live.get();
      return acquiredFrom(stored, warning);
    },
    async rejected(token) {
      const { stored, warning } = await live.rejected(token);
      return acquiredFrom(stored, warning);
    },
  };
}
