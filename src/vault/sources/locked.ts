import type { Context } from "../../platform/context.ts";
import { AuthError } from "../../platform/errors.ts";

/** The key that would open the vault isn't to be had. The vault is as it was. */
export function locked(message: string, hint: string, cause?: unknown): AuthError {
  return new AuthError("vault_locked", message, { hint, cause });
}

/** What to do where the key is gone for good: lines for a hint, after what brings it back. */
export async function ifKeyIsLost(context: Context): Promise<string> {
  const [{ commandLine }, { vaultPath }] = await Promise.all([
    import("../../platform/shell-word.ts"),
    import("../place.ts"),
  ]);
  const vault = vaultPath(context);
  return [
    "If the key is gone for good, the logins in this vault are lost; their tokens live on at the providers until they end or are revoked there.",
    `Then move the vault away: ${commandLine(["mv", vault, `${vault}.lost`])}`,
    "And log in again: auth login <provider>",
  ].join("\n");
}
