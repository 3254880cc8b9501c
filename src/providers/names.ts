/**
 * Names that belong to a provider: its id, and the variables that may hold its token. Not in
 * schema.ts, which loads valibot: `auth token` doesn't need that.
 */
import type { ProviderDefinition } from "./schema.ts";

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

/** The variables that are looked at for a token of the provider, at any of its hosts. */
export function readVariables({ environment, variants = [] }: ProviderDefinition): string[] {
  return [...new Set([{ environment }, ...variants].flatMap((layer) => layer.environment?.read ?? []))];
}
