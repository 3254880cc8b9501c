/** Files that a person has looked at and let name connections: by path and content (RULES.md §5). */
import type { Vault } from "../vault/types.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import { following, update } from "./store.ts";

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

/** Also while other processes change it. @param now milliseconds; null takes it back */
export async function allowFile(vault: Vault, file: AllowedFile, now: number | null): Promise<void> {
  const name = nameOf(file.path);
  await update(
    vault,
    async () => (await vault.read("settings", name))?.version ?? null,
    (expected) => {
      if (expected === null && now === null) return { changes: [], result: undefined };
      const record: AllowedRecord | null = now === null ? null : { format: 1, ...only(file), at: now };
      const next = record === null ? null : { version: following(expected), body: encodeRecord(record) };
      return { changes: [{ type: "settings", name, expected, next }], result: undefined };
    },
  );
}

function only({ path, hash }: AllowedFile): AllowedFile {
  return { path, hash };
}

function nameOf(path: string): string {
  return `allowed file ${path}`;
}
