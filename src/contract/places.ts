/** Settings other than a login's defaults, under which other parts of the description may apply. */
import { ownValue } from "../platform/json.ts";
import { resolveProvider } from "../providers/resolve.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { sampleVariant } from "./sample.ts";

type Settings = Readonly<Record<string, string>>;

export interface Place {
  /** How the settings differ: `with region us`. */
  readonly name: string;
  readonly settings: Settings;
}

/** Each choice of each setting, and settings for each variant; one setting is changed at a time. */
export function otherPlaces(definition: ProviderDefinition, settings: Settings): Place[] {
  const inForce = completed(definition, settings);
  const found = new Map([[keyOf(inForce), ""]]);
  const places: Place[] = [];
  for (const other of [...byChoice(definition, inForce), ...byVariant(definition, settings)]) {
    const whole = completed(definition, { ...settings, ...other });
    if (found.has(keyOf(whole))) continue;
    found.set(keyOf(whole), "");
    const changed = Object.entries(whole).filter(([name, value]) => ownValue(inForce, name) !== value);
    places.push({ name: `with ${changed.map((one) => one.join(" ")).join(", ")}`, settings: whole });
  }
  return places;
}

function byChoice({ settings = {} }: ProviderDefinition, inForce: Settings): Settings[] {
  return Object.entries(settings).flatMap(([name, { choices = [] }]) =>
    choices.filter((choice) => choice !== inForce[name]).map((choice) => ({ [name]: choice })),
  );
}

/** The check of addresses reports those without a sample value. */
function byVariant(definition: ProviderDefinition, settings: Settings): Settings[] {
  const { variants = [] } = definition;
  return variants.map(({ when }) => sampleVariant(definition, when, settings)).filter((values) => values !== null);
}

/** With defaults. */
function completed(definition: ProviderDefinition, settings: Settings): Settings {
  return resolveProvider(definition, settings).settings;
}

function keyOf(settings: Settings): string {
  return JSON.stringify(Object.entries(settings).toSorted());
}
