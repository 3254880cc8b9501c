/** Variants of a description, for some hosts. */
import { ownValue } from "../platform/json.ts";
import { matches } from "./pattern.ts";
import type { ProviderDefinition } from "./schema.ts";
import type { Values } from "./template.ts";

/** The description with the first variant that matches laid over it. */
export function layVariant(definition: ProviderDefinition, settings: Values): ProviderDefinition {
  const variant = variantFor(definition, settings);
  return variant === undefined ? definition : withVariant(definition, variant);
}

type Variant = NonNullable<ProviderDefinition["variants"]>[number];

/** The first variant that matches. */
export function variantFor({ variants }: ProviderDefinition, settings: Values): Variant | undefined {
  return variants?.find(({ when }) =>
    Object.entries(when).every(([name, pattern]) => matches(pattern, ownValue(settings, name) ?? "")),
  );
}

/** The variant laid over the description, whether it matches or not. */
export function withVariant(definition: ProviderDefinition, variant: Variant): ProviderDefinition {
  const { when: _, endpoints, ...rest } = variant;
  return { ...definition, ...rest, endpoints: { ...definition.endpoints, ...endpoints } };
}
