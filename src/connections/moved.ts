/**
 * An endpoint whose description has changed since the login: a new path is taken, another origin never (RULES.md 3.1);
 * but where a description that is part of auth says that it moved from there.
 */
import { AuthError } from "../platform/errors.ts";
import { originOf } from "../platform/url.ts";
import { type Endpoints, endpointsOf } from "../providers/resolve.ts";
import type { EndpointName, ProviderDefinition } from "../providers/schema.ts";
import { declared, madeFrom } from "./pin.ts";
import type { Connection, Pinned } from "./record.ts";

/**
 * What was pinned, at the paths that the description names now. What a flag chose or an issuer's own metadata told
 * stays as it was at login: a description doesn't speak of it.
 */
export function pinnedEndpoints(definition: ProviderDefinition, record: Connection, pinned: Pinned): Endpoints {
  if (pinned.issuer !== null) return pinned.endpoints;
  const described = describedEndpoints(definition, record);
  const { movedFrom = [] } = definition;
  const { endpoints: byFlag } = madeFrom(record);
  const entries = (Object.entries(pinned.endpoints) as [EndpointName, string][]).map(([name, url]) => {
    const now = byFlag[name] === undefined ? described[name] : undefined;
    return [name, now !== undefined && [originOf(now), ...movedFrom].includes(originOf(url)) ? now : url];
  });
  return Object.fromEntries(entries);
}

function describedEndpoints(definition: ProviderDefinition, record: Connection): Endpoints {
  try {
    return endpointsOf(definition, declared(definition, madeFrom(record).settings));
  } catch (error) {
    // A description that no longer takes these settings says nothing of where this login's endpoints are.
    if (error instanceof AuthError) return {};
    throw error;
  }
}
