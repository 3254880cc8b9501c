/** On the way to every token, so nothing heavy is loaded here. */
import { vaultName } from "./ref.ts";
import type { Services } from "./services.ts";
import type { Stored } from "./store.ts";

/**
 * Whether this home keeps a reply of this login that may not be stored yet; under the lock it turns out. A record that is
 * in order is not looked after: a refresh leaves its note in the record until its outcome is stored.
 */
export async function replyWaits(
  { vault }: Pick<Services, "vault">,
  { ref, version, record, view }: Stored,
): Promise<boolean> {
  const failure = record.failure ?? view?.whole.failure ?? null;
  // One that can't be read was taken in as far as it can be.
  if ((record.note === null && failure === null) || failure?.unreadable) return false;
  return (await vault.keptVersion(vaultName(ref)))?.incarnation === version.incarnation;
}
