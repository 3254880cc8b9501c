/** One login, to see whether a description is true: it is refreshed once, ended at the provider, and not stored. */
import { AuthError } from "../platform/errors.ts";
import { awaitReply, deferSignals } from "../platform/signals.ts";
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
  readonly revoked: boolean | "unsupported";
  /** Why it isn't tried, in words; null: it was. */
  readonly whyNotRevoked: string | null;
}

export interface TryWatch {
  /** The login is made; now this comes. */
  begin(step: "refresh" | "revocation"): void;
  /** Before the process ends, also where a signal came after the login. */
  end(tried: Tried): Promise<void>;
}

/**
 * What a login brought is given back, whatever signal comes: only a second one ends the wait for the provider.
 *
 * @param services with a vault that ends with the process. @throws AuthError as `login`, and `interrupted`
 */
export async function tryLogin(
  services: Services,
  request: LoginRequest,
  ui: LoginUi,
  watch: TryWatch,
): Promise<Tried> {
  const stored = await login(services, request, ui);
  const signals = deferSignals();
  try {
    const { account, tokens } = stored.record;
    const isRenewable = stored.record.kind === "oauth" && (tokens?.refreshToken != null || stored.record.mint != null);
    if (isRenewable && !signals.signal.aborted) watch.begin("refresh");
    const { last, ...end } = isRenewable
      ? await renewed(services, stored)
      : { last: stored, refreshed: null, refreshError: null };
    const tried = {
      account: account?.label ?? account?.id ?? null,
      scopes: tokens?.scopes ?? [],
      lifetimeSeconds: tokens?.expiresAt == null ? null : Math.round((tokens.expiresAt - tokens.obtainedAt) / 1000),
      refreshable: tokens?.refreshToken != null,
      ...end,
      ...(await ended(services, last, watch)),
    };
    await watch.end(tried);
    if (signals.signal.aborted) throw new AuthError("interrupted", "Interrupted after the login.");
    return tried;
  } finally {
    signals.handled();
    signals.release();
  }
}

type Renewed = Pick<Tried, "refreshed" | "refreshError"> & { readonly last: Stored };

async function renewed(services: Services, stored: Stored): Promise<Renewed> {
  const outcome = await refreshConnection(services, stored.ref, {
    minTtl: 0,
    force: true,
    rejected: null,
    mustAgree: false,
  });
  const { stored: last } = outcome;
  if (outcome.kind !== "failed") return { last, refreshed: true, refreshError: null };
  const { message, detail } = outcome.error;
  return {
    last,
    refreshed: false,
    refreshError: detail === undefined ? message : `${message} (the provider says: ${detail})`,
  };
}

async function ended(
  services: Services,
  stored: Stored,
  watch: TryWatch,
): Promise<Pick<Tried, "revoked" | "whyNotRevoked">> {
  const whyNot = await whyNotRevoked(services, stored);
  if (whyNot !== null) return { revoked: "unsupported", whyNotRevoked: whyNot };
  watch.begin("revocation");
  const how = { keepSettings: false, forgetClient: false, revoke: true, interruption: new AbortController().signal };
  const { revoked } = await awaitReply(logout(services, stored, how), {
    tell: () =>
      services.context.warn(
        "Waiting for the provider's reply, so that the login doesn't live on. Press Ctrl-C again to end at once.",
      ),
    abandoned: "Ended before the provider replied to the revocation: the login may live on there.",
  });
  const { revocation } = await services.registry.get(stored.ref.provider);
  const unsupported =
    revocation?.needsSecret === true
      ? "this client can't (revocation.needsSecret)"
      : "the provider can't end such tokens";
  return { revoked, whyNotRevoked: revoked === "unsupported" ? unsupported : null };
}

/** Where one revocation ends a whole grant, other logins of the account would end too (RULES.md 2.9): they aren't known here. */
async function whyNotRevoked({ registry }: Services, { ref, record }: Stored): Promise<string | null> {
  const { revocation } = await registry.get(ref.provider);
  if (record.kind !== "oauth") return "it is a token made elsewhere, and not ours to end";
  if (record.pinned?.endpoints.revocation === undefined) return "no endpoints.revocation says where";
  return revocation?.endsGrant === true ? "other logins of the account would end with it (revocation.endsGrant)" : null;
}
