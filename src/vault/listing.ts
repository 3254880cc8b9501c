/** Every record of a type at once. */
import { createStorage } from "unstorage";
import type { AuthError } from "../platform/errors.ts";
import type { Bytes } from "./bytes.ts";
import { retryWhileBusy } from "./driver.ts";
import { damagedHeader, HEADER_KEY } from "./header.ts";
import { keyReloader } from "./key-reload.ts";
import { isAbsent, type Opened, openEntry, readRecord } from "./records.ts";
import { openLabel, RecordError, readSealedHeader, type SealedHeader } from "./seal.ts";
import type { Entry, RecordType } from "./types.ts";

/** Records opened side by side. */
const BATCH = 128;

type PassOver = (error: AuthError) => void;

/** As `Vault.list`. */
export async function listRecords(opened: Opened, type: RecordType, passOver?: PassOver): Promise<Entry[]> {
  const unexplained = damagedHeader();
  const reloadOrFail = keyReloader<void>(opened, () => unexplained);
  let isCurrent = false;
  for (;;) {
    const entries = await listAtOnce(opened, type, isCurrent, passOver);
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
  opened: Opened,
  type: RecordType,
  isCurrent: boolean,
  passOver: PassOver | undefined,
): Promise<Entry[] | null> {
  const { place, replyKeys } = opened;
  const store = createStorage<Bytes>({ driver: opened.driver });
  const places = (await retryWhileBusy(() => store.getKeys())).filter((key) => key !== HEADER_KEY);
  const entries: Entry[] = [];
  for (let at = 0; at < places.length; at += BATCH) {
    const items = await retryWhileBusy(() => store.getItems<Bytes>(places.slice(at, at + BATCH)));
    const headers = items.map(({ value }) => (value === null ? null : readSealedHeader(value)));
    const hasAnotherKey = (sealed: SealedHeader | null): boolean =>
      sealed !== null && sealed.keyId !== opened.keys.data.id;
    if (!isCurrent && headers.some(hasAnotherKey)) return null;
    const found = await Promise.all(
      items.map(async ({ key, value }, i) => {
        if (value === null) return null;
        try {
          const label = await openLabel(opened.keys.data, key, value);
          const sealed = headers[i];
          if (label.type !== type || !sealed) return null;
          // Read by itself: that tells whether the store is older than what this home has seen, or only this reading; and
          // a later state is what this home goes by from now on.
          const compared = await place.memory?.compareToSeen(key, sealed.version, replyKeys);
          if (compared === "older" || compared === "later") return await readRecord(opened, type, label.name);
          const entry = await openEntry(opened, label, key, value, sealed);
          // Else a home that has only listed would notice no older state.
          await place.memory?.remember(key, sealed.version, replyKeys);
          return entry;
        } catch (error) {
          if (passOver === undefined || !(error instanceof RecordError)) throw error;
          passOver(error);
          return null;
        }
      }),
    );
    for (const entry of found) if (entry !== null) entries.push(entry);
  }
  await place.memory?.rememberOnly(new Set(places), replyKeys, (key) => isAbsent(opened, key));
  return entries;
}
