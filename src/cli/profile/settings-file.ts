/** A connection's settings as the text that `profile edit` opens in an editor, and back. */

import { usage } from "../../platform/errors.ts";
import { flowsOf } from "../../providers/flows.ts";
import { FLOWS, type Flow, type ProviderDefinition } from "../../providers/schema.ts";
import { type Editable, editableKeys } from "./editable.ts";

const MEANINGS: Readonly<Record<string, string>> = {
  scopes: "The scopes that a login asks for, separated by spaces. Unset: the provider's default.",
  clientId: "The id of the OAuth client. Unset: the environment's, the one that is kept, or the provider's own.",
  issuer: "The issuer's URL (OpenID Connect). Unset: the provider's own.",
};

/** Every setting with what it means in a comment above it; one that is unset is a comment too. */
export function settingsFile(connection: string, values: Editable, definition: ProviderDefinition): string {
  const endpoints = Object.keys(values).filter((key) => key.startsWith("endpoint."));
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
    const possible = flows.length > 0 ? flows : FLOWS;
    return `How to log in: ${possible.join(", ")}. Unset: chosen at each login.`;
  }
  return MEANINGS[key] ?? `The provider's ${key.replace("endpoint.", "")} endpoint, in place of its own.`;
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
