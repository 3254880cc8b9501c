/** A login that a signal ends before anything of it is stored. */
import { AuthError } from "../../platform/errors.ts";

/** @throws AuthError `interrupted` as soon as the signal is given */
export async function untilInterrupted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return work;
  const interruption = Promise.withResolvers<never>();
  const end = (): void => interruption.reject(interrupted());
  signal.addEventListener("abort", end);
  if (signal.aborted) end();
  // The one that isn't waited for may fail later.
  work.catch(() => {});
  try {
    return await Promise.race([interruption.promise, work]);
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** @param cause what ended the login, if it isn't the signal alone */
export function interrupted(cause?: unknown): AuthError {
  const why = cause instanceof AuthError ? `${cause.message}\n` : "";
  return new AuthError("interrupted", "The login was interrupted.", { hint: `${why}No login was stored.`, cause });
}
