import { AuthError } from "../../platform/errors.ts";

/** The key that would open the vault isn't to be had. The vault is as it was. */
export function locked(message: string, hint: string, cause?: unknown): AuthError {
  return new AuthError("vault_locked", message, { hint, cause });
}
