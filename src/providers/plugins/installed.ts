/** Plugins in the configuration's folder, listed and read. */
import { AuthError } from "../../platform/errors.ts";
import type { ProviderDefinition } from "../schema.ts";
import { isModule, type PluginFile, readPluginFile } from "./file.ts";
import { type FindBase, type Loaded, loadManifest, moduleDefinition } from "./load.ts";
import { type ReadPin, requireTrust } from "./trust.ts";

/**
 * What the file describes; a module only as it was trusted. `reviewed`: these very bytes were shown to a person when they
 * were added; a manifest that was put into the folder by hand was not.
 * @throws AuthError `plugin_invalid`, `plugin_untrusted`
 */
export async function loadInstalled(
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
