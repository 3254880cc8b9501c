/** Which providers are at a host: for someone who typed `github.com` where a provider's name belongs. */
import type { ProviderDefinition } from "./schema.ts";

/** Ids of the providers at this host or below it, nearest first. @param host lower case, without a port */
export function providersAt(all: readonly ProviderDefinition[], host: string): string[] {
  const exact = all.filter((definition) => hostsOf(definition).includes(host));
  const below = all.filter((definition) => hostsOf(definition).some((one) => one.endsWith(`.${host}`)));
  return [...new Set([...exact, ...below].map(({ id }) => id))];
}

/** Hosts of its settings' defaults, its issuer and its endpoints, as far as no setting decides them. */
function hostsOf({ settings = {}, issuer, endpoints = {} }: ProviderDefinition): string[] {
  const defaults = Object.values(settings).flatMap(({ kind, default: value }) =>
    kind === "host" && value ? [value] : [],
  );
  const urls = [issuer, ...Object.values(endpoints)].flatMap((url) => URL.parse(url ?? "")?.hostname ?? []);
  return [...defaults, ...urls].map((one) => one.toLowerCase());
}
