/** Records on their way from one vault to another, with the replies that were kept for them. */
import { AuthError, errorCode } from "../../platform/errors.ts";
import { LIMITS } from "../../platform/limits.ts";
import { waitForLock } from "../lock.ts";
import { type Entry, type Kept, type Lock, type RecordType, sameVersion, type Vault, type Version } from "../types.ts";

/** A login uses its client and settings: those come first. */
export const TYPES = ["settings", "client", "plugin", "folder", "connection"] as const satisfies readonly RecordType[];

export interface Held {
  readonly entry: Entry;
  /** The reply to a refresh that was never committed: it may hold the only refresh token that still works. */
  readonly reply: Kept | null;
}

/**
 * What became of a record:
 * `new` there was none · `updated` an earlier state was replaced · `same` it was there already
 * · `newer` a later state is there and stays · `other` another login is there and stays · `ended` it was ended there, and stays so
 */
export type Outcome = "new" | "updated" | "same" | "newer" | "other" | "ended";

/** How often others may get in between. */
const ROUNDS = 20;

/** For messages: `github:work`, `client github`. */
export function labelOf({ type, name }: Pick<Entry, "type" | "name">): string {
  return type === "connection" ? name : `${type} ${name}`;
}

/** Everything in the vault, and an error for each record that doesn't open. */
export async function entriesIn(vault: Vault): Promise<{ entries: Entry[]; unreadable: AuthError[] }> {
  const entries: Entry[] = [];
  // A record whose type is damaged, too, is met with each type.
  const unreadable = new Map<string, AuthError>();
  for (const type of TYPES) entries.push(...(await vault.list(type, (error) => unreadable.set(error.message, error))));
  return { entries, unreadable: [...unreadable.values()] };
}

/**
 * A record as it is now. A connection is read under its lock, so that no refresh is under way.
 *
 * @returns null where it is gone
 * @throws AuthError `busy`
 */
export async function take(vault: Vault, { type, name }: Pick<Entry, "type" | "name">): Promise<Held | null> {
  if (type !== "connection") {
    const entry = await vault.read(type, name);
    return entry && { entry, reply: null };
  }
  return underLock(vault, name, async ({ reply }) => {
    const entry = await vault.read(type, name);
    return entry && { entry, reply: latestOf(await reply.kept(), entry.version) };
  });
}

/** Of the same login, and not of a state that it hasn't reached. */
function latestOf(kept: readonly Kept[], { incarnation, generation }: Version): Kept | null {
  const fitting = kept.filter(({ version }) => version.incarnation === incarnation && version.generation <= generation);
  return fitting.sort((one, other) => other.version.generation - one.version.generation)[0] ?? null;
}

/** What would become of the record where `there` is what the target has. */
export function compare({ version, body }: Entry, there: Entry | null): Outcome {
  if (there === null) return "new";
  if (there.version.incarnation !== version.incarnation) return "other";
  if (there.version.generation > version.generation) return "newer";
  if (there.version.generation < version.generation) return "updated";
  return there.body === body ? "same" : "other";
}

/**
 * Puts a record into the vault, and reads it back. Compare-and-set: what others write meanwhile is compared again.
 *
 * @throws AuthError `vault_corrupt` where it doesn't read back as it was written, `busy`
 */
export async function put(vault: Vault, { entry, reply }: Held): Promise<Outcome> {
  const { type, name, version, body } = entry;
  let written: Outcome | null = null;
  for (let round = 0; round < ROUNDS; round++) {
    const there = await vault.read(type, name).catch((error: unknown) => {
      if (written === null || errorCode(error) !== "vault_rolled_back") throw error;
      return "ended" as const;
    });
    if (there === "ended") {
      // This home has seen the end of that login there.
      await vault.commit([{ type, name, expected: version, next: null }]);
      return "ended";
    }
    const outcome = compare(entry, there);
    if (written !== null && outcome === "same") return written;
    if (written !== null && there !== null && sameVersion(there.version, version)) throw notAsWritten(entry);
    if (outcome === "newer" || outcome === "other") return outcome;
    if (reply !== null) await keep(vault, name, reply);
    if (outcome === "same") return outcome;
    const expected = there?.version ?? null;
    const done = await vault.commit([{ type, name, expected, next: { version, body } }]);
    if (done === "rekeyed") await vault.reload();
    if (done === "committed") written = outcome;
  }
  throw busy(name);
}

/** Before the record is stored: one without its reply would be refreshed with a token that may be spent. */
async function keep(vault: Vault, name: string, { version, bytes }: Kept): Promise<void> {
  await underLock(vault, name, async ({ reply }) => {
    await reply.prepare();
    await reply.keep(version, bytes);
  });
}

async function underLock<T>(vault: Vault, name: string, work: (lock: Lock) => Promise<T>): Promise<T> {
  const turn = await waitForLock(vault, name, { watch: async () => null, timeout: LIMITS.lockWait });
  if (turn.kind !== "locked") throw busy(name);
  try {
    return await work(turn.lock);
  } finally {
    turn.lock.release();
  }
}

function busy(name: string): AuthError {
  return new AuthError("busy", `${name} was being used all the time.`, {
    hint: "Try again: what was done is kept, and the rest is done then.",
  });
}

function notAsWritten(entry: Entry): AuthError {
  return new AuthError("vault_corrupt", `${labelOf(entry)} doesn't read back as it was written.`, {
    hint: "The vault that it was read from is as it was. Look at the disk or the server of the other one.",
  });
}
