/** The server that a connection talks to, and the client that it is there. */

import type { Client, Server } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import { originOf } from "../platform/url.ts";
import { byName } from "../providers/companions.ts";
import type { Dialect } from "../providers/defaults.ts";
import { dialectOf } from "../providers/minting.ts";
import type { Endpoints } from "../providers/resolve.ts";
import type { EndpointName, ProviderDefinition } from "../providers/schema.ts";
import { clientOf } from "./clients.ts";
import { companionsOf } from "./companions.ts";
import { madeFrom, resolveStored, settingsChanged } from "./pin.ts";
import { requirePinnedOrigins } from "./pinned-origins.ts";
import type { Connection, Pinned } from "./record.ts";
import { loginRequired } from "./ref.ts";
import type { Services } from "./services.ts";

/** Only where the connection's login was pinned to (RULES.md 3.1). */
export interface TokenEndpoint {
  readonly dialect: Dialect;
  readonly server: Server;
  readonly client: Client;
}

/** @throws AuthError `login_required` when it was never logged in. */
export async function tokenEndpointOf(services: Services, record: Connection): Promise<TokenEndpoint> {
  if (record.pinned === null && record.tokens !== null) throw settingsChanged(record);
  if (record.pinned === null) throw loginRequired(record);
  const definition = await services.registry.get(record.provider);
  await requirePinnedOrigins(services, definition, record);
  const { flow, settings } = madeFrom(record);
  const dialect = dialectOf(definition, flow, settings);
  const client = await proving(await clientOf(services, record, record.pinned), record);
  const endpoints = pinnedEndpoints(definition, record, record.pinned);
  const companions = byName(companionsOf(dialect, record));
  return { dialect, server: { ...serverOf({ ...record.pinned, endpoints }, dialect), companions }, client };
}

/**
 * Why a login that is renewed can't be, found out without a network: its plugin is gone or may not be used, its
 * description leads elsewhere now, its client is unknown. null: it can be renewed, or never is.
 */
export async function renewalFault(services: Services, record: Connection): Promise<AuthError | null> {
  const isRenewed = record.tokens?.refreshToken != null || record.mint !== undefined;
  if (!isRenewed || record.pinned === null) return null;
  try {
    await tokenEndpointOf(services, record);
    return null;
  } catch (error) {
    if (error instanceof AuthError && !/^(vault|key)_/.test(error.code)) return error;
    throw error;
  }
}

async function proving(client: Client, { tokens }: Connection): Promise<Client> {
  if (tokens?.proofKey === undefined) return client;
  const { ProofKey } = await import("../oauth/dpop.ts");
  return { ...client, proof: new ProofKey(tokens.proofKey, true) };
}

function serverOf(pinned: Pinned, dialect: Dialect): Server {
  const { issuer, endpoints, issRequired, resource, redirectUri } = pinned;
  return {
    dialect,
    issuer,
    endpoints,
    issRequired,
    ...(resource !== undefined && { resource }),
    ...(redirectUri !== undefined && { redirectUri }),
  };
}

/**
 * What was pinned, at the paths that the description names now: a new path is taken, another origin never (RULES.md 3.1),
 * except from an origin that a built-in description declares in `movedFrom`. What a flag chose or an issuer's own
 * metadata said stays as it was at login.
 */
function pinnedEndpoints(definition: ProviderDefinition, record: Connection, pinned: Pinned): Endpoints {
  if (pinned.issuer !== null) return pinned.endpoints;
  const { settings, endpoints: byFlag } = madeFrom(record);
  // A description that no longer takes these settings doesn't say where this login's endpoints are.
  const described = resolveStored(definition, settings)?.endpoints ?? {};
  const { movedFrom = [] } = definition;
  const entries = (Object.entries(pinned.endpoints) as [EndpointName, string][]).map(([name, url]) => {
    const now = byFlag[name] === undefined ? described[name] : undefined;
    return [name, now !== undefined && [originOf(now), ...movedFrom].includes(originOf(url)) ? now : url];
  });
  return Object.fromEntries(entries);
}
