/** A catalogue's text as entries, each parsed only when needed. Nothing in it is trusted. */
import * as v from "valibot";
import { AuthError } from "../../platform/errors.ts";
import { asObject, ownValue } from "../../platform/json.ts";
import { suggestionHint } from "../suggest.ts";
import { type Entry, EntrySchema } from "./entry.ts";

/** Ten times the largest known one. */
const LONGEST = 10 * 1024 * 1024;
const MOST_ENTRIES = 10_000;
const MOST_FIELDS = 200;
/** An alias may name an alias. */
const MOST_ALIASES = 5;

export interface Read {
  readonly entry: Entry;
  /** All of its fields, by name. */
  readonly fields: readonly string[];
}

export interface Catalogue {
  readonly names: readonly string[];
  /** @returns the entry, with what it is an alias of below it; or why it can't be read */
  read(name: string): Read | { readonly fault: string };
}

/** @throws AuthError `usage` for what is no catalogue at all */
export function readCatalogue(text: string): Catalogue {
  if (text.length > LONGEST) throw notOne("is larger than 10 MB");
  const all = asObject(parseYaml(text));
  if (all === null) throw notOne("does not hold entries by name");
  const names = Object.keys(all);
  if (names.length === 0 || names.length > MOST_ENTRIES) throw notOne(`has ${names.length} entries`);
  const entries = new Map<string, Fields>();
  const own = (name: string): Fields => {
    const known = entries.get(name) ?? ownFields(ownValue(all, name));
    entries.set(name, known);
    return known;
  };
  return {
    names,
    read(name) {
      if (!Object.hasOwn(all, name))
        return { fault: `is not in the catalogue. ${suggestionHint(name, names) ?? ""}`.trim() };
      const fields = withoutAliases(own, name, MOST_ALIASES);
      if ("fault" in fields) return fields;
      const parsed = v.safeParse(EntrySchema, fields.all);
      if (parsed.success) return { entry: parsed.output, fields: Object.keys(fields.all) };
      const [issue] = parsed.issues;
      return { fault: `can't be read: ${v.getDotPath(issue) ?? "it"} ${issue.message.slice(0, 200)}` };
    },
  };
}

type Fields = { readonly all: Readonly<Record<string, unknown>> } | { readonly fault: string };

/** Parsed once, also for its aliases. */
function ownFields(value: unknown): Fields {
  const all = asObject(value);
  if (all === null) return { fault: "is not a group of fields" };
  const count = Object.keys(all).length;
  return count > MOST_FIELDS ? { fault: `has ${count} fields` } : { all };
}

function withoutAliases(own: (name: string) => Fields, name: string, depth: number): Fields {
  const fields = own(name);
  if ("fault" in fields || typeof fields.all.alias !== "string") return fields;
  if (depth === 0) return { fault: "is an alias of an alias without end" };
  const { alias } = fields.all;
  const base = withoutAliases(own, alias, depth - 1);
  if ("fault" in base) return { fault: `is an alias of '${alias.slice(0, 60)}', which ${base.fault}` };
  return { all: { ...base.all, ...fields.all } };
}

/** The parser refuses exponentially growing anchors; unbounded nesting exhausts the stack. */
function parseYaml(text: string): unknown {
  try {
    return Bun.YAML.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw notOne(`is not YAML: ${error.message.slice(0, 200)}`);
    if (error instanceof RangeError) throw notOne("is nested too deeply");
    throw error;
  }
}

function notOne(why: string): AuthError {
  return new AuthError("usage", `The catalogue ${why}.`, {
    hint: "Give a file in the format of Nango's providers.yaml: names, and under each its fields.",
  });
}
