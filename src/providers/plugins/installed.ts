/** Providers that a plugin in the configuration's folder describes. */
import { AuthError } from "../../platform/errors.ts";
import type { IssuerAddresses, Lookup } from "../registry.ts";
import type { ProviderDefinition } from "../schema.ts";
import { isModule, type PluginFile, readPluginFile } from "./file.ts";
import { type FindBase, type Loaded, loadManifest, moduleDefinition } from "./load.ts";
import { type ReadPin, requireTrust } from "./trust.ts";

/** @param path its file @param chain as `Lookup.load` @throws AuthError as `loadInstalled`, and where it claims what is another's */
export async function installedDefinition(
  lookup: Lookup,
  path: string,
  id: string,
  chain: readonly string[],
): Promise<ProviderDefinition> {
  const { builtIn, catalog, get } = lookup;
  const { definition, base, reviewed } = await loadInstalled(path, id, pinOf(lookup), findBase(lookup, id, chain));
  if (!reviewed) await (await import("./claims.ts")).refuseClash(definition, base, builtIn, await catalog(), get);
  return definition;
}

/** As `Registry.refuseForeign`. */
export async function refuseForeign(lookup: Lookup, id: string, addresses: IssuerAddresses): Promise<void> {
  const { builtIn, catalog, get } = lookup;
  const pin = pinOf(lookup);
  const path = await lookup.pluginFile(id);
  if (path === null || (await pin(id))?.replaces === true) return;
  const { base } = await loadInstalled(path, id, pin, findBase(lookup, id, []));
  const { refuseForeignIssuer } = await import("./claims.ts");
  await refuseForeignIssuer(id, addresses, base, builtIn, await catalog(), get);
}

function pinOf({ plugins }: Lookup): ReadPin {
  return plugins?.pin ?? (async () => null);
}

/** A manifest that replaces a provider may start from that one. */
function findBase({ bundled, load }: Lookup, id: string, chain: readonly string[]): FindBase {
  return async (base) => {
    const readBundled = base === id ? await bundled(base) : undefined;
    if (readBundled !== undefined) return (await readBundled()).default;
    const longer = [...chain, id];
    if (!longer.includes(base)) return load(base, longer);
    throw new AuthError("plugin_invalid", `${[...longer, base].join(" extends ")}: that is a circle.`, {
      hint: "Name another provider in 'extends'.",
    });
  };
}

/**
 * The file's description; a module's only as trusted. `reviewed`: a person was shown exactly these bytes when the plugin was
 * added, unlike a manifest that was copied into the folder.
 * @throws AuthError `plugin_invalid`, `plugin_untrusted`
 */
async function loadInstalled(
  path: string,
  id: string,
  pin: ReadPin,
  find: FindBase,
): Promise<Loaded & { readonly reviewed: boolean }> {
  const file = await readPluginFile(path);
  const pinned = await pin(id);
  const { definition, base } = isModule(file.kind)
    ? { definition: moduleDefinition(file, requireTrust(id, file.hash, pinned)), base: null }
    : await loadManifest(file, find);
  return { definition: requireName(file, id, definition), base, reviewed: pinned?.hash === file.hash };
}

/** @throws AuthError `plugin_invalid` for a file that isn't named as the provider that it describes */
export function requireName(file: PluginFile, id: string, definition: ProviderDefinition): ProviderDefinition {
  if (definition.id === id) return definition;
  throw new AuthError("plugin_invalid", `${file.name} describes '${definition.id}', but is named '${id}'.`, {
    hint: `Its name and its id must be the same: call the file ${definition.id}.${file.kind}, or write id = "${id}".`,
  });
}
