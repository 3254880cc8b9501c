/**
 * What a home keeps of a shared vault, in a folder of the vault, by whatever address it is reached: its latest key, the local
 * locks, the replies that were kept, the latest state of each record that was seen, and what was read moments ago. And for
 * each address, which vault is there.
 */
import { existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { devNull } from "node:os";
import { dirname, join } from "node:path";
import { literal, minValue, number, object, optional, pipe, regex, safeInteger, safeParse, string } from "valibot";
import type { Context } from "../../platform/context.ts";
import { AuthError, errorCode, messageOf } from "../../platform/errors.ts";
import type { SharedAddress } from "../address.ts";
import { ensureFolder, syncFolder, touching } from "../files.ts";
import { removeDrafts, replaceFile } from "../replace-file.ts";

/** Which vault it is. */
export interface Pin {
  readonly format: 1;
  /** The address for a person who looks: without a password. */
  readonly store: string;
  readonly vaultId: string;
  /** A fingerprint of a key that outlives rekeys, in hex. */
  readonly commitment: string;
  /** The latest that this home has seen. */
  readonly epoch: number;
  /** Of the vault under its key at that epoch. Absent: an earlier version wrote this. */
  readonly fingerprint?: string | undefined;
}

type Home = Pick<Context, "paths">;

/** Which vault was at an address: `vault.json`. */
export function addressFolder(home: Home, { place }: SharedAddress): string {
  return folderOf(home, new Bun.CryptoHasher("sha256").update(place).digest("hex").slice(0, 32));
}

/** What is known of a vault, wherever it is: `vault.json` with its latest key, locks and kept replies, `seen`, `cache`. */
export function vaultFolder(home: Home, vaultId: string): string {
  return folderOf(home, vaultId);
}

function folderOf(home: Home, name: string): string {
  return join(rootOf(home), "shared", name);
}

/** Below what is no folder: nothing is there, and nothing can be made there. */
const NOWHERE = join(devNull, "auth");

function rootOf(home: Home): string {
  try {
    return dirname(home.paths.vault);
  } catch (error) {
    if (errorCode(error) !== "vault_unwritable") throw error;
    return NOWHERE;
  }
}

/** Locks and kept replies need a folder. @throws AuthError `vault_unwritable` where this machine has no home */
export function requireHome(home: Home): void {
  try {
    void home.paths.vault;
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const why = "A login or a refresh needs a folder of this machine, for its lock and for what the provider answers.";
    throw error.restated({ message: `${why} ${error.message}` });
  }
}

/** An earlier version had all of it in the folder of the address. What is in both stays where it is. */
export function moveToVault(from: string, to: string): void {
  ensureFolder(to);
  touching(to, () => {
    for (const name of ["vault.locks", "seen", "cache"])
      if (existsSync(join(from, name)) && !existsSync(join(to, name))) renameSync(join(from, name), join(to, name));
  });
}

const PIN = object({
  format: literal(1),
  store: string(),
  vaultId: pipe(string(), regex(/^[0-9a-f]+$/)),
  commitment: pipe(string(), regex(/^[0-9a-f]+$/)),
  epoch: pipe(number(), safeInteger(), minValue(0)),
  fingerprint: optional(string()),
});

/** null where this home has not come to it yet. @throws AuthError `vault_replaced` where it is damaged */
export function readPin(folder: string): Pin | null {
  const text = readIfThere(join(folder, "vault.json"));
  if (text === null) return null;
  const pin = safeParse(PIN, jsonIn(text.toString()));
  if (pin.success) return pin.output;
  throw new AuthError("vault_replaced", "What this machine remembers of the shared vault is damaged.", {
    hint: `Nothing was changed or sent. It is in ${join(folder, "vault.json")}\nTo go on with what the server has now: auth vault accept`,
  });
}

/** Whether something is remembered of a vault there, be it damaged. */
export function isKnown(folder: string): boolean {
  return readIfThere(join(folder, "vault.json")) !== null;
}

/** What is known of a vault; null where this home has not come to it yet. An earlier version had it by the address alone. */
export function readVaultPin(home: Home, address: SharedAddress, vaultId: string): Pin | null {
  const known = readPin(vaultFolder(home, vaultId)) ?? readPin(addressFolder(home, address));
  return known?.vaultId === vaultId ? known : null;
}

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** On the disk when this returns: one that a power cut emptied would be taken for a damaged one, or for none. */
export function writePin(folder: string, pin: Pin): void {
  replaceFile(folder, "vault.json", new TextEncoder().encode(`${JSON.stringify(pin)}\n`), { durable: true });
  // The folder too may have been made just now.
  touching(folder, () => {
    for (const path of [dirname(folder), dirname(dirname(folder))]) syncFolder(path);
  });
}

/**
 * The vault and the states that were seen of it. Locks and kept replies stay: a reply may be all that is left of a login.
 *
 * @param folder of an address, or of a vault
 */
export function forgetVault(folder: string): void {
  touching(folder, () => {
    for (const name of ["seen", "cache"]) rmSync(join(folder, name), { recursive: true, force: true });
    rmSync(join(folder, "vault.json"), { force: true });
  });
}

function readIfThere(path: string): Buffer | null {
  return touching(path, () => {
    try {
      return readFileSync(path);
    } catch (error) {
      if (["ENOENT", "ENOTDIR"].includes(errorCode(error) ?? "")) return null;
      throw error;
    }
  });
}

/** What is of use and no more: null too where it can't be read. */
export function readIfPossible({ debug }: Pick<Context, "debug">, path: string): Buffer | null {
  try {
    return readIfThere(path);
  } catch (error) {
    if (errorCode(error) !== "vault_unwritable") throw error;
    debug(`what this home knows of the shared vault: ${messageOf(error)}`);
    return null;
  }
}

/**
 * Removes what killed processes had begun to write, also beside the address that this home uses, with a password in it.
 *
 * @param folder the home's, for this vault
 */
export function clearHome({ paths }: Home, folder: string): void {
  for (const part of [folder, join(folder, "seen"), join(folder, "cache"), dirname(paths.store)]) removeDrafts(part);
}
