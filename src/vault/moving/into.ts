/** Records from somewhere into a vault, made where there is none. Done again, it goes on where it was left. */
import type { AuthError } from "../../platform/errors.ts";
import type { Bytes } from "../bytes.ts";
import type { Created } from "../create.ts";
import type { Vault } from "../types.ts";
import { sameVault } from "./failures.ts";
import { openTarget, type Target } from "./open.ts";
import { compare, type Held, labelOf, type Outcome, put } from "./records.ts";

/** What records are taken from. */
export interface Origin {
  /** Of the vault; null: they are from none that could be this one. */
  readonly vaultId: string | null;
  readonly index: Bytes;
  readonly count: number;
  records(): AsyncIterable<Held> | Iterable<Held>;
}

export interface MoveOptions {
  /** Nothing is written, and no vault is made. */
  readonly dryRun: boolean;
  readonly progress?: (done: number, count: number) => void;
}

export interface Moved {
  readonly to: string;
  /** null: there was a vault already. */
  readonly made: Created | null;
  /** Names of records, by what became of each. */
  readonly records: Readonly<Record<Outcome, readonly string[]>>;
  /** Errors of records that didn't open where they come from. */
  readonly unreadable: readonly AuthError[];
}

/** @throws AuthError `usage`, and as `openTarget` and `put`. What was stored until then stays. */
export async function moveInto(
  target: Target,
  origin: Origin,
  options: MoveOptions,
): Promise<Omit<Moved, "unreadable">> {
  const named = target.named ?? ((work) => work());
  const { vault, made } = await named(() => openTarget(target, origin.index, !options.dryRun));
  try {
    if (vault !== null && vault.id === origin.vaultId) throw sameVault(target.shown);
    const records: Record<Outcome, string[]> = { new: [], updated: [], same: [], newer: [], other: [], ended: [] };
    let done = 0;
    for await (const held of origin.records()) {
      const outcome = options.dryRun
        ? await named(() => foresee(vault, held))
        : await named(() => put(vault as Vault, held));
      records[outcome].push(labelOf(held.entry));
      options.progress?.(++done, origin.count);
    }
    return { to: target.shown, made, records };
  } finally {
    await vault?.close();
  }
}

async function foresee(vault: Vault | null, { entry }: Held): Promise<Outcome> {
  return compare(entry, (await vault?.read(entry.type, entry.name)) ?? null);
}
