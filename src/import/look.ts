/** Reads the files of a source. A file that is refused doesn't keep the others from being read. */
import { AuthError } from "../platform/errors.ts";
import { withForeign } from "./database.ts";
import { readForeign } from "./file.ts";
import type { Found, ImportSource, Place, Where } from "./source.ts";

export interface Looked {
  readonly source: ImportSource;
  readonly found: readonly FoundAt[];
  readonly refused: readonly { readonly path: string; readonly error: AuthError }[];
  /** The files that don't exist. */
  readonly absent: readonly string[];
  /** The files without a login. */
  readonly empty: readonly string[];
}

export interface FoundAt extends Found {
  readonly source: ImportSource;
  readonly path: string;
}

export async function lookAt(source: ImportSource, where: Where): Promise<Looked> {
  const found: FoundAt[] = [];
  const refused: { path: string; error: AuthError }[] = [];
  const absent: string[] = [];
  const empty: string[] = [];
  for (const place of source.places(where)) {
    const { path } = place;
    try {
      const here = await readPlace(place, source.title);
      if (here === null) absent.push(path);
      else if (here.length === 0) empty.push(path);
      else found.push(...here.map((one) => ({ ...one, source, path })));
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      refused.push({ path, error });
    }
  }
  return { source, found, refused, absent, empty };
}

async function readPlace(place: Place, title: string): Promise<readonly Found[] | null> {
  if ("readDatabase" in place) return withForeign(place.path, title, place.readDatabase);
  const file = await readForeign(place.path);
  return file === null ? null : place.readText(file);
}
