/** `auth/provider`: all that a plugin may import. */
import type { ProviderDefinition } from "./schema.ts";

export type { PluginReply, PluginRequest } from "./schema/functions.ts";
export type { EndpointName, ErrorClass, Flow, ProviderDefinition } from "./schema.ts";

/** Gives a provider description its type; it is checked when it is loaded. */
export function defineProvider(definition: ProviderDefinition): ProviderDefinition {
  return definition;
}
