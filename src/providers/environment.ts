/** What the environment says about a provider: a token of its ecosystem, and settings such as its host. Pure. */
import type { Environment } from "../platform/context.ts";
import { Secret } from "../platform/secret.ts";
import { layVariant } from "./resolve.ts";
import type { ProviderDefinition } from "./schema.ts";
import { accept, settle } from "./settings.ts";
import type { Values } from "./template.ts";

/** A token that a variable holds, for the host that the ecosystem's variables name (CLI.md §1). */
export interface EnvironmentToken {
  readonly variable: string;
  readonly token: Secret;
  readonly settings: Values;
}

/** A setting's value, and the variable it came from. */
export interface EnvironmentSetting {
  readonly variable: string;
  readonly value: string;
}

/**
 * The first variable set, in the order that the provider declares for the host in question. Empty means unset.
 * @throws AuthError `usage` when there is a token, but a variable that says where it belongs is malformed.
 */
export function environmentToken(definition: ProviderDefinition, env: Environment): EnvironmentToken | null {
  if (!readsOneThatIsSet(definition, env)) return null;
  const found = settingsFromEnvironment(definition, env);
  const given = Object.fromEntries(Object.entries(found).map(([name, { value }]) => [name, value]));
  const settings = settle(definition, given);
  for (const variable of layVariant(definition, settings).environment?.read ?? []) {
    const value = env[variable]?.trim();
    if (value) return { variable, token: new Secret(value), settings };
  }
  return null;
}

/**
 * What the ecosystem's variables say of the settings, for a login: a flag goes before it, a profile after.
 * @throws AuthError `usage` naming the variable, when its value is malformed.
 */
export function settingsFromEnvironment(
  definition: ProviderDefinition,
  env: Environment,
): Record<string, EnvironmentSetting> {
  const found: Record<string, EnvironmentSetting> = {};
  for (const [name, setting] of Object.entries(definition.settings ?? {})) {
    const variable = setting.env?.find((candidate) => env[candidate]?.trim());
    if (variable === undefined) continue;
    found[name] = { variable, value: accept(setting, env[variable]?.trim() ?? "", variable) };
  }
  return found;
}

/** Most often none is, and then nothing else is looked at. */
function readsOneThatIsSet(definition: ProviderDefinition, env: Environment): boolean {
  return [definition.environment, ...(definition.variants ?? []).map(({ environment }) => environment)].some((group) =>
    group?.read?.some((variable) => env[variable]?.trim()),
  );
}
