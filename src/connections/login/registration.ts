/** Where no client is known and the issuer takes registrations, a login registers one, which is kept (CLI.md §4). */

import { isPassingStatus } from "../../oauth/classify.ts";
import type { IssuerDocument } from "../../oauth/discovery.ts";
import type { RegisteredClient } from "../../oauth/registration.ts";
import { CLIENT_NAME, type Client, OAuthFailure } from "../../oauth/types.ts";
import { AuthError } from "../../platform/errors.ts";
import { ownValue } from "../../platform/json.ts";
import type { Dialect } from "../../providers/defaults.ts";
import { redirectUrisOf } from "../../providers/defaults.ts";
import type { ResolvedProvider } from "../../providers/resolve.ts";
import { type ClientEntry, endOfRegistration, keepClient, readClients, registrationOf } from "../clients.ts";
import type { Services } from "../services.ts";
import { clientMissing } from "./missing-client.ts";
import type { LoginRequest } from "./request.ts";

export interface Registration {
  readonly client: Client;
  /** What is stored of it: with the login where there is no vault yet, which a login that fails must not make. */
  readonly entry: ClientEntry;
  /** Why it takes the place of another that was registered; null: it doesn't. */
  readonly notice: string | null;
}

/**
 * @param place under which clients of this issuer are kept
 * @returns null where the issuer offers none, or the flow needs another kind of client
 */
export async function registeredClient(
  services: Services,
  provider: ResolvedProvider,
  request: LoginRequest,
  document: IssuerDocument | null,
  place: string,
): Promise<Registration | null> {
  const { dialect } = provider;
  if (!document?.registration || dialect.client.kind === "confidential") return null;
  if (request.flow !== null && request.flow !== "browser" && request.flow !== "device") return null;
  const redirectUris = redirectUrisFor(request, provider);
  const notice = await noticeOf(services, request, document, place);
  const registered = await register(services, provider, request, document, document.registration, redirectUris);
  if (registered === null) return null;
  const { id, secret, authentication } = registered;
  const entry = entryOf(registered, services.context.now());
  // At once, so that a login that is broken off and repeated doesn't register a second one.
  if (await services.vault.isMade()) await keepClient(services.vault, request.ref.provider, place, id, entry);
  return { client: { id, secret, authentication, name: CLIENT_NAME, ...registrationOf(entry) }, entry, notice };
}

/** All that its logins may send: one that a person named, or the description's. */
function redirectUrisFor({ redirectUri, port }: LoginRequest, { dialect }: ResolvedProvider): readonly string[] {
  if (redirectUri !== null) return [redirectUri];
  const { redirect } = dialect.authorize;
  // Those that compare the port want the very one.
  const named = port === null || redirect.ports === undefined ? dialect : withPort(dialect, port);
  return redirectUrisOf(named);
}

function withPort(dialect: Dialect, port: number): Dialect {
  return { ...dialect, authorize: { ...dialect.authorize, redirect: { ...dialect.authorize.redirect, port } } };
}

async function noticeOf(
  { vault, context }: Services,
  { ref }: LoginRequest,
  { issuer }: IssuerDocument,
  place: string,
): Promise<string | null> {
  const { clients } = await readClients(vault, ref.provider, place);
  switch (endOfRegistration(ownValue(clients.clients, clients.chosen ?? ""), context.now())) {
    case "expired":
      return `The client that was registered at ${issuer} has expired: this login registered another.`;
    case "refused":
      return `${issuer} no longer accepts the client that was registered there: this login registered another.`;
    default:
      return null;
  }
}

async function register(
  services: Services,
  provider: ResolvedProvider,
  request: LoginRequest,
  document: IssuerDocument,
  endpoint: string,
  redirectUris: readonly string[],
): Promise<RegisteredClient | null> {
  const { registerClient } = await import("../../oauth/registration.ts");
  try {
    return await registerClient(services.context.http, document, endpoint, redirectUris);
  } catch (error) {
    if (!(error instanceof OAuthFailure)) throw error;
    const message = `${document.issuer} did not register a client (${error.reason}).`;
    const detail = error.description;
    if (error.status === null || isPassingStatus(error.status))
      throw new AuthError(error.status === null ? "network" : "provider_unavailable", message, {
        hint: "Try again.",
        detail,
      });
    // The description brings one that needs no registration.
    if (provider.dialect.client.id !== undefined) return null;
    throw (await clientMissing(services, provider, request, null, false)).restated({ message, detail });
  }
}

function entryOf(
  { secret, authentication, expiresAt, registrationToken }: RegisteredClient,
  savedAt: number,
): ClientEntry {
  return {
    secret,
    source: "registration",
    savedAt,
    refused: null,
    ...(authentication !== "none" && { authentication }),
    ...(expiresAt !== null && { expiresAt }),
    ...(registrationToken !== null && { registrationToken }),
  };
}
