/** Values in files of JSON, as people and programs write them: with comments, indented by anything. */
import {
  applyEdits,
  createScanner,
  findNodeAtLocation,
  modify,
  type Node,
  type ParseError,
  parse,
  parseTree,
} from "jsonc-parser";
import { applied, type Edit, type Format, InTheWay, type Json, type JsonChange, Unreadable } from "../change.ts";

const json: Format<JsonChange> = {
  async add(text, change, mayReplace) {
    const { path, value } = change;
    const before = contentOf(text);
    const existing = at(before, path);
    if (existing !== undefined && Bun.deepEquals(existing, value)) return null;
    if (existing !== undefined && !mayReplace) throw new InTheWay(`${path.join(".")} has another value`);
    if (existing !== undefined && !isPlain(existing, value))
      throw new Unreadable(
        `has a ${path.join(".")} that may hold a secret, and isn't replaced: take it out by hand first`,
      );
    const edits = [editFor(text, path, value)];
    if (!Bun.deepEquals(contentOf(applied(text, edits)), withValue(before, path, value)))
      throw new Unreadable("has a name twice");
    const was = { ...(existing !== undefined && { value: existing }), depth: depthOf(before, path) };
    return { edits, was };
  },
  async stateOf(text, { path, value }, was) {
    const existing = at(contentOf(text), path);
    if (existing !== undefined && Bun.deepEquals(existing, value)) return "stands";
    return Bun.deepEquals(existing, (was as { value?: Json } | null)?.value) ? "gone" : "changed";
  },
  async remove(text, { path }, was) {
    const { value, depth } = was as { value?: Json; depth: number };
    if (value !== undefined) return applied(text, [editFor(text, path, value)]);
    let result = without(text, path);
    // Objects that were made around it are removed once they are empty.
    for (let length = path.length - 1; length > Math.max(depth, 0); length--) {
      const around = path.slice(0, length);
      if (!isEmpty(at(contentOf(result), around))) break;
      result = without(result, around);
    }
    return depth < 0 && isEmpty(contentOf(result)) ? "" : result;
  },
};
export default json;

/** A byte order mark is not part of the JSON, and stays. */
const MARK = "\uFEFF";

function contentOf(text: string): Json | undefined {
  const errors: ParseError[] = [];
  const body = text.startsWith(MARK) ? text.slice(1) : text;
  requireFlat(body);
  const value: unknown = parse(body, errors, { allowTrailingComma: true });
  if (body.trim() !== "" && errors.length > 0) throw new Unreadable("isn't JSON");
  if (body.trim() !== "" && !isObject(value)) throw new Unreadable("is no JSON object");
  return value as Json | undefined;
}

/** Parsers are recursive: deeper nesting, which no program writes, could exhaust the stack. */
const DEEPEST = 200;

function requireFlat(text: string): void {
  const scanner = createScanner(text, true);
  for (let depth = 0; scanner.getPosition() < text.length; ) {
    scanner.scan();
    const sign = text.charAt(scanner.getTokenOffset());
    if (sign === "{" || sign === "[") depth++;
    if (sign === "}" || sign === "]") depth--;
    if (depth > DEEPEST) throw new Unreadable(`is nested more than ${DEEPEST} deep`);
  }
}

/**
 * What is replaced is recorded until --undo, and the record holds no secret: a program's path or its name in plain words,
 * or an entry that says only the address that ours says, too.
 */
function isPlain(existing: Json, ours: Json): boolean {
  if (typeof existing === "string") return PATH.test(existing) || NAME.test(existing);
  if (!isObject(existing)) return false;
  return Object.entries(existing).every(
    ([name, value]) =>
      typeof value === "string" &&
      ((name === "type" && /^[a-z-]{1,16}$/.test(value)) ||
        (name === "url" && JSON.stringify(ours).includes(JSON.stringify(value)))),
  );
}

const PATH = /^(?:~?\/|\.{1,2}\/|[A-Za-z]:[\\/])[\w.~/:\\-]{1,200}$/;
const NAME = /^(?=.{1,32}$)[a-z]+(?:[.-][a-z]+)*$/;

