/** A request to the token endpoint (RFC 6749 §3.2), whatever it grants. */
import { endpointOf } from "./endpoint.ts";
import { resourceOf, type Sending, sendForm } from "./send.ts";
import type { RawReply } from "./types.ts";

export interface Grant {
  readonly type: string;
  readonly parameters: Readonly<Record<string, string>>;
  /** Of the provider's own. They go before those of the grant. */
  readonly further: Readonly<Record<string, string>>;
  /** Where that isn't the token endpoint. */
  readonly url?: string;
}

/**
 * Sent once; where tokens are bound to a key, once more after a refused proof.
 * @throws OAuthFailure when no reply came
 */
export async function sendGrant(sending: Sending, grant: Grant): Promise<RawReply> {
  const { server, client } = sending;
  const url = new URL(grant.url ?? endpointOf(server, "token")).href;
  const parameters = { ...grant.further, ...grant.parameters, ...resourceOf(server), grant_type: grant.type };
  if (client.proof === undefined) return sendForm(sending, url, parameters);
  return (await import("./dpop.ts")).sendProved(client.proof, sending, url, parameters);
}
