/**
 * The variables that open a vault, or a backup of one. One table: what a process that has no need of them doesn't get,
 * whoever starts it.
 */
import type { Environment } from "../platform/context.ts";

/** The key itself, or how to come by it; with `NEW_` the one that a vault gets. */
const OPENS = /^AUTH_(NEW_|BACKUP_)?(KEY|KEY_COMMAND|PASSPHRASE|IDENTITY)$/;

export function opensVault(name: string): boolean {
  return OPENS.test(name);
}

/** The environment of what is handed its key, or is to have none. */
export function withoutKeys(env: Environment): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !opensVault(name)));
}

/** For a message about a variable that isn't set. */
export const NOT_HANDED_ON = "what 'auth run -- <command>' runs doesn't get it, unless --keep-key is given";
