/** `acquire` for a long-running command, which asks for each use: see `connections/live-token.ts`. */
import type { Access } from "../connections/access.ts";
import { type LiveToken, liveToken } from "../connections/live-token.ts";
import { requireSamePlace } from "../connections/same-place.ts";
import type { Selected } from "../connections/select.ts";
import { readConnection } from "../connections/store.ts";
import type { Secret } from "../platform/secret.ts";
import { type Acquired, acquire, acquiredFrom } from "./acquire.ts";
import { type Session, servicesFor } from "./session.ts";

export interface LiveAcquired {
  /** @throws AuthError as `LiveToken.get`; `origin_mismatch` where the name now belongs to a login at another place */
  get(): Promise<Acquired>;
  /** After an API refused this token. @throws AuthError as `get` and `LiveToken.rejected`; for an environment's token too */
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
    mustAgree: selected.mustAgree,
    withHost: true,
  });
  let chosen = await readConnection(services.vault, selected.ref);
  const held = ({ stored, warning }: Access): Acquired => {
    if (chosen !== null) requireSamePlace(chosen, stored);
    // Usually the record is the same object as before: then nothing has to be compared.
    chosen = stored;
    return acquiredFrom(stored, warning);
  };
  return {
    get: async () => held(await live.get()),
    rejected: async (token) => held(await live.rejected(token)),
  };
}
