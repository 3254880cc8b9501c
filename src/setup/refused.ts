/** What isn't changed, in words. Nothing was written by then. */
import { AuthError } from "../platform/errors.ts";

export function refused(message: string, hint: string): AuthError {
  return new AuthError("setup_refused", message, { hint: `${hint}\nNothing was changed.` });
}
