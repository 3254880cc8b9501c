/** What is inside a backup's envelope: JSON with every record as it was, and the key that its fingerprints are under. */
import * as v from "valibot";
import { type Bytes, decodeUtf8, utf8 } from "../bytes.ts";
import { NewerVersionError } from "../seal.ts";
import { damagedBackup, notBackup } from "./failures.ts";
import { type Held, TYPES } from "./records.ts";

export interface BackupContent {
  readonly vaultId: string;
  /** When it was made: milliseconds since the epoch. */
  readonly made: number;
  readonly index: Bytes;
  readonly records: readonly Held[];
}

const KIND = "backup of a vault of auth";
const FORMAT = 1;
const INDEX_BYTES = 32;

const hex = (length: number) => v.pipe(v.string(), v.regex(/^[0-9a-f]*$/), v.length(length));
const base64 = v.pipe(v.string(), v.base64());
const versionFields = { incarnation: hex(32), generation: v.pipe(v.number(), v.safeInteger(), v.minValue(0)) };

const schema = v.object({
  vaultId: hex(32),
  made: v.number(),
  index: base64,
  records: v.array(
    v.object({
      type: v.picklist(TYPES),
      name: v.pipe(v.string(), v.minLength(1)),
      ...versionFields,
      body: v.string(),
      reply: v.nullable(v.object({ ...versionFields, bytes: base64 })),
    }),
  ),
});

export function contentBytes({ vaultId, made, index, records }: BackupContent): Bytes {
  const flat = records.map(({ entry: { type, name, version, body }, reply }) => ({
    type,
    name,
    ...version,
    body,
    reply: reply && { ...reply.version, bytes: Buffer.from(reply.bytes).toString("base64") },
  }));
  return utf8(JSON.stringify({ kind: KIND, format: FORMAT, vaultId, made, index: index.toBase64(), records: flat }));
}

/** @param path for messages @throws AuthError `usage` for another program's file, `vault_corrupt` */
export function parseContent(bytes: Uint8Array, path: string): BackupContent {
  const found = jsonIn(bytes);
  if (found?.kind !== KIND) throw notBackup(path);
  if (Number(found.format) > FORMAT) throw new NewerVersionError(`The backup ${path}`);
  const { success, output } = v.safeParse(schema, found);
  const index = success ? Uint8Array.fromBase64(output.index) : null;
  if (!success || index?.length !== INDEX_BYTES) throw damagedBackup(path, "what is in it has another form");
  const records = output.records.map(({ type, name, incarnation, generation, body, reply }) => ({
    entry: { type, name, version: { incarnation, generation }, body },
    reply: reply && {
      version: { incarnation: reply.incarnation, generation: reply.generation },
      bytes: Uint8Array.fromBase64(reply.bytes),
    },
  }));
  return { vaultId: output.vaultId, made: output.made, index, records };
}

/** null where it is no JSON object. */
function jsonIn(bytes: Uint8Array): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(decodeUtf8(bytes));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
