/** `extends = "…"`: a description that starts from another provider's. */
import { AuthError } from "../../platform/errors.ts";
import { deepMerge } from "../defaults.ts";
import type { ProviderDefinition } from "../schema.ts";

/** The provider that a manifest starts from, or null. @throws AuthError `plugin_invalid` */
export function baseOf(value: unknown, file: string): string | null {
  if (typeof value !== "object" || value === null || !("extends" in value)) return null;
  const base = value.extends;
  if (typeof base === "string" && base !== "") return base;
  throw new AuthError("plugin_invalid", `${file}: extends must be the id of a provider.`, {
    hint: "See which there are: auth provider list",
  });
}

/**
 * The manifest laid over its base: groups field by field, lists and texts as a whole. What the base reads from the
 * environment is its own and isn't inherited: its tokens and settings are not this provider's.
 */
export function layOver(base: ProviderDefinition, manifest: object): object {
  const { extends: _, ...own } = manifest as { extends?: unknown };
  return deepMerge(withoutItsEnvironment(base), own);
}

function withoutItsEnvironment(base: ProviderDefinition): object {
  const { settings = {}, environment, variants, client, minting, ...rest } = base;
  return defined({
    ...rest,
    movedFrom: undefined,
    aliases: undefined,
    settings:
      base.settings && Object.fromEntries(Object.entries(settings).map(([name, { env: _, ...own }]) => [name, own])),
    environment: environment?.write && { write: environment.write },
    variants: variants?.map(({ environment: its, ...own }) =>
      defined({ ...own, environment: its?.write && { write: its.write } }),
    ),
    client: client && defined({ ...client, environment: undefined }),
    minting:
      minting &&
      Object.fromEntries(
        Object.entries(minting).map(([flow, one]) => [flow, one && defined({ ...one, environment: undefined })]),
      ),
  });
}

/** Without the fields that are undefined: a field that is there says something. */
function defined(group: object): object {
  return Object.fromEntries(Object.entries(group).filter(([, value]) => value !== undefined));
}
