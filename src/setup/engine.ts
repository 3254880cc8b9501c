/**
 * Changes the files of tools, and takes the changes back: planned first and shown, then recorded, then written. The record
 * of a file exists from before it is changed until it is restored, so an interrupted run can be checked, repeated and taken
 * back.
 */
import { feature } from "bun:bundle";
import { AuthError } from "../platform/errors.ts";
import { faultAtOnce } from "../platform/faults.ts";
import { type Change, type Made, type Part, type State, Unreadable } from "./change.ts";
import {
  type Found,
  isProgram,
  lookAtFile,
  lookAtLink,
  missingFolder,
  removeFolders,
  writeFile,
  writeLink,
} from "./files.ts";
import { added, hashOf, type Layered, layersOn, removed, stateAt, stateOf } from "./layers.ts";
import { hasLeftovers, removeLeftovers } from "./leftovers.ts";
import { alone, type FileRecord, type Layer, type Records, readRecords, writeRecords } from "./record.ts";
import { NOTHING_CHANGED } from "./refused.ts";

/** What a tool's configuration is to have. */
export interface Wanted {
  /** Which of the tool's settings it is for, as `--undo` names it: an origin, a user of a kubeconfig. */
  readonly name: string;
  readonly path: string;
  readonly change: Change;
  /** The new value includes what it replaces, so that may be replaced without asking. */
  readonly replaces?: boolean;
}

/** What is done to one file. */
export interface Step {
  readonly found: Found;
  readonly text: string | null;
  /** Its record afterwards; undefined: nothing of ours is left in it. */
  readonly record: FileRecord | undefined;
  /** The target of a link; null: it is a file. */
  readonly link: string | null;
  /** Its mode, where it is made. */
  readonly mode: number;
  /** It is for all users of the machine. */
  readonly forAll?: boolean;
  /** Someone has changed the file since it was written. */
  readonly isEdited: boolean;
  /** Our parts that are removed from the file, and those that are added. */
  readonly removes: readonly Part[];
  readonly adds: readonly Part[];
  /** Parts that were changed by hand: they are left in the file and forgotten. */
  readonly leaves: readonly Part[];
}

export interface Plan {
  readonly folder: string;
  readonly known: Records;
  /** In the order in which they are carried out. */
  readonly steps: readonly Step[];
  /** What to do where only some of them were carried out. */
  readonly advice: string;
}

export interface Options {
  /** The arguments that name it, by which --undo finds it. */
  readonly words: readonly string[];
  readonly made?: Made;
  /** Another helper in its place may be replaced. */
  readonly replace: boolean;
  /** For all users of the machine: new files can be read by them. */
  readonly system: boolean;
}

/**
 * @param folder where setup keeps what it knows
 * @throws AuthError `setup_refused`
 */
export async function planSetup(folder: string, tool: string, all: readonly Wanted[], options: Options): Promise<Plan> {
  const known = await readRecords(folder);
  const steps: Step[] = [];
  for (const path of new Set(all.map((wanted) => wanted.path))) {
    const here = all.filter((wanted) => wanted.path === path);
    const record = known.get(path);
    const found = await lookAt(path, here[0]?.change);
    const layers = layersOn(record, found.text);
    const stale = (part: Part): boolean =>
      part.tool === tool &&
      here.some(({ name }) => name === part.name) &&
      !here.some(({ change }) => Bun.deepEquals(change, part.change));
    const base = await removed(path, { text: found.text, layers }, stale, false);
    const missing: Wanted[] = [];
    for (const wanted of here) if (!(await isInPlace(path, base, tool, wanted))) missing.push(wanted);
    const lost = (part: Part): boolean =>
      part.tool === tool &&
      missing.some(({ name, change }) => name === part.name && Bun.deepEquals(change, part.change));
    const clean = await removed(path, base, lost, false);
    const result = await added(
      path,
      clean,
      missing.map(({ name, change, replaces = false }) => ({
        ...{ tool, name, words: options.words, change },
        ...(options.made !== undefined && { made: options.made }),
        mayReplace: replaces || options.replace,
      })),
    );
    const mode = modeFor(here[0]?.change, options.system);
    const removes = await partsIn("stands", found, partsNotIn(base.layers, layers));
    const adds = partsNotIn(clean.layers, result.layers);
    const step = stepTo(found, record, result, mode, here[0]?.change);
    steps.push({ ...step, forAll: options.system, removes, adds, leaves: [] });
  }
  const advice = `The files before it were written. To take that back: auth setup ${tool} --undo`;
  return { folder, known, steps: steps.filter(changesSomething(known)), advice };
}

