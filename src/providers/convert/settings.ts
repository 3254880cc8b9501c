/** What a connection is asked for, as settings: only what something of the description is made of. */
import { patternFault } from "../pattern.ts";
import { RESERVED_FLAGS } from "../reserved.ts";
import type { ProviderDefinition } from "../schema.ts";
import { faultOf, flagOf, type Setting } from "../settings.ts";
import { type Draft, someFields } from "./draft.ts";
import type { Property } from "./entry.ts";

type Settings = NonNullable<ProviderDefinition["settings"]>;

/** What the rest of the description makes of a setting. */
interface Uses {
  isUsed(setting: string): boolean;
  /** Whether its value stands for a whole host. */
  isHost(setting: string): boolean;
}

export function settingsOf(draft: Draft, id: string, { isUsed, isHost }: Uses): Settings | undefined {
  const properties = draft.take("connection_config") ?? {};
  const settings: Settings = {};
  const known = new Set(Object.keys(properties));
  for (const [name, setting] of draft.settings) {
    if (!isUsed(setting)) continue;
    known.delete(name);
    const property = Object.hasOwn(properties, name) ? (properties[name] ?? {}) : {};
    settings[setting] = settingFrom(draft, id, { name, setting, property, isHost: isHost(setting) });
  }
  for (const name of known) draft.beside.push(`connection_config.${name}`);
  return someFields(settings);
}

interface Asked {
  readonly name: string;
  readonly setting: string;
  readonly property: Property | Record<string, never>;
  readonly isHost: boolean;
}

function settingFrom(draft: Draft, id: string, { name, setting, property, isHost }: Asked): Setting {
  const field = `connection_config.${name}`;
  const choices = property.enum ?? choicesIn(property.pattern ?? null);
  const isName = isHost || property.format === "hostname";
  const shape: Setting = {
    title: property.title?.trim() || name,
    ...(isName && { kind: "host" as const }),
    ...(property.format === "uri" && !isName && { kind: "url" as const }),
    ...(choices !== null && choices.length > 0
      ? { choices: [...choices] }
      : patternFor(draft, field, property, isName)),
  };
  const flag = flagOf(setting, shape);
  const named = (RESERVED_FLAGS as readonly string[]).includes(flag) ? { ...shape, flag: `${id}-${flag}` } : shape;
  const fallback = property.default_value || draft.defaults.get(name);
  if (fallback) return withDefault(draft, field, named, fallback);
  const dispensable = property.optional || property.automated || draft.optional.has(name);
  return dispensable || property.default_value === "" ? named : { ...named, required: true };
}

function withDefault(draft: Draft, field: string, setting: Setting, value: string): Setting {
  const checked = faultOf(setting, value);
  if ("value" in checked) return { ...setting, default: checked.value };
  draft.lose(`${field}.default_value`, `is '${value}', which ${checked.fault}`);
  return { ...setting, required: true };
}

/** `^(a|b)$` is a choice, not a pattern. */
function choicesIn(pattern: string | null): string[] | null {
  const [, inner] = /^\^\(([^()]*)\)\$$/.exec(pattern ?? "") ?? [];
  const words = inner?.split("|").map((word) => word.replaceAll(/\\([^A-Za-z0-9])/g, "$1")) ?? [];
  const arePlain = inner !== undefined && /^(?:[A-Za-z0-9_|-]|\\[^A-Za-z0-9])+$/.test(inner);
  return arePlain && words.every((word) => word !== "") ? words : null;
}

const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

/** Any host will do for these, and a host is what the setting's kind checks. */
const ANY_HOST = [
  "[a-zA-Z0-9.-]+",
  "[a-z0-9.-]+",
  "[a-zA-Z0-9.-]+(:[0-9]+)?",
  "[a-zA-Z0-9.-]+(:\\d+)?",
  "[a-z0-9.-]+(:[0-9]+)?",
];

function patternFor(
  draft: Draft,
  field: string,
  { pattern, format }: Property | Record<string, never>,
  isName: boolean,
): Pick<Setting, "pattern"> {
  if (format === "uuid") return { pattern: UUID };
  if (!pattern) return {};
  const linear = withoutAnchors(pattern);
  if (isName && ANY_HOST.includes(linear)) return {};
  if (patternFault(linear) === null) return { pattern: linear };
  draft.lose(`${field}.pattern`, "is no pattern that is sure to be matched in linear time: any value is taken");
  return {};
}

/** Ours match the whole text. One without anchors matches anywhere in it, which is more than could be meant. */
export function withoutAnchors(pattern: string): string {
  return pattern.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
}
