/** Errors of copying, backing up and restoring a vault. */
import { AuthError, usage } from "../../platform/errors.ts";

export function otherVault(shown: string): AuthError {
  return usage(
    `There is another vault at ${shown}, with records of its own.`,
    "Nothing was changed. Use a place where none is yet: another file, ?prefix=<name> for Redis, or ?schema=<name> for PostgreSQL.",
  );
}

export function sameVault(shown: string): AuthError {
  return usage(`${shown} is the vault that is used here, or a copy of its file.`, "Name another place for the copy.");
}

export function notBackup(path: string): AuthError {
  return usage(`${path} is not a backup of a vault.`, "'auth vault backup <file>' makes one. Nothing was changed.");
}

/** @param why a clause: `it was cut short` */
export function damagedBackup(path: string, why: string, cause?: unknown): AuthError {
  return new AuthError("vault_corrupt", `The backup ${path} can't be used: ${why}.`, {
    hint: "Nothing was changed. Use another copy of it.",
    cause,
  });
}
