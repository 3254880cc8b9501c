/** What the library has to see of a reply: the nonce for the next proof (RFC 9449 §8). */
export function nonceReply(nonce: string | null | undefined): Response {
  return new Response(null, { status: 204, ...(nonce && { headers: { "dpop-nonce": nonce } }) });
}
