/**
 * Logins without a person: a description's entries for the flows `client-credentials`, `jwt` and `exchange`. Differences in
 * their requests and replies are merged into the description's own.
 */
import { type Dialect, requestOver, withDefaults } from "./defaults.ts";
import { fillDialect } from "./resolve.ts";
import type { Flow, ProviderDefinition } from "./schema.ts";
import type { Values } from "./template.ts";

export const MINTING_FLOWS = ["client-credentials", "jwt", "exchange"] as const;
export type MintingFlow = (typeof MINTING_FLOWS)[number];

export type Minting = NonNullable<NonNullable<ProviderDefinition["minting"]>[MintingFlow]>;
export type Signing = NonNullable<Minting["sign"]>;
type Claim = Signing["claims"][string];

/** What the templates of signed claims and of `account` may name besides the settings. */
export const MINTING_NAMES = ["clientId", "tokenEndpoint", "issuer", "scope", "thumbprint", "keyId", "email"] as const;

export function isMintingFlow(flow: string | null): flow is MintingFlow {
  return (MINTING_FLOWS as readonly (string | null)[]).includes(flow);
}

export function mintingOf(definition: ProviderDefinition, flow: Flow | string | null): Minting | null {
  return isMintingFlow(flow) ? (definition.minting?.[flow] ?? null) : null;
}

/** The dialect of a flow's requests and replies, with defaults and with the connection's settings filled in. */
export function dialectOf(definition: ProviderDefinition, flow: string | null, settings: Values): Dialect {
  const minting = mintingOf(definition, flow);
  if (minting === null) return fillDialect(withDefaults(definition), settings);
  const { scopes, request, reply, errors } = minting;
  const described: ProviderDefinition = {
    ...definition,
    // Without refresh tokens the scope that asks for one makes no sense.
    scopes: { ...definition.scopes, default: scopes ?? [], offline: undefined },
    ...(request && { request: requestOver(definition.request ?? {}, request) }),
    ...(reply && { reply: { ...definition.reply, ...reply } }),
    ...(errors && { errors: { ...definition.errors, codes: { ...definition.errors?.codes, ...errors } } }),
  };
  return fillDialect(withDefaults(described), settings);
}

/** A claim's or parameter's value where it has one: `unless` names a setting that replaces it. */
export function templateOf(claim: Claim, values: Readonly<Record<string, string>>): string | null {
  if (typeof claim === "string") return claim;
  return Object.hasOwn(values, claim.unless) ? null : claim.value;
}
