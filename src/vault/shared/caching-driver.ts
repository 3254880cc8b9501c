/** The driver of a shared vault, by which the home's cache learns what was read and written. */
import type { StoreDriver } from "../driver.ts";
import { HEADER_KEY } from "../header.ts";
import type { RecordCache } from "./cache.ts";

/** @param beforeFirst done once, before the server is asked anything: the vault may have been opened from the cache alone */
export function cachingDriver(
  driver: StoreDriver,
  cache: Pick<RecordCache, "now" | "put" | "drop" | "failure">,
  beforeFirst: () => Promise<unknown>,
): StoreDriver {
  let begun: Promise<unknown> | null = null;
  const begin = (): Promise<unknown> => {
    begun ??= beforeFirst().catch((error: unknown) => {
      begun = null;
      throw error;
    });
    return begun;
  };
  const after = async <T>(work: () => T): Promise<Awaited<T>> => {
    await begin();
    return await work();
  };
  return {
    ...driver,
    async getItemRaw(key) {
      // The time before the question, since the answer may come late.
      const asked = cache.now();
      let value: unknown;
      try {
        await begin();
        value = await driver.getItemRaw?.(key, {});
      } catch (error) {
        throw cache.failure(key, error);
      }
      if (key !== HEADER_KEY) cache.put(key, value instanceof Uint8Array ? value : null, asked);
      return value;
    },
    getItem: (key) => after(() => driver.getItem(key, {})),
    getItems: (items) => after(async () => (await driver.getItems?.(items)) ?? []),
    getKeys: (base, options) => after(() => driver.getKeys(base, options)),
    hasItem: (key) => after(() => driver.hasItem(key, {})),
    async swap(steps, whole) {
      await begin();
      const asked = cache.now();
      const changed = steps.filter(({ key, next }) => key !== HEADER_KEY && next !== undefined);
      // Whatever becomes of it: without an answer it may have been done all the same.
      for (const { key } of changed) cache.drop(key);
      const failed = await driver.swap(steps, whole);
      if (failed.length === 0) for (const { key, next } of changed) cache.put(key, next?.value ?? null, asked);
      return failed;
    },
    requireWritable: () => after(driver.requireWritable),
    check: () => after(driver.check),
  };
}
