/** Every connection there is, stored or in the environment, as `list` and `status` show them. */
import { defaultOf, listConnections, readDefaults, type Stored } from "../connections/store.ts";
import { entryOf, environmentEntry, type ListEntry } from "../connections/view.ts";
import type { Vault } from "../vault/types.ts";
import { environmentTokens, ignoresEnvironment } from "./select.ts";
import type { Session } from "./session.ts";

export interface Shown {
  readonly entry: ListEntry;
  /** null for a token in the environment. */
  readonly stored: Stored | null;
}

export async function allEntries(session: Session): Promise<Shown[]> {
  const fromEnvironment = ignoresEnvironment(session.context.env) ? [] : await environmentTokens(session);
  const winning = new Set(fromEnvironment.map(({ provider }) => provider));
  const shown: Shown[] = fromEnvironment.map(({ provider, token }) => ({
    entry: environmentEntry(provider, token),
    stored: null,
  }));
  const vault = await session.vault();
  if (vault === null) return shown;
  for (const stored of await listConnections(vault)) shown.push(await storedEntry(session, vault, stored, winning));
  return shown;
}

/** @param winning providers whose default is a token in the environment */
export async function storedEntry(
  session: Session,
  vault: Vault,
  stored: Stored,
  winning: ReadonlySet<string>,
): Promise<Shown> {
  const { defaults } = await readDefaults(vault);
  const standing = defaultOf(defaults, stored.ref.provider).name.toLowerCase();
  const isDefault = standing === stored.ref.name.toLowerCase() && !winning.has(stored.ref.provider);
  return { entry: entryOf(stored, isDefault, session.context.now()), stored };
}
