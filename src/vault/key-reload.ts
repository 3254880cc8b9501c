/** What an opened vault does once another process has given the vault a new key. */
import type { AuthError } from "../platform/errors.ts";
import { headerVersion, type Keys, readHeader } from "./header.ts";
import type { Opened } from "./records.ts";
import { mayAsk, OVERTAKEN, overtaken, replaced, unlockCurrent } from "./unlock.ts";

/** As `Vault.reload`. */
export async function reload(opened: Opened): Promise<void> {
  const unlocked = await unlockCurrent(opened.driver, async (header): Promise<Keys> => {
    if (headerVersion(header) === headerVersion(opened.header)) return opened.keys;
    if (header.vaultId !== opened.header.vaultId) throw replaced();
    return opened.openHeader(header);
  });
  if (unlocked.keys === opened.keys) return;
  ({ header: opened.header, keys: opened.keys } = unlocked);
  opened.entries.clear();
}

/** What a read does when it meets another key. @throws AuthError `busy`, or `fault`'s where no rekey explains it */
export function keyReloader<Value>(
  opened: Opened,
  fault: (value: Value) => AuthError,
): (value: Value) => Promise<void> {
  let tries = 0;
  let unexplained = 0;
  return async (value) => {
    const header = await readHeader(opened.driver);
    const isNew = headerVersion(header) !== headerVersion(opened.header);
    // No lock is held while a person or a program is asked (RULES.md 1.3).
    if (isNew && opened.locksHeld > 0 && mayAsk(opened.context, header)) throw overtaken();
    if (isNew) await reload(opened);
    unexplained = isNew ? 0 : unexplained + 1;
    // Once is no proof: the record may have been read just before a rekey that another read has seen.
    if (unexplained === 2) throw fault(value);
    if (tries++ === OVERTAKEN) throw overtaken();
  };
}
