/** The hot path: a connection's access token, refreshed first only if that is due. */
import { AuthError, type ErrorCode } from "../platform/errors.ts";
import type { Secret } from "../platform/secret.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import type { Outcome } from "./outcome.ts";
import { type ConnectionRef, display, typed } from "./ref.ts";
import type { ResourceRef } from "./resource.ts";
import type { Services } from "./services.ts";
import { isDue, stateOf, stillWorks } from "./status.ts";
import { replyWaits, requireConnection, type Stored } from "./store.ts";

export interface Access {
  /** Its record's tokens are never null. */
  readonly stored: Stored;
  /** What is wrong although the token works now. */
  readonly warning: string | null;
}

export interface AccessOptions {
  /** Milliseconds the token should still live; 0: the provider's margin. */
  readonly minTtl: number;
  /** See `RefreshOptions`. */
  readonly mustAgree: boolean;
  readonly rejected?: Secret;
  /** The token goes to a program together with the variables that name its host: others don't take it elsewhere. */
  readonly withHost?: boolean;
  /** An API that the login's own token isn't for. */
  readonly resource?: ResourceRef;
}

/**
 * @throws AuthError with exit 4, 5 or 6 when there is no living token to give.
 */
export async function access(services: Services, ref: ConnectionRef, options: AccessOptions): Promise<Access> {
  const fromHolder = services.holder === undefined ? null : await services.holder(ref, options);
  if (fromHolder !== null) {
    if (options.mustAgree && !options.withHost) await refuseOtherHost(services, fromHolder.stored);
    return fromHolder;
  }
  // A cached read is enough: where a refresh is due, it reads the store itself.
  const age = options.rejected === undefined ? "cached" : undefined;
  const stored = await requireConnection(services.vault, ref, options.resource, age);
  const ready = await asStored(services, stored, options);
  return ready === null || (await replyWaits(services, stored)) ? renewed(services, stored, options) : ready;
}

/** The token as it is stored; null where it is due, or was rejected. */
export async function asStored(
  services: Services,
  stored: Stored,
  { minTtl, rejected, mustAgree, withHost }: AccessOptions,
): Promise<Access | null> {
  const { tokens, pinned } = stored.record;
  const now = services.context.now();
  if (tokens === null || pinned === null || isDue(tokens, now, minTtl)) return null;
  if (rejected?.equals(tokens.accessToken)) return null;
  if (mustAgree && !withHost) await refuseOtherHost(services, stored);
  return { stored, warning: warningOf(stored, now) ?? (await cautionOf(services, stored)) };
}

async function renewed(services: Services, stored: Stored, options: AccessOptions): Promise<Access> {
  const [{ refreshConnection }, { reportOf }] = await Promise.all([import("./refresh.ts"), import("./outcome.ts")]);
  let outcome: Outcome;
  try {
    outcome = await refreshConnection(services, stored.ref, { rejected: null, ...options, force: false });
  } catch (error) {
    outcome = withoutRefresh(stored, error);
  }
  const { usable, warning, error } = reportOf(outcome, services.context.now(), options.rejected ?? null);
  if (usable === null && error !== null && NO_SERVER.includes(error.code))
    throw expiredHere(stored, error, services.context.now());
  if (usable === null) throw error ?? new AuthError("internal", `There is no token of ${display(stored.ref)}.`);
  return { stored: usable, warning: warning ?? warningOf(usable, services.context.now()) };
}

const NO_SERVER: readonly ErrorCode[] = ["vault_unreachable", "busy"];

/** The vault's server can't be reached, and the token in the cache has expired: the error says both. */
function expiredHere({ ref, record }: Stored, error: AuthError, now: number): AuthError {
  const end = record.tokens?.expiresAt ?? null;
  const kept = end !== null && end <= now ? [`The token of ${display(ref)} that was read before has expired.`] : [];
  const lines = [...kept, ...(error.hint === undefined ? [] : [error.hint])];
  return error.restated({ connection: display(ref), hint: lines.join("\n") });
}

/**
 * A provider named alone means the host that its ecosystem's variables name (`GH_HOST`): a token of another host is not
 * handed out for it, whatever kind it is of and whether or not a refresh is due (RULES.md 3.1).
 */
async function refuseOtherHost(services: Services, stored: Stored): Promise<void> {
  const { env } = services.context;
  let settings: ProviderDefinition["settings"];
  try {
    ({ settings } = await services.registry.get(stored.ref.provider));
  } catch (error) {
    // A plugin that can't be used names no variables; `cautionOf` reports what is wrong with it.
    if (error instanceof AuthError && STOPS_A_REFRESH.includes(error.code)) return;
    throw error;
  }
  for (const name in settings)
    if (settings[name]?.env?.some((variable) => env[variable]?.trim()))
      return (await import("./mismatch.ts")).refuseEnvironmentMismatch(services, stored, { client: false });
}

/** A token that is still valid is given although its plugin can't be used any more, or not yet: with a warning. */
async function cautionOf(services: Services, stored: Stored): Promise<string | null> {
  const { provider, pinned } = stored.record;
  const { registry } = services;
  if (pinned?.plugin === undefined && (registry.isBuiltIn(provider) || !(await registry.isPlugin(provider))))
    return null;
  const fault = await (await import("./pinned-origins.ts")).faultOfPlugin(services, stored.record);
  return fault === null ? null : `${fault} The current token still works.`;
}

/**
 * A vault that can't be reached or written, a key that is being changed, or a plugin that may not be used stops a refresh, but not
 * the use of a token that is still valid.
 */
function withoutRefresh(stored: Stored, error: unknown): Outcome {
  if (error instanceof AuthError && STOPS_A_REFRESH.includes(error.code)) return { kind: "failed", stored, error };
  throw error;
}

const STOPS_A_REFRESH: readonly ErrorCode[] = [
  "vault_unreachable",
  "vault_unwritable",
  "busy",
  "plugin_untrusted",
  "plugin_invalid",
  "provider_not_found",
];

/** A valid token of a login in trouble is served with a warning (RULES.md 2.4). */
function warningOf({ ref, record }: Stored, now: number): string | null {
  const { failure } = record;
  if (failure === null) return null;
  const { status, reason } = stateOf(record, now);
  const works = stillWorks(failure.accessDoubtful);
  if (status === "connected")
    return `refresh failed for ${ref.provider} (${ref.name}): ${failure.reason}. The current token ${works}.`;
  const next = failure.class === "client" ? "auth status" : "auth login";
  return `${display(ref)} is ${status} (${reason}): the current token ${works}. Run '${next} ${typed(ref)}'.`;
}
