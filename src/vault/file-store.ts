/** A vault that is a file: how it is opened, and what lies beside it. */
import type { Context } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { moveCommand, shellWord } from "../platform/shell-word.ts";
import {
  foreign,
  isOpenTo,
  isOwnedByOther,
  modeText,
  type Ownership,
  ownershipIfThere,
  ownershipOf,
} from "../platform/small-file.ts";
import { readHeader } from "./header.ts";
import type { TriedLock } from "./lock.ts";
import { openedVault } from "./opened.ts";
import type { VaultPlace } from "./place.ts";
import { openSqlite } from "./sqlite.ts";
import type { VaultOptions, VaultStore } from "./store.ts";
import type { Vault } from "./types.ts";
import { mayAsk } from "./unlock.ts";

export function fileStore(context: Context, path: string): Omit<VaultStore, "chosenBy"> {
  return {
    file: path,
    isShared: false,
    shown: async () => path,
    open: (options) => openFile(context, path, options),
    openDriver: () => openSqlite(path),
    isTaken: async () => (await import("./create-file.ts")).isFileTaken(path),
    requirePlace: async () => (await import("./create-file.ts")).requirePlace(context, path),
    prepare: async (...how) => (await import("./create-file.ts")).prepareFile(path, ...how),
    rekey: async (options) => (await import("./rekey.ts")).rekeyFile(context, path, options),
    status: async () => (await import("./status.ts")).fileStatus(context, path),
    async join({ fingerprint, ...options }) {
      if (fingerprint !== undefined)
        throw usage(
          "A fingerprint goes with a vault that machines share, and this is a file.",
          "Leave --fingerprint out.",
        );
      const vault = await openFile(context, path, options);
      await vault?.close();
      return { store: path, vaultId: vault?.id ?? null };
    },
    async accept() {
      throw usage(
        "Only a vault that machines share is accepted.",
        "To use one: auth vault use <address>   (redis://… or postgres://…)",
      );
    },
    absent: async () => null,
    address: async () => null,
    otherKey: async () => null,
    forOthers: null,
    async beginAgain() {
      return `Then move the vault away: ${moveCommand(path, `${path}.lost`)}\nAnd log in again: auth login <provider>`;
    },
  };
}

async function openFile(context: Context, path: string, options: VaultOptions): Promise<Vault | null> {
  // WebCrypto works on a thread of its own, which this starts: it is there by the time SQLite is open. Less than 64
  // bytes would be digested at once, without it.
  void crypto.subtle.digest("SHA-256", new Uint8Array(1024));
  const driver = await openSqlite(path);
  if (driver === null) return null;
  try {
    await checkOwner(context, path, ownershipOf(path));
    const header = await readHeader(driver);
    const remote = options.throughHolder && mayAsk(context, header) ? await options.throughHolder(header) : null;
    if (remote === null) return await openedVault(context, localPlace(context, path), driver, options.prompt, header);
    driver.close();
    return remote;
  } catch (error) {
    driver.close();
    throw error;
  }
}

async function checkOwner(context: Context, path: string, stat: Ownership): Promise<void> {
  if (isOwnedByOther(stat)) throw foreign(path);
  if (stat.nlink > 1) throw (await import("./files.ts")).hardLinked(path, stat.nlink);
  if (isOpenTo(stat, 0o077))
    context.warn(
      `Other users can reach the vault file ${path} (mode ${modeText(stat)}). To mend it: chmod 600 ${shellWord(path)}`,
    );
}

/** Locks and kept replies lie beside the file. @param path of the vault file, as it was named */
export function localPlace(context: Context, path: string): VaultPlace {
  /** Of connections whose lock was found taken, for the next try. */
  const waiting = new Map<string, TriedLock>();
  const atOpening = ownershipIfThere(path);
  return {
    tryLock: async (name, indexKey, keys) => (await import("./lock.ts")).lockIn(path, name, indexKey, waiting, keys),
    keptVersion: async (name, indexKey) => (await import("./lock.ts")).keptIn(path, name, indexKey),
    clearLeftovers: async (readHeader) => (await import("./leftovers.ts")).clearLeftovers(context, path, readHeader),
    isReplaced() {
      const now = ownershipIfThere(path);
      return now === null || now.ino !== atOpening?.ino || now.dev !== atOpening.dev;
    },
    close() {
      for (const { file } of waiting.values()) file.close();
      waiting.clear();
    },
  };
}
