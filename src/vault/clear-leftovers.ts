/** Clears away what killed processes left beside a vault, and in its key file. */
import type { Context } from "../platform/context.ts";
import { locksFolder } from "./connection-lock.ts";
import { realPlace } from "./files.ts";
import type { Header } from "./header.ts";
import { removeDrafts } from "./leftovers.ts";
import { openLockFile } from "./lock.ts";
import { forgetStale } from "./sources/forget.ts";

/** Does nothing while another process makes or rekeys the vault. @param readHeader under the lock: the header as it is then */
export async function clearLeftovers(context: Context, path: string, readHeader: () => Promise<Header>): Promise<void> {
  const real = realPlace(path);
  const lock = openLockFile(`${locksFolder(real)}/vault.lock`);
  try {
    if (!lock.take()) return;
    removeDrafts(context, real);
    await forgetStale(context, await readHeader());
  } finally {
    lock.close();
  }
}
