/** The token that is got after an API refused one with a challenge. */
import { accessAfterChallenge } from "../connections/after-challenge.ts";
import type { Selected } from "../connections/select.ts";
import { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { type Acquired, acquire, acquiredFrom } from "./acquire.ts";
import type { Refusal } from "./refusal.ts";
import { type Session, servicesFor } from "./session.ts";

/** @param minTtl milliseconds */
export async function acquireAfter(
  session: Session,
  selected: Selected,
  { challenge, rejected }: Refusal,
  minTtl: number,
): Promise<Acquired> {
  if (selected.source === "vault") {
    const services = await servicesFor(session, selected.ref);
    const options = { minTtl, mustAgree: selected.mustAgree };
    const { stored, warning } = await accessAfterChallenge(services, selected.ref, challenge, rejected, options);
    return acquiredFrom(stored, warning);
  }
  const { provider, token } = selected;
  if (challenge.error !== "insufficient_scope") return acquire(session, selected, minTtl, rejected ?? token.token);
  const named = challenge.scopes.length === 0 ? "" : ` (${escapeText(challenge.scopes.join(", "))})`;
  throw new AuthError("insufficient_scope", `The token in ${token.variable} lacks what the API wants${named}.`, {
    hint: `Put one with more scopes into ${token.variable}, or unset it.`,
    connection: provider,
  });
}
