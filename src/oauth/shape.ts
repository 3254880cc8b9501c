/**
 * What a reply looks like, without what it says: the names of its fields in full depth, types and lengths. For the author
 * of a description, who has to know where a provider has what. A name is shown as it came only where it looks like one.
 */
import { outsideWords } from "../platform/redact.ts";

const DEEPEST = 10;
/** Of names in all. */
const MOST = 200;
const LONGEST_NAME = 60;

/** One line for each field, indented by its depth. */
export function shapeLines(body: unknown, note: (path: string) => string = () => ""): string[] {
  const lines: string[] = [];
  const add = (value: unknown, name: string, path: string, depth: number): void => {
    if (lines.length > MOST) return;
    if (lines.length === MOST) return void lines.push("…");
    const marked = note(path);
    lines.push(`${"  ".repeat(depth)}${name}: ${typeOf(value)}${marked === "" ? "" : ` → ${marked}`}`);
    if (depth >= DEEPEST) return;
    for (const [inner, part] of partsOf(value)) add(part, fieldName(inner), `${path}.${inner}`, depth + 1);
  };
  for (const [name, part] of partsOf(body)) add(part, fieldName(name), name, 0);
  return lines;
}

/** The names alone, on one line: `{ message, errors: [{ resource, field, code }] }`. */
export function shapeLine(body: unknown): string {
  let left = MOST;
  const written = (value: unknown, depth: number): string => {
    if (typeof value !== "object" || value === null) return "";
    if (depth >= DEEPEST) return "…";
    if (Array.isArray(value)) return `[${value.length === 0 ? "" : written(value[0], depth + 1) || typeOf(value[0])}]`;
    const fields = partsOf(value).map(([name, part]) => {
      if (left-- <= 0) return "…";
      const inner = written(part, depth + 1);
      return inner === "" ? fieldName(name) : `${fieldName(name)}: ${inner}`;
    });
    return fields.length === 0 ? "{}" : `{ ${fields.slice(0, MOST).join(", ")} }`;
  };
  return written(body, 0);
}

/** Of a list the first: the others are like it. */
function partsOf(value: unknown): [string, unknown][] {
  if (typeof value !== "object" || value === null) return [];
  return Array.isArray(value) ? value.slice(0, 1).map((item) => ["0", item]) : Object.entries(value);
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return `list of ${value.length}`;
  switch (typeof value) {
    case "string":
      return value === "" ? "empty text" : `text of ${value.length}${kindOf(value)}`;
    case "number":
      return value === 0 ? "number, 0" : `number of ${String(Math.trunc(Math.abs(value))).length} digits`;
    case "object":
      return "group";
    default:
      return typeof value;
  }
}

function kindOf(text: string): string {
  if (/^[\w-]+\.[\w-]+\.[\w-]*$/.test(text) && text.startsWith("ey")) return ", a JWT";
  if (/^\d+$/.test(text)) return ", digits";
  if (/^\d{4}-\d\d-\d\d([T ]|$)/.test(text)) return ", a date";
  if (/^https?:\/\//.test(text)) return ", a URL";
  return "";
}

/** A name may be a value by mistake: a group with an entry for each token. */
function fieldName(name: string): string {
  const isOne =
    name.length <= LONGEST_NAME &&
    /^[A-Za-z_@$][\w@$:./ -]*$|^\d{1,4}$/.test(name) &&
    !/\d{4}|[0-9a-f]{16}/i.test(name.replace(/^\d+$/, ""));
  return isOne ? outsideWords(name, LONGEST_NAME) : `(a name of ${name.length})`;
}
