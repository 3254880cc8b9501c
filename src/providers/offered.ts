/** Which providers there are: those that people are offered, that an alias or a variable names, and what to say of no such one. */
import type { Environment } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { ownValue } from "../platform/json.ts";
import { plainName } from "./names.ts";
import { notFoundHint } from "./not-found.ts";
import { installedIds } from "./plugins/place.ts";
import type { Lookup } from "./registry.ts";
import type { ProviderDefinition } from "./schema.ts";

/** As `Registry.ids`. */
export async function ids({ builtIn, plugins }: Lookup): Promise<string[]> {
  const folder = plugins?.folder() ?? null;
  const installed = folder === null ? [] : await installedIds(folder);
  return [...Object.keys(builtIn), ...installed.filter((id) => !Object.hasOwn(builtIn, id))];
}

/** As `Registry.everyId`. */
export async function everyId(lookup: Lookup): Promise<string[]> {
  return [...new Set([...(await ids(lookup)), ...Object.keys((await lookup.catalog()).catalog)])];
}

/** As `Registry.offered`. */
export async function offered(lookup: Lookup): Promise<ProviderDefinition[]> {
  return usable(lookup, await ids(lookup));
}

/** As `Registry.readers`. */
export async function readers(lookup: Lookup, env: Environment): Promise<ProviderDefinition[]> {
  const isSet = (variable: string): boolean => Boolean(env[variable]?.trim());
  const variables = await variablesOfInstalled(lookup);
  const mayRead = (id: string): boolean => variables.get(id)?.some(isSet) ?? true;
  const { catalogVariables } = await lookup.catalog();
  const named = Object.keys(catalogVariables).filter(isSet);
  const inCatalog = named.flatMap((variable) => catalogVariables[variable] ?? []);
  return usable(lookup, [...(await ids(lookup)).filter(mayRead), ...inCatalog]);
}

async function variablesOfInstalled(lookup: Lookup): Promise<ReadonlyMap<string, readonly string[]>> {
  const folder = lookup.plugins?.folder() ?? null;
  const installed = folder === null ? [] : await installedIds(folder);
  if (folder === null || installed.length === 0) return new Map();
  const { variablesOfPlugins } = await import("./plugins/stamps.ts");
  return variablesOfPlugins(folder, installed, (id) => passingOver(lookup, id));
}

async function usable(lookup: Lookup, wanted: readonly string[]): Promise<ProviderDefinition[]> {
  const definitions = await Promise.all([...new Set(wanted)].map((id) => passingOver(lookup, id)));
  return definitions.filter((definition) => definition != null);
}

/**
 * One plugin that can't be used doesn't keep people from the others. null: a module that isn't trusted yet, of which
 * nothing is known (`provider list` and `doctor` show it); undefined: what is wrong was reported.
 */
async function passingOver(
  { get, plugins, reported }: Lookup,
  id: string,
): Promise<ProviderDefinition | null | undefined> {
  try {
    return await get(id);
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    if (error.code === "plugin_untrusted") return null;
    if (error.code !== "plugin_invalid") throw error;
    if (!reported.has(id)) plugins?.passedOver(error);
    reported.add(id);
    return undefined;
  }
}

/** The id of the provider that has this alias. Only for a name that is no id: the descriptions that are offered are read for it. */
export async function byAlias(lookup: Lookup, name: string): Promise<string | null> {
  const inCatalog = ownValue((await (await lookup.catalog()).claims()).catalogAliases, name);
  const named = (await offered(lookup)).filter(({ aliases }) => aliases?.includes(name)).map(({ id }) => id);
  const plugins = named.filter((id) => !Object.hasOwn(lookup.builtIn, id));
  // One that was added with --replace wins over what is part of auth.
  const [id, other] = plugins.length > 0 ? plugins : [...named, ...(inCatalog === undefined ? [] : [inCatalog])];
  if (other === undefined) return id ?? null;
  throw new AuthError("plugin_invalid", `Several providers are called ${name}: ${id} and ${other}.`, {
    hint: "Name the one that you mean by its id; or remove one: auth provider remove <id>",
  });
}

/** `provider_not_found`. @param name that no provider has, as its id or an alias */
export async function notFound(lookup: Lookup, name: string): Promise<AuthError> {
  const calledOtherwise = (await lookup.otherwise?.()) ?? {};
  return new AuthError("provider_not_found", `There is no provider '${escapeText(name.slice(0, 60))}'.`, {
    hint: notFoundHint(plainName(name), await everyId(lookup), await bundledAliases(lookup), calledOtherwise),
  });
}

/** Not those of plugins: to read one may be what led here. */
async function bundledAliases({ builtIn, catalog }: Lookup): Promise<string[]> {
  const descriptions = await Promise.all(Object.values(builtIn).map((readDescription) => readDescription()));
  const inCatalog = Object.keys((await (await catalog()).claims()).catalogAliases);
  return [...descriptions.flatMap((description) => description.default.aliases ?? []), ...inCatalog];
}
