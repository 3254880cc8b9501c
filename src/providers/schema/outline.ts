/**
 * The schema in a form from which types, a JSON Schema and documentation are made: plain shapes, and a path for every
 * field. A group that stands in several places (`request` is also part of `minting`) is one, known by its shortest path.
 */
import type * as v from "valibot";
import { ProviderSchema } from "../schema.ts";

export type Shape =
  | { readonly kind: "text"; readonly pattern: string | null; readonly nonEmpty: boolean }
  | { readonly kind: "number"; readonly least: number | null }
  | { readonly kind: "boolean" }
  | { readonly kind: "null" }
  | { readonly kind: "function" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "list"; readonly item: Shape; readonly nonEmpty: boolean }
  | { readonly kind: "table"; readonly key: Shape; readonly value: Shape }
  | { readonly kind: "either"; readonly options: readonly Shape[] }
  | Group;

export interface Group {
  readonly kind: "group";
  /** `variants[].environment` is known as `environment`. Empty for the description itself. */
  readonly path: string;
  /** Stands in more than one place. */
  readonly shared: boolean;
  readonly fields: readonly Field[];
}

export interface Field {
  readonly name: string;
  /** `settings.*.title`: a star for any name, `[]` for any item of a list. */
  readonly path: string;
  readonly required: boolean;
  readonly shape: Shape;
}

/** As much of valibot's schemas as this one uses. */
interface Node {
  readonly type: string;
  readonly wrapped?: Node;
  readonly entries?: Readonly<Record<string, Node>>;
  readonly item?: Node;
  readonly key?: Node;
  readonly value?: Node;
  readonly options?: readonly (Node | string)[];
  readonly literal?: string;
  readonly pipe?: readonly { readonly type: string; readonly requirement?: unknown }[];
}

/** @param schema for a test; else that of descriptions */
export function outline(schema: v.GenericSchema = ProviderSchema): Group {
  const root = schema as unknown as Node;
  const places = placesOf(root);
  const done = new Map<Node, Group>();

  function shapeOf(node: Node): Shape {
    const { requirement } = node.pipe?.find(({ type }) => type === "regex") ?? {};
    const nonEmpty = node.pipe?.some(({ type }) => type === "non_empty") ?? false;
    switch (node.type) {
      case "string":
        return { kind: "text", pattern: requirement instanceof RegExp ? requirement.source : null, nonEmpty };
      case "number": {
        const least = node.pipe?.findLast(({ type }) => type === "min_value")?.requirement;
        return { kind: "number", least: typeof least === "number" ? least : null };
      }
      case "boolean":
        return { kind: "boolean" };
      case "picklist":
        return { kind: "words", words: (node.options ?? []) as readonly string[] };
      case "literal":
        return { kind: "words", words: [node.literal ?? ""] };
      case "array":
        return { kind: "list", item: shapeOf(inside(node.item)), nonEmpty };
      case "record":
        return { kind: "table", key: shapeOf(inside(node.key)), value: shapeOf(inside(node.value)) };
      case "union":
        return { kind: "either", options: (node.options ?? []).map((option) => shapeOf(inside(option as Node))) };
      case "nullable":
        return { kind: "either", options: [shapeOf(inside(node.wrapped)), { kind: "null" }] };
      case "strict_object":
        return sameForAll(node) ?? groupOf(node);
      case "function":
      case "custom":
        return { kind: "function" };
      default:
        throw new Error(`outline.ts knows nothing of a schema of the type ${node.type}`);
    }
  }

  /** Names that all stand for the same kind of group are a table of it. */
  function sameForAll(node: Node): Shape | null {
    const [first, ...others] = Object.values(node.entries ?? {}).map(inside);
    if (first?.type !== "strict_object" || others.length === 0 || others.some((other) => other !== first)) return null;
    return { kind: "table", key: { kind: "words", words: Object.keys(node.entries ?? {}) }, value: shapeOf(first) };
  }

  function groupOf(node: Node): Group {
    const known = done.get(node);
    if (known !== undefined) return known;
    const [path = "", ...others] = places.get(node) ?? [];
    const fields = Object.entries(node.entries ?? {}).map(([name, entry]) => ({
      name,
      path: below(path, name),
      required: entry.type !== "optional",
      shape: shapeOf(inside(entry)),
    }));
    const group: Group = { kind: "group", path, shared: others.length > 0, fields };
    done.set(node, group);
    return group;
  }

  return groupOf(root);
}

/** Every field, each shared group's once. */
export function fieldsIn(group: Group): Field[] {
  const seen = new Set<Group>();
  const visit = (shape: Shape): Field[] => {
    switch (shape.kind) {
      case "group": {
        if (seen.has(shape)) return [];
        seen.add(shape);
        return shape.fields.flatMap((field) => [field, ...visit(field.shape)]);
      }
      case "list":
        return visit(shape.item);
      case "table":
        return visit(shape.value);
      case "either":
        return shape.options.flatMap(visit);
      default:
        return [];
    }
  };
  return visit(group);
}

/** Where each group stands, the shortest way first. */
function placesOf(root: Node): Map<Node, string[]> {
  const places = new Map<Node, string[]>();
  const queue: [node: Node, path: string][] = [[root, ""]];
  for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
    const [node, path] = next;
    if (node.type === "strict_object") {
      const before = places.get(node);
      places.set(node, [...new Set([...(before ?? []), path])]);
      if (before !== undefined) continue;
      const entries = Object.entries(node.entries ?? {});
      const same = entries.length > 1 && new Set(entries.map(([, entry]) => inside(entry))).size === 1;
      const isTable = same && inside(entries[0]?.[1]).type === "strict_object";
      for (const [name, entry] of entries) queue.push([inside(entry), isTable ? below(path, "*") : below(path, name)]);
    }
    if (node.item) queue.push([inside(node.item), `${path}[]`]);
    if (node.type === "record") queue.push([inside(node.value), `${path}.*`]);
    if (node.wrapped) queue.push([inside(node.wrapped), path]);
    for (const option of node.options ?? []) if (typeof option === "object") queue.push([inside(option), path]);
  }
  return places;
}

function inside(node: Node | undefined): Node {
  let inner = node;
  while (inner?.type === "optional") inner = inner.wrapped;
  if (inner === undefined) throw new Error("a schema has a part that isn't there");
  return inner;
}

function below(path: string, name: string): string {
  return path === "" ? name : `${path}.${name}`;
}
