/** Whom a connection talks to, and as whom. */

import type { Client, Server } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import type { Dialect } from "../providers/defaults.ts";
import { fillDialect } from "../providers/filled.ts";
import { dialectOf } from "../providers/minting.ts";
import { clientOf } from "./clients.ts";
import { pinnedEndpoints } from "./moved.ts";
import { madeFrom, settingsChanged } from "./pin.ts";
import { requirePinnedOrigins } from "./pinned-origins.ts";
import type { Connection, Pinned } from "./record.ts";
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
  if (record.pinned === null)
    throw new AuthError("login_required", `${record.provider}:${record.name} is not logged in.`, {
      hint: `Run 'auth login ${record.provider}:${record.name}'.`,
      connection: `${record.provider}:${record.name}`,
    });
  const definition = await services.registry.get(record.provider);
  await requirePinnedOrigins(services, definition, record);
  const { flow, settings } = madeFrom(record);
  const dialect = fillDialect(dialectOf(definition, flow), settings);
  const client = await proving(await clientOf(services, record, record.pinned), record);
  const endpoints = pinnedEndpoints(definition, record, record.pinned);
  return { dialect, server: serverOf({ ...record.pinned, endpoints }, dialect), client };
}

async function proving(client: Client, { tokens }: Connection): Promise<Client> {
  if (tokens?.proofKey === undefined) return client;
  const { ProofKey } = await import("../oauth/dpop.ts");
  return { ...client, proof: new ProofKey(tokens.proofKey, true) };
}

function serverOf(pinned: Pinned, dialect: Dialect): Server {
  const { issuer, endpoints, issRequired, resource } = pinned;
  return { dialect, issuer, endpoints, issRequired, ...(resource !== undefined && { resource }) };
}
