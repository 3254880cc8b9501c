/** The records of an opened vault, read by name. Decrypted here and in `listing.ts`, encrypted in `commit.ts`, and nowhere above. */
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { type Bytes, decodeUtf8, hmac, pack } from "./bytes.ts";
import { retryWhileBusy, type StoreDriver } from "./driver.ts";
import type { Header, Keys } from "./header.ts";
import type { VaultPlace } from "./place.ts";
import type { ReplyKeys } from "./reply-file.ts";
import { damaged, type Label, open, readSealedHeader, rolledBack, type SealedHeader } from "./seal.ts";
import type { Age, Entry, RecordType } from "./types.ts";

/** A vault whose keys are in memory, as its parts share it. */
export interface Opened {
  readonly context: Context;
  readonly place: VaultPlace;
  readonly driver: StoreDriver;
  /** As a step of `unlockCurrent`: another process with the same AUTH_HOME may know a later header than the one that was read. */
  readonly openHeader: (header: Header) => Promise<Keys>;
  /** This and `keys`: replaced by `reload` once the vault has a new key. */
  header: Header;
  keys: Keys;
  readonly replyKeys: ReplyKeys;
  /**
   * What was read, by storage key, the last at the end: while a lock is waited for, the same record is read a hundred times
   * a second (RULES.md 1.1), and by a program that serves tokens more often than that.
   */
  readonly entries: Map<string, { readonly value: Bytes; readonly entry: Entry }>;
  locksHeld: number;
  /** Whether the whole store was checked for damage. */
  isChecked: boolean;
}

/** More entries than a long-running program serves at a time. */
const MAX_ENTRIES = 64;

/** As `Vault.read`. */
export async function readRecord(opened: Opened, type: RecordType, name: string, age?: Age): Promise<Entry | null> {
  const { place, replyKeys, entries } = opened;
  const label = { type, name };
  const key = placeOf(opened, label);
  if (age !== undefined && place.readCached) return place.readCached(label, key, () => readRecord(opened, type, name));
  const seen = entries.get(key);
  let reloadOrFail: ((value: Uint8Array) => Promise<void>) | null = null;
  let older = false;
  for (;;) {
    const value = await valueAt(opened, key);
    if (value === null) {
      entries.delete(key);
      // It may have lost its storage key to damage: checked once, since that reads everything.
      if (type === "connection" && !opened.isChecked) await retryWhileBusy(() => opened.driver.check());
      opened.isChecked ||= type === "connection";
      await place.memory?.rememberAbsent(key, replyKeys, () => isAbsent(opened, key));
      return null;
    }
    // The entry may have been dropped meanwhile. Encrypted, so the time a comparison takes tells nothing; Buffer's own,
    // since a loop takes most of a millisecond.
    if (seen !== undefined && seen === entries.get(key) && Buffer.compare(seen.value, value) === 0) return seen.entry;
    const sealed = readSealedHeader(value);
    if (sealed?.keyId === opened.keys.data.id) {
      const entry = await openEntry(opened, label, key, value, sealed);
      if ((await place.memory?.compareToSeen(key, entry.version, replyKeys)) === "older") {
        // Once is no proof: another process of this home may have seen a commit that came after this reading.
        if (older) throw rolledBack(label);
        older = true;
        continue;
      }
      await place.memory?.remember(key, entry.version, replyKeys);
      keep(opened, key, value, entry);
      return entry;
    }
    if (sealed === null) throw damaged(label, value);
    reloadOrFail ??= (await import("./key-reload.ts")).keyReloader(opened, (unopened) => damaged(label, unopened));
    await reloadOrFail(value);
  }
}

function keep({ entries }: Opened, key: string, value: Bytes, entry: Entry): void {
  entries.delete(key);
  entries.set(key, { value, entry });
  const [oldest] = entries.keys();
  if (entries.size > MAX_ENTRIES && oldest !== undefined) entries.delete(oldest);
}

/** A record's key in the store. */
export function placeOf({ keys }: Opened, { type, name }: Label): string {
  return hmac(keys.index, pack("record", type, name)).toHex();
}

export async function valueAt({ driver }: Opened, key: string): Promise<Bytes | null> {
  const value = await retryWhileBusy(() => driver.getItemRaw?.(key, {}));
  return value instanceof Uint8Array ? (value as Bytes) : null;
}

export async function openEntry(
  { keys }: Opened,
  label: Label,
  key: string,
  value: Bytes,
  { version }: SealedHeader,
): Promise<Entry> {
  const body = decodeUtf8(await open(keys.data, key, label, value));
  return { type: label.type as RecordType, name: label.name, version, body };
}

/** For what is remembered afterwards: where the store doesn't answer, what was done before stays done. */
export async function isAbsent(opened: Opened, key: string): Promise<boolean> {
  try {
    const absent = (await valueAt(opened, key)) === null;
    if (absent) opened.entries.delete(key);
    return absent;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    opened.context.debug(`whether a record is still absent isn't known: ${error.message}`);
    return false;
  }
}
