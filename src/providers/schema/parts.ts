/** Finds parts of a valibot schema by the keys of a value: the fields beside a wrong one, and the fields of a kind. */
import type * as v from "valibot";
import { ownValue } from "../../platform/json.ts";

/** What valibot's schemas have, as far as it is needed here. */
interface Part {
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly wrapped?: unknown;
  readonly value?: unknown;
  readonly item?: unknown;
  readonly options?: readonly unknown[];
  readonly pipe?: readonly unknown[];
}

/** Through `optional`, and to the object among a union's options. */
function unwrap(schema: unknown): Part | undefined {
  let part = schema as Part | undefined;
  while (part?.wrapped !== undefined) part = part.wrapped as Part;
  const group = part?.options?.find((option) => typeof option === "object" && option !== null && "entries" in option);
  return group === undefined ? part : (group as Part);
}

/** The names of the fields that the schema has at this place. */
export function fieldsAt(schema: unknown, keys: readonly string[]): string[] {
  return Object.keys(unwrap(keys.reduce<unknown>(partAt, schema))?.entries ?? {});
}

function partAt(schema: unknown, key: string): unknown {
  const part = unwrap(schema);
  return ownValue(part?.entries, key) ?? part?.value ?? part?.item;
}

/** Every text of a value whose schema is `kind`, with the dotted path to it. */
export function* textsOf(
  kind: v.GenericSchema,
  schema: unknown,
  value: unknown,
  keys: readonly string[] = [],
): Generator<{ path: string; text: string }> {
  if (typeof value === "string" && isOf(kind, schema)) yield { path: keys.join("."), text: value };
  if (typeof value !== "object" || value === null) return;
  for (const [key, inner] of Object.entries(value)) yield* textsOf(kind, partAt(schema, key), inner, [...keys, key]);
}

/** The very schema, or one that was made from it by `optional`, `pipe` or `union`. */
function isOf(kind: unknown, schema: unknown): boolean {
  if (schema === kind) return true;
  if (typeof schema !== "object" || schema === null) return false;
  const { wrapped, pipe, options = [] } = schema as Part;
  return [wrapped, pipe?.[0], ...options].some((inner) => isOf(kind, inner));
}
