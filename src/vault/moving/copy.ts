/** `auth vault copy`: every record of this vault, sealed anew, in a vault at another place. */
import type { Context } from "../../platform/context.ts";
import { noVault } from "../no-vault.ts";
import type { Prompt } from "../sources/source.ts";
import { type Moved, type MoveOptions, moveInto } from "./into.ts";
import { openToRead, type Target } from "./open.ts";
import { entriesIn, take } from "./records.ts";

/**
 * @param prompt asks for the passphrase of this vault
 * @throws AuthError as `openVault` and `moveInto`
 */
export async function copyVault(
  context: Context,
  target: Target,
  options: MoveOptions & { readonly prompt?: Prompt },
): Promise<Moved> {
  const from = await openToRead(context, options.prompt);
  if (from === null) throw await noVault(context);
  const { vault, index } = from;
  try {
    const { entries, unreadable } = await entriesIn(vault);
    const moved = await moveInto(
      target,
      {
        vaultId: vault.id,
        index,
        count: entries.length,
        async *records() {
          for (const entry of entries) {
            const held = options.dryRun ? { entry, reply: null } : await take(vault, entry);
            if (held !== null) yield held;
          }
        },
      },
      options,
    );
    if (!options.dryRun) {
      const { new: added, updated } = moved.records;
      const message = `copied ${added.length + updated.length} records to ${moved.to}`;
      await context.audit({ event: "vault", status: "success", message });
    }
    return { ...moved, unreadable };
  } finally {
    await vault.close();
  }
}
