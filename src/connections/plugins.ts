/** What the vault holds of installed plugins: one pin for each (RULES.md §4: pins are sealed in this home). */
import type { Pin } from "../providers/plugins/trust.ts";
import type { Vault } from "../vault/types.ts";
import { decodeRecord, encodeRecord } from "./record.ts";
import { newIncarnation } from "./store.ts";

export async function readPin(vault: Vault, id: string): Promise<Pin | null> {
  const entry = await vault.read("plugin", id);
  return entry === null ? null : decodeRecord<Pin>(entry.body, `plugin ${id}`);
}

export async function listPins(vault: Vault): Promise<Pin[]> {
  return (await vault.list("plugin")).map(({ body, name }) => decodeRecord<Pin>(body, `plugin ${name}`));
}

/** Stores a pin, whoever else does so at the same time; null erases it. */
export async function writePin(vault: Vault, id: string, pin: Pin | null): Promise<void> {
  for (;;) {
    const expected = (await vault.read("plugin", id))?.version ?? null;
    if (expected === null && pin === null) return;
    const version = {
      incarnation: expected?.incarnation ?? newIncarnation(),
      generation: (expected?.generation ?? 0) + 1,
    };
    const next = pin === null ? null : { version, body: encodeRecord(pin) };
    const stored = await vault.commit([{ type: "plugin", name: id, expected, next }]);
    if (stored === "committed") return;
    if (stored === "rekeyed") await vault.reload();
  }
}
