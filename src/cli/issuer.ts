/** `auth login https://issuer.example:8443/realms/x`: which connection that is. */
import { nameForIssuer } from "../connections/by-issuer.ts";
import type { ConnectionRef } from "../connections/ref.ts";
import { AuthError } from "../platform/errors.ts";
import type { Registry } from "../providers/registry.ts";
import type { ProviderDefinition } from "../providers/schema.ts";

/** At the provider whose issuer has to be told. Its name: host, port and path of the issuer. */
export async function connectionForIssuer(
  registry: Registry,
  text: string,
): Promise<{ ref: ConnectionRef; settings: Record<string, string> }> {
  const name = nameForIssuer(text);
  for (const definition of await registry.offered()) {
    const setting = issuerSetting(definition);
    if (setting !== null) return { ref: { provider: definition.id, name }, settings: { [setting]: text } };
  }
  throw new AuthError("provider_not_found", "No provider takes an issuer's URL.");
}

/** The setting that is the whole issuer: `issuer: "{issuer}"`. */
export function issuerSetting({ issuer = "", settings = {} }: ProviderDefinition): string | null {
  const name = /^\{(\w+)\}$/.exec(issuer)?.[1];
  return name !== undefined && settings[name]?.required === true ? name : null;
}
