/** Which variables are looked at for a provider's token. By itself: most often none is set, and nothing else is loaded. */
import type { ProviderDefinition } from "./schema.ts";

/** Those that may hold a token of the provider, at any of its hosts. */
export function readVariables({ environment, variants = [] }: ProviderDefinition): string[] {
  return [...new Set([{ environment }, ...variants].flatMap((layer) => layer.environment?.read ?? []))];
}
