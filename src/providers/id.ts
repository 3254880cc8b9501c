/** What a provider can be called. By itself in a file: the schema that it is part of loads a library. */
import { DIGITS, isMadeOf, LOWER_CASE } from "../platform/characters.ts";

const LENGTH = 32;
const ALLOWED = `${LOWER_CASE}${DIGITS}-`;

/** The same as `isProviderId`, for where a schema has to be told. */
export const PROVIDER_ID = "^[a-z][a-z0-9-]{0,31}$";

/** A lower-case letter, then letters, digits and dashes. */
export function isProviderId(text: string): boolean {
  if (text === "" || text.length > LENGTH) return false;
  return LOWER_CASE.includes(text.charAt(0)) && isMadeOf(text, ALLOWED);
}
