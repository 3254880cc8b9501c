/**
 * A record without what renews its login: what one process hands to another that may use its tokens and no more. Its shape
 * stays: that there is a refresh token is known, and so is when it ends.
 */
import { Secret } from "../platform/secret.ts";
import type { Connection, Tokens } from "./record.ts";

export function withoutRenewal(record: Connection): Connection {
  const { tokens, resources, mint } = record;
  return {
    ...record,
    tokens: tokens && stripped(tokens),
    ...(resources && {
      resources: Object.fromEntries(
        Object.entries(resources).map(([resource, slot]) => [
          resource,
          { ...slot, tokens: slot.tokens && stripped(slot.tokens) },
        ]),
      ),
    }),
    ...(mint && { mint: { ...mint, secret: mint.secret && NOT_HERE } }),
  };
}

const NOT_HERE = new Secret("kept by the agent");

/** Without the key that tokens are bound to, too: it signs requests for new ones. */
function stripped({ proofKey: _, ...tokens }: Tokens): Tokens {
  return { ...tokens, refreshToken: tokens.refreshToken && NOT_HERE, refreshFingerprint: null };
}
