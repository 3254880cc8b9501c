/**
 * A change of the vault while other processes may change it too: read, change, commit, and start again if something came
 * between (RULES 1.3). Where a connection's lock is held the caller loops by itself: a rekey may ask a person
 * for the new key, and no lock is held meanwhile.
 */
import type { Change, Vault } from "../vault/types.ts";

interface Step<Result> {
  /** All or none are committed. None: there is nothing to change. */
  readonly changes: readonly Change[];
  readonly result: Result;
}

/**
 * @param read what is stored now
 * @param change what becomes of it; called again with each reading
 * @returns the committed step's result
 */
export async function update<Held, Result>(
  vault: Pick<Vault, "commit" | "reload">,
  read: () => Promise<Held>,
  change: (held: Held) => Step<Result>,
): Promise<Result> {
  for (;;) {
    const { changes, result } = change(await read());
    if (changes.length === 0) return result;
    const outcome = await vault.commit(changes);
    if (outcome === "committed") return result;
    if (outcome === "rekeyed") await vault.reload();
  }
}
