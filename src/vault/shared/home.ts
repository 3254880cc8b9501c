/**
 * What a home keeps of a shared vault, in a folder of its own: which vault it is, the local locks, the replies that were
 * kept, the latest state of each record that it has seen, and what it read moments ago.
 */
import { closeSync, constants, openSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { literal, minValue, number, object, optional, pipe, regex, safeInteger, safeParse, string } from "valibot";
import type { Context } from "../../platform/context.ts";
import { syncFile } from "../../platform/disk.ts";
import { AuthError, errorCode } from "../../platform/errors.ts";
import { whileHeld } from "../../platform/held-files.ts";
import { random } from "../bytes.ts";
import { createPrivate, ensureFolder, syncFolder, touching, writeAll } from "../files.ts";
import type { SharedAddress } from "./address.ts";

/** Which vault was at an address when this home came to it. */
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

export function homeFolder({ paths }: Pick<Context, "paths">, { place }: SharedAddress): string {
  const name = new Bun.CryptoHasher("sha256").update(place).digest("hex").slice(0, 32);
  return join(dirname(paths.vault), "shared", name);
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

function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** On the disk when this returns: one that a power cut emptied would be taken for a damaged one, or for none. */
export function writePin(folder: string, pin: Pin): void {
  writeWhole(folder, "vault.json", new TextEncoder().encode(`${JSON.stringify(pin)}\n`), { durable: true });
  // The folders too may have been made just now.
  touching(folder, () => {
    for (const path of [folder, dirname(folder), dirname(dirname(folder))]) syncFolder(path);
  });
}

/** The vault and the states that were seen of it. Locks and kept replies stay: a reply may be all that is left of a login. */
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
      if (errorCode(error) === "ENOENT") return null;
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
    debug(`what this home knows of the shared vault: ${(error as Error).message}`);
    return null;
  }
}

/** The whole file, or what was there before. @param how durable: not emptied by a power cut */
export function writeWhole(folder: string, name: string, content: Uint8Array, how = { durable: false }): void {
  ensureFolder(folder);
  const draft = join(folder, `${name}.${random(8).toHex()}.new`);
  try {
    createPrivate(draft);
    touching(draft, () => {
      fill(draft, content, how.durable);
      whileHeld(() => renameSync(draft, join(folder, name)));
    });
  } catch (error) {
    removeDraft(draft);
    throw error;
  }
}

function fill(path: string, content: Uint8Array, durable: boolean): void {
  const file = openSync(path, constants.O_WRONLY | (constants.O_NOFOLLOW ?? 0));
  try {
    writeAll(file, content);
    if (durable) syncFile(file);
  } finally {
    closeSync(file);
  }
}

/** One that can't be removed now is left to `removeDrafts`. */
function removeDraft(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
  }
}

const DRAFT = /\.[0-9a-f]{16}\.new$/;
/** Milliseconds after which no process is writing a draft any more. */
const ABANDONED = 3_600_000;

/** Removes what processes that were killed, or found the disk full, had begun to write. @param folder the home's, for this vault */
export function removeDrafts(folder: string, now = Date.now()): void {
  for (const part of [folder, join(folder, "seen"), join(folder, "cache")])
    for (const name of namesIn(part)) {
      const path = join(part, name);
      if (DRAFT.test(name) && now - changedAt(path) > ABANDONED) removeDraft(path);
    }
}

export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (errorCode(error) === undefined) throw error;
    return [];
  }
}

function changedAt(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? Number.POSITIVE_INFINITY;
}
