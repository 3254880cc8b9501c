/** As much of JSON Schema (draft 2020-12) as ours uses. A keyword that isn't known here is an error, not a pass. */

import type { JsonSchema } from "../../src/providers/schema/json-schema.ts";

type Json = Readonly<Record<string, unknown>>;

/** @returns what is wrong, each with its path. */
export function faultsIn(schema: JsonSchema, value: unknown): string[] {
  const defs = (schema.$defs ?? {}) as Readonly<Record<string, Json>>;

  function check(part: Json, at: unknown, path: string): string[] {
    return Object.entries(part).flatMap(([keyword, rule]) => {
      const apply = Object.hasOwn(KEYWORDS, keyword) ? KEYWORDS[keyword] : undefined;
      if (apply === undefined) throw new Error(`the checker doesn't know ${keyword}`);
      return apply(rule as never, at, path, part);
    });
  }

  const isObject = (at: unknown): at is Json => typeof at === "object" && at !== null && !Array.isArray(at);
  const below = (path: string, name: string): string => (path === "" ? name : `${path}.${name}`);
  const unless = (holds: boolean, path: string, problem: string): string[] => (holds ? [] : [`${path} ${problem}`]);
  const nothing = (): string[] => [];

  // biome-ignore lint/suspicious/noExplicitAny: each rule has a form of its own
  const KEYWORDS: Readonly<Record<string, (rule: any, at: unknown, path: string, part: Json) => string[]>> = {
    $schema: nothing,
    $defs: nothing,
    title: nothing,
    description: nothing,
    $ref: (name: string, at, path) => check(defs[name.replace("#/$defs/", "")] ?? {}, at, path),
    type: (type: string, at, path) =>
      unless(typeOf(at) === type || (type === "integer" && Number.isInteger(at)), path, type),
    const: (word, at, path) => unless(at === word, path, `is not ${word}`),
    enum: (words: string[], at, path) => unless(words.includes(at as string), path, "is none of them"),
    minLength: (least: number, at, path) => unless(typeof at !== "string" || at.length >= least, path, "is too short"),
    minimum: (least: number, at, path) => unless(typeof at !== "number" || at >= least, path, "is too small"),
    maximum: (most: number, at, path) => unless(typeof at !== "number" || at <= most, path, "is too large"),
    minItems: (least: number, at, path) => unless(!Array.isArray(at) || at.length >= least, path, "has too few"),
    pattern: (text: string, at, path) =>
      unless(typeof at !== "string" || new RegExp(text).test(at), path, "doesn't match"),
    items: (rule: Json, at, path) =>
      Array.isArray(at) ? at.flatMap((item, i) => check(rule, item, below(path, `${i}`))) : [],
    required: (names: string[], at, path) =>
      isObject(at) ? names.flatMap((name) => unless(Object.hasOwn(at, name), below(path, name), "is missing")) : [],
    properties: (rules: Record<string, Json>, at, path) =>
      isObject(at)
        ? Object.entries(rules).flatMap(([name, rule]) =>
            Object.hasOwn(at, name) ? check(rule, at[name], below(path, name)) : [],
          )
        : [],
    propertyNames: (rule: Json, at, path) =>
      isObject(at) ? Object.keys(at).flatMap((name) => check(rule, name, below(path, name))) : [],
    additionalProperties: (rule: Json | false, at, path, part) => {
      if (!isObject(at)) return [];
      const known = Object.keys((part.properties ?? {}) as object);
      const others = Object.keys(at).filter((name) => !known.includes(name));
      return others.flatMap((name) =>
        rule === false ? [`${below(path, name)} is unknown`] : check(rule, at[name], below(path, name)),
      );
    },
    anyOf: (rules: Json[], at, path) => {
      const each = rules.map((rule) => check(rule, at, path));
      return each.some((faults) => faults.length === 0) ? [] : (each[0] ?? []);
    },
  };

  return check(schema as Json, value, "");
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}
