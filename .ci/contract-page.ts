/**
 * docs/provider-contract.md, made from the schema: every field, its type, its default, what it means.
 * `node .ci/ready.mjs .ci/contract-page.ts` writes it; a test sees to it that it is up to date.
 */
import { DEFAULTS } from "../src/providers/defaults.ts";
import { MEANINGS } from "../src/providers/schema/describe.ts";
import { sharedGroups } from "../src/providers/schema/json-schema.ts";
import { type Field, type Group, outline, type Shape } from "../src/providers/schema/outline.ts";

export const PAGE = new URL("../docs/provider-contract.md", import.meta.url);

const HEAD = `# The provider contract, field by field

Made from the schema (\`src/providers/schema.ts\`) by \`.ci/contract-page.ts\`; don't edit it by hand. [plugins.md](plugins.md) is
where to begin, and [providers.md](providers.md) tells of templates, patterns, error codes and the variables that nobody may set.

A manifest (TOML or JSON) and a module (\`defineProvider\`) have the same fields. A field that is unknown, contradicts another, or
could never do anything is refused when the file is read. Editors complete it: \`auth provider types --json-schema\` for
manifests, \`auth provider types\` for modules. \`"$schema"\` may stand in a manifest for them; it is no part of the description.

*list* is a list, *table* has names that you choose, *template* is text with \`{setting}\` in it. **Bold** fields are required.
`;

export function contractPage(): string {
  const root = outline();
  const shared = new Set(sharedGroups(root));
  const top = root.fields.filter(({ shape }) => !hasFields(shape));
  const groups = root.fields.filter(({ shape }) => hasFields(shape));
  const sections = groups.map(({ name, path, shape }) => {
    const rows = rowsOf(shape, path, shared);
    return `## \`${name}\`\n\n${MEANINGS[path] ?? ""}\n\n${table(rows)}`;
  });
  return [HEAD, `## The description itself\n\n${table(top.map((field) => row(field)))}`, ...sections].join("\n");
}

type Row = readonly [field: string, type: string, standard: string, meaning: string];

function rowsOf(shape: Shape, path: string, shared: ReadonlySet<Group>): Row[] {
  switch (shape.kind) {
    case "group": {
      // What stands in several places is told of at its own.
      if (shape.shared && shape.path !== path) return [];
      return shape.fields.flatMap((field) => [row(field), ...rowsOf(field.shape, field.path, shared)]);
    }
    case "list":
      return rowsOf(shape.item, `${path}[]`, shared);
    case "table":
      return rowsOf(shape.value, `${path}.*`, shared);
    case "either":
      return shape.options.flatMap((option) => rowsOf(option, path, shared));
    default:
      return [];
  }
}

function row({ path, required, shape }: Field): Row {
  const name = required ? `**\`${path}\`**` : `\`${path}\``;
  return [name, typeOf(shape, path), standardOf(path), MEANINGS[path] ?? ""];
}

function typeOf(shape: Shape, path: string): string {
  switch (shape.kind) {
    case "text":
      return "text";
    case "number":
      return shape.least ? `number ≥ ${shape.least}` : "number";
    case "boolean":
      return "true, false";
    case "null":
      return "null (JSON only)";
    case "function":
      return "function (modules only)";
    case "words":
      return shape.words.map((word) => `\`${word}\``).join(", ");
    case "list":
      return `list of ${typeOf(shape.item, `${path}[]`)}`;
    case "table":
      return shape.value.kind === "text" ? "table" : `table of ${typeOf(shape.value, `${path}.*`)}`;
    case "either":
      return shape.options.map((option) => typeOf(option, path)).join("; or ");
    case "group":
      return shape.shared && shape.path !== path && !shape.path.includes("*") ? `as \`${shape.path}\`` : "group";
  }
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

function hasFields(shape: Shape): boolean {
  if (shape.kind === "group") return true;
  if (shape.kind === "list") return hasFields(shape.item);
  if (shape.kind === "table") return hasFields(shape.value);
  return shape.kind === "either" && shape.options.some(hasFields);
}

if (import.meta.main) await Bun.write(PAGE, contractPage());
