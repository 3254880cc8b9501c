/**
 * What a home keeps of a shared vault, in a folder of its own: which vault it is, the local locks, the replies that were
 * kept, the latest state of each record that it has seen, and what it read moments ago.
 */
import { readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { literal, minValue, number, object, optional, pipe, regex, safeInteger, safeParse, string } from "valibot";
import type { Context } from "../../platform/context.ts";
import { AuthError, errorCode } from "../../platform/errors.ts";
import { syncFolder, touching } from "../files.ts";
import { removeDrafts, replaceFile } from "../replace-file.ts";
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

/** Whether something is remembered of a vault there, be it damaged. */
export function isKnown(folder: string): boolean {
  return readIfThere(join(folder, "vault.json")) !== null;
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

/** @param folder the home's, for this vault */
export function clearHome(folder: string): void {
  for (const part of [folder, join(folder, "seen"), join(folder, "cache")]) removeDrafts(part);
}
