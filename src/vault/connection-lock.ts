/** A connection's lock with the reply file that only its holder may touch, both beside the vault's real place. */
import { feature } from "bun:bundle";
import { dirname } from "node:path";
import { mutated } from "../platform/faults.ts";
import { type Bytes, hmac, pack } from "./bytes.ts";
import { ensureOwnFolder, realPlace, touching } from "./files.ts";
import { type LockFile, openLockFile } from "./lock.ts";
import { keptReply, type ReplyKeys } from "./reply.ts";
import type { Lock } from "./types.ts";

/** A lock that was found taken: its open file, and where it lies. Found out once, not at each try. */
export interface Waiting {
  readonly file: LockFile;
  readonly folder: string;
  readonly hash: string;
}

/**
 * Takes the lock if it is free.
 *
 * @param vault the vault file as it was named
 * @param waiting locks found taken before, by name; one that stays taken is left there for the next try
 * @returns null when another holds it
 */
export function lockIn(
  vault: string,
  name: string,
  indexKey: Bytes,
  waiting: Map<string, Waiting>,
  keys: ReplyKeys,
): Lock | null {
  const found = waiting.get(name) ?? find(vault, name, indexKey);
  const { file, folder, hash } = found;
  // Out of the map while it is held: the handle must not be taken a second time.
  waiting.delete(name);
  if (!file.take() && !(feature("AUTH_TEST") && mutated("lock-off"))) {
    waiting.set(name, found);
    return null;
  }
  const reply = keptReply(`${folder}/${hash}.reply`, `reply ${hash}`, name, keys);
  return {
    reply,
    release() {
      reply.close();
      file.close();
    },
  };
}

function find(vault: string, name: string, indexKey: Bytes): Waiting {
  const hash = hmac(indexKey, pack("lock", name)).toHex();
  const folder = locksFolder(vault);
  return { file: openLockFile(`${folder}/${hash}.lock`), folder, hash };
}

/** `vault.locks` beside the file itself, so that all who reach it by any link meet at the same locks. */
export function locksFolder(vault: string): string {
  const folder = touching(vault, () => `${dirname(realPlace(vault))}/vault.locks`);
  ensureOwnFolder(folder);
  return folder;
}
