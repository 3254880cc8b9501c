/** Files that a person has looked at and let name connections: by path and content (RULES.md §5). */
import type { Vault } from "../vault/types.ts";
import { following, update } from "./changes.ts";
import { decodeRecord, encodeRecord } from "./record.ts";

/** What is allowed: these very bytes at this very place. */
export interface AllowedFile {
  /** Without links in it. */
  readonly path: string;
  /** SHA-256 of its bytes, in hex. */
  readonly hash: string;
}

interface AllowedRecord extends AllowedFile {
  readonly format: 1;
  readonly at: number;
}

/** "changed": another content was allowed at that path. @param vault null: there is none, so nothing was allowed */
export async function stateOfFile(vault: Vault | null, file: AllowedFile): Promise<"allowed" | "changed" | "unknown"> {
  const entry = vault === null ? null : await vault.read("settings", nameOf(file.path));
  if (entry === null) return "unknown";
  return decodeRecord<AllowedRecord>(entry.body, nameOf(file.path)).hash === file.hash ? "allowed" : "changed";
}

/** Every one, with the time. @param vault null: there is none yet */
export async function listAllowedFiles(vault: Vault | null): Promise<(AllowedFile & { readonly at: number })[]> {
  const entries = ((await vault?.list("settings")) ?? []).filter(({ name }) => name.startsWith(nameOf("")));
  return entries.map(({ body, name }) => decodeRecord<AllowedRecord>(body, name));
}

/** @param now milliseconds */
export async function allowFile(vault: Vault, { path, hash }: AllowedFile, now: number): Promise<void> {
  await write(vault, path, { format: 1, path, hash, at: now });
}

/** @returns whether it was allowed */
export function forgetFile(vault: Vault, path: string): Promise<boolean> {
  return write(vault, path, null);
}

/** Also while other processes change it. @returns whether there was a record */
function write(vault: Vault, path: string, record: AllowedRecord | null): Promise<boolean> {
  const name = nameOf(path);
  return update(
    vault,
    async () => (await vault.read("settings", name))?.version ?? null,
    (expected) => {
      if (expected === null && record === null) return { changes: [], result: false };
      const next = record === null ? null : { version: following(expected), body: encodeRecord(record) };
      return { changes: [{ type: "settings", name, expected, next }], result: expected !== null };
    },
  );
}

function nameOf(path: string): string {
  return `allowed file ${path}`;
}
