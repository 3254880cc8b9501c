/** The providers at a host: for a key that is for the host, or a host instead of a provider's name. */
import type { ProviderDefinition } from "./schema.ts";
import { fill } from "./template.ts";
import { layVariant } from "./variants.ts";

/**
 * Ids of the providers at this host or below it, nearest first: for `github.com` in the place of a provider's name.
 * @param host lower case, without a port
 */
export function providersAt(all: readonly ProviderDefinition[], host: string): string[] {
  const exact = all.filter((definition) => hostsOf(definition).includes(host));
  const below = all.filter((definition) => hostsOf(definition).some((one) => one.endsWith(`.${host}`)));
  return [...new Set([...exact, ...below].map(({ id }) => id))];
}

/** Those at exactly this host, or with their API there. @param host lower case, without a port */
export function providersExactlyAt(all: readonly ProviderDefinition[], host: string): ProviderDefinition[] {
  return all.filter((definition) => [host, `api.${host}`].some((one) => hostsOf(definition).includes(one)));
}

/** With the defaults of its settings: hosts among these, of its issuer, its endpoints and its API. */
function hostsOf(definition: ProviderDefinition): string[] {
  const settings = Object.entries(definition.settings ?? {});
  const usual = Object.fromEntries(
    settings.flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
  );
  const hosts = settings.flatMap(([name, { kind }]) => (kind === "host" ? (usual[name] ?? []) : []));
  const { issuer, endpoints = {}, origins = [] } = layVariant(definition, usual);
  const templates = [issuer, ...Object.values(endpoints), ...origins].filter((one) => one !== undefined);
  const urls = templates.flatMap((template) => URL.parse(fill(template, usual) ?? "")?.hostname ?? []);
  return [...hosts, ...urls].map((one) => one.toLowerCase());
}
