/** The variables that a provider's own tools read. In its own file, since `run` needs no more of a description. */
import { usage } from "../platform/errors.ts";
import { reservedBy } from "./reserved.ts";
import type { ProviderDefinition } from "./schema.ts";
import { completeSettings } from "./settings.ts";
import { fill, type Values } from "./template.ts";
import { layVariant } from "./variants.ts";

/** Those of a connection, for its host. */
export interface ToolVariables {
  /** Variable → template over `{token}`, as `resolveProvider` gives them. */
  readonly written: Values;
  /**
   * What the description writes beside a token at some hosts and leaves out at this one (`GH_HOST`), filled for this one:
   * a program that finds another value there would take the token elsewhere.
   */
  readonly omitted: Values;
}

/** @throws AuthError `usage` */
export function toolVariables(definition: ProviderDefinition, given: Values): ToolVariables {
  const settings = completeSettings(definition, given);
  const written = fillVariables(layVariant(definition, settings), settings);
  const omitted: Record<string, string> = {};
  for (const { environment } of [definition, ...(definition.variants ?? [])])
    for (const [name, template] of Object.entries(environment?.write ?? {})) {
      const value = fill(template, settings);
      if (value !== null && !Object.hasOwn(written, name) && !name.includes("{")) omitted[name] = value;
    }
  return { written, omitted };
}

/** `<ID>_TOKEN` where no variable is left. */
export function fillVariables(definition: ProviderDefinition, settings: Values): Values {
  const filled: Record<string, string> = {};
  for (const [variable, value] of Object.entries(definition.environment?.write ?? {})) {
    const name = fill(variable, settings);
    const content = fill(value, { ...settings, token: "{token}" });
    if (name === null || content === null) continue;
    const row = reservedBy(name);
    if (row !== null) throw usage(`${name} can't be set: ${row} loads code or redirects traffic.`);
    filled[name] = content;
  }
  return Object.keys(filled).length > 0 ? filled : { [defaultVariable(definition.id)]: "{token}" };
}

/** `azure-devops` → `AZURE_DEVOPS_TOKEN`. */
export function defaultVariable(id: string): string {
  return `${id.toUpperCase().replaceAll("-", "_")}_TOKEN`;
}
