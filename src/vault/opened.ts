/** A vault whose keys are in memory: records are sealed and opened here, and nowhere above. */
import type { Context } from "../platform/context.ts";
import { AuthError } from "../platform/errors.ts";
import { type Bytes, decodeUtf8, hmac, pack, utf8 } from "./bytes.ts";
import { retryWhileBusy, type StoreDriver, type Swap } from "./driver.ts";
import { HEADER_KEY, type Header, headerVersion, type Keys, readHeader, retiredKeys } from "./header.ts";
import type { ListedVault } from "./listing.ts";
import type { ComparedToSeen, VaultPlace } from "./place.ts";
import type { ReplyKeys } from "./reply-file.ts";
import { damaged, isNewer, type Label, open, readSealedHeader, rolledBack, type SealedHeader, seal } from "./seal.ts";
import type { Prompt } from "./sources/source.ts";
import { type Age, type Change, type Entry, type RecordType, sameVersion, type Vault, type Version } from "./types.ts";
import { mayAsk, OVERTAKEN, overtaken, replaced, unlock, unlockCurrent } from "./unlock.ts";

/** Records that are kept open: more than a long-running program serves at a time. */
const MAX_RECENT = 64;

/**
 * @param found its header, where it was read already
 * @throws AuthError `vault_locked`, `key_invalid`, `vault_corrupt`
 */
