/** A vault that is a file: its address, how it is opened, and what lies beside it. */
import type { Context } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { absolutePath, requireUtf8 } from "../platform/paths.ts";
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
    name: path,
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
        "AUTH_STORE must name it: redis://… or postgres://…",
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

/**
 * The address of one, as AUTH_STORE holds it: `sqlite:<path>`.
 *
 * @param store an address of no shared vault
 * @returns the file's full path; a relative one is relative to the current folder
 * @throws AuthError `usage`
 */
export function parseFileAddress(store: string, platform: NodeJS.Platform = process.platform): string {
  const colon = store.indexOf(":");
  const scheme = colon < 0 ? "" : store.slice(0, colon).toLowerCase();
  // Never the rest of it: it may hold a password, also before a colon that was left out.
  const named = /^[a-z][a-z+]*$/.test(scheme) ? `: ${scheme}` : "";
  if (/^([/\\]|[A-Za-z]:[/\\])/.test(store))
    throw usage(
      "AUTH_STORE is a path, and no store.",
      `For a vault file: AUTH_STORE=sqlite:<path of the file>\n${FORM}`,
    );
  if (scheme !== "sqlite") throw usage(`AUTH_STORE names no store that this version knows${named}.`, FORM);
  const path = store.slice(colon + 1);
  if (path === "" || path.endsWith("/") || (platform === "win32" && path.endsWith("\\")))
    throw usage("AUTH_STORE names no file.", FORM);
  if (path.startsWith("//")) throw usage("AUTH_STORE=sqlite: takes a plain path, not a URL.", FORM);
  if (path.startsWith("~")) throw usage("AUTH_STORE=sqlite: doesn't know '~'.", FORM);
  requireUtf8("AUTH_STORE", path);
  if (path.includes("\0")) throw usage("AUTH_STORE holds a NUL byte.", FORM);
  return absolutePath(path, platform);
}

const FORM =
  "Write AUTH_STORE=sqlite:/full/path/to/vault.db, redis://… or postgres://… for one that machines share, or unset it.";
