/**
 * docs/provider-contract.md, made from the schema: every field, its type, its default, what it means.
 * `npm run docs` writes it; a test compares it with the schema.
 */
import { DEFAULTS } from "../src/providers/defaults.ts";
import { definitionName, definitionSchema, type JsonSchema } from "../src/providers/schema/json-schema.ts";

export const PAGE = new URL("../docs/provider-contract.md", import.meta.url);

const HEAD = `# The provider contract, field by field

Made from the schema (\`src/providers/schema.ts\`) by \`npm run docs\`; don't edit it by hand. [plugins.md](plugins.md) is
where to begin, and [providers.md](providers.md) describes templates, patterns, error codes and the variables that no description may set.

A manifest (TOML or JSON) and a module (\`defineProvider\`) have the same fields. A field that is unknown, contradicts another, or
could never do anything is refused when the file is read. Editors complete it: \`auth provider types --json-schema\` for
manifests, \`auth provider types\` for modules. A manifest may have \`"$schema"\` for them; it is no part of the description.

*list* is a list, *table* has names that you choose, *template* is text with \`{setting}\` in it. **Bold** fields are required.
`;

/** Shared group → the path at which its fields are described: the first one. */
type Homes = Map<string, string>;

export function contractPage(): string {
  const { $defs = {}, properties = {}, required = [] } = definitionSchema();
  const homes: Homes = new Map();
  const top: Row[] = [];
  const sections: string[] = [];
  for (const [name, schema] of Object.entries(properties)) {
    const first = row(name, schema, required.includes(name), homes);
    const rows = rowsBelow(schema, name, $defs, homes);
    if (rows.length === 0) top.push(first);
    else sections.push(`## \`${name}\`\n\n${schema.description}\n\n${table(rows)}`);
  }
  return [HEAD, `## The description itself\n\n${table(top)}`, ...sections].join("\n");
}

type Row = readonly [field: string, type: string, standard: string, meaning: string];

function rowsBelow(schema: JsonSchema, path: string, defs: Readonly<Record<string, JsonSchema>>, homes: Homes): Row[] {
  const below = (inner: JsonSchema, at: string): Row[] => rowsBelow(inner, at, defs, homes);
  if (schema.$ref !== undefined) {
    const name = definitionName(schema.$ref);
    const group = defs[name];
    if (group === undefined || homes.has(name)) return [];
    homes.set(name, path);
    return below(group, path);
  }
  if (schema.anyOf !== undefined) return schema.anyOf.flatMap((option) => below(option, path));
  if (schema.items !== undefined) return below(schema.items, `${path}[]`);
  if (schema.additionalProperties) return below(schema.additionalProperties, `${path}.*`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const at = `${path}.${name}`;
    return [row(at, field, schema.required?.includes(name) ?? false, homes), ...below(field, at)];
  });
}

function row(path: string, schema: JsonSchema, required: boolean, homes: Homes): Row {
  const name = required ? `**\`${path}\`**` : `\`${path}\``;
  return [name, typeOf(schema, homes), standardOf(path), schema.description ?? ""];
}

function typeOf(schema: JsonSchema, homes: Homes): string {
  if (schema.$ref !== undefined) {
    const home = homes.get(definitionName(schema.$ref));
    return home === undefined ? "group" : `as \`${home}\``;
  }
  if (schema.not !== undefined) return "function (modules only)";
  if (schema.anyOf !== undefined) return schema.anyOf.map((option) => typeOf(option, homes)).join("; or ");
  if (schema.enum !== undefined) return schema.enum.map((word) => `\`${word}\``).join(", ");
  if (schema.const !== undefined) return `\`${schema.const}\``;
  if (schema.items !== undefined) return `list of ${typeOf(schema.items, homes)}`;
  if (schema.additionalProperties) {
    const value = typeOf(schema.additionalProperties, homes);
    return value === "text" ? "table" : `table of ${value}`;
  }
  switch (schema.type) {
    case "object":
      return "group";
    case "integer":
      return numberOf(schema);
    case "boolean":
      return "true, false";
    default:
      return "text";
  }
}

function numberOf({ minimum = 0, maximum }: JsonSchema): string {
  if (maximum !== undefined) return `number from ${minimum} to ${maximum}`;
  return minimum === 0 ? "number" : `number ≥ ${minimum}`;
}

function standardOf(path: string): string {
  let value: unknown = DEFAULTS;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return "";
    value = (value as Record<string, unknown>)[step];
  }
  const isGroup = typeof value === "object" && !Array.isArray(value) && Object.keys(value ?? {}).length > 0;
  return isGroup ? "" : `\`${JSON.stringify(value)}\``;
}

function table(rows: readonly Row[]): string {
  const cells = rows.map((one) => `| ${one.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`);
  return `| field | type | default | meaning |\n|---|---|---|---|\n${cells.join("\n")}\n`;
}
