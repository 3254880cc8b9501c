/** Named objects in lists, as kubeconfigs have them: written between the lines that are there, which stay as they are. */
import { type Document, isMap, isScalar, isSeq, parseDocument, stringify, type YAMLMap, type YAMLSeq } from "yaml";
import {
  type Added,
  applied,
  type Edit,
  type Format,
  InTheWay,
  type Json,
  Unreadable,
  type YamlChange,
} from "../change.ts";

const yaml: Format<YamlChange> = {
  async add(text, change, mayReplace) {
    const existing = valueIn(documentOf(text), change);
    if (existing !== undefined && includes(existing, change.value)) return null;
    const { list, item, path } = change;
    // An object of that name may hold a certificate or a key, and the record may not hold secrets.
    if (existing !== undefined && path.length === 0)
      throw new Unreadable(`has '${item}' in ${list} already: choose another name with --name`);
    if (existing !== undefined && !mayReplace)
      throw new InTheWay(`${path.join(".")} of '${item}' in ${list} has another value`);
    const result = path.length === 0 ? newItem(text, change) : newValue(text, change, existing);
    const after = valueIn(documentOf(applied(text, result.edits)), change);
    if (!includes(after, change.value)) throw new Unreadable("isn't in a form that can be added to");
    return result;
  },
  async stateOf(text, change, was) {
    const existing = valueIn(documentOf(text), change);
    if (existing !== undefined && includes(existing, change.value)) return "stands";
    return existing === undefined || existing === (was as Was | null)?.value ? "gone" : "changed";
  },
  async remove(text, change, was) {
    const document = documentOf(text);
    const { made, value, written } = was as unknown as Was;
    const { list, item, path } = change;
    if (path.length > 0)
      return value === undefined ? text : applied(text, newValue(text, change, value, written).edits);
    const seq = document.get(list, true) as YAMLSeq;
    const only = seq.items.length === 1;
    const [from, to] = only && made ? pairRange(text, document, list) : itemRange(text, seq, item);
    const rest = text.slice(0, from) + text.slice(to);
    return rest.trim() === "" ? "" : rest;
  },
};
export default yaml;

/** Whether a list has an object of that name. @throws Unreadable */
export function hasItem(text: string, list: string, name: string): boolean {
  return itemNamed(listOf(documentOf(text), list), name) !== undefined;
}

interface Was {
  /** The list itself was added. */
  readonly made: boolean;
  /** The value before, and how it was written. */
  readonly value?: Json;
  readonly written?: string;
}

function documentOf(text: string): Document {
  const document = parsed(text);
  if (document.errors.length > 0) throw new Unreadable("isn't YAML");
  if (document.contents !== null && !isMap(document.contents) && text.trim() !== "")
    throw new Unreadable("is no YAML of the form that is known");
  return document;
}

function parsed(text: string): Document {
  try {
    return parseDocument(text, { keepSourceTokens: true });
  } catch (error) {
    if (error instanceof RangeError) throw new Unreadable("is nested too deep");
    throw error;
  }
}

function valueIn(document: Document, { list, item, path }: YamlChange): Json | undefined {
  const found = itemNamed(listOf(document, list), item);
  if (found === undefined) return undefined;
  const value: unknown = path.length === 0 ? found : found.getIn(path);
  const plain = (value as { toJSON?: () => unknown } | null | undefined)?.toJSON?.() ?? value;
  return plain as Json | undefined;
}

/** null where there is none, or where it is empty. */
function listOf(document: Document, list: string): YAMLSeq | null {
  const value = isMap(document.contents) ? document.contents.get(list, true) : undefined;
  if (value === undefined || (isScalar(value) && value.value === null)) return null;
  if (!isSeq(value)) throw new Unreadable(`has ${list}, which isn't a list of named objects`);
  return value;
}

function itemNamed(seq: YAMLSeq | null, name: string): YAMLMap | undefined {
  return seq?.items.find((item): item is YAMLMap => isMap(item) && item.get("name") === name);
}

/** Fields that the program adds when it writes the file again, such as an empty `env`, make no difference. */
function includes(whole: unknown, part: Json): boolean {
  if (typeof part !== "object" || part === null || Array.isArray(part)) return Bun.deepEquals(whole, part);
  if (typeof whole !== "object" || whole === null) return false;
  return Object.entries(part).every(([name, value]) =>
    includes((whole as Readonly<Record<string, unknown>>)[name], value),
  );
}

