/** The place of a vault that is a file: locks and kept replies lie beside it. */
import type { Context } from "../platform/context.ts";
import { ownershipIfThere } from "../platform/small-file.ts";
import type { TriedLock } from "./lock.ts";
import type { VaultPlace } from "./place.ts";

/** @param path of the vault file, as it was named */
export function localPlace(context: Context, path: string): VaultPlace {
  /** Of connections whose lock was found taken, for the next try. */
  const waiting = new Map<string, TriedLock>();
  const atOpening = ownershipIfThere(path);
  return {
    tryLock: async (name, indexKey, keys) => (await import("./lock.ts")).lockIn(path, name, indexKey, waiting, keys),
    keptVersion: async (name, indexKey) => (await import("./lock.ts")).keptIn(path, name, indexKey),
    clearLeftovers: async (readHeader) => (await import("./leftovers.ts")).clearLeftovers(context, path, readHeader),
    isReplaced() {
      const there = ownershipIfThere(path);
      return there === null || there.ino !== atOpening?.ino || there.dev !== atOpening.dev;
    },
    close() {
      for (const { file } of waiting.values()) file.close();
      waiting.clear();
    },
  };
}
