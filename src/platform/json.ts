/** JSON from outside, and objects whose names come from outside. */

export type Json = Readonly<Record<string, unknown>>;

/** undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** null for what is no object of JSON: a list is none. */
export function asObject(value: unknown): Json | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Json) : null;
}

/** What a record holds under a name that comes from outside: an own property, never one that objects inherit. */
export function ownValue<Value>(record: Readonly<Record<string, Value>> | undefined, name: string): Value | undefined {
  return record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;
}

/**
 * The value at a dotted path: `authed_user.access_token`, `errors.0.code`. undefined where the path ends before. Only what
 * the value itself holds is seen, never what objects inherit.
 */
export function at(value: unknown, path: string): unknown {
  let here = value;
  for (const step of path.split(".")) {
    if (typeof here !== "object" || here === null || !Object.hasOwn(here, step)) return undefined;
    here = (here as Json)[step];
  }
  return here;
}

/** The first path that leads to a text that isn't empty, or to a number; else null. */
export function firstText(value: unknown, paths: readonly string[]): string | null {
  for (const path of paths) {
    const found = at(value, path);
    if (typeof found === "string" && found !== "") return found;
    if (typeof found === "number" && Number.isFinite(found)) return String(found);
  }
  return null;
}

/** A text that isn't empty, or null. */
export function textAt(value: unknown, path: string): string | null {
  const found = at(value, path);
  return typeof found === "string" && found !== "" ? found : null;
}
