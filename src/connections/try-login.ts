/** One login, to see whether a description is true: it is refreshed once, ended at the provider, and kept by nobody. */
import type { LoginRequest, LoginUi } from "./login/request.ts";
import { login } from "./login.ts";
import { logout } from "./logout.ts";
import { refreshConnection } from "./refresh.ts";
import type { Services } from "./services.ts";
import type { Stored } from "./store.ts";

export interface Tried {
  readonly account: string | null;
  readonly scopes: readonly string[];
  /** null: unknown. */
  readonly lifetimeSeconds: number | null;
  readonly refreshable: boolean;
  /** Whether the refresh brought a new token; null: there was none to make. */
  readonly refreshed: boolean | null;
  /** Why it didn't, in words. */
  readonly refreshError: string | null;
  /** `unsupported`: nothing says how, it isn't ours to end, or other logins would end with it. */
  readonly revoked: boolean | "unsupported";
}

/** @param services with a vault that ends with the process. @throws AuthError as `login` */
export async function tryLogin(services: Services, request: LoginRequest, ui: LoginUi): Promise<Tried> {
  const stored = await login(services, request, ui);
  const { account, tokens } = stored.record;
  const isRenewable = stored.record.kind === "oauth" && (tokens?.refreshToken != null || stored.record.mint != null);
  const { last, ...end } = isRenewable
    ? await renewed(services, stored)
    : { last: stored, refreshed: null, refreshError: null };
  return {
    account: account?.label ?? account?.id ?? null,
    scopes: tokens?.scopes ?? [],
    lifetimeSeconds: tokens?.expiresAt == null ? null : Math.round((tokens.expiresAt - tokens.obtainedAt) / 1000),
    refreshable: tokens?.refreshToken != null,
    ...end,
    revoked: await ended(services, last),
  };
}

type Renewed = Pick<Tried, "refreshed" | "refreshError"> & { readonly last: Stored };

async function renewed(services: Services, stored: Stored): Promise<Renewed> {
  const outcome = await refreshConnection(services, stored.ref, {
    minTtl: 0,
    force: true,
    rejected: null,
    implicit: false,
  });
  const { stored: last } = outcome;
  if (outcome.kind === "failed") return { last, refreshed: false, refreshError: outcome.error.message };
  return { last, refreshed: true, refreshError: null };
}

/** Where one revocation ends a whole grant, other logins of the account would end too (RULES.md 2.9): they aren't known here. */
async function ended(services: Services, stored: Stored): Promise<boolean | "unsupported"> {
  const definition = await services.registry.get(stored.ref.provider);
  const revoke = definition.revocation?.endsGrant !== true;
  const interruption = new AbortController().signal;
  return (await logout(services, stored, { keepSettings: false, forgetClient: false, revoke, interruption })).revoked;
}
