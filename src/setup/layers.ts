/**
 * `auth setup` changes a file in layers, one for each run. Where the file is still as it was written, the last layer is
 * taken back exactly. Where it was changed since, our parts are looked for and taken out, and all else stays.
 */
import {
  applied,
  type Change,
  type Edit,
  type Format,
  InTheWay,
  type Json,
  type Part,
  type State,
  takenBack,
  Unreadable,
} from "./change.ts";
import type { FileRecord, Layer } from "./record.ts";
import { refused } from "./refused.ts";

const FORMATS: Readonly<Record<Change["kind"], () => Promise<{ readonly default: unknown }>>> = {
  json: () => import("./formats/json.ts"),
  lines: () => import("./formats/lines.ts"),
  yaml: () => import("./formats/yaml.ts"),
  whole: () => import("./formats/whole.ts"),
  link: () => import("./formats/whole.ts"),
};

/** How a change of this kind is made, found again and taken out. */
export async function formatOf({ kind }: Change): Promise<Format<Change>> {
  return (await FORMATS[kind]()).default as Format<Change>;
}

/** A file's text, and the layers in it. null: there is no file. */
export interface Layered {
  readonly text: string | null;
  readonly layers: readonly Layer[];
}

/** A part that is to be added to the file. */
export interface NewPart extends Pick<Part, "tool" | "name" | "words" | "made" | "change"> {
  /** Another setting in its place may be replaced. */
  readonly mayReplace: boolean;
}

export function hashOf(text: string | null): string | null {
  return text === null ? null : new Bun.CryptoHasher("sha256").update(text).digest("hex");
}

/** The layers that are in the file: those before, where the last ones were recorded and never written. */
export function layersOn(record: FileRecord | undefined, text: string | null): readonly Layer[] {
  if (record === undefined) return [];
  const { layers, previous } = record;
  if (previous === undefined || hashOf(text) === layers.at(-1)?.after) return layers;
  const before = previous.at(-1)?.after ?? layers[0]?.before ?? null;
  return hashOf(text) === before ? previous : layers;
}

/** @throws AuthError `setup_refused` where another setting is in the way, or the file has an unknown form */
export async function added(path: string, on: Layered, parts: readonly NewPart[]): Promise<Layered> {
  if (parts.length === 0) return on;
  let text = on.text ?? "";
  const edits: Edit[] = [];
  const made: Part[] = [];
  for (const { mayReplace, ...part } of parts) {
    const format = await formatOf(part.change);
    const result = await format.add(text, part.change, mayReplace).catch((error) => {
      throw described(path, error);
    });
    edits.push(...(result?.edits ?? []));
    text = applied(text, result?.edits ?? []);
    made.push({ ...part, isOurs: result !== null, was: result?.was ?? null });
  }
  const layer = { parts: made, before: hashOf(on.text), after: hashOf(text) ?? "", edits };
  return { text, layers: [...on.layers, layer] };
}

/**
 * @param isMeant which parts are taken out
 * @param leaveChanged leaves in the file what was changed by hand; else that is refused
 * @throws AuthError `setup_refused`
 */
export async function removed(
  path: string,
  on: Layered,
  isMeant: (part: Part) => boolean,
  leaveChanged: boolean,
): Promise<Layered> {
  let { text } = on;
  const below = [...on.layers];
  const lifted: Layer[] = [];
  while (below.some(({ parts }) => parts.some(isMeant)) && below.at(-1)?.after === hashOf(text)) {
    const top = below.pop() as Layer;
    const base: string = takenBack(text ?? "", top.edits);
    text = top.before === null && base === "" ? null : base;
    lifted.unshift(top);
  }
  for (const part of below.flatMap(({ parts }) => parts).reverse()) {
    if (!isMeant(part) || !part.isOurs) continue;
    const state = await stateAt(path, text, part.change, part.was);
    if (state === "changed" && !leaveChanged) throw changedByHand(path, part);
    if (state === "stands") text = await (await formatOf(part.change)).remove(text ?? "", part.change, part.was);
  }
  // The file was made by a setup, and is empty now.
  if (text === "" && on.layers[0]?.before === null) text = null;
  let result: Layered = { text, layers: below.map((layer) => without(layer, isMeant)).filter(hasParts) };
  for (const layer of lifted) {
    const kept = without(layer, isMeant).parts;
    const again = kept.map(({ isOurs: _, was: __, ...part }) => ({ ...part, mayReplace: true }));
    result = await added(path, result, again);
  }
  return result;
}

function without(layer: Layer, isMeant: (part: Part) => boolean): Layer {
  return { ...layer, parts: layer.parts.filter((part) => !isMeant(part)) };
}

function hasParts({ parts }: Layer): boolean {
  return parts.length > 0;
}

/** @param was null: only "stands" is of interest, for which what it replaced makes no difference */
export async function stateOf(text: string | null, change: Change, was: Json = null): Promise<State> {
  return (await formatOf(change)).stateOf(text ?? "", change, was);
}

/** The same. @throws AuthError `setup_refused` for a file of an unknown form */
export function stateAt(path: string, text: string | null, change: Change, was: Json = null): Promise<State> {
  return stateOf(text, change, was).catch((error) => {
    throw described(path, error);
  });
}

function changedByHand(path: string, { tool }: Part) {
  return refused(
    `${path} was changed by hand where auth had written.`,
    `To leave that as it is, and take back the rest: auth setup ${tool} --undo --force`,
  );
}

function described(path: string, error: unknown): unknown {
  if (error instanceof InTheWay)
    return refused(
      `${path} is set up otherwise already: ${error.message}.`,
      "To put auth in its place, until --undo: --replace",
    );
  if (error instanceof Unreadable)
    return refused(`${path} ${error.message}.`, "Set its tool up by hand: docs/recipes.md");
  return error;
}
