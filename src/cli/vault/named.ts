/** Messages about the form of AUTH_STORE, where it was given in another way. */
import { AuthError } from "../../platform/errors.ts";

/**
 * Does the work; what is wrong with the address is said of where it was given.
 *
 * @param name what stands for AUTH_STORE in a sentence
 * @param before what stands for `AUTH_STORE=`
 */
export async function namedAs<T>(name: string, before: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AuthError) || error.code !== "usage") throw error;
    const upper = `${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
    const named = (text: string): string =>
      text
        .replaceAll("AUTH_STORE=", () => before)
        .replaceAll(/^AUTH_STORE/gm, () => upper)
        .replaceAll("AUTH_STORE", () => name);
    throw error.restated({ message: named(error.message), ...(error.hint && { hint: named(error.hint) }) });
  }
}