/** @param isMeant selects the parts to take back @throws AuthError `setup_refused` */
export async function planUndo(folder: string, isMeant: (part: Part) => boolean, force: boolean): Promise<Plan> {
  const known = await readRecords(folder);
  const steps: Step[] = [];
  for (const record of known.values()) {
    const parts = partsOf(record).filter(isMeant);
    if (parts.length === 0) continue;
    const found = await lookAt(record.path, parts[0]?.change);
    const layers = layersOn(record, found.text);
    const result = await removed(record.path, { text: found.text, layers }, isMeant, force);
    const removes = await partsIn("stands", found, partsNotIn(result.layers, layers));
    const leaves = await partsIn("changed", found, partsNotIn(result.layers, layers));
    steps.push({ ...stepTo(found, record, result, found.mode, parts[0]?.change), removes, adds: [], leaves });
  }
  // What was written last goes first: no configuration names a program that is gone.
  const advice = "The files before it are as they were. To take back the rest: the same command again.";
  return { folder, known, steps: steps.reverse(), advice };
}

/** Writes what was planned. @throws AuthError `setup_refused`, `busy`, `vault_unwritable`; what was written is recorded */
export async function carryOut(plan: Plan): Promise<void> {
  const { folder, known, steps } = plan;
  const hasWork = steps.length > 0;
  if (!hasWork && !(await hasLeftovers(folder, known))) return;
  await alone(folder, async () => {
    await removeLeftovers(folder, known);
    if (hasWork) await write(plan);
  });
}

async function write({ folder, known, steps, advice }: Plan): Promise<void> {
  const planned = new Map(known);
  for (const { found, record, text } of steps)
    if (record !== undefined) {
      const previous = layersOn(known.get(found.path), found.text);
      const folder = record.folder ?? (text === null ? null : missingFolder(found.real));
      planned.set(found.path, { ...record, folder, previous });
    }
  // Also where it says the same: what was planned by an older record isn't carried out.
  await writeRecords(folder, known, planned);
  if (feature("AUTH_TEST")) faultAtOnce("setup-recorded");
  const done = new Map(planned);
  for (const [number, step] of steps.entries()) {
    const { found, text, record } = step;
    const { path } = found;
    if (text !== found.text)
      await writeOne(step).catch((error) => {
        throw number === 0 ? error : withAdvice(error, advice);
      });
    if (feature("AUTH_TEST")) faultAtOnce("setup-written");
    const folder = planned.get(path)?.folder ?? null;
    if (record !== undefined) done.set(path, { ...record, folder });
    else done.delete(path);
    if (record === undefined && text === null && folder !== null) await removeFolders(path, folder);
  }
  await writeRecords(folder, planned, done);
}

function withAdvice(error: unknown, advice: string): unknown {
  if (!(error instanceof AuthError)) return error;
  const hint = (error.hint ?? "").replace(`\n${NOTHING_CHANGED}`, "");
  return error.restated({ hint: [...(hint === "" ? [] : [hint]), advice].join("\n") });
}

function writeOne({ found, text, link, mode, forAll = false }: Step): Promise<void> {
  return link === null ? writeFile(found, text, mode, forAll) : writeLink(found, link, text);
}

/** One thing that was set up, and how it is now. */
export interface SetupStatus extends Pick<Part, "tool" | "name" | "words" | "made"> {
  readonly path: string;
  /** `broken`: it is there, and the program that it names isn't. */
  readonly state: State | "broken";
  /** What isn't there, or why the state is unknown; else null. */
  readonly reason: string | null;
}

