/** What discovery and `--endpoint name=url` change about a provider, and what they make invalid. */
import { usage } from "../platform/errors.ts";
import { addressFault, isSameOrigin, originOf } from "../platform/url.ts";
import { type Endpoints, originsOf, type ResolvedProvider } from "./resolve.ts";
import { ENDPOINTS, type EndpointName } from "./schema.ts";
import { suggestionHint } from "./suggest.ts";

export interface Overrides {
  /** The issuer's discovery document, already fetched and checked. */
  readonly issuerDocument?: { readonly issuer: string; readonly endpoints: Endpoints };
  /** By flag. */
  readonly endpoints: Endpoints;
}

/** The endpoints by which a login is made. */
const LOGIN_ENDPOINTS: readonly EndpointName[] = ["authorization", "device", "token", "poll", "mint"];

/**
 * Discovery overrides the description, and a flag overrides both. Where the login moves to another origin, the description's
 * other endpoints and API origins are dropped: a token of the new place must never go to the old one.
 * @throws AuthError `usage` for a URL that is neither https nor http to this machine.
 */
export function applyOverrides(resolved: ResolvedProvider, overrides: Overrides): ResolvedProvider {
  const given: Endpoints = { ...overrides.issuerDocument?.endpoints, ...overrides.endpoints };
  for (const [name, url] of Object.entries(given)) checkEndpoint(name, url);

  const moved = LOGIN_ENDPOINTS.some((name) => changesOrigin(resolved.endpoints[name], given[name]));
  const kept = moved ? ownStillUsed(resolved.endpoints, given) : resolved.endpoints;
  const endpoints = { ...kept, ...given };
  const apiOrigins = moved ? [] : resolved.apiOrigins;
  return {
    ...resolved,
    issuer: overrides.issuerDocument?.issuer ?? resolved.issuer,
    endpoints,
    apiOrigins,
    origins: originsOf(endpoints, apiOrigins),
  };
}

/** `--endpoint token=https://…`, any number of times. @throws AuthError `usage` */
export function parseEndpoints(flags: readonly string[]): Endpoints {
  const endpoints: Partial<Record<EndpointName, string>> = {};
  for (const flag of flags) {
    const at = flag.indexOf("=");
    if (at < 1) throw usage("--endpoint takes name=url.", `Names are: ${ENDPOINTS.join(", ")}.`);
    const name = flag.slice(0, at);
    const url = flag.slice(at + 1);
    checkEndpoint(name, url);
    endpoints[name as EndpointName] = url;
  }
  return endpoints;
}

function changesOrigin(own: string | undefined, given: string | undefined): boolean {
  if (own === undefined || given === undefined) return false;
  return !isSameOrigin(own, given);
}

/** The login's endpoints that weren't moved, and others at an origin that the login was moved to. */
function ownStillUsed(own: Endpoints, given: Endpoints): Endpoints {
  const origins = Object.values(given).map(originOf);
  const kept = (Object.entries(own) as [EndpointName, string][]).filter(
    ([name, url]) => LOGIN_ENDPOINTS.includes(name) || origins.includes(originOf(url)),
  );
  return Object.fromEntries(kept);
}

function checkEndpoint(name: string, url: string): void {
  if (!(ENDPOINTS as readonly string[]).includes(name)) {
    const near = suggestionHint(name, ENDPOINTS) ?? "";
    throw usage(`There is no endpoint '${name.slice(0, 40)}'.`, `${near} Names are: ${ENDPOINTS.join(", ")}.`.trim());
  }
  const fault = addressFault(url);
  if (fault !== null) throw usage(`The ${name} endpoint ${fault}.`, "Give an https URL, or http on 127.0.0.1.");
}
