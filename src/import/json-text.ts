/** JSON files of other programs: what they hold, and the same file without some of it. */
import { asObject, type Json, parseJson } from "../platform/json.ts";
import type { ForeignFile } from "./file.ts";
import { unknownForm } from "./refused.ts";

/** @throws AuthError `import_refused` where it isn't an object of JSON */
export function jsonOf({ path, text }: ForeignFile, title: string): Json {
  const json = asObject(parseJson(text));
  if (json === null) throw unknownForm(path, title, "it is no JSON object");
  return json;
}

/** The objects under the names of an object. Absent: none. @throws AuthError `import_refused` where one is something else */
export function entriesOf(value: unknown, path: string, title: string, what: string): [string, Json][] {
  if (value === undefined || value === null) return [];
  const all = asObject(value);
  if (all === null) throw unknownForm(path, title, `${what} is no object`);
  return Object.entries(all).map(([name, entry]) => {
    const held = asObject(entry);
    if (held === null) throw unknownForm(path, title, `${what} has an entry that is no object`);
    return [name, held];
  });
}

/** A number, also where it is written as text. */
export function numberAt(json: Json, name: string): number | undefined {
  const value = json[name];
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/**
 * The text with some of it taken out, indented as it was.
 * @param takeOut changes what it is given; false: there is nothing to take out
 * @returns the same text where there is nothing, null where nothing else is left
 */
export function withoutInJson(text: string, takeOut: (json: Record<string, unknown>) => boolean): string | null {
  const json = asObject(parseJson(text)) as Record<string, unknown> | null;
  if (json === null || !takeOut(json)) return text;
  if (Object.keys(json).length === 0) return null;
  const indent = /^\{\s*\n([ \t]+)/.exec(text)?.[1];
  return `${JSON.stringify(json, null, indent)}${/\r?\n$/.exec(text)?.[0] ?? ""}`;
}
