/** The error for a setup that is refused, before anything is written. */
import { AuthError } from "../platform/errors.ts";

export const NOTHING_CHANGED = "Nothing was changed.";

export function refused(message: string, hint: string): AuthError {
  return new AuthError("setup_refused", message, { hint: `${hint}\n${NOTHING_CHANGED}` });
}
