/** A provider's flows, and the default one. */
import type { Flow, ProviderDefinition } from "./schema.ts";

/** What is known when a flow has to be chosen. */
export interface Circumstances {
  /** The client has a secret. */
  readonly secret: boolean;
  /** A browser can be opened on this machine. */
  readonly browser: boolean;
  /** Those that will be asked for. */
  readonly scopes: readonly string[];
}

interface Choice {
  readonly flow: Flow;
  readonly when?: "secret" | "browser" | undefined;
  readonly scopes?: readonly string[] | undefined;
}

/** In the provider's order of preference. */
export function flowsOf(definition: ProviderDefinition): Choice[] {
  return definition.flows.map((choice) => (typeof choice === "string" ? { flow: choice } : choice));
}

/** Flows that end in a refresh token. */
export const REFRESHING: readonly Flow[] = ["device", "browser", "code"];

/** Flows that start from a user's key or code: chosen only where there is no other. */
const NEEDS_CREDENTIAL: readonly Flow[] = ["token", "client-credentials", "jwt", "exchange", "code"];

/**
 * The first flow whose conditions hold. The browser comes first where one can be opened here, since a device code can be
 * passed on to another person (RFC 10027). Without a browser here, one elsewhere is enough.
 */
export function chooseFlow(definition: ProviderDefinition, at: Circumstances): Flow {
  const all = flowsOf(definition);
  const offered = all.filter(({ flow }) => !NEEDS_CREDENTIAL.includes(flow));
  const feasible = offered.filter((one) => holds(one, at));
  const browser = at.browser ? feasible.find(({ flow }) => flow === "browser") : undefined;
  const choice = browser ?? feasible[0] ?? offered.find((one) => holds(one, { ...at, browser: true })) ?? offered[0];
  return choice?.flow ?? all.find(({ flow }) => flow !== "token")?.flow ?? "token";
}

/** The scopes of a login that names none, with the one that asks for a refresh token. */
export function defaultScopes({ scopes }: ProviderDefinition): string[] {
  const { default: named = [], offline } = scopes ?? {};
  return [...new Set([...named, ...(offline === undefined ? [] : [offline])])];
}

/** Scopes, with presets replaced by their scopes, each once. */
export function withoutPresets({ scopes }: ProviderDefinition, named: readonly string[]): string[] {
  const presets = scopes?.presets ?? {};
  return [...new Set(named.flatMap((scope) => (Object.hasOwn(presets, scope) ? (presets[scope] ?? []) : [scope])))];
}

/** Scopes that a flow can't ask for; empty where it can ask for all. */
export function scopesBeyond(definition: ProviderDefinition, flow: Flow, scopes: readonly string[]): string[] {
  const allowed = flowsOf(definition).find((choice) => choice.flow === flow)?.scopes;
  return allowed === undefined ? [] : scopes.filter((scope) => !allowed.includes(scope));
}

function holds({ when, scopes }: Choice, at: Circumstances): boolean {
  if (when !== undefined && !at[when]) return false;
  return scopes === undefined || at.scopes.every((scope) => scopes.includes(scope));
}
