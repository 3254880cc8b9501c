/** `auth login https://issuer.example:8443/realms/x`: which connection that is. */
import { nameForIssuer } from "../connections/by-issuer.ts";
import { checkName } from "../connections/ref.ts";
import { AuthError } from "../platform/errors.ts";
import type { Registry } from "../providers/registry.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import type { Target } from "./login/target.ts";

/**
 * At the provider whose issuer has to be given.
 * @param name the connection's; undefined: host, port and path of the issuer
 */
export async function targetAtIssuer(registry: Registry, url: string, name: string | undefined): Promise<Target> {
  const own = nameForIssuer(url);
  for (const definition of await registry.offered()) {
    const setting = issuerSetting(definition);
    if (setting === null) continue;
    const ref = { provider: definition.id, name: name === undefined ? own : checkName(name) };
    return { ref, settings: { [setting]: url } };
  }
  throw new AuthError("provider_not_found", "No provider takes an issuer's URL.");
}

/** The setting that is the whole issuer: `issuer: "{issuer}"`. */
export function issuerSetting({ issuer = "", settings = {} }: ProviderDefinition): string | null {
  const name = /^\{(\w+)\}$/.exec(issuer)?.[1];
  return name !== undefined && settings[name]?.required === true ? name : null;
}
