/**
 * Which files the person has allowed or denied: one record for each path, sealed in the vault. There a program that can
 * write files, but not open the vault, can't allow one; and the vault is open by then, since the token is in it too.
 */
import type { Age, Vault } from "../../vault/types.ts";
import { following, update } from "../changes.ts";
import { decodeRecord, encodeRecord } from "../record.ts";
import type { FolderChoice } from "./choice.ts";

export interface FolderPin {
  readonly format: 1;
  readonly path: string;
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** null: denied, so it isn't mentioned either. */
  readonly allowed: {
    /** All of the file: this content counts, and against it a change is shown. */
    readonly text: string;
    /** What it says. Read when it was allowed, so that no use of it needs a parser. */
    readonly choice: FolderChoice;
  } | null;
}

export async function readFolderPin(vault: Vault, path: string, age?: Age): Promise<FolderPin | null> {
  const entry = await vault.read("folder", nameOf(path), age);
  return entry === null ? null : decodeRecord<FolderPin>(entry.body, `folder ${path}`);
}

export async function listFolderPins(vault: Vault | null): Promise<FolderPin[]> {
  const entries = (await vault?.list("folder")) ?? [];
  return entries.map(({ body, name }) => decodeRecord<FolderPin>(body, `folder ${name}`));
}

/** Stores it, also while other processes do; null forgets the path. @returns whether there was one */
export function writeFolderPin(vault: Vault, path: string, pin: FolderPin | null): Promise<boolean> {
  const name = nameOf(path);
  return update(
    vault,
    async () => (await vault.read("folder", name))?.version ?? null,
    (expected) => {
      if (expected === null && pin === null) return { changes: [], result: false };
      const next = pin === null ? null : { version: following(expected), body: encodeRecord(pin) };
      return { changes: [{ type: "folder", name, expected, next }], result: expected !== null };
    },
  );
}

/** Windows takes a path in any case for the same. */
function nameOf(path: string): string {
  return process.platform === "win32" ? path.toLowerCase() : path;
}