export async function createVault(
  context: Context,
  place: VaultPlace,
  driver: StoreDriver,
  prompt: Prompt | undefined,
  found: Header | null = null,
): Promise<Vault> {
  /** As a step of `unlockCurrent`: another process of this home may know a later header than the one that was read. */
  const openHeader = async (current: Header): Promise<Keys> => {
    const opened = await unlock(context, current, prompt);
    await place.memory?.recognize(current, opened);
    return opened;
  };
  let { header, keys } = await unlockCurrent(() => readHeader(driver), openHeader, found);
  let locksHeld = 0;
  let checked = false;
  /**
   * What was read, by storage key, the last at the end: while a lock is waited for, the same record is read a hundred times
   * a second (RULES.md 1.1), and by a program that serves tokens more often than that.
   */
  const recent = new Map<string, { readonly value: Bytes; readonly entry: Entry }>();
  const replyKeys: ReplyKeys = {
    current: () => keys.data,
    find: async (id) =>
      id === keys.data.id ? keys.data : ((await retiredKeys(header, keys)).find((key) => key.id === id) ?? null),
  };

  async function valueAt(key: string): Promise<Bytes | null> {
    const value = await retryWhileBusy(() => driver.getItemRaw?.(key, {}));
    return value instanceof Uint8Array ? (value as Bytes) : null;
  }

  async function reload(): Promise<void> {
    const unlocked = await unlockCurrent(
      () => readHeader(driver),
      async (found): Promise<Keys> => {
        if (headerVersion(found) === headerVersion(header)) return keys;
        if (found.vaultId !== header.vaultId) throw replaced();
        return openHeader(found);
      },
    );
    if (unlocked.keys === keys) return;
    ({ header, keys } = unlocked);
    recent.clear();
  }

  /**
   * For a read that met a record of another key. No lock is held while a person or a program is asked (RULES 1.3).
   *
   * @returns whether there was a new key
   */
  async function reloadKey(): Promise<boolean> {
    const found = await readHeader(driver);
    if (headerVersion(found) === headerVersion(header)) return false;
    if (locksHeld > 0 && mayAsk(context, found)) throw overtaken();
    await reload();
    return true;
  }

  /** What a read does when it meets another key. @throws AuthError `busy`, or `fault`'s where no rekey explains it */
  function keyReloader(fault: (value?: Uint8Array) => AuthError): (value?: Uint8Array) => Promise<void> {
    let tries = 0;
    let unexplained = 0;
    return async (value) => {
      unexplained = (await reloadKey()) ? 0 : unexplained + 1;
      // Once is no proof: the record may have been read just before a rekey that another read has seen.
      if (unexplained === 2) throw fault(value);
      if (tries++ === OVERTAKEN) throw overtaken();
    };
  }

  const placeOf = ({ type, name }: Label): string => hmac(keys.index, pack("record", type, name)).toHex();
  const versionText = ({ incarnation, generation }: Version): string => `${header.epoch}.${incarnation}.${generation}`;

  async function read(type: RecordType, name: string, age?: Age): Promise<Entry | null> {
    const label = { type, name };
    if (age !== undefined && place.recent) return place.recent(label, placeOf(label), () => read(type, name));
    const key = placeOf(label);
    const seen = recent.get(key);
    let reloadOrFail: ReturnType<typeof keyReloader> | null = null;
    let older = false;
    for (;;) {
      const value = await valueAt(key);
      if (value === null) {
        recent.delete(key);
        await checkOnMiss(type);
        await place.memory?.rememberAbsent(key, replyKeys, () => isAbsent(key));
        return null;
      }
      // Sealed, so its time tells nothing; Bun's own comparison, since a loop takes most of a millisecond.
      if (seen !== undefined && seen === recent.get(key) && Buffer.compare(seen.value, value) === 0) return seen.entry;
      const sealed = readSealedHeader(value);
      if (sealed?.keyId === keys.data.id) {
        const entry = await entryOf(label, key, value, sealed);
        if ((await compareToSeen(key, entry.version)) === "older") {
          // Once is no proof: another process of this home may have seen a commit that came after this reading.
          if (older) throw rolledBack(label);
          older = true;
          continue;
        }
        await place.memory?.remember(key, entry.version, replyKeys);
        keep(key, value, entry);
        return entry;
      }
      if (sealed === null) throw damaged(label, value);
      reloadOrFail ??= keyReloader((found) => damaged(label, found));
      await reloadOrFail(value);
    }
  }

  function keep(key: string, value: Bytes, entry: Entry): void {
    recent.delete(key);
    recent.set(key, { value, entry });
    const [oldest] = recent.keys();
    if (recent.size > MAX_RECENT && oldest !== undefined) recent.delete(oldest);
  }

  /** For what is remembered afterwards: where the store doesn't answer, what was done before stays done. */
  async function isAbsent(key: string): Promise<boolean> {
    try {
      const absent = (await valueAt(key)) === null;
      if (absent) recent.delete(key);
      return absent;
    } catch (error) {
      if (!(error instanceof AuthError)) throw error;
      context.debug(`whether a record is still absent isn't known: ${error.message}`);
      return false;
    }
  }

  /** A record that isn't found may have lost its storage key to damage: checked once, since that reads everything. */
  async function checkOnMiss(type: RecordType): Promise<void> {
    if (type !== "connection" || checked) return;
    await retryWhileBusy(() => driver.check());
    checked = true;
  }

  async function entryOf(label: Label, key: string, value: Bytes, { version }: SealedHeader): Promise<Entry> {
    const body = decodeUtf8(await open(keys.data, key, label, value));
    return { type: label.type as RecordType, name: label.name, version, body };
  }

  async function compareToSeen(key: string, version: Version): Promise<ComparedToSeen> {
    return (await place.memory?.compareToSeen(key, version, replyKeys)) ?? "unseen";
  }

  const listed: ListedVault = {
    driver,
    key: () => keys.data,
    keyReloader,
    open: async (label, key, value, sealed) => {
      const entry = await entryOf(label, key, value, sealed);
      // Else a home that has only listed would notice no older state.
      await place.memory?.remember(key, sealed.version, replyKeys);
      return entry;
    },
    compareToSeen,
    read,
    found: async (places) => place.memory?.rememberOnly(new Set(places), replyKeys, isAbsent),
  };

  async function commit(changes: readonly Change[]): Promise<"committed" | "conflict" | "rekeyed"> {
    const steps = await Promise.all(changes.map(stepOf));
    // Bound to the header: a writer with an old key can't store anything any more (RULES.md 1.4).
    const version = headerVersion(header);
    const failed = await retryWhileBusy(() => driver.swap([{ key: HEADER_KEY, expected: version }, ...steps]));
    if (failed.includes(HEADER_KEY)) return "rekeyed";
    if (failed.length > 0) return conflict(changes, failed);
    for (const change of changes) {
      const key = placeOf(change);
      if (change.next === null) await place.memory?.rememberAbsent(key, replyKeys, () => isAbsent(key));
      else await place.memory?.remember(key, change.next.version, replyKeys);
    }
    return "committed";
  }

  async function stepOf({ type, name, expected, next }: Change): Promise<Swap> {
    const key = placeOf({ type, name });
    if (expected === "any") await refuseNewer({ type, name }, key);
    const from = expected === "any" ? {} : { expected: expected === null ? null : versionText(expected) };
    if (next === null) return { key, ...from, next: null };
    const value = await seal(keys.data, key, { type, name }, next.version, utf8(next.body));
    return { key, ...from, next: { version: versionText(next.version), value } };
  }

  async function refuseNewer(label: Label, key: string): Promise<void> {
    const value = await valueAt(key);
    if (value !== null && isNewer(value)) throw damaged(label, value);
  }

  /** A record whose stored version and content disagree would conflict for ever: it is reported as damaged. */
  async function conflict(changes: readonly Change[], failed: readonly string[]): Promise<"conflict"> {
    for (const { type, name, expected } of changes) {
      if (expected === null || expected === "any" || !failed.includes(placeOf({ type, name }))) continue;
      const entry = await read(type, name);
      const same = entry !== null && sameVersion(entry.version, expected);
      if (same && (await isStill({ type, name }, expected))) throw damaged({ type, name });
    }
    return "conflict";
  }

  /** The stored version text is what was expected, so the swap would have passed: it was another change that failed. */
  async function isStill(label: Label, expected: Version): Promise<boolean> {
    const failed = await retryWhileBusy(() => driver.swap([{ key: placeOf(label), expected: versionText(expected) }]));
    return failed.length > 0;
  }

  async function tryLock(name: string) {
    const lock = await place.tryLock(name, keys.index, replyKeys);
    if (lock === null) return null;
    locksHeld++;
    let held = true;
    return {
      ...lock,
      release() {
        if (!held) return;
        held = false;
        locksHeld--;
        lock.release();
      },
    };
  }

  async function requireWritable(connection: string): Promise<void> {
    await driver.requireWritable();
    (await tryLock(connection))?.release();
    await place.clearLeftovers(() => readHeader(driver));
  }

  return {
    id: header.vaultId,
    isMade: async () => true,
    read,
    list: async (type, passOver) => (await import("./listing.ts")).listRecords(listed, type, passOver),
    commit,
    requireWritable,
    reload,
    tryLock,
    keptVersion: (connection) => place.keptVersion(connection, keys.index),
    isReplaced: place.isReplaced,
    ...(place.lockInterval !== undefined && { lockInterval: place.lockInterval }),
    fingerprint: async (secret) => hmac(hmac(keys.index, utf8("auth fingerprint")), utf8(secret)).toHex(),
    close() {
      recent.clear();
      const closing = place.close();
      return closing instanceof Promise ? closing.finally(driver.close) : driver.close();
    },
  };
}
