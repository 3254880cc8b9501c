/** Where no client is known and the issuer takes registrations, a login registers one and keeps it (CLI.md §4). */

import type { IssuerDocument } from "../../oauth/discovery.ts";
import type { RegisteredClient } from "../../oauth/registration.ts";
import type { Client } from "../../oauth/types.ts";
import { AuthError } from "../../platform/errors.ts";
import { redirectUriOf } from "../../providers/defaults.ts";
import type { ResolvedProvider } from "../../providers/resolve.ts";
import { updateClients } from "../clients.ts";
import type { Services } from "../services.ts";
import { clientMissing } from "./client.ts";
import type { LoginRequest } from "./request.ts";

/** @returns null where the issuer offers none, or the flow needs another kind of client */
export async function registeredClient(
  services: Services,
  provider: ResolvedProvider,
  request: LoginRequest,
  document: IssuerDocument | null,
  tokenOrigin: string,
): Promise<Client | null> {
  const { dialect } = provider;
  if (!document?.registration || dialect.client.kind === "confidential") return null;
  if (request.flow !== null && request.flow !== "browser" && request.flow !== "device") return null;
  const redirectUri = request.redirectUri ?? redirectUriOf(dialect);
  const client = await register(services, provider, request, document, document.registration, redirectUri);
  if (client === null) return null;
  await keep(services, request.ref.provider, tokenOrigin, client);
  const { id, secret, authentication } = client;
  return { id, secret, authentication };
}

async function register(
  { context }: Services,
  provider: ResolvedProvider,
  request: LoginRequest,
  document: IssuerDocument,
  endpoint: string,
  redirectUri: string,
): Promise<RegisteredClient | null> {
  const { registerClient, RegistrationRefused } = await import("../../oauth/registration.ts");
  try {
    return await registerClient(context.http, document, endpoint, redirectUri);
  } catch (error) {
    if (!(error instanceof RegistrationRefused)) throw error;
    const message = `${document.issuer} did not register a client (${error.reason}).`;
    if (error.passing)
      throw new AuthError(error.status === null ? "network" : "provider_unavailable", message, { hint: "Try again." });
    // The description brings one that needs no registration.
    if (provider.dialect.client.id !== undefined) return null;
    const missing = clientMissing(provider, request, { id: null, needsSecret: false });
    throw new AuthError("client_missing", message, { hint: missing.hint ?? "", cause: missing.cause });
  }
}

/** At once, so that a login that is broken off and begun anew doesn't register a second one. */
function keep(services: Services, provider: string, origin: string, client: RegisteredClient): Promise<void> {
  const { id, secret, authentication, registrationToken } = client;
  return updateClients(services.vault, provider, origin, (clients) => ({
    ...clients,
    chosen: id,
    clients: {
      ...clients.clients,
      [id]: {
        secret,
        source: "registration",
        savedAt: services.context.now(),
        refused: null,
        ...(authentication !== "none" && { authentication }),
        ...(registrationToken !== null && { registrationToken }),
      },
    },
  }));
}
