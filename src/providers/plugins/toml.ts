/**
 * A description as a TOML file that a person would have written: sections in the schema's order, small groups on one
 * line, comments above the fields they are about.
 */
import { ProviderSchema } from "../schema.ts";

export type Comments = Readonly<Record<string, string>>;
type Group = Readonly<Record<string, unknown>>;

/** Beyond this a line is broken up, where TOML allows it. */
const LONGEST_LINE = 100;

/** Groups whose members are parts of their own, however short. */
const LISTS_OF_PARTS = ["settings", "minting"];

/**
 * @param definition what a manifest holds: texts, numbers, booleans, lists and groups of them
 * @param comments dotted path → what stands above that field, a line each; `""`: at the head of the file. One for a
 * field that isn't there is left out.
 */
export function writeManifest(definition: object, comments: Comments = {}): string {
  const lines = commentLines(comments[""]);
  if (lines.length > 0) lines.push("");
  writeTable({ group: definition as Group, path: [], name: [], part: ProviderSchema, comments }, lines);
  return `${lines.join("\n").trim()}\n`;
}

interface Table {
  readonly group: Group;
  /** As comments name it, with the places in lists: `variants.0`. */
  readonly path: readonly string[];
  /** As its header names it, without them: `variants`. */
  readonly name: readonly string[];
  readonly part: Part | undefined;
  readonly comments: Comments;
}

/** First what stands on a line, then the groups that need a header: TOML knows no way back into a table. */
function writeTable(table: Table, lines: string[]): void {
  const below: (() => void)[] = [];
  for (const [key, value] of ordered(table.group, table.part)) {
    if (value === undefined) continue;
    const inner = { ...table, path: [...table.path, key], name: [...table.name, key], part: partAt(table.part, key) };
    const line = lineFor(key, value, inner);
    if (line !== null) lines.push(...commentLines(commentOf(inner)), line);
    else if (Array.isArray(value)) below.push(() => writeParts(value, inner, lines));
    else below.push(() => writePart({ ...inner, group: value as Group }, lines));
  }
  for (const write of below) write();
}

/** `[settings.host]`; one that holds nothing but parts goes without a header. */
function writePart(table: Table, lines: string[]): void {
  const { name, group } = table;
  const comment = commentLines(commentOf(table));
  const onlyParts =
    comment.length === 0 &&
    Object.keys(group).length > 0 &&
    Object.entries(group).every(([key, value]) => {
      const inner = { ...table, path: [...table.path, key], name: [...name, key], part: partAt(table.part, key) };
      return value === undefined || lineFor(key, value, inner) === null;
    });
  if (!onlyParts) lines.push("", ...comment, `[${name.map(keyText).join(".")}]`);
  writeTable(table, lines);
}

/** `[[variants]]`, once for each. */
function writeParts(groups: readonly Group[], table: Omit<Table, "group">, lines: string[]): void {
  const part = table.part?.item;
  for (const [i, group] of groups.entries()) {
    const one = { ...table, group, path: [...table.path, String(i)], part };
    const comment = [...(i === 0 ? commentLines(commentOf(table)) : []), ...commentLines(commentOf(one))];
    lines.push("", ...comment, `[[${table.name.map(keyText).join(".")}]]`);
    writeTable(one, lines);
  }
}

/** `key = value`, or null where the value is better off below a header. */
function lineFor(key: string, value: unknown, { path, comments }: Omit<Table, "group">): string | null {
  const start = `${keyText(key)} = `;
  const isCommented = Object.keys(comments).some((field) => field.startsWith(`${path.join(".")}.`));
  if (Array.isArray(value)) {
    const line = `${start}${inline(value)}`;
    if (line.length <= LONGEST_LINE && !isCommented) return line;
    if (value.length > 0 && value.every(isGroup)) return null;
    const items = value.flatMap((item, i) => [
      ...commentLines(commentOf({ path: [...path, String(i)], comments })),
      `${inline(item)},`,
    ]);
    return [`${start}[`, ...items.map((item) => `  ${item}`), "]"].join("\n");
  }
  if (!isGroup(value)) return `${start}${inline(value)}`;
  const isPart = path.length === 1 || (path.length === 2 && LISTS_OF_PARTS.includes(path[0] ?? ""));
  const line = `${start}${inline(value)}`;
  return isPart || isCommented || line.length > LONGEST_LINE ? null : line;
}

function inline(value: unknown): string {
  if (typeof value === "string") return text(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (!isGroup(value)) throw new Error(`TOML has no ${value === null ? "null" : typeof value}`);
  const fields = Object.entries(value).filter(([, inner]) => inner !== undefined);
  if (fields.length === 0) return "{}";
  return `{ ${fields.map(([key, inner]) => `${keyText(key)} = ${inline(inner)}`).join(", ")} }`;
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : text(key);
}

/** In single quotes where that spares escapes: patterns are full of them. */
function text(value: string): string {
  if (/["\\]/.test(value) && /^[^'\p{Cc}]*$/u.test(value)) return `'${value}'`;
  // JSON's escapes are TOML's too, but that JSON leaves DEL as it is.
  return JSON.stringify(value).replaceAll("\x7f", "\\u007F");
}

function commentOf({ path, comments }: Pick<Table, "path" | "comments">): string | undefined {
  const field = path.join(".");
  return Object.hasOwn(comments, field) ? comments[field] : undefined;
}

function commentLines(comment: string | undefined): string[] {
  if (comment === undefined) return [];
  return comment.split(/\r?\n/).map((line) => `# ${line.replace(/\p{Cc}/gu, " ")}`.trimEnd());
}

function isGroup(value: unknown): value is Group {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The schema's parts, as far as the order of fields hangs on them. */
interface Part {
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly wrapped?: unknown;
  readonly value?: unknown;
  readonly item?: Part;
}

/** The schema's fields in its order; what it doesn't know goes first, a record's names stay as they are. */
function ordered(group: Group, part: Part | undefined): [string, unknown][] {
  const known = Object.keys(part?.entries ?? {});
  return Object.entries(group).toSorted(([a], [b]) => known.indexOf(a) - known.indexOf(b));
}

function partAt(part: Part | undefined, key: string): Part | undefined {
  const entries = part?.entries ?? {};
  let inner = (Object.hasOwn(entries, key) ? entries[key] : part?.value) as Part | undefined;
  while (inner?.wrapped !== undefined) inner = inner.wrapped as Part;
  return inner;
}