/** Everything that was set up. @throws AuthError `setup_refused` */
export async function setupStatuses(folder: string): Promise<SetupStatus[]> {
  const all: SetupStatus[] = [];
  for (const record of (await readRecords(folder)).values())
    for (const part of partsOf(record)) {
      const { tool, name, words, made } = part;
      const named = { tool, name, words, ...(made !== undefined && { made }) };
      all.push({ ...named, path: record.path, ...(await statusOf(record.path, part)) });
    }
  return all;
}

async function statusOf(path: string, { change, was, made }: Part): Promise<Pick<SetupStatus, "state" | "reason">> {
  try {
    const { text } = await lookAt(path, change);
    const state = await stateOf(text, change, was);
    const program = made?.program ?? (change.kind === "link" ? change.to : null);
    if (state !== "stands" || program === null || isProgram(program)) return { state, reason: null };
    return { state: "broken", reason: `there is no program ${program}` };
  } catch (error) {
    if (error instanceof Unreadable) return { state: "changed", reason: `${path} ${error.message}.` };
    if (error instanceof AuthError) return { state: "changed", reason: error.message };
    throw error;
  }
}

/** The text of a file without what this tool's setup has added: what a person wrote. null: there is no file. */
export async function textWithout(folder: string, path: string, tool: string): Promise<string | null> {
  const record = (await readRecords(folder)).get(path);
  const { text } = await lookAtFile(path);
  const base = await removed(path, { text, layers: layersOn(record, text) }, (part) => part.tool === tool, true);
  return base.text;
}

function lookAt(path: string, change: Change | undefined): Promise<Found> {
  return change?.kind === "link" ? lookAtLink(path, change.to) : lookAtFile(path);
}

async function isInPlace(
  path: string,
  { text, layers }: Layered,
  tool: string,
  { name, change }: Wanted,
): Promise<boolean> {
  const known = layers.flatMap(({ parts }) => parts);
  const isKnown = known.some((part) => part.tool === tool && part.name === name && Bun.deepEquals(part.change, change));
  return isKnown && (await stateAt(path, text, change)) === "stands";
}

function stepTo(
  found: Found,
  record: FileRecord | undefined,
  { text, layers }: Layered,
  mode: number,
  change: Change | undefined,
): Omit<Step, "removes" | "adds" | "leaves"> {
  const { path } = found;
  const wasWritten = record !== undefined && hashOf(found.text) === record.layers.at(-1)?.after;
  return {
    found,
    text,
    record: layers.length === 0 ? undefined : { path, layers, folder: record?.folder ?? null },
    link: change?.kind === "link" ? change.to : null,
    mode: found.text === null ? mode : found.mode,
    isEdited: record !== undefined && !wasWritten,
  };
}

/** Those of `layers` that the others haven't, and that were written. */
function partsNotIn(others: readonly Layer[], layers: readonly Layer[]): Part[] {
  const there = others.flatMap(({ parts }) => parts);
  const isThere = (part: Part): boolean =>
    there.some(
      ({ tool, name, change }) => tool === part.tool && name === part.name && Bun.deepEquals(change, part.change),
    );
  return layers.flatMap(({ parts }) => parts).filter((part) => part.isOurs && !isThere(part));
}

async function partsIn(state: State, { path, text }: Found, parts: readonly Part[]): Promise<Part[]> {
  const states = await Promise.all(parts.map(({ change, was }) => stateAt(path, text, change, was)));
  return parts.filter((_, number) => states[number] === state);
}

function changesSomething(known: Records): (step: Step) => boolean {
  return ({ found, text, record }) =>
    text !== found.text || !Bun.deepEquals(record?.layers ?? [], known.get(found.path)?.layers ?? []);
}

function modeFor(change: Change | undefined, system: boolean): number {
  if (change?.kind === "whole") return change.mode;
  return system ? 0o644 : 0o600;
}

function partsOf({ layers, previous = [] }: FileRecord): Part[] {
  const now = layers.flatMap(({ parts }) => parts);
  const before = previous.flatMap(({ parts }) => parts);
  return [...now, ...before.filter((part) => !now.some((other) => Bun.deepEquals(other, part)))];
}
