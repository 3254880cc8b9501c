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
    throw restated(error, (text) => renamed(text, name, before));
  }
}

/** As `namedAs`, for whatever is wrong with a copy, or with the key that it is to have. @param hasKey it was given */
export async function namedAsCopy<T>(hasKey: boolean, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    const named = (text: string): string => renamed(inCopy(text), "--to", "--to ");
    throw restated(error, (text, isHint) => named(hasKey || isHint ? newKeys(text) : text));
  }
}

function restated(error: AuthError, change: (text: string, isHint: boolean) => string): AuthError {
  const { message, hint } = error;
  return error.restated({ message: change(message, false), ...(hint && { hint: change(hint, true) }) });
}

function renamed(text: string, name: string, before: string): string {
  const upper = `${name[0]?.toUpperCase() ?? ""}${name.slice(1)}`;
  return text
    .replaceAll("AUTH_STORE=", () => before)
    .replaceAll(/^(AUTH_STORE|The vault's address)/gm, () => upper)
    .replaceAll("AUTH_STORE", () => name);
}

/** What helps with the vault that is used, and not with one that is named beside it. */
function inCopy(text: string): string {
  return text
    .replaceAll("AUTH_HOME or AUTH_STORE", "AUTH_STORE")
    .replaceAll("the address (auth vault use)", "AUTH_STORE")
    .replaceAll(/^Set AUTH_STORE with those of this database.*$/gm, "Give AUTH_STORE with those of this database.")
    .replaceAll(", or unset it.", ".");
}

function newKeys(text: string): string {
  return text.replaceAll(/\bAUTH_(KEY|KEY_COMMAND|PASSPHRASE)\b/g, "AUTH_NEW_$1");
}
