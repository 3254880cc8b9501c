/**
 * A login belongs to one client and one place. A flag or variable that names another is refused before anything is
 * sent: the credential of one must never be offered to the other (RULES.md 3.1).
 */
import { isSameOrigin, isSameUrl, originOf } from "../platform/url.ts";
import { settingsFromEnvironment } from "../providers/environment.ts";
import { resolveProvider } from "../providers/resolve.ts";
import type { EndpointName, ProviderDefinition } from "../providers/schema.ts";
import { clientFromEnvironment } from "./clients.ts";
import { declared, isSamePlace, madeFrom } from "./pin.ts";
import type { Connection } from "./record.ts";
import { connectionError, display } from "./ref.ts";
import type { Services } from "./services.ts";
import type { Stored } from "./store.ts";

/** What flags and variables name; null and absent: nothing. */
export interface Asked {
  readonly clientId: string | null;
  readonly settings: Readonly<Record<string, string>>;
  readonly issuer: string | null;
  readonly endpoints: Readonly<Partial<Record<EndpointName, string>>>;
  /** Where the client and the settings come from, for the message: `SENTRY_URL`. */
  readonly sources: readonly string[];
}

/** @throws AuthError `client_mismatch`, `origin_mismatch` */
export function refuseMismatch(definition: ProviderDefinition, stored: Stored, asked: Asked, hint: string): void {
  const { pinned } = stored.record;
  if (pinned === null) return;
  const name = display(stored.ref);
  const from = asked.sources.length === 0 ? "" : ` (${asked.sources.join(", ")})`;
  if (asked.clientId !== null && pinned.clientId !== null && asked.clientId !== pinned.clientId) {
    const message = `${name} was made with the client ${pinned.clientId}, not with ${asked.clientId}${from}.`;
    throw connectionError(stored.ref, "client_mismatch", message, { hint });
  }
  const place = otherPlace(definition, stored.record, asked);
  if (place === null) return;
  const here = pinned.issuer ?? pinned.endpoints.token ?? pinned.origins[0] ?? "another place";
  const message = `${name} is a login at ${here}, not at ${place}${from}.`;
  throw connectionError(stored.ref, "origin_mismatch", message, { hint });
}

/** The place that was named, where it isn't the one this login belongs to. */
function otherPlace(definition: ProviderDefinition, record: Connection, asked: Asked): string | null {
  const { pinned } = record;
  const { token } = asked.endpoints;
  const mine = pinned?.endpoints.token;
  if (token !== undefined && mine !== undefined && !isSameOrigin(token, mine)) return token;
  const made = madeFrom(record);
  const { issuer } = asked;
  if (issuer !== null) {
    // An issuer for many tenants names itself by a template, so what the person gave counts as well.
    const known = [made.issuer, made.settings.issuer, pinned?.issuer].filter((one) => one != null);
    if (known.length === 0 && mine !== undefined) known.push(originOf(mine));
    if (known.length > 0 && !known.some((one) => isSameUrl(one, issuer))) return issuer;
  }
  const changed = Object.entries(asked.settings).some(([name, value]) => made.settings[name] !== value);
  if (!changed) return null;
  const settings = { ...declared(definition, made.settings), ...asked.settings };
  if (isSamePlace(definition, made, { ...made, settings }, Object.keys(pinned?.endpoints ?? {}))) return null;
  const { endpoints, issuer: theirs, origins } = resolveProvider(definition, settings);
  return endpoints.token ?? theirs ?? origins[0] ?? Object.values(asked.settings).join(", ");
}

/**
 * For a call that named the provider alone: the ecosystem's variables must not contradict the login.
 * @param of `client`: whether the client matters, since something is sent as it
 * @throws AuthError `client_mismatch`, `origin_mismatch`
 */
export async function refuseEnvironmentMismatch(
  services: Services,
  stored: Stored,
  of: { readonly client: boolean },
): Promise<void> {
  const { env } = services.context;
  const definition = await services.registry.get(stored.ref.provider);
  const client = of.client ? clientFromEnvironment(definition, env) : null;
  const found = settingsFromEnvironment(definition, env);
  if (client === null && Object.keys(found).length === 0) return;
  const asked: Asked = {
    clientId: client?.id ?? null,
    settings: Object.fromEntries(Object.entries(found).map(([name, { value }]) => [name, value])),
    issuer: null,
    endpoints: {},
    sources: [...(client === null ? [] : [client.idVariable]), ...Object.values(found).map(({ variable }) => variable)],
  };
  refuseMismatch(
    definition,
    stored,
    asked,
    `Nothing was sent. Unset the variable, or name the connection: ${display(stored.ref)}`,
  );
}
