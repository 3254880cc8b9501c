/**
 * What a vault holds, by name, for completion in a shell: only where its key is at hand. No person, keychain or program is
 * asked, nothing is written, and no record is opened.
 */
import type { Context } from "../platform/context.ts";
import { withDriver } from "./handover.ts";
import { HEADER_KEY, readHeader } from "./header.ts";
import { openLabel } from "./seal.ts";
import { storeAt } from "./store.ts";
import type { RecordType } from "./types.ts";
import { mayAsk, unlock } from "./unlock.ts";

/** Labels opened side by side. */
const BATCH = 128;

/**
 * Canonical names (`github:work`), sorted. None where there is no vault, or where its key would have to be asked for.
 *
 * @param time milliseconds after which it stops with what it has: thousands of names are no help to who types one
 * @throws AuthError as `openVault` does
 */
export async function namesAtHand(context: Context, type: RecordType, time: number): Promise<string[]> {
  // A key that is pressed doesn't wait for a server.
  if (storeAt(context).isShared) return [];
  const end = performance.now() + time;
  const names = await withDriver(context, async (driver) => {
    const header = await readHeader(driver);
    if (mayAsk(context, header)) return [];
    const { data } = await unlock(context, header, undefined);
    const places = (await driver.getKeys("", {})).filter((key) => key !== HEADER_KEY);
    const found: string[] = [];
    for (let at = 0; at < places.length && performance.now() < end; at += BATCH) {
      const labels = await Promise.all(places.slice(at, at + BATCH).map((place) => labelAt(place)));
      for (const label of labels) if (label?.type === type) found.push(label.name);
    }
    return found.sort();

    async function labelAt(place: string) {
      const value = await driver.getItemRaw?.(place, {});
      if (!(value instanceof Uint8Array)) return null;
      // One that doesn't open is left out: the commands that read it say what is wrong with it.
      return openLabel(data, place, value as Uint8Array<ArrayBuffer>).catch(() => null);
    }
  });
  return names ?? [];
}
