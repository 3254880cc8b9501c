/** The settings of a login, each from the first that has it: flag, environment, profile, default (CLI.md §4). */
import type { Context } from "../../platform/context.ts";
import { settingsFromEnvironment } from "../../providers/environment.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import type { Connection } from "../record.ts";

export interface Settings {
  readonly values: Readonly<Record<string, string>>;
  /** Setting → the variable it came from, to be told: `host from SENTRY_URL`. */
  readonly variables: Readonly<Record<string, string>>;
}

/** Defaults are filled in, and faults found, when the provider is resolved with them. */
export function loginSettings(
  definition: ProviderDefinition,
  flags: Readonly<Record<string, string>>,
  context: Context,
  profile: Connection | null,
): Settings {
  const fromEnvironment = settingsFromEnvironment(definition, context.env);
  const declared = Object.keys(definition.settings ?? {});
  const kept = Object.entries(profile?.settings ?? {}).filter(([name]) => declared.includes(name));
  const values: Record<string, string> = Object.fromEntries(kept);
  const variables: Record<string, string> = {};
  for (const [name, { value, variable }] of Object.entries(fromEnvironment)) {
    values[name] = value;
    if (flags[name] === undefined) variables[name] = variable;
  }
  return { values: { ...values, ...flags }, variables };
}