function newItem(text: string, { list, item, value }: YamlChange): Added {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  const whole = { name: item, ...(value as object) };
  const lines = (indent: string): string =>
    stringify([whole], { lineWidth: 0 })
      .split("\n")
      .slice(0, -1)
      .map((line) => indent + line + end)
      .join("");
  const document = documentOf(text);
  const { contents } = document;
  const seq = listOf(document, list);
  if (seq === null) {
    if (isMap(contents) && contents.has(list)) return replaced(text, document, list, JSON.stringify([whole]));
    if (isMap(contents) && contents.flow) {
      const comma = contents.items.length > 0 ? ", " : "";
      const at = (contents.range?.[0] ?? 0) + 1;
      const inserted = `${JSON.stringify(list)}: ${JSON.stringify([whole])}${comma}`;
      return { edits: [{ at, removed: "", inserted }], was: { made: true } };
    }
    const at = isMap(contents) ? lineEnd(text, contents.range?.[1] ?? text.length) : text.length;
    const gap = at > 0 && !text.slice(0, at).endsWith("\n") ? end : "";
    return { edits: [{ at, removed: "", inserted: `${gap}${list}:${end}${lines("")}` }], was: { made: true } };
  }
  const last = seq.items.at(-1) as YAMLMap | undefined;
  if (seq.flow || last === undefined) {
    const at = last === undefined ? (seq.range?.[0] ?? 0) + 1 : (last.range?.[1] ?? 0);
    const comma = last === undefined ? "" : ", ";
    return { edits: [{ at, removed: "", inserted: comma + JSON.stringify(whole) }], was: { made: false } };
  }
  const first = seq.items[0] as YAMLMap;
  const dash = text.lastIndexOf("-", (first.range?.[0] ?? 0) - 1);
  const indent = text.slice(text.lastIndexOf("\n", dash) + 1, dash);
  const at = lineEnd(text, last.range?.[1] ?? text.length);
  const gap = text.slice(0, at).endsWith("\n") ? "" : end;
  return { edits: [{ at, removed: "", inserted: gap + lines(indent) }], was: { made: false } };
}

/** Puts the list in the place of `null`, or of nothing. */
function replaced(text: string, document: Document, list: string, inserted: string): Added {
  const [from = 0, to = from] = rangeOf((document.contents as YAMLMap).get(list, true));
  const gap = text[from - 1] === ":" ? " " : "";
  return { edits: [{ at: from, removed: text.slice(from, to), inserted: gap + inserted }], was: { made: false } };
}

/** @param written the new text */
function newValue(
  text: string,
  change: YamlChange,
  existing: Json | undefined,
  written = JSON.stringify(change.value),
): Added {
  const { list, item, path } = change;
  const node = itemNamed(listOf(documentOf(text), list), item)?.getIn(path, true);
  if (!isScalar(node) || existing === undefined)
    throw new Unreadable(`has no ${path.join(".")} for '${item}' in ${list}`);
  const [from = 0, to = from] = node.range ?? [];
  const edit: Edit = { at: from, removed: text.slice(from, to), inserted: written };
  return { edits: [edit], was: { made: false, value: existing, written: edit.removed } };
}

/** Where the line that has this place in it ends, its end included; the place itself where a line begins there. */
function lineEnd(text: string, place: number): number {
  if (text[place - 1] === "\n") return place;
  const end = text.indexOf("\n", place);
  return end < 0 ? text.length : end + 1;
}

function itemRange(text: string, seq: YAMLSeq, name: string): [from: number, to: number] {
  const item = itemNamed(seq, name) as YAMLMap;
  const [start = 0, end = start] = item.range ?? [];
  const number = seq.items.indexOf(item);
  if (seq.flow) {
    const [before, after] = [seq.items[number - 1], seq.items[number + 1]] as (YAMLMap | undefined)[];
    if (before !== undefined) return [before.range?.[1] ?? start, end];
    return [start, after?.range?.[0] ?? end];
  }
  const dash = text.lastIndexOf("-", start - 1);
  return [text.lastIndexOf("\n", dash) + 1, lineEnd(text, end)];
}

/** The list with its name. */
function pairRange(text: string, document: Document, list: string): [from: number, to: number] {
  const map = document.contents as YAMLMap;
  const number = map.items.findIndex(({ key }) => isScalar(key) && key.value === list);
  const [start = 0] = rangeOf(map.items[number]?.key);
  const [, end = text.length] = rangeOf(map.items[number]?.value);
  if (!map.flow) return [start, lineEnd(text, end)];
  const [next = end] = rangeOf(map.items[number + 1]?.key);
  return [start, next];
}

function rangeOf(node: unknown): readonly number[] {
  return (node as { range?: readonly number[] } | null | undefined)?.range ?? [];
}
