/**
 * A cache of the variables from which each installed plugin reads a token, so that a command without a provider reads only
 * the files whose variables are set. It is keyed by the files' time stamps; a plugin that is used is read and checked itself.
 */
import { readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import { errorCode } from "../../platform/errors.ts";
import { readVariables } from "../names.ts";
import type { ProviderDefinition } from "../schema.ts";
import { PLUGIN_KINDS, placeOf } from "./place.ts";

const Entry = v.strictObject({ stamp: v.string(), reads: v.array(v.string()) });
/** A map, since an id may be a name that every object has: `constructor`. */
type Index = Map<string, v.InferOutput<typeof Entry>>;

/**
 * @param describe null: it says nothing until someone trusts it; undefined: it can't be used, and is looked at each time
 * @returns id → variables; an id that isn't there has to be read
 */
export async function variablesOfPlugins(
  folder: string,
  ids: readonly string[],
  describe: (id: string) => Promise<ProviderDefinition | null | undefined>,
): Promise<ReadonlyMap<string, readonly string[]>> {
  const known = readIndex(folder);
  const names = new Set(readdirSync(folder));
  const index: Index = new Map();
  let changed = [...known.keys()].some((id) => !ids.includes(id));
  for (const id of ids) {
    const stamp = stampOf(folder, id, names);
    const entry = known.get(id);
    if (entry?.stamp === stamp) index.set(id, entry);
    else {
      changed = true;
      const definition = await describe(id);
      if (definition !== undefined)
        index.set(id, { stamp, reads: definition === null ? [] : readVariables(definition) });
    }
  }
  if (changed) writeIndex(folder, index);
  return new Map([...index].map(([id, { reads }]) => [id, reads]));
}

/** Invalidates the cache: plugins were added, trusted or removed. */
export function forgetIndex(folder: string): void {
  rmSync(indexIn(folder), { force: true });
}

function indexIn(folder: string): string {
  return `${folder}/.index.json`;
}

function readIndex(folder: string): Index {
  try {
    // Each by itself: valibot's record leaves out names such as `constructor`.
    const entries = Object.entries(JSON.parse(readFileSync(indexIn(folder), "utf8")) as object);
    return new Map(entries.map(([id, entry]) => [id, v.parse(Entry, entry)]));
  } catch {
    return new Map(); // None yet, or none that can be read: then the plugins themselves are.
  }
}

/** Written atomically. A read-only folder has no cache, which is only slower. */
function writeIndex(folder: string, index: Index): void {
  const temporary = `${indexIn(folder)}.${crypto.randomUUID()}`;
  try {
    writeFileSync(temporary, JSON.stringify(Object.fromEntries(index)), { mode: 0o600, flag: "wx" });
    renameSync(temporary, indexIn(folder));
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    rmSync(temporary, { force: true });
  }
}

/** Of all files with that id: two of them are an error only when they are read. */
function stampOf(folder: string, id: string, names: ReadonlySet<string>): string {
  return PLUGIN_KINDS.filter((kind) => names.has(`${id}.${kind}`))
    .map((kind) => {
      const stat = statSync(placeOf(folder, id, kind), { throwIfNoEntry: false });
      return `${kind}:${stat?.ino}:${stat?.size}:${stat?.mtimeMs}:${stat?.ctimeMs}`;
    })
    .join(" ");
}
