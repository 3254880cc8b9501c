/** A provider's values in the environment: a token of its ecosystem, and settings such as its host. Pure. */
import type { Environment } from "../platform/context.ts";
import { AuthError, usage } from "../platform/errors.ts";
import { at } from "../platform/json.ts";
import { Secret } from "../platform/secret.ts";
import { syntaxFault, wrappingOf } from "../platform/syntax.ts";
import { originOf } from "../platform/url.ts";
import { readVariables } from "./names.ts";
import { resolveProvider } from "./resolve.ts";
import type { ProviderDefinition } from "./schema.ts";
import { acceptSetting, completeSettings } from "./settings.ts";
import type { Values } from "./template.ts";
import { layVariant } from "./variants.ts";

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
 * @throws AuthError `usage` when there is a token, and it, or a variable that says where it belongs, is malformed;
 *   `origin_mismatch` when the token itself says that it belongs elsewhere.
 */
export function environmentToken(definition: ProviderDefinition, env: Environment): EnvironmentToken | null {
  // Usually none is set, and nothing else is read.
  if (!readVariables(definition).some((variable) => env[variable]?.trim())) return null;
  const found = settingsFromEnvironment(definition, env);
  const given = Object.fromEntries(Object.entries(found).map(([name, { value }]) => [name, value]));
  const settings = completeSettings(definition, given);
  for (const variable of layVariant(definition, settings).environment?.read ?? []) {
    // As in a header: what follows is the token.
    const value = env[variable]?.trim().replace(/^bearer\s+/i, "");
    if (!value) continue;
    const wrapping = wrappingOf(value);
    const fault = wrapping === null ? syntaxFault("access token", value) : `This is more than a token: ${wrapping}`;
    if (fault !== null)
      throw usage(`${variable}: ${fault}.`, `Set it again, or unset it. AUTH_IGNORE_ENV=1 means the vault.`);
    refuseElsewhere(definition, settings, variable, value);
    return { variable, token: new Secret(value), settings };
  }
  return null;
}

/**
 * What the ecosystem's variables say of the settings, for a login: a flag wins over it, and it over a profile.
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
    found[name] = { variable, value: acceptSetting(setting, env[variable]?.trim() ?? "", variable) };
  }
  return found;
}

/** A token that names its host isn't used for another one. @throws AuthError `origin_mismatch` */
function refuseElsewhere(definition: ProviderDefinition, settings: Values, variable: string, token: string): void {
  const origin = originNamed(definition, token);
  if (origin === null || resolveProvider(definition, settings).origins.includes(origin)) return;
  const names = definition.settings?.host?.env ?? [];
  const place = names[0] === undefined ? "" : `Set ${names[0]} to ${new URL(origin).host}. `;
  throw new AuthError(
    "origin_mismatch",
    `The token in ${variable} belongs to ${origin}, and the environment says another host.`,
    {
      hint: `${place}Nothing was sent. AUTH_IGNORE_ENV=1 means the vault.`,
    },
  );
}

/** Whether each connection says which variable its token goes into: `{ "{env}": "{token}" }`. */
export function choosesItsVariable({ environment }: ProviderDefinition): boolean {
  return Object.keys(environment?.write ?? {}).some((name) => name.includes("{"));
}

/** The setting that names the variable; null where connections don't choose theirs. */
export function variableSetting({ settings = {} }: ProviderDefinition): string | null {
  return Object.keys(settings).find((name) => settings[name]?.kind === "variable") ?? null;
}

/** The likely name in a service's own tools: `OPENAI_API_KEY`. */
export function likelyKeyVariable(service: string): string {
  return `${service.toUpperCase().replace(/[^A-Z0-9]+/g, "_")}_API_KEY`;
}

/** The origin that a token itself names, so that it is sent nowhere else; null where it names none. */
export function originNamed({ apiKey }: ProviderDefinition, token: string): string | null {
  const { prefix, path } = apiKey?.belongsTo ?? {};
  if (prefix === undefined || path === undefined || !token.startsWith(prefix)) return null;
  const [payload = ""] = token.slice(prefix.length).split("_");
  const url = at(jsonOf(payload), path);
  return typeof url === "string" && URL.canParse(url) ? originOf(url) : null;
}

/** undefined for a key that isn't of the form: its provider will refuse it. */
function jsonOf(payload: string): unknown {
  try {
    return JSON.parse(atob(payload.replaceAll("-", "+").replaceAll("_", "/")));
  } catch {
    return undefined;
  }
}
