/** Changes to records in the vault: what takes the place of what was read, unless others came between. */
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import type { Change, Lock, Vault, Version } from "../vault/types.ts";
import { type Connection, encodeRecord } from "./record.ts";
import { type ConnectionRef, display, vaultName } from "./ref.ts";
import { mergeView } from "./resource.ts";
import type { Stored } from "./store.ts";

/** The change that puts `record` in the place of what was read: the same login, one commit further. */
export function successor(stored: Stored, record: Connection): Change & { next: { version: Version; body: string } } {
  const version = { incarnation: stored.version.incarnation, generation: stored.version.generation + 1 };
  return {
    type: "connection",
    name: vaultName(stored.ref),
    expected: stored.version,
    next: { version, body: encodeRecord(stored.view === undefined ? record : mergeView(stored.view, record)) },
  };
}

/** What was read, after its successor was committed. */
export function advanced(stored: Stored, version: Version, record: Connection): Stored {
  const { view } = stored;
  return { ...stored, version, record, ...(view && { view: { ...view, whole: mergeView(view, record) } }) };
}

/** The version of a record that isn't a login after the one that is stored; null: the first. */
export function following(version: Version | null): Version {
  return {
    incarnation: version?.incarnation ?? newIncarnation(),
    generation: (version?.generation ?? 0) + 1,
  };
}

/** 128 random bits, drawn at each login (RULES.md 1.3). */
export function newIncarnation(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

interface Step<Result> {
  /** All or none are committed. None: there is nothing to change. */
  readonly changes: readonly Change[];
  readonly result: Result;
}

/**
 * Changes the vault while other processes may change it too: read, change, commit, and again if something came between
 * (RULES.md 1.3). Where a connection's lock is held the caller loops by itself: a rekey may ask a person for the new key,
 * and no lock is held meanwhile.
 *
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

/**
 * Blanks a kept reply after the commit that made it useless. No reason to fail any more: it opens for nothing in the
 * vault, so a disk that refuses is a warning.
 */
export async function blankKept({ warn }: Context, ref: ConnectionRef, { reply }: Lock): Promise<void> {
  try {
    await reply.blank("all");
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    warn(`A sealed reply to a refresh of ${display(ref)} could not be erased from the disk: ${error.message}`);
  }
}
