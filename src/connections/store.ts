/** Connections in the vault: read and listed as records. How they are changed is in `changes.ts`. */
import { AuthError } from "../platform/errors.ts";
import { NewerVersionError } from "../vault/seal.ts";
import type { Age, Change, Entry, Vault, Version } from "../vault/types.ts";
import { CONNECTION_SECRETS, type Connection, decodeRecord } from "./record.ts";
import { type ConnectionRef, connectionError, display, typed, vaultName } from "./ref.ts";
import type { ResourceRef, View } from "./resource.ts";
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
  const { viewForResource } = await import("./resource.ts");
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
 * Whether this home may keep a reply of this login that isn't stored yet; the refresh decides it under the lock. A record
 * without a note and a failure has none: a refresh leaves its note there until its outcome is stored.
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
