/**
 * Converts entries of a catalogue in the format of Nango's `providers.yaml` to descriptions. Fields that a description can't
 * express are reported; an entry without a usable login is refused.
 */
import { AuthError, usage } from "../../platform/errors.ts";
import { escapeText, withoutEnd } from "../../platform/escape.ts";
import { isProviderId } from "../names.ts";
import { parseDefinition } from "../parse.ts";
import type { ProviderDefinition } from "../schema.ts";
import { type Catalogue, type Read, readCatalogue } from "./catalogue.ts";
import { Draft, type Loss, withoutEmpty } from "./draft.ts";
import { apiKeyPart, basicPart } from "./keys.ts";
import { browserPart, clientCredentialsPart, type Part } from "./oauth.ts";
import { settingsOf } from "./settings.ts";
import { isHandledByName } from "./special.ts";

export interface Conversion {
  /** In the catalogue: escape before showing. */
  readonly name: string;
  /** The catalogue's word for how its logins are made: `OAUTH2`. null: the entry can't be read. */
  readonly mode: string | null;
  /** Valid. null: refused, and `lost` says why. */
  readonly definition: ProviderDefinition | null;
  /** Empty: converted without loss. */
  readonly lost: readonly Loss[];
  /** Its id, which belongs to another provider: the only fault. */
  readonly taken?: string;
}

const MODES: Readonly<Record<string, (draft: Draft) => Part | null>> = {
  OAUTH2: browserPart,
  OAUTH2_CC: clientCredentialsPart,
  API_KEY: apiKeyPart,
  BASIC: basicPart,
};

/** An entry that is wanted. */
export interface Wanted {
  readonly name: string;
  /** What it is to be called; null: by its name. */
  readonly id: string | null;
}

/** `entry`, or `entry=id`. @throws AuthError `usage` */
export function wantedFrom(text: string): Wanted {
  const at = text.indexOf("=");
  if (at === -1) return { name: text, id: null };
  const id = text.slice(at + 1);
  if (isProviderId(id)) return { name: text.slice(0, at), id };
  throw usage(
    `'${escapeText(id.slice(0, 60))}' can't be a provider's id.`,
    "It has lower-case letters, digits and dashes: acme=acme-two",
  );
}

/**
 * @param wanted entries, in order
 * @param taken ids that are another provider's already: built-in ones, and those that are installed
 * @throws AuthError `usage` where the text is no catalogue
 */
export function convertCatalogue(
  text: string,
  wanted: readonly Wanted[] | "all",
  taken: readonly string[] = [],
): Conversion[] {
  const catalogue = readCatalogue(text);
  const all = (): Wanted[] => catalogue.names.map((name) => ({ name, id: null }));
  return (wanted === "all" ? all() : wanted).map((one) => {
    const conversion = convertEntry(catalogue, one, taken);
    return { ...conversion, lost: conversion.lost.map(printable) };
  });
}

const LONGEST_SHOWN = 200;

/** Shortens a catalogue's text for messages. */
function printable({ field, why }: Loss): Loss {
  return { field: shortened(field), why: shortened(why) };
}

function shortened(text: string): string {
  return escapeText(text.slice(0, LONGEST_SHOWN));
}

interface Figure {
  readonly mode: string;
  /** Without loss. */
  whole: number;
  /** Of those: with something that the description assumes, and names. */
  assuming: number;
  /** Handled by the catalogue's own code, and so never counted as lossless. */
  byName: number;
  total: number;
}

/** How many entries of each mode convert without loss, the most common mode first. */
export function figures(conversions: readonly Conversion[]): Figure[] {
  const counted = new Map<string, Figure>();
  for (const { name, mode, definition, lost } of conversions) {
    if (mode === null) continue;
    const figure = counted.get(mode) ?? { mode, whole: 0, assuming: 0, byName: 0, total: 0 };
    figure.total += 1;
    if (isHandledByName(name)) figure.byName += 1;
    if (lost.length === 0) figure.whole += 1;
    if (lost.length === 0 && definition?.assumed !== undefined) figure.assuming += 1;
    counted.set(mode, figure);
  }
  return [...counted.values()].toSorted((a, b) => b.total - a.total);
}

function convertEntry(catalogue: Catalogue, { name, id: given }: Wanted, taken: readonly string[]): Conversion {
  const read = catalogue.read(name);
  if ("fault" in read) return refusedEntry(name, null, "", read.fault);
  const { auth_mode: mode } = read.entry;
  const convert = Object.hasOwn(MODES, mode) ? MODES[mode] : undefined;
  if (convert === undefined) return refusedEntry(name, mode, "auth_mode", `is ${mode}, which isn't known here`);
  const id = given ?? idFrom(name);
  if (id === null) return refusedEntry(name, mode, "", "has no name that an id could be made of");
  if (taken.includes(id))
    return { ...refusedEntry(name, mode, "", `would be called '${id}', as a provider is already`), taken: id };
  return describe(name, id, read, convert);
}

function describe(name: string, id: string, read: Read, convert: NonNullable<(typeof MODES)[string]>): Conversion {
  const draft = new Draft(read, id);
  const title = draft.take("display_name")?.trim() || name;
  const mode = draft.take("auth_mode") ?? null;
  const part = convert(draft);
  const { lost } = draft;
  if (part === null) return { name, mode, definition: null, lost };
  const described = withoutTold(draft, { ...draft.addresses.described(), ...part });
  // A noted setting may be unused: the text that named it may have been lost.
  const settings = settingsOf(draft, id, (setting) => JSON.stringify(described).includes(`{${setting}}`));
  draft.loseUnread();
  if (isHandledByName(name))
    draft.lose(
      "",
      "is handled by code of the catalogue's own, which its file doesn't show: compare with the provider's documentation",
    );
  const { companions, assumed } = draft;
  const whole = withoutEmpty({ id, title, assumed, settings, ...described, companions });
  try {
    return { name, mode, definition: parseDefinition(whole, name), lost };
  } catch (error) {
    // The entry has something that no description may have: an address over http, a flag of auth.
    if (!(error instanceof AuthError)) throw error;
    const why = error.message.slice(name.length + 2);
    return { name, mode, definition: null, lost: [...lost, { field: "", why }] };
  }
}

/** What fills a setting isn't kept a second time. */
function withoutTold(draft: Draft, part: Part): Part {
  const kept = (names: readonly string[] | undefined): string[] | undefined =>
    names?.filter((name) => !draft.told.has(name));
  return {
    ...part,
    ...(part.reply !== undefined && { reply: { ...part.reply, extra: kept(part.reply.extra) } }),
    ...(part.authorize !== undefined && { authorize: { ...part.authorize, extra: kept(part.authorize.extra) } }),
  };
}

function refusedEntry(name: string, mode: string | null, field: string, why: string): Conversion {
  return { name, mode, definition: null, lost: [{ field, why }] };
}

const LONGEST_ID = 32;

/** Some names have no letter to begin with, and some are longer than an id may be. */
function idFrom(name: string): string | null {
  const plain = name
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replace(/^[^a-z]+/, "");
  const id = withoutEnd(plain.slice(0, LONGEST_ID), "-");
  return id === "" ? null : id;
}
