/**
 * The origins that a description's addresses can have. Only scheme, host and port count, so settings in the path and the
 * query don't matter.
 */
import { ownValue } from "../platform/json.ts";
import { originOf } from "../platform/url.ts";
import { literalOf, matches } from "./pattern.ts";
import type { ProviderDefinition } from "./schema.ts";
import { fill, namesIn, type Values } from "./template.ts";
import { layVariant, variantFor, withVariant } from "./variants.ts";

/** Setting → the values that the description itself gives it. */
type Known = Readonly<Record<string, readonly string[]>>;

/** Where tokens can go with one of the description's variants, or with none of them. */
export interface Reach {
  /** With the defaults and choices of settings filled in; a setting that has none stays `{setting}`. */
  readonly usual: readonly string[];
  /** With each of them as `{setting}`, since a login can give another value. */
  readonly open: readonly string[];
}

/** @returns first those of a login without settings, then others */
export function reachesOf(definition: ProviderDefinition): [Reach, ...Reach[]] {
  const known = knownValues(definition);
  const defaults = defaultsOf(definition);
  const caught = variantFor(definition, defaults)?.when ?? {};
  return [
    reachOf(layVariant(definition, defaults), { ...known, ...listed(defaults) }),
    // With the default values of these settings the variant applies, not this part.
    reachOf(definition, without(known, Object.keys(caught))),
    ...(definition.variants ?? []).map((variant) => {
      const fixed = literals(variant.when);
      const others = Object.entries(variant.when).flatMap(([name, pattern]) =>
        ownValue(known, name)?.some((value) => matches(pattern, value)) ? [] : [name],
      );
      return reachOf(withVariant(definition, variant), { ...without(known, others), ...fixed }, fixed);
    }),
  ];
}

/** A limit: more than a person can review when a plugin is added. */
const MOST_STARTS = 256;

/**
 * The start of an address, scheme to port, with each value that the description gives its settings.
 * @returns null where those are too many
 */
export function startsOf(address: string, definition: ProviderDefinition): string[] | null {
  const known = knownValues(definition);
  const count = namesIn(startOf(address)).reduce((all, name) => all * (ownValue(known, name)?.length ?? 1), 1);
  return count > MOST_STARTS ? null : filledStarts(address, known);
}

/** @param fixed what its variant matches alone */
function reachOf({ issuer, resource, endpoints, origins }: ProviderDefinition, known: Known, fixed: Known = {}): Reach {
  const addresses = [issuer, resource, ...Object.values(endpoints ?? {}), ...(origins ?? [])].filter(
    (one) => one !== undefined,
  );
  const originsOf = (values: Known): string[] => [
    ...new Set(addresses.flatMap((address) => filledStarts(address, values).map(inOneSpelling))),
  ];
  return { usual: originsOf(known), open: originsOf(fixed) };
}

/** Each setting's choices, its default, or what its pattern alone allows. */
function knownValues(definition: ProviderDefinition): Known {
  const { settings = {} } = definition;
  const patterns = Object.entries(settings).flatMap(([name, { pattern }]) => (pattern ? [[name, pattern]] : []));
  const choices = Object.entries(settings).flatMap(([name, { choices: all }]) => (all ? [[name, all]] : []));
  return {
    ...literals(Object.fromEntries(patterns)),
    ...listed(defaultsOf(definition)),
    ...Object.fromEntries(choices),
  };
}

function defaultsOf({ settings = {} }: ProviderDefinition): Values {
  return Object.fromEntries(
    Object.entries(settings).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
  );
}

/** Setting → the only text that its pattern matches, if there is only one. */
function literals(patterns: Values): Known {
  return Object.fromEntries(
    Object.entries(patterns).flatMap(([name, pattern]) => {
      const only = literalOf(pattern);
      return only === null ? [] : [[name, [only]]];
    }),
  );
}

function listed(values: Values): Known {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [name, [value]]));
}

function without(known: Known, names: readonly string[]): Known {
  return Object.fromEntries(Object.entries(known).filter(([name]) => !names.includes(name)));
}

/** Scheme, host and port, with the settings in them. */
export function startOf(address: string): string {
  return /^(?:[a-z]+:\/\/)?[^/?#\\]*/i.exec(address)?.[0] ?? address;
}

function filledStarts(address: string, known: Known): string[] {
  const start = startOf(address);
  let filled: Values[] = [{}];
  for (const name of namesIn(start)) {
    const values = ownValue(known, name) ?? [`{${name}}`];
    filled = filled.flatMap((before) => values.map((value) => ({ ...before, [name]: value })));
  }
  return filled.map((values) => fill(start, values) ?? start);
}

/** In the URL parser's form. A remaining `{setting}` is part of a host's name, and has no other effect. */
function inOneSpelling(start: string): string {
  const names = namesIn(start);
  const marked = fill(start, Object.fromEntries(names.map((name, i) => [name, `setting-${i}-x`]))) ?? start;
  if (!/^https?:/i.test(marked) || !URL.canParse(marked)) return start;
  const origin = originOf(marked).replace(/\.(:\d+)?$/, "$1");
  return names.reduce((text, name, i) => text.replaceAll(`setting-${i}-x`, () => `{${name}}`), origin);
}
