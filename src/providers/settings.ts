/** A connection's settings (host, tenant, …): checked, ordered, with defaults. */
import { usage } from "../platform/errors.ts";
import { addressFault, hostFrom } from "../platform/url.ts";
import { matches, patternFault } from "./pattern.ts";
import { chosenNameFault } from "./reserved.ts";
import type { ProviderDefinition, SETTING_KINDS } from "./schema.ts";
import { suggestionHint } from "./suggest.ts";
import type { Values } from "./template.ts";

export type Setting = NonNullable<ProviderDefinition["settings"]>[string];
type Kind = (typeof SETTING_KINDS)[number];
type Checked = { readonly value: string } | { readonly fault: string };

const LONGEST = 8 * 1024;

/** What each kind accepts, and how it is written down. */
const KINDS: Readonly<Record<Kind, (value: string) => Checked>> = {
  text: (value) => ({ value }),
  host: (value) => {
    if (/^http:\/\//i.test(value)) return { fault: "is an http address, and tokens are sent over https only" };
    const host = hostFrom(value.replace(/^https:\/\//i, "").replace(/^([^/]+)\/$/, "$1"));
    return host === null
      ? { fault: "is not a host name like git.example.com or git.example.com:8443" }
      : { value: host };
  },
  url: (value) => {
    const fault = addressFault(value);
    return fault === null ? { value } : { fault };
  },
  header: (value) =>
    /^[A-Za-z0-9!#$%&'*+.^_`|~-]+: \S/.test(value) && value.includes("{token}")
      ? { value }
      : { fault: "is not a header like 'Authorization: Bearer {token}'" },
  variable: (value) => {
    const fault = chosenNameFault(value);
    return fault === null ? { value } : { fault: `is '${value.slice(0, 60)}', which ${fault}` };
  },
  pattern: (value) => {
    const fault = patternFault(value);
    return fault === null ? { value } : { fault };
  },
};

/** The flag of `login` that a setting goes by: `apiVersion` is `api-version`. */
export function flagOf(name: string, setting?: Setting): string {
  return setting?.flag ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/**
 * Every setting that has a value, given or by default, in the order of their declaration.
 * @throws AuthError `usage` for one that is unknown, missing or malformed.
 */
export function completeSettings(definition: ProviderDefinition, given: Values): Record<string, string> {
  const declared = definition.settings ?? {};
  for (const name of Object.keys(given)) if (!Object.hasOwn(declared, name)) throw unknown(definition, name);
  const settled: Record<string, string> = {};
  for (const [name, setting] of Object.entries(declared)) {
    const value = (Object.hasOwn(given, name) ? given[name]?.trim() : undefined) || setting.default;
    if (value !== undefined) settled[name] = acceptSetting(setting, value, `--${flagOf(name, setting)}`);
    // Settings of some flows only are required once the flow is known.
    else if (setting.required && setting.flows === undefined) throw missing(definition, name, setting);
  }
  return settled;
}

function missing(definition: ProviderDefinition, name: string, setting: Setting) {
  const flag = flagOf(name, setting);
  return usage(`${definition.title} needs --${flag}: ${setting.title}.`, `Give it: --${flag} <value>`);
}

/**
 * One value as it will be stored: a host in lower case without `https://`.
 * @param source what the person knows it by: `--host`, `GH_HOST`
 * @throws AuthError `usage`
 */
export function acceptSetting(setting: Setting, value: string, source: string): string {
  const checked = checkSetting(setting, value);
  if ("value" in checked) return checked.value;
  throw usage(`${source} ${checked.fault}.`, `It is: ${setting.title}.`);
}

/** The same without the throwing: for checking a description's own default. */
export function checkSetting(setting: Setting, value: string): Checked {
  if (value.length > LONGEST) return { fault: "is longer than 8 KB" };
  if (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(value)) return { fault: "has control characters in it" };
  const checked = KINDS[setting.kind ?? "text"](value);
  if ("fault" in checked) return checked;
  if (setting.choices !== undefined && !setting.choices.includes(checked.value))
    return { fault: `must be one of ${setting.choices.join(", ")}` };
  if (setting.pattern === undefined || matches(setting.pattern, checked.value)) return checked;
  return { fault: `must match ${setting.pattern}` };
}

function unknown(definition: ProviderDefinition, name: string) {
  const names = Object.keys(definition.settings ?? {});
  const all = names.length === 0 ? "It has none." : `It has: ${names.join(", ")}.`;
  return usage(`${definition.title} has no setting '${name}'.`, `${suggestionHint(name, names) ?? ""} ${all}`.trim());
}
