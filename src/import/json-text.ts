/** JSON files of other programs: reads them, and removes parts of them. */
import { asObject, type Json, parseJson } from "../platform/json.ts";
import type { ForeignFile } from "./file.ts";
import { unknownForm } from "./refused.ts";

/** @throws AuthError `import_refused` where it isn't an object of JSON */
export function jsonOf({ path, text }: ForeignFile, title: string): Json {
  const json = asObject(parseJson(text));
  if (json === null) throw unknownForm(path, title, "it is no JSON object");
  return json;
}

/** The entries of an object, each an object; none where it is absent. @throws AuthError `import_refused` for anything else */
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

/** A number, or a string of digits. */
export function numberAt(json: Json, name: string): number | undefined {
  const value = json[name];
  const number = typeof value === "string" && /^\d{1,16}$/.test(value) ? Number(value) : value;
  return typeof number === "number" && Number.isFinite(number) ? number : undefined;
}

/**
 * The text without a part of it, indented as it was.
 * @param takeOut removes the part from the object; false: it isn't there
 * @returns the same text where the part isn't there, null where nothing else is left
 */
export function withoutInJson(text: string, takeOut: (json: Record<string, unknown>) => boolean): string | null {
  const json = asObject(parseJson(text)) as Record<string, unknown> | null;
  if (json === null || !takeOut(json)) return text;
  if (Object.keys(json).length === 0) return null;
  const indent = /^\{\s*\n([ \t]+)/.exec(text)?.[1];
  return `${JSON.stringify(json, null, indent)}${/\r?\n$/.exec(text)?.[0] ?? ""}`;
}
