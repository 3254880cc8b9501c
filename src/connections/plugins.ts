/** What the vault holds of installed plugins: one pin for each (RULES.md §4: pins are sealed in this home). */
import type { Pin } from "../providers/plugins/trust.ts";
import type { Age, Vault } from "../vault/types.ts";
import { following, update } from "./changes.ts";
import { decodeRecord, encodeRecord } from "./record.ts";

export async function readPin(vault: Vault, id: string, age?: Age): Promise<Pin | null> {
  const entry = await vault.read("plugin", id, age);
  return entry === null ? null : decodeRecord<Pin>(entry.body, `plugin ${id}`);
}

/** Stores a pin, also while other processes do; null erases it. */
export async function writePin(vault: Vault, id: string, pin: Pin | null): Promise<void> {
  await update(
    vault,
    async () => (await vault.read("plugin", id))?.version ?? null,
    (expected) => {
      if (expected === null && pin === null) return { changes: [], result: undefined };
      const next = pin === null ? null : { version: following(expected), body: encodeRecord(pin) };
      return { changes: [{ type: "plugin", name: id, expected, next }], result: undefined };
    },
  );
}
