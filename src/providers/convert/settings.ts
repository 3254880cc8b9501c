/** A connection's values as settings: only those that the description uses. */
import { ownValue } from "../../platform/json.ts";
import { patternFault } from "../pattern.ts";
import { RESERVED_FLAGS } from "../reserved.ts";
import { checkSetting, flagOf, type Setting } from "../settings.ts";
import type { Draft } from "./draft.ts";
import type { Property } from "./entry.ts";

/** @param isUsed whether the description uses a setting */
export function settingsOf(draft: Draft, id: string, isUsed: (setting: string) => boolean): Record<string, Setting> {
  const properties = draft.take("connection_config") ?? {};
  const used = [...draft.settings].filter(([, setting]) => isUsed(setting));
  return Object.fromEntries(
    used.map(([name, setting]) => [setting, settingFrom(draft, id, name, setting, ownValue(properties, name) ?? {})]),
  );
}

function settingFrom(draft: Draft, id: string, name: string, setting: string, property: Partial<Property>): Setting {
  const field = `connection_config.${name}`;
  const { format } = property;
  if (draft.told.has(name)) return toldSetting(draft, field, name, property);
  const isHost = draft.addresses.isHost(setting) || format === "hostname";
  const choices = property.enum ?? choicesIn(property.pattern ?? "");
  const shape: Setting = {
    title: property.title?.trim() || name,
    kind: isHost ? "host" : format === "uri" ? "url" : undefined,
    choices: choices.length > 0 ? [...choices] : undefined,
    pattern: choices.length > 0 ? undefined : patternOf(draft, field, property, isHost),
  };
  if (choices.some((choice) => "fault" in checkSetting(shape, choice)))
    draft.lose(`${field}.enum`, "has more than hosts: what an address begins with can be one host only");
  const flag = flagOf(setting, shape);
  if ((RESERVED_FLAGS as readonly string[]).includes(flag)) shape.flag = `${id}-${flag}`;
  const fallback = property.default_value || draft.defaults.get(name);
  const checked = fallback ? checkSetting(shape, fallback) : null;
  if (checked !== null && "value" in checked) return { ...shape, default: checked.value };
  if (checked !== null) draft.lose(`${field}.default_value`, `is '${fallback}', which ${checked.fault}`);
  const isOptional = property.optional || property.automated || draft.optional.has(name);
  const isRequired = checked !== null || !(isOptional || property.default_value === "");
  return { ...shape, required: isRequired || undefined };
}

/** A reported setting: the provider's host, or a part of one. */
function toldSetting(draft: Draft, field: string, name: string, property: Partial<Property>): Setting {
  const { isHost = false, hosts = [] } = draft.told.get(name) ?? {};
  const source = draft.sourceOf(name) ?? "reply";
  const common = { title: property.title?.trim() || name, from: { [source]: name } };
  if (!isHost) {
    const pattern = property.pattern ? linearPattern(draft, `${field}.pattern`, property.pattern) : undefined;
    return { ...common, pattern: pattern ?? "[A-Za-z0-9_-]+" };
  }
  const [usual] = hosts;
  if (usual !== undefined)
    return { ...common, kind: "host", choices: [...hosts], ...(source === "answer" && { default: usual }) };
  const domain = draft.addresses.domain() ?? "";
  draft.assumed.push(
    `${name} is a host of ${domain}, as those of its login are: a login that says another is refused.`,
  );
  return { ...common, kind: "host", pattern: `[a-z0-9.-]+\\.${domain.replaceAll(".", "\\.")}` };
}

/** `^(a|b)$` is a choice, not a pattern. */
function choicesIn(pattern: string): string[] {
  const [, inner = ""] = /^\^\(((?:[A-Za-z0-9_|-]|\\[^A-Za-z0-9()])+)\)\$$/.exec(pattern) ?? [];
  const words = inner.split("|").map((word) => word.replaceAll(/\\([^A-Za-z0-9])/g, "$1"));
  return words.every((word) => word !== "") ? words : [];
}

const UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}";

/** Any host will do for these, and a host is what the setting's kind checks. */
const ANY_HOST = /^\[(a-zA-Z|a-z)0-9\.-\]\+(\(:(\[0-9\]|\\d)\+\)\?)?$/;

function patternOf(
  draft: Draft,
  field: string,
  { pattern, format }: Partial<Property>,
  isHost: boolean,
): string | undefined {
  if (format === "uuid") return UUID;
  if (!pattern || (isHost && ANY_HOST.test(withoutAnchors(pattern)))) return undefined;
  return linearPattern(draft, `${field}.pattern`, pattern);
}

/** The pattern in a description's form; undefined, and lost, where it could take long to match. */
export function linearPattern(draft: Draft, field: string, given: string): string | undefined {
  const pattern = withoutAnchors(given);
  if (patternFault(pattern) === null) return pattern;
  const what = field.startsWith("credentials") ? "key" : "value";
  draft.lose(field, `is no pattern that is sure to be matched in linear time: any ${what} is taken`);
  return undefined;
}

/** Ours match the whole text; one without anchors would match anywhere in it, which can't be intended. */
function withoutAnchors(pattern: string): string {
  return pattern.replace(/^\^/, "").replace(/(?<!\\)\$$/, "");
}
