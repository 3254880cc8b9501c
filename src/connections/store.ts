/** Connections in the vault: read, listed and committed as records. */
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { NewerVersionError } from "../vault/seal.ts";
import type { Age, Change, Entry, Lock, Vault, Version } from "../vault/types.ts";
import { CONNECTION_SECRETS, type Connection, decodeRecord, encodeRecord } from "./record.ts";
import { type ConnectionRef, connectionError, display, typed, vaultName } from "./ref.ts";
import { mergeView, type ResourceRef, type View, viewForResource } from "./resource.ts";
import type { Services } from "./services.ts";

export interface Stored {
  readonly ref: ConnectionRef;
  readonly version: Version;
  readonly record: Connection;
  /** Exists where `record` is the view for one API. */
  readonly view?: View;
}

/** @param as the record as it is for one API; absent: the login itself @param age as `Vault.read` */
export async function readConnection(
  vault: Vault,
  ref: ConnectionRef,
  as?: ResourceRef,
  age?: Age,
): Promise<Stored | null> {
  const entry = await vault.read("connection", vaultName(ref), age);
  if (entry === null) return null;
  const stored = decoded.get(entry) ?? decode(entry, display(ref));
  decoded.set(entry, stored);
  if (as === undefined) return stored;
  return { ...stored, record: viewForResource(stored.record, as), view: { ...as, whole: stored.record } };
}

function decode(entry: Entry, name = entry.name): Stored {
  const record = decodeRecord<Connection>(entry.body, name, CONNECTION_SECRETS);
  return { ref: { provider: record.provider, name: record.name }, version: entry.version, record };
}

/** By the vault's entry, which is the same object while nothing changed: a wait for a lock reads it all the time. */
const decoded = new WeakMap<Entry, Stored>();

/** What a login takes the place of, and what its commit expects there. */
export interface Replaceable {
  /** null also where a record is damaged: what it held can't be known. */
  readonly stored: Stored | null;
  readonly expected: Change["expected"];
}

/**
 * @param force a damaged record may be replaced. One of a newer version may not: it isn't damaged
 * @throws AuthError `vault_corrupt`
 */
export async function readReplaceable(vault: Vault, ref: ConnectionRef, force: boolean): Promise<Replaceable> {
  try {
    const stored = await readConnection(vault, ref);
    return { stored, expected: stored?.version ?? null };
  } catch (error) {
    const damaged =
      error instanceof AuthError && error.code === "vault_corrupt" && !(error instanceof NewerVersionError);
    if (!force || !damaged || error.connection === undefined) throw error;
    return { stored: null, expected: "any" };
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

/**
 * Whether this home keeps a reply of this login that may not be stored yet; under the lock it turns out. A record that is
 * in order is not looked after: a refresh leaves its note in the record until its outcome is stored.
 */
export async function replyWaits(
  { vault }: Pick<Services, "vault">,
  { ref, version, record, view }: Stored,
): Promise<boolean> {
  const failure = record.failure ?? view?.whole.failure ?? null;
  // One that can't be read was taken in as far as it can be.
  if ((record.note === null && failure === null) || failure?.unreadable) return false;
  return (await vault.keptVersion(vaultName(ref)))?.incarnation === version.incarnation;
}

/** As `readConnection`. @throws AuthError `connection_not_found` */
export async function requireConnection(
  vault: Vault,
  ref: ConnectionRef,
  as?: ResourceRef,
  age?: Age,
): Promise<Stored> {
  const stored = await readConnection(vault, ref, as, age);
  if (stored !== null) return stored;
  throw await (await import("./missing.ts")).missing(vault, ref);
}

export function notFound(ref: ConnectionRef): AuthError {
  return connectionError(ref, "connection_not_found", `There is no connection ${display(ref)}.`, {
    hint: `Log in: auth login ${typed(ref)}\nSee what there is: auth list`,
  });
}

/** A record that can't be used, and why. Its connection's status is `unreadable`. */
export interface UnreadableRecord {
  /** null where it can't be told which it is, or even whether it is a connection. */
  readonly ref: ConnectionRef | null;
  readonly error: AuthError;
}

export interface Everything {
  readonly stored: readonly Stored[];
  readonly unreadable: readonly UnreadableRecord[];
}

/** One record that can't be read stops none of the others. @param vault null: there is none yet */
export async function everyConnection(vault: Vault | null): Promise<Everything> {
  if (vault === null) return { stored: [], unreadable: [] };
  const unreadable: UnreadableRecord[] = [];
  const stored = await listReadable(vault, (error) => unreadable.push({ ref: refOf(error), error }));
  return { stored, unreadable };
}

function refOf({ connection }: AuthError): ConnectionRef | null {
  const [provider, name] = connection?.split(/:(.*)/s) ?? [];
  return provider && name ? { provider, name } : null;
}

/**
 * Which connections there are: one that can't be read is there all the same.
 *
 * @throws AuthError of a record that may be any of them
 */
export async function connectionRefs(vault: Vault | null): Promise<ConnectionRef[]> {
  const { stored, unreadable } = await everyConnection(vault);
  return [...stored.map(({ ref }) => ref), ...unreadable.map(({ ref, error }) => ref ?? raise(error))];
}

function raise(error: AuthError): never {
  throw error;
}

/**
 * Those that can be read: a damaged record must not stop what only concerns the others.
 *
 * @param passOver takes the error of each record that can't be read
 */
export async function listReadable(vault: Vault, passOver: (error: AuthError) => void = () => {}): Promise<Stored[]> {
  return (await vault.list("connection", passOver)).flatMap((entry) => {
    try {
      return [decode(entry)];
    } catch (error) {
      if (!(error instanceof NewerVersionError)) throw error;
      passOver(error);
      return [];
    }
  });
}

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
