/** What `auth setup` has done on this machine, so that it can be checked and taken back. It holds no secret. */
import { feature } from "bun:bundle";
import { constants } from "node:fs";
import { open, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { createFile, draftOf, syncFolderOf } from "../platform/drafts.ts";
import { AuthError, errorCode } from "../platform/errors.ts";
import { faultAtOnce } from "../platform/faults.ts";
import { fileFault } from "../platform/file-faults.ts";
import { hasByteLocks, lockByte } from "../platform/file-lock.ts";
import { makeFolder } from "../platform/folders.ts";
import { parseJson } from "../platform/json.ts";
import type { Change, Edit, Json, Part } from "./change.ts";
import { DRAFT } from "./files.ts";
import { refused } from "./refused.ts";

/** What `auth setup` has written into one file. */
export interface FileRecord {
  readonly path: string;
  /** One for each time that something was added, the last one at the end. */
  readonly layers: readonly Layer[];
  /** The first folder that was made for it. */
  readonly folder: string | null;
  /** The layers before, until it is certain that the file was written. */
  readonly previous?: readonly Layer[];
}

export interface Layer {
  readonly parts: readonly Part[];
  /** SHA-256 of the file without it; null: there was none. */
  readonly before: string | null;
  /** SHA-256 of the file with it. */
  readonly after: string;
  readonly edits: readonly Edit[];
}

export type Records = ReadonlyMap<string, FileRecord>;

const json: v.GenericSchema<unknown, Json> = v.lazy(() =>
  v.union([v.null(), v.boolean(), v.number(), v.string(), v.array(json), v.record(v.string(), json)]),
);
const change = v.variant("kind", [
  v.object({ kind: v.literal("json"), path: v.array(v.string()), value: json }),
  v.object({
    kind: v.literal("lines"),
    label: v.string(),
    lines: v.array(v.string()),
    section: v.nullable(v.string()),
    setting: v.nullable(v.string()),
    syntax: v.exactOptional(v.literal("toml")),
  }),
  v.object({ kind: v.literal("yaml"), list: v.string(), item: v.string(), path: v.array(v.string()), value: json }),
  v.object({ kind: v.literal("whole"), text: v.string(), mode: v.number() }),
  v.object({ kind: v.literal("link"), to: v.string() }),
]);
/** `was` of each kind: what it needs to put back what it replaced. */
const WAS: Readonly<Record<Change["kind"], v.GenericSchema>> = {
  json: v.object({ depth: v.number(), value: v.optional(json) }),
  lines: v.nullable(v.boolean()),
  yaml: v.object({ made: v.boolean(), value: v.optional(json), written: v.optional(v.string()) }),
  whole: v.string(),
  link: v.string(),
};
const part = v.pipe(
  v.object({
    tool: v.string(),
    name: v.string(),
    words: v.optional(v.array(v.string()), []),
    made: v.exactOptional(v.object({ program: v.string(), command: v.array(v.string()) })),
    change,
    isOurs: v.boolean(),
    was: json,
  }),
  v.check(({ change: { kind }, isOurs, was }) => !isOurs || v.is(WAS[kind], was)),
);
const edit = v.object({ at: v.number(), removed: v.string(), inserted: v.string() });
const layers = v.array(
  v.object({ parts: v.array(part), before: v.nullable(v.string()), after: v.string(), edits: v.array(edit) }),
);
const file = v.object({
  path: v.string(),
  layers,
  folder: v.nullable(v.string()),
  previous: v.exactOptional(layers),
});
const schema = v.object({ format: v.literal(1), files: v.array(file) });

const LARGEST = 16 * 1024 * 1024;

export function recordOf(folder: string): string {
  return join(folder, "record.json");
}

/** @param folder where setup keeps what it knows @throws AuthError `setup_refused` for one that can't be read */
export async function readRecords(folder: string): Promise<Records> {
  const path = recordOf(folder);
  const text = await textOf(path);
  if (text === null) return new Map();
  const { success, output } = v.safeParse(schema, parseJson(text));
  if (!success) throw unreadable(path, "it is damaged, or of a newer auth");
  return new Map(output.files.map((one) => [one.path, one]));
}

async function textOf(path: string): Promise<string | null> {
  try {
    const handle = await open(path, constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0));
    try {
      if ((await handle.stat()).size > LARGEST) throw unreadable(path, "it is too large");
      return await handle.readFile("utf8");
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = errorCode(error);
    if (code === "ENOENT") return null;
    throw error instanceof AuthError ? error : unreadable(path, code ?? String(error));
  }
}

function unreadable(path: string, why: string): AuthError {
  return refused(
    `${path}, which says what was set up, can't be read: ${why}.`,
    "Move it away. What it knew of is then taken back by hand: lines between '>>> auth setup' and '<<< auth setup'.",
  );
}

const WAIT_MS = 5000;

/**
 * Runs one setup at a time, where the system has locks that end with their process; elsewhere `writeRecords` notices
 * another one. @throws AuthError `busy`
 */
export async function alone<T>(folder: string, work: () => Promise<T>): Promise<T> {
  makeFolder(folder);
  const handle = await open(join(folder, "lock"), "a", 0o600);
  try {
    for (let waited = 0; hasByteLocks(handle.fd) && !lockByte(handle.fd, 0); waited += 50) {
      if (waited >= WAIT_MS) throw underWay();
      await Bun.sleep(50);
    }
    return await work();
  } finally {
    await handle.close();
  }
}

function underWay(): AuthError {
  return new AuthError("busy", "Another 'auth setup' is under way.", { hint: "Try again when it is done." });
}

/**
 * @param known as they were read
 * @throws AuthError `vault_unwritable`, or `busy` where another process has changed them since
 */
export async function writeRecords(folder: string, known: Records, next: Records): Promise<void> {
  const place = recordOf(folder);
  const draft = draftOf(place, DRAFT);
  try {
    makeFolder(folder);
    await createFile(draft, `${JSON.stringify({ format: 1, files: [...next.values()] }, null, 1)}\n`);
    if (feature("AUTH_TEST")) faultAtOnce("setup-record-drafted");
    if (!Bun.deepEquals([...(await readRecords(folder))], [...known])) throw underWay();
    if (next.size > 0) await rename(draft, place);
    else await Promise.all([rm(draft), rm(place, { force: true })]);
    await syncFolderOf(place);
  } catch (error) {
    await rm(draft, { force: true }).catch(() => {});
    const code = errorCode(error);
    if (error instanceof AuthError || code === undefined) throw error;
    const { place: at, reason, hint } = fileFault(place, code);
    throw new AuthError("vault_unwritable", `${at} can't be written: ${reason}.`, { hint, cause: error });
  }
}
