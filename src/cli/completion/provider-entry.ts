import { defaultScopes, flowsOf } from "../../providers/flows.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { flagOf } from "../../providers/settings.ts";

/** What completion needs of a provider. */
export interface ProviderEntry {
  readonly title: string;
  readonly aliases: readonly string[];
  readonly flows: readonly string[];
  readonly scopes: readonly string[];
  /** Settings by their flag, without the dashes. */
  readonly settings: Readonly<Record<string, { readonly title: string; readonly choices: readonly string[] }>>;
}

export function providerEntry(definition: ProviderDefinition): ProviderEntry {
  const { title, aliases = [], settings = {} } = definition;
  return {
    title,
    aliases: [...aliases],
    flows: flowsOf(definition).map(({ flow }) => flow),
    scopes: defaultScopes(definition),
    settings: Object.fromEntries(
      Object.entries(settings).map(([name, setting]) => [
        flagOf(name, setting),
        { title: setting.title, choices: [...(setting.choices ?? [])] },
      ]),
    ),
  };
}
