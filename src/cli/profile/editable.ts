/** A connection's settings as `key=value`: what `profile edit` takes, and the text that it opens in an editor. */
import { type ChosenSettings, declared } from "../../connections/pin.ts";
import type { Connection } from "../../connections/record.ts";
import { usage } from "../../platform/errors.ts";
import { flowsOf } from "../../providers/flows.ts";
import { parseEndpoints } from "../../providers/overrides.ts";
import { FLOWS, type Flow, type ProviderDefinition } from "../../providers/schema.ts";
import { acceptSetting } from "../../providers/settings.ts";
import { address, flowOf, nonEmpty } from "../settings.ts";

export type Editable = Record<string, string>;

const ENDPOINT = "endpoint.";

/** The settings of every connection, with their explanation. */
const COMMON = {
  scopes: "The scopes that a login asks for, separated by spaces. Unset: the provider's default.",
  flow: "How to log in",
  clientId: "The id of the OAuth client. Unset: the environment's, the one that is kept, or the provider's own.",
  issuer: "The issuer's URL (OpenID Connect). Unset: the provider's own.",
};

/** Besides `endpoint.<name>`. A provider's own setting replaces the general one of the same name. */
export function editableKeys({ settings = {} }: ProviderDefinition): string[] {
  return [...Object.keys(COMMON).filter((key) => !Object.hasOwn(settings, key)), ...Object.keys(settings)];
}

export function editable(record: Connection, definition: ProviderDefinition): Editable {
  const { scopes, flow, clientId, issuer, endpoints } = record;
  const all = {
    ...{ scopes: scopes?.join(" ") ?? null, flow, clientId, issuer },
    ...declared(definition, record.settings),
    ...Object.fromEntries(Object.entries(endpoints).map(([name, url]) => [`${ENDPOINT}${name}`, url])),
  };
  return Object.fromEntries(Object.entries(all).filter((one): one is [string, string] => one[1] !== null));
}

/** @throws AuthError `usage` for a value that its key can't have */
export function chosenBy(values: Editable, definition: ProviderDefinition): ChosenSettings {
  const own = definition.settings ?? {};
  const common = (key: keyof typeof COMMON): string | undefined => (Object.hasOwn(own, key) ? undefined : values[key]);
  const settings: Record<string, string> = {};
  for (const [name, setting] of Object.entries(own)) {
    const value = values[name]?.trim() ?? "";
    if (value !== "") settings[name] = acceptSetting(setting, value, name);
  }
  const endpoints = Object.entries(values).filter(([key]) => key.startsWith(ENDPOINT));
  return {
    settings,
    scopes:
      common("scopes")
        ?.split(/[\s,]+/)
        .filter((scope) => scope !== "") ?? null,
    flow: flowOf(common("flow")),
    clientId: nonEmpty(common("clientId"), "clientId"),
    issuer: address(common("issuer"), "issuer"),
    endpoints: {
      ...parseEndpoints(endpoints.map(([key, url]) => `${key.slice(ENDPOINT.length)}=${url}`)),
    } as Record<string, string>,
  };
}

/** Every setting with its explanation in a comment above it; an unset one is a comment, too. */
export function settingsFile(connection: string, values: Editable, definition: ProviderDefinition): string {
  const endpoints = Object.keys(values).filter((key) => key.startsWith(ENDPOINT));
  const fields = [...editableKeys(definition), ...endpoints].map((key) => {
    const value = values[key];
    return `\n# ${meaningOf(key, definition)}\n${value === undefined ? `#${key}=` : `${key}=${value}`}\n`;
  });
  const more =
    endpoints.length > 0
      ? ""
      : "\n# Another address of the provider's, for example endpoint.token.\n#endpoint.token=\n";
  return `# The settings of ${connection}, one key=value a line. Lines that begin with # are ignored.\n# To unset one, delete its line.\n${fields.join("")}${more}`;
}

function meaningOf(key: string, definition: ProviderDefinition): string {
  const setting = definition.settings?.[key];
  if (setting !== undefined) {
    const choices = setting.choices === undefined ? "" : ` One of ${setting.choices.join(", ")}.`;
    const otherwise = setting.default === undefined ? "" : ` Unset: ${setting.default}.`;
    return `${setting.title.replace(/\.?$/, ".")}${choices}${otherwise}`;
  }
  if (key === "flow") {
    const flows: readonly Flow[] = [...new Set(flowsOf(definition).map(({ flow }) => flow))];
    return `${COMMON.flow}: ${(flows.length > 0 ? flows : FLOWS).join(", ")}. Unset: chosen at each login.`;
  }
  if (key.startsWith(ENDPOINT)) return `The provider's ${key.slice(ENDPOINT.length)} endpoint, in place of its own.`;
  return COMMON[key as keyof typeof COMMON];
}

/** @throws AuthError `usage` for a line that is neither a setting nor a comment */
export function readSettingsFile(text: string): Editable {
  const values: Editable = {};
  for (const line of text.split("\n")) {
    if (line.trim() === "" || line.trimStart().startsWith("#")) continue;
    const at = line.indexOf("=");
    if (at < 1) throw usage(`This line is not key=value: ${line.slice(0, 60)}`, "Nothing was changed.");
    values[line.slice(0, at).trim()] = line.slice(at + 1).trim();
  }
  return values;
}
