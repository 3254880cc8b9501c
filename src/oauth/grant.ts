/** A request to the token endpoint (RFC 6749 §3.2), whatever it grants. */
import { HttpError } from "../platform/http-failure.ts";
import { LIMITS } from "../platform/limits.ts";
import { classifyNoReply } from "./classify.ts";
import { endpointOf } from "./metadata.ts";
import { introduce, post, resourceOf, type Sending } from "./post.ts";
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
  const { server, client, timeout = LIMITS.exchange } = sending;
  if (client.key !== undefined || client.proof !== undefined)
    return (await import("./send.ts")).sendKeyedGrant(sending, grant, timeout);
  const body = new URLSearchParams({ ...grant.further, ...grant.parameters, ...resourceOf(server) });
  body.set("grant_type", grant.type);
  const headers = introduce(sending, body);
  const url = new URL(grant.url ?? endpointOf(server, "token")).href;
  return posted({ ...sending, timeout }, url, headers, body);
}

/**
 * A POST in which no client takes part (RFC 7523 §2.1, RFC 8693 §2.1), sent once.
 * @throws OAuthFailure when no reply came
 */
export function sendWithoutClient(
  sending: Omit<Sending, "client" | "withSecret">,
  url: string,
  parameters: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<RawReply> {
  return posted(sending, url, headers, new URLSearchParams(parameters));
}

async function posted(
  sending: Parameters<typeof post>[0],
  url: string,
  headers: Readonly<Record<string, string>>,
  body: URLSearchParams,
): Promise<RawReply> {
  try {
    return await post(sending, url, { headers, body });
  } catch (error) {
    throw error instanceof HttpError ? classifyNoReply(error) : error;
  }
}
