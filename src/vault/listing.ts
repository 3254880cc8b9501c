/** Every record of a type at once. */
import { createStorage } from "unstorage";
import type { AuthError } from "../platform/errors.ts";
import type { Bytes } from "./bytes.ts";
import { retryWhileBusy, type StoreDriver } from "./driver.ts";
import { damagedHeader, HEADER_KEY } from "./header.ts";
import type { ComparedToSeen } from "./place.ts";
import { type DataKey, type Label, openLabel, RecordError, readSealedHeader, type SealedHeader } from "./seal.ts";
import type { Entry, RecordType, Version } from "./types.ts";

/** Records opened side by side. */
const BATCH = 128;

/** What listing takes from the vault that is opened. */
export interface ListedVault {
  readonly driver: StoreDriver;
  key(): DataKey;
  /** Waits for a new key; throws `fault`'s error where there is none. */
  keyReloader(fault: () => AuthError): () => Promise<void>;
  open(label: Label, place: string, value: Bytes, sealed: SealedHeader): Promise<Entry>;
  /** As `HomeMemory.compareToSeen`. */
  compareToSeen(place: string, version: Version): Promise<ComparedToSeen>;
  read(type: RecordType, name: string): Promise<Entry | null>;
  /** Told of each place that has a record. */
  found(places: readonly string[]): Promise<void>;
}

type PassOver = (error: AuthError) => void;

/** As `Vault.list`. */
export async function listRecords(vault: ListedVault, type: RecordType, passOver?: PassOver): Promise<Entry[]> {
  const unexplained = damagedHeader();
  const reloadOrFail = vault.keyReloader(() => unexplained);
  let isCurrent = false;
  for (;;) {
    const entries = await listAtOnce(vault, type, isCurrent, passOver);
    if (entries !== null) return entries.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
    try {
      await reloadOrFail();
    } catch (error) {
      if (error !== unexplained) throw error;
      isCurrent = true;
    }
  }
}

/** null when the vault was given a new key meanwhile. @param isCurrent it wasn't: a record of another key is damaged */
async function listAtOnce(
  vault: ListedVault,
  type: RecordType,
  isCurrent: boolean,
  passOver: PassOver | undefined,
): Promise<Entry[] | null> {
  const store = createStorage<Bytes>({ driver: vault.driver });
  const places = (await retryWhileBusy(() => store.getKeys())).filter((key) => key !== HEADER_KEY);
  const entries: Entry[] = [];
  for (let at = 0; at < places.length; at += BATCH) {
    const items = await retryWhileBusy(() => store.getItems<Bytes>(places.slice(at, at + BATCH)));
    const headers = items.map(({ value }) => (value === null ? null : readSealedHeader(value)));
    const hasAnotherKey = (sealed: SealedHeader | null): boolean => sealed !== null && sealed.keyId !== vault.key().id;
    if (!isCurrent && headers.some(hasAnotherKey)) return null;
    const opened = await Promise.all(
      items.map(async ({ key, value }, i) => {
        if (value === null) return null;
        try {
          const label = await openLabel(vault.key(), key, value);
          const sealed = headers[i];
          if (label.type !== type || !sealed) return null;
          // Read by itself: that tells whether the store is older than what this home has seen, or only this reading; and
          // a later state is what this home goes by from now on.
          const compared = await vault.compareToSeen(key, sealed.version);
          return compared === "older" || compared === "later"
            ? await vault.read(type, label.name)
            : await vault.open(label, key, value, sealed);
        } catch (error) {
          if (passOver === undefined || !(error instanceof RecordError)) throw error;
          passOver(error);
          return null;
        }
      }),
    );
    for (const entry of opened) if (entry !== null) entries.push(entry);
  }
  await vault.found(places);
  return entries;
}
