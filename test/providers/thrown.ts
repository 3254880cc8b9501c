import { AuthError } from "../../src/platform/errors.ts";

/** The error that a call throws: a test then looks at its code, its words and its hint. */
export function thrownBy(call: () => unknown): AuthError {
  try {
    call();
  } catch (error) {
    if (error instanceof AuthError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}
