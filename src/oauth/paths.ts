/** Values in a reply by a description's dotted paths: `authed_user.access_token`, `errors.0.code`. */

export type Json = Readonly<Record<string, unknown>>;

/** undefined where the way ends. Only what the reply itself holds is seen, never what objects inherit. */
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
