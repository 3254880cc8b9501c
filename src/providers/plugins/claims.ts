/**
 * What a description lays claim to: variables of the environment, and origins that tokens go to. One that names
 * another provider's would be handed, or would send, what is that provider's (PROVIDERS.md).
 */
import { AuthError } from "../../platform/errors.ts";
import { originOf } from "../../platform/url.ts";
import { readVariables } from "../environment.ts";
import { MINTING_FLOWS } from "../minting.ts";
import { defaultVariable, resolveProvider } from "../resolve.ts";
import type { ProviderDefinition } from "../schema.ts";
import { fill } from "../template.ts";

export interface Claims {
  /** What it is called: its id and its aliases. */
  readonly names: readonly string[];
  /** Variables that a token, a setting or a client is read from. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  /** Origins that are known without a setting, or by a setting's default; the rest as templates. */
  readonly origins: readonly string[];
  /** Where a login without a flag would send things. */
  readonly destinations: readonly string[];
}

export function claimsOf(definition: ProviderDefinition): Claims {
  const layers = [definition, ...(definition.variants ?? [])];
  const { settings = {}, client, minting = {} } = definition;
  const reads = [
    ...readVariables(definition),
    ...Object.values(settings).flatMap(({ env }) => env ?? []),
    ...(client?.environment?.id ?? []),
    ...(client?.environment?.secret ?? []),
    ...MINTING_FLOWS.flatMap((flow) => Object.values(minting[flow]?.environment ?? {}).flatMap((names) => names ?? [])),
  ];
  const defaults = Object.fromEntries(
    Object.entries(settings).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
  );
  const addresses = layers.flatMap(({ issuer, endpoints, origins }) => [
    issuer,
    ...Object.values(endpoints ?? {}),
    ...(origins ?? []),
  ]);
  const known = addresses.filter((one) => one !== undefined);
  const origins = [...new Set(known.map((template) => originIn(fill(template, defaults) ?? template)))];
  const writes = layers.flatMap(({ environment }) => Object.keys(environment?.write ?? {}));
  return {
    names: [definition.id, ...(definition.aliases ?? [])],
    reads: [...new Set(reads)],
    writes: writes.length === 0 ? [defaultVariable(definition.id)] : [...new Set(writes)],
    origins,
    destinations: destinationsOf(definition) ?? origins,
  };
}

/** null where a setting must be given first. */
function destinationsOf(definition: ProviderDefinition): string[] | null {
  try {
    const { origins, issuer } = resolveProvider(definition, {});
    return [...new Set([...origins, ...(issuer === null ? [] : [originOf(issuer)])])];
  } catch (error) {
    if (error instanceof AuthError && error.code === "usage") return null;
    throw error;
  }
}

/** In its one spelling, however the description writes it; `https://{host}` where the host isn't known. */
function originIn(address: string): string {
  if (!address.includes("{") && URL.canParse(address)) return originOf(address);
  return /^[a-z]+:\/\/[^/?#]*/i.exec(address)?.[0].toLowerCase() ?? address;
}

/**
 * What `mine` claims although it is another provider's, in words; null: nothing.
 * @param extended whether `mine` starts from that provider: its origins, and the variables it writes, are then shared
 */
function clashOf(mine: Claims, theirs: Claims, extended: boolean): string | null {
  const foreign = new Set([...theirs.reads, ...theirs.writes]);
  const variable = [...mine.reads, ...(extended ? [] : mine.writes)].find((name) => foreign.has(name));
  if (variable !== undefined) return `the variable ${variable}`;
  const origin = extended ? mixed(mine, theirs) : shared(mine, theirs);
  if (origin !== null) return origin;
  const name = mine.names.find((one) => theirs.names.includes(one));
  return name === undefined ? null : `the name ${name}`;
}

function shared({ origins }: Claims, theirs: Claims): string | null {
  const origin = origins.find((one) => !one.includes("{") && theirs.origins.includes(one));
  return origin === undefined ? null : `the origin ${origin}`;
}

/** All of it may be at the other's origins, or none: a code that is shown at one must not be redeemed at another. */
function mixed({ destinations }: Claims, { origins }: Claims): string | null {
  const theirs = destinations.find((one) => origins.includes(one));
  const own = destinations.find((one) => !origins.includes(one));
  return theirs === undefined || own === undefined ? null : `the origin ${theirs} beside ${own}`;
}

/** A provider's description, by its id. */
type Describe = (id: string) => Promise<ProviderDefinition>;

/**
 * @param others the ids of all providers, itself left out or not
 * @returns what it claims of which other provider, in words; null: nothing
 */
export async function clashWithOthers(
  definition: ProviderDefinition,
  base: string | null,
  others: readonly string[],
  describe: Describe,
): Promise<string | null> {
  const mine = claimsOf(definition);
  for (const id of others) {
    if (id === definition.id) continue;
    const other = await describe(id).catch(unusable);
    const clash = other === null ? null : clashOf(mine, claimsOf(other), id === base);
    if (clash !== null) return `${clash}, which belongs to ${id}`;
  }
  return null;
}

export function claimed(id: string, clash: string): AuthError {
  return new AuthError("plugin_invalid", `${id} claims ${clash}.`, {
    hint: "What is meant for one would reach the other. Change the plugin; or add it with --replace, if you want that.",
  });
}

/** A plugin that can't be used claims nothing. */
function unusable(error: unknown): null {
  if (error instanceof AuthError) return null;
  throw error;
}
