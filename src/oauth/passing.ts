/** Whether the same request may fare better later: what a message may say "try again" of. */
import type { OAuthFailure } from "./types.ts";

/** 408, 425, 429 and 5xx: the server's own state, not the request (RFC 9110 §15.5.9, RFC 8470 §5.2, RFC 6585 §4). */
export function isPassingStatus(status: number): boolean {
  return status >= 500 || status === 408 || status === 425 || status === 429;
}

/** A page, or a 4xx that says nothing, comes from a wrong address or from something in between. */
export function laterOrWhere({ status, unreadable, providerError }: OAuthFailure): string {
  if (providerError !== null || (!unreadable && (status === null || isPassingStatus(status))))
    return "Try again later.";
  return "This is not an OAuth server's answer. Check the address, and the network's sign-in page if it has one.";
}
