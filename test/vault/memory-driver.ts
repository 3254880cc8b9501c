/** A store in memory: the second driver, so that the contract of drivers isn't what SQLite happens to do. */
import { PLAIN_WRITES, type StoreDriver } from "../../src/vault/driver.ts";

export function memoryDriver(): StoreDriver {
  const rows = new Map<string, { version: string; value: Uint8Array }>();
  const read = (key: string): Uint8Array | null => rows.get(key)?.value ?? null;
  return {
    name: "memory",
    ...PLAIN_WRITES,
    hasItem: (key) => rows.has(key),
    getItem: (key) => read(key),
    getItemRaw: (key) => read(key),
    getItems: (items) => items.map(({ key }) => ({ key, value: read(key) })),
    getKeys: () => [...rows.keys()].sort(),
    swap: async (steps, whole = false) => {
      const named = new Set(steps.map(({ key }) => key));
      const failed = steps
        .filter(({ key, expected }) => expected !== undefined && (rows.get(key)?.version ?? null) !== expected)
        .map(({ key }) => key);
      if (failed.length === 0 && whole) failed.push(...[...rows.keys()].filter((key) => !named.has(key)));
      if (failed.length > 0) return failed;
      for (const { key, next } of steps) {
        if (next === null) rows.delete(key);
        else if (next !== undefined) rows.set(key, next);
      }
      return [];
    },
    requireWritable: async () => {},
    check: async () => {},
    close: () => {},
  };
}
