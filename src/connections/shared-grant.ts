/** Where revoking one token ends the whole grant, a stored login of the same account would end too (RULES 2.9). */
import { AuthError } from "../platform/errors.ts";
import type { Dialect } from "../providers/defaults.ts";
import type { Services } from "./services.ts";
import { listReadable } from "./store.ts";

export interface Grant {
  readonly provider: string;
  readonly clientId: string | null;
  /** null: unknown, so it may be any stored login's. */
  readonly accountId: string | null;
}

/** Whether revoking a token of this grant would end a login in the vault. Where that can't be told: yes. */
export async function wouldEndStoredLogin(
  { vault, context }: Services,
  { revocation }: Dialect,
  grant: Grant,
): Promise<boolean> {
  if (revocation.endsGrant !== true) return false;
  try {
    return (await listReadable(vault)).some(
      ({ ref, record }) =>
        ref.provider === grant.provider &&
        record.tokens !== null &&
        record.pinned?.clientId === grant.clientId &&
        (grant.accountId === null || record.account?.id === grant.accountId),
    );
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    context.debug(`whether another login shares this grant can't be told: ${error.message}`);
    return true;
  }
}
