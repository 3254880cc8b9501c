/**
 * A description's claims: variables of the environment, and origins that tokens go to. A description that claims another
 * provider's would get, or send, that provider's secrets (PROVIDERS.md).
 */
import { AuthError } from "../../platform/errors.ts";
import { ownValue } from "../../platform/json.ts";
import { originOf } from "../../platform/url.ts";
import { variableOf } from "../companions.ts";
import { MINTING_FLOWS } from "../minting.ts";
import { readVariables } from "../names.ts";
import { reachesOf } from "../origins.ts";
import type { Catalog, IssuerAddresses, Source } from "../registry.ts";
import type { ProviderDefinition } from "../schema.ts";
import { defaultVariable } from "../tool-variables.ts";

export interface Claims {
  /** What it is called: its id and its aliases. */
  readonly names: readonly string[];
  /** Variables that a token, a setting or a client is read from. */
  readonly reads: readonly string[];
  /** Variables that a command gets, also those with another address of the API. */
  readonly writes: readonly string[];
  /** All that tokens can go to, whatever its settings are. One that only a setting decides is `https://{host}`. */
  readonly origins: readonly string[];
  /** The same of a login that gives no setting; whether or not settings of a path or a query have a value. */
  readonly destinations: readonly string[];
  /** The origins that tokens go to together: of each variant, with the defaults of settings, and without them. */
  readonly together: readonly (readonly string[])[];
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
  const beside = Object.entries(definition.companions ?? {}).flatMap(
    ([name, companion]) => variableOf(definition.id, name, companion) ?? [],
  );
  const writes = layers.flatMap(({ environment }) => Object.keys(environment?.write ?? {}));
  const leads = layers.flatMap(({ environment }) => Object.keys(environment?.baseUrl ?? {}));
  const reaches = reachesOf(definition);
  const together = reaches.flatMap(({ usual, open }) => [usual, open]);
  return {
    names: [definition.id, ...(definition.aliases ?? [])],
    // A login reads companions' secrets from the variables of programs.
    reads: [...new Set([...reads, ...beside])],
    writes: [...new Set([...(writes.length === 0 ? [defaultVariable(definition.id)] : writes), ...beside, ...leads])],
    origins: [...new Set(together.flat())],
    destinations: reaches[0].usual,
    together,
  };
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

/** Either all of its origins are the other's, or none: a code from one must not be redeemed at another. */
function mixed({ together }: Claims, { origins }: Claims): string | null {
  const isTheirs = (one: string): boolean => origins.includes(one);
  for (const group of together) {
    const own = group.find((one) => !isTheirs(one));
    const theirs = group.find(isTheirs);
    if (own !== undefined && theirs !== undefined) return `the origin ${theirs} beside ${own}`;
  }
  return null;
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
  return firstClash(definition.id, claimsOf(definition), base, others, describe);
}

async function firstClash(
  own: string,
  mine: Claims,
  base: string | null,
  others: readonly string[],
  describe: Describe,
): Promise<string | null> {
  for (const id of others) {
    if (id === own) continue;
    const other = await describe(id).catch(unusable);
    const clash = other === null ? null : clashOf(mine, claimsOf(other), id === base);
    if (clash !== null) return `${clash}, which belongs to ${id}`;
  }
  return null;
}

export function clashError(id: string, clash: string): AuthError {
  return new AuthError("plugin_invalid", `${id} claims ${clash}.`, {
    hint: "What is meant for one would reach the other. Change the plugin; or add it with --replace, if you want that.",
  });
}

/**
 * No plugin may use the names, variables and origins of a provider that is part of auth, the catalogue's included.
 * @throws AuthError `plugin_invalid`
 */
export async function refuseClash(
  definition: ProviderDefinition,
  base: string | null,
  builtIn: Source,
  catalog: Catalog,
  get: Describe,
): Promise<void> {
  const clash = await clashWithBundled(definition.id, claimsOf(definition), base, builtIn, catalog, get);
  if (clash !== null) throw clashError(definition.id, clash);
}

/**
 * Refuses what a description's issuer says of itself where that is another provider's: its codes would be redeemed, or
 * its tokens shown, elsewhere. @throws AuthError `plugin_invalid`
 */
export async function refuseForeignIssuer(
  id: string,
  addresses: IssuerAddresses,
  base: string | null,
  builtIn: Source,
  catalog: Catalog,
  get: Describe,
): Promise<void> {
  // The base's own issuer isn't restricted.
  if (base !== null && claimsOf(await get(base)).origins.includes(originOf(addresses.issuer))) return;
  const [login, all] = [[...new Set(addresses.login.map(originOf))], [...new Set(addresses.all.map(originOf))]];
  const mine = { names: [], reads: [], writes: [], origins: login, destinations: all, together: [all] };
  const clash = await clashWithBundled(id, mine, base, builtIn, catalog, get);
  if (clash === null) return;
  throw new AuthError("plugin_invalid", `The issuer of ${id} names ${clash}.`, {
    hint: "What is meant for one would reach the other: no login was made. Change the plugin; or add it with --replace.",
  });
}

async function clashWithBundled(
  id: string,
  mine: Claims,
  base: string | null,
  builtIn: Source,
  { catalog, claims }: Catalog,
  get: Describe,
): Promise<string | null> {
  const { names, reads, writes, origins } = mine;
  const { catalogClaims, catalogAliases } = await claims();
  const owners = [
    ...names.flatMap((name) => ownValue(catalogAliases, name) ?? (Object.hasOwn(catalog, name) ? name : [])),
    ...[...reads, ...writes, ...origins].flatMap((name) => ownValue(catalogClaims, name) ?? []),
  ];
  const all: Source = { ...catalog, ...builtIn };
  const describe = async (other: string) => (await ownValue(all, other)?.())?.default ?? get(other);
  const others = new Set([...Object.keys(builtIn), ...owners, ...(base === null ? [] : [base])]);
  return firstClash(id, mine, base, [...others], describe);
}

/** A plugin that can't be used claims nothing. */
function unusable(error: unknown): null {
  if (error instanceof AuthError) return null;
  throw error;
}