/** Changes the value alone: what is beside it may be a secret, and edits are recorded. */
function editFor(text: string, path: readonly string[], value: Json): Edit {
  if (text.startsWith(MARK)) {
    const edit = editFor(text.slice(1), path, value);
    return { ...edit, at: edit.at + 1 };
  }
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const root = parseTree(text, [], { allowTrailingComma: true });
  if (root === undefined)
    return { at: 0, removed: text, inserted: `${written(withValue(undefined, path, value), "  ", end)}${end}` };
  const existing = findNodeAtLocation(root, [...path]);
  if (existing !== undefined) {
    const { offset, length } = existing;
    return { at: offset, removed: text.slice(offset, offset + length), inserted: JSON.stringify(value) };
  }
  let depth = path.length - 1;
  while (depth > 0 && findNodeAtLocation(root, path.slice(0, depth)) === undefined) depth--;
  const around = depth === 0 ? root : (findNodeAtLocation(root, path.slice(0, depth)) as Node);
  const [name = "", ...rest] = path.slice(depth);
  return insertion(text, around, name, withValue(undefined, rest, value), end);
}

/** A property after the last one of an object; before the first where the last is followed by a comma or a comment. */
function insertion(text: string, { offset, length, children }: Node, name: string, value: Json, end: string): Edit {
  const [, unit = "  "] = /\n([ \t]+)\S/.exec(text) ?? [];
  const [first, last] = [children?.[0], children?.at(-1)];
  const isOneLine = first === undefined ? !text.includes("\n") : !text.slice(offset, first.offset).includes("\n");
  const outer = indentAt(text, offset);
  const indent = first === undefined || isOneLine ? outer + unit : indentAt(text, first.offset);
  const property = isOneLine
    ? `${JSON.stringify(name)}: ${JSON.stringify(value)}`
    : `${JSON.stringify(name)}: ${written(value, unit, end + indent)}`;
  const gap = isOneLine ? "" : end + indent;
  if (first === undefined || last === undefined) {
    const close =
      isOneLine ||
      text
        .slice(offset + 1)
        .trimStart()
        .startsWith("/")
        ? ""
        : end + outer;
    return { at: offset + 1, removed: "", inserted: gap + property + close };
  }
  const after = last.offset + last.length;
  if (text.slice(after, offset + length - 1).trim() === "")
    return { at: after, removed: "", inserted: `,${gap || " "}${property}` };
  return { at: first.offset, removed: "", inserted: `${property},${gap || " "}` };
}

function written(value: Json, unit: string, end: string): string {
  return JSON.stringify(value, null, unit).replaceAll("\n", () => end);
}

function indentAt(text: string, offset: number): string {
  return /^[ \t]*/.exec(text.slice(text.lastIndexOf("\n", offset - 1) + 1))?.[0] ?? "";
}

function without(text: string, path: readonly string[]): string {
  if (text.startsWith(MARK)) return MARK + without(text.slice(1), path);
  return applyEdits(text, modify(text, [...path], undefined, {}));
}

function at(value: Json | undefined, path: readonly string[]): Json | undefined {
  let here: Json | undefined = value;
  for (const name of path) {
    if (here === undefined) return undefined;
    if (!isObject(here)) throw new Unreadable("has something else in the place of an object");
    here = Object.hasOwn(here, name) ? here[name] : undefined;
  }
  return here;
}

/** How many names of the path were there already; -1: the file had no object at all. */
function depthOf(value: Json | undefined, path: readonly string[]): number {
  if (value === undefined) return -1;
  let depth = 0;
  while (depth < path.length - 1 && at(value, path.slice(0, depth + 1)) !== undefined) depth++;
  return depth;
}

function withValue(whole: Json | undefined, [name, ...rest]: readonly string[], value: Json | undefined): Json {
  if (name === undefined) return value ?? null;
  const object = isObject(whole) ? whole : {};
  return { ...object, [name]: withValue(Object.hasOwn(object, name) ? object[name] : undefined, rest, value) };
}

function isObject(value: unknown): value is { readonly [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isEmpty(value: Json | undefined): boolean {
  return isObject(value) && Object.keys(value).length === 0;
}
