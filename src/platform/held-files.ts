/** Files that another program has open for a moment: a scanner or an indexer reads what was just written. */
import { errorCode } from "./errors.ts";

/** Windows renames and removes no file that is open elsewhere, unless the program that opened it allowed that. */
const HELD = ["EBUSY", "EPERM", "EACCES"];
/** Milliseconds: the last wait of several, each twice as long; about a second together. */
const LAST_WAIT = 512;

/** Renames or removes; on Windows it is tried again for a second. @throws the system's error */
export function whileHeld<T>(work: () => T, platform = process.platform, sleep = Bun.sleepSync): T {
  for (let wait = 1; ; wait *= 2)
    try {
      return work();
    } catch (error) {
      if (platform !== "win32" || wait > LAST_WAIT || !HELD.includes(errorCode(error) ?? "")) throw error;
      sleep(wait);
    }
}
