/** A catalogue's text as entries, each read only when it is asked for. Nothing in it is trusted. */
import * as v from "valibot";
import { AuthError } from "../../platform/errors.ts";
import { suggestion } from "../suggest.ts";
import { type Entry, EntrySchema } from "./entry.ts";

/** Ten times the largest that there is. */
const LONGEST = 10 * 1024 * 1024;
const MOST_ENTRIES = 10_000;
/** An alias may name an alias. */
const MOST_ALIASES = 5;

const Group = v.record(v.string(), v.unknown());

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
  const all = groupOf(parseYaml(text));
  if (all === null) throw notOne("does not hold entries by name");
  const names = Object.keys(all);
  if (names.length === 0 || names.length > MOST_ENTRIES) throw notOne(`has ${names.length} entries`);
  return {
    names,
    read(name) {
      if (!Object.hasOwn(all, name)) {
        const near = suggestion(name, names);
        return { fault: `is not in the catalogue.${near === null ? "" : ` Did you mean '${near}'?`}` };
      }
      const fields = withoutAliases(all, name, MOST_ALIASES);
      if ("fault" in fields) return fields;
      const parsed = v.safeParse(EntrySchema, fields.all);
      if (parsed.success) return { entry: parsed.output, fields: Object.keys(fields.all) };
      const [issue] = parsed.issues;
      return { fault: `can't be read: ${v.getDotPath(issue) ?? "it"} ${issue.message.slice(0, 200)}` };
    },
  };
}

type Fields = { readonly all: Readonly<Record<string, unknown>> } | { readonly fault: string };

function withoutAliases(all: Readonly<Record<string, unknown>>, name: string, depth: number): Fields {
  const own = Object.hasOwn(all, name) ? groupOf(all[name]) : null;
  if (own === null) return { fault: "is not a group of fields" };
  if (typeof own.alias !== "string") return { all: own };
  if (depth === 0) return { fault: "is an alias of an alias without end" };
  const base = withoutAliases(all, own.alias, depth - 1);
  if ("fault" in base) return { fault: `is an alias of '${own.alias.slice(0, 60)}', which ${base.fault}` };
  return { all: { ...base.all, ...own } };
}

/** References to anchors that grow without bound are refused by the parser, and nesting without bound by the stack. */
function parseYaml(text: string): unknown {
  try {
    return Bun.YAML.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw notOne(`is not YAML: ${error.message.slice(0, 200)}`);
    if (error instanceof RangeError) throw notOne("is nested too deeply");
    throw error;
  }
}

function groupOf(value: unknown): Readonly<Record<string, unknown>> | null {
  const group = v.safeParse(Group, value);
  return group.success && !Array.isArray(value) ? group.output : null;
}

function notOne(why: string): AuthError {
  return new AuthError("usage", `The catalogue ${why}.`, {
    hint: "Give a file in the format of Nango's providers.yaml: names, and under each its fields.",
  });
}
