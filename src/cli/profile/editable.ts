/** A connection's settings as `key=value`, as `profile edit` shows and takes them. */
import { type ChosenSettings, declared } from "../../connections/pin.ts";
import type { Connection } from "../../connections/record.ts";
import { parseEndpoints } from "../../providers/overrides.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import { accept } from "../../providers/settings.ts";
import { address, flowOf, nonEmpty } from "../login-flags.ts";

export type Editable = Record<string, string>;

const COMMON = ["scopes", "flow", "clientId", "issuer"] as const;

/** Besides `endpoint.<name>`. A provider's own setting goes before ours of the same name. */
export function editableKeys({ settings = {} }: ProviderDefinition): string[] {
  return [...COMMON.filter((key) => !Object.hasOwn(settings, key)), ...Object.keys(settings)];
}

export function editable(record: Connection, definition: ProviderDefinition): Editable {
  const keys = editableKeys(definition);
  const common = {
    scopes: record.scopes?.join(" ") ?? null,
    flow: record.flow,
    clientId: record.clientId,
    issuer: record.issuer,
  };
  const all = { ...common, ...declared(definition, record.settings) };
  return {
    ...Object.fromEntries(
      Object.entries(all).filter((one): one is [string, string] => one[1] !== null && keys.includes(one[0])),
    ),
    ...Object.fromEntries(Object.entries(record.endpoints).map(([name, url]) => [`endpoint.${name}`, url])),
  };
}

/** @throws AuthError `usage` for a value that its key can't have */
export function chosenBy(values: Editable, definition: ProviderDefinition): ChosenSettings {
  const declared = definition.settings ?? {};
  const common = (key: (typeof COMMON)[number]): string | undefined =>
    Object.hasOwn(declared, key) ? undefined : values[key];
  const endpoints = Object.entries(values).filter(([key]) => key.startsWith("endpoint."));
  return {
    settings: Object.fromEntries(
      Object.entries(declared)
        .map(([name, setting]) => [name, setting, values[name]?.trim() ?? ""] as const)
        .filter(([, , value]) => value !== "")
        .map(([name, setting, value]) => [name, accept(setting, value, name)]),
    ),
    scopes:
      common("scopes")
        ?.split(/[\s,]+/)
        .filter((scope) => scope !== "") ?? null,
    flow: flowOf(common("flow")),
    clientId: nonEmpty(common("clientId"), "clientId"),
    issuer: address(common("issuer"), "issuer"),
    endpoints: {
      ...parseEndpoints(endpoints.map(([key, url]) => `${key.slice("endpoint.".length)}=${url}`)),
    } as Record<string, string>,
  };
}
