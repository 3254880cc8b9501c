/** What a provider can be called. By itself in a file: the schema that it is part of loads a library. */

/** As a pattern, for a schema. */
export const PROVIDER_ID = "^[a-z][a-z0-9-]{0,31}$";

/** A lower-case letter, then letters, digits and dashes. */
export function isProviderId(text: string): boolean {
  return new RegExp(PROVIDER_ID).test(text);
}

/** A name as an id is written: `Google Ads` is `google-ads`. */
export function plainName(name: string): string {
  return name.toLowerCase().replaceAll(/[ _]+/g, "-");
}
