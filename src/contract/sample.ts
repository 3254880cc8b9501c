/** Sample values for a contract test: settings, and texts that match a pattern. */
import { Secret } from "../platform/secret.ts";
import { secretCompanions } from "../providers/companions.ts";
import { matches } from "../providers/pattern.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { checkSetting, type Setting } from "../providers/settings.ts";
import { namesIn } from "../providers/template.ts";
import { Mismatch } from "./check.ts";

/**
 * Settings that are required, and those without a default that an address is made of.
 * @returns a text with the reason where no value could be found for one
 */
export function sampleSettings(definition: ProviderDefinition): Record<string, string> | string {
  const inAddresses = new Set(addressesOf(definition).flatMap(namesIn));
  const values: Record<string, string> = {};
  for (const [name, setting] of Object.entries(definition.settings ?? {})) {
    if (setting.default !== undefined || (!setting.required && (!inAddresses.has(name) || setting.from))) continue;
    const value = sampleSetting(setting);
    if (value === null) return `no value for the setting ${name} can be made up`;
    values[name] = value;
  }
  return values;
}

/** A secret for each companion that has one, with characters that a form or an address would have to encode. */
export function sampleCompanions(definition: Pick<ProviderDefinition, "companions">): Record<string, Secret> {
  return Object.fromEntries(secretCompanions(definition).map(([name]) => [name, new Secret(`beside ${name}:&=`)]));
}

/** Settings that select a variant. */
export function sampleVariant(
  definition: ProviderDefinition,
  when: Readonly<Record<string, string>>,
  settings: Readonly<Record<string, string>>,
): Record<string, string> | null {
  const values: Record<string, string> = { ...settings };
  for (const [name, pattern] of Object.entries(when)) {
    const setting = definition.settings?.[name];
    const held = values[name] ?? setting?.default;
    if (held !== undefined && matches(pattern, held)) continue;
    const value = [...(setting?.choices ?? []), ...SAMPLES, sampleOf(pattern) ?? ""].find(
      (text) => matches(pattern, text) && fits(setting, text),
    );
    if (value === undefined) return null;
    values[name] = value;
  }
  return values;
}

/**
 * Values that the provider reports for settings, different from the current ones where possible.
 * @throws Mismatch where no value could be found for one
 */
export function sampleReports(
  { settings = {} }: ProviderDefinition,
  held: Readonly<Record<string, string>>,
): Record<string, string> {
  const reported = Object.entries(settings).filter(([, setting]) => setting.from !== undefined);
  return Object.fromEntries(
    reported.map(([name, setting]) => {
      const before = held[name] ?? setting.default;
      const other = setting.choices?.find((choice) => choice !== before && fits(setting, choice));
      const value = other ?? sampleSetting(setting);
      if (value === null) throw new Mismatch(`no value for the setting ${name} can be made up`);
      return [name, value];
    }),
  );
}

/** A text that matches the pattern; null where none could be found. */
export function sampleOf(pattern: string): string | null {
  let text = "";
  for (const [, atom = "", quantifier = ""] of pattern.matchAll(PART)) {
    const character = characterOf(atom);
    if (character === null) return null;
    text += character.repeat(timesOf(quantifier));
  }
  return matches(pattern, text) ? text : null;
}

const PART = /(\\.|\[\^?(?:\\.|[^\]\\])+\]|.)([*+?]|\{\d+(?:,\d*)?\})?/gs;
const SAMPLES = [
  "x.example",
  "https://x.example",
  "x",
  "1",
  "sample",
  "AUTH_SAMPLE",
  "7a485448-a9e2-4c85-8a3c-4f44175783c9",
];
const LETTERS = "abcdefghijklmnopqrstuvwxyz";
const CHARACTERS = [...LETTERS, ...LETTERS.toUpperCase(), ..."0123456789-_.:/~ !\"#$%&'()*+,;<=>?@[]^`{|}\\"];

function sampleSetting(setting: Setting): string | null {
  const own = setting.pattern === undefined ? null : sampleOf(setting.pattern);
  return (
    [...(setting.choices ?? []), ...SAMPLES, own, own === null ? null : `https://${own}`].find(
      (text) => text !== null && fits(setting, text),
    ) ?? null
  );
}

function fits(setting: Setting | undefined, text: string): boolean {
  if (setting === undefined) return false;
  const checked = checkSetting(setting, text);
  return "value" in checked && checked.value === text;
}

function characterOf(atom: string): string | null {
  const pattern = new RegExp(`^${atom}$`, "s");
  return CHARACTERS.find((character) => pattern.test(character)) ?? null;
}

/** The minimum number of repetitions, but at least one. */
function timesOf(quantifier: string): number {
  if (quantifier === "") return 1;
  const least = /\d+/.exec(quantifier)?.[0];
  return Math.max(1, Number(least ?? 1));
}

function addressesOf({ issuer, endpoints = {}, minting = {}, authorize }: ProviderDefinition): string[] {
  const needed = Object.values(minting).flatMap((one) => (one?.needs ?? []).map((name) => `{${name}}`));
  return [issuer, ...Object.values(endpoints), ...needed, authorize?.redirect?.value].filter(
    (template) => template !== undefined,
  );
}
