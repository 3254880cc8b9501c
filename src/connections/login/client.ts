/**
 * As which client a login speaks: flag, environment, profile, client record, a registration, the description's own; else how
 * to create one (CLI.md §4).
 */

import type { IssuerDocument } from "../../oauth/discovery.ts";
import type { ClientKey } from "../../oauth/key-file.ts";
import { CLIENT_NAME, type Client } from "../../oauth/types.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { ownValue } from "../../platform/json.ts";
import type { Secret } from "../../platform/secret.ts";
import type { Dialect } from "../../providers/defaults.ts";
import {
  clientFingerprint,
  clientFromEnvironment,
  clientSecretFromEnvironment,
  endOfRegistration,
  keyOf,
  methodOf,
  readClients,
  registrationOf,
  requireClientSyntax,
} from "../clients.ts";
import { asLoggedIn } from "../pin.ts";
import type { Connection } from "../record.ts";
import type { Services } from "../services.ts";
import { secretRefused } from "./missing-client.ts";
import type { LoginPlan } from "./plan.ts";
import type { LoginRequest } from "./request.ts";

/**
 * @param document the issuer's metadata, where it was discovered
 * @param own whether the description's own client counts
 * @param withKey whether a key is the client's own, which proves it instead of a secret
 */
export async function loginClient(
  services: Services,
  dialect: Dialect,
  { request, existing, clientPlace }: Pick<LoginPlan, "request" | "existing" | "clientPlace">,
  tokenOrigin: string,
  document: IssuerDocument | null,
  { own = true, withKey = true } = {},
): Promise<Client | null> {
  const profile = existing?.record ?? null;
  const supported = document?.authenticationMethods ?? null;
  const algorithms = document?.authenticationAlgorithms ?? null;
  const fromEnvironment = clientFromEnvironment(dialect, services.context.env);
  const { clients } = await readClients(services.vault, request.ref.provider, clientPlace ?? tokenOrigin);
  const profileId = clientOfProfile(profile, clientPlace, document);
  const now = services.context.now();
  const isOfUse = (id: string): boolean => endOfRegistration(ownValue(clients.clients, id), now) === null;
  const kept = [profileId, clients.chosen].find((id) => id != null && isOfUse(id));
  const id = request.clientId ?? fromEnvironment?.id ?? kept ?? (own ? dialect.client.id : null);
  if (id === null || id === undefined) return null;
  requireClientSyntax(id, null);
  const known = ownValue(clients.clients, id);
  const methods = supported ?? dialect.client.methods ?? [];
  const key = withKey ? await keyFor(request, keyOf(known), methods, algorithms) : null;
  const name = known?.source === "registration" ? { name: CLIENT_NAME, ...registrationOf(known) } : {};
  if (key !== null) return { id, ...name, secret: null, authentication: methodOf(key), key };
  const isPublic = dialect.client.kind === "public";
  if (isPublic && request.clientSecret !== null) {
    const message = `${dialect.title} clients used here are public: they must not have a secret.`;
    throw new AuthError("client_rejected", message, { hint: "Leave --client-secret out." });
  }
  const others = [profileId, clients.chosen].filter((other) => other != null && other !== id);
  const isNamed = request.clientId !== null && others.length === 0;
  const held = secretInEnvironment(services, dialect, id, isNamed) ?? known?.secret ?? null;
  const offered = isPublic ? null : (request.clientSecret ?? held);
  requireClientSyntax(id, offered);
  if (offered !== null && request.clientSecret === null) {
    const client: Client = { id, secret: offered, authentication: "body" };
    if (await wasRefused(services, client, known?.refused ?? null, profile)) throw secretRefused(dialect, request, id);
  }
  if (offered === null) return { id, ...name, secret: null, authentication: "none" };
  return { id, ...name, secret: offered, authentication: known?.authentication ?? method(dialect, supported) };
}

/**
 * Its id is where the issuer reads what it is (draft-ietf-oauth-client-id-metadata-document): there is nothing to register.
 * @param known the client that there is: one that a person gave goes before
 */
export function byMetadataUrl(
  known: Client | null,
  { clientMetadataUrl: id }: LoginRequest,
  document: IssuerDocument | null,
): Client | null {
  if (id === undefined || !document?.clientMetadata || (known !== null && known.registration === undefined))
    return null;
  return { id, secret: null, authentication: "none", name: CLIENT_NAME };
}

/**
 * A client belongs to the issuer that it was registered with, and is never shown to another (MCP "Authorization Server
 * Binding"); one whose id is the URL of its metadata belongs to none.
 */
function clientOfProfile(
  profile: Connection | null,
  clientPlace: string | undefined,
  document: IssuerDocument | null,
): string | null {
  if (profile === null || profile.clientId === null || clientPlace === undefined) return profile?.clientId ?? null;
  const before = asLoggedIn(profile).pinned;
  const isPortable = document?.clientMetadata === true && /^https:\/\/[^/]+\/./.test(profile.clientId);
  return before === null || before.clientPlace === clientPlace || isPortable ? profile.clientId : null;
}

/** @param isNamed whether the command line names the client: a secret without an id beside it is meant for that one */
function secretInEnvironment({ context }: Services, dialect: Dialect, id: string, isNamed: boolean): Secret | null {
  const found = clientFromEnvironment(dialect, context.env);
  if (found !== null) return found.id === id ? found.secret : null;
  return isNamed ? (clientSecretFromEnvironment(dialect, context.env)?.secret ?? null) : null;
}

/** A key is used wherever one is known, unless a secret is given now: a secret is never sent beside it. */
async function keyFor(
  { credential, clientSecret }: LoginRequest,
  kept: ClientKey | null,
  methods: readonly string[],
  algorithms: readonly string[] | null,
): Promise<ClientKey | null> {
  const { key: given, certificate } = credential ?? {};
  const proofs = [given, certificate, clientSecret].filter((proof) => proof != null);
  if (proofs.length > 1)
    throw usage("A client proves itself with a key or with a secret, not with both.", "Leave one of them out.");
  if (certificate !== undefined) return certificateFor(certificate, methods);
  if (given === undefined) return clientSecret === null ? kept : null;
  // RFC 8414 §2: what isn't listed isn't supported.
  if (!methods.includes("private_key_jwt"))
    throw usage("--key does nothing here: this provider takes no keys from clients.", "Leave --key out.");
  const { readClientKey } = await import("../../oauth/key-file.ts");
  return readClientKey(given, algorithms);
}

/** RFC 8705 §2.1, §2.2: whether the issuer knows the certificate's authority, or the certificate itself, is its own matter. */
async function certificateFor(certificate: Secret, methods: readonly string[]): Promise<ClientKey> {
  if (!methods.includes("tls_client_auth") && !methods.includes("self_signed_tls_client_auth"))
    throw usage("--certificate does nothing here: this provider takes no certificates from clients.", "Leave it out.");
  const { readClientCertificate } = await import("../../oauth/key-file.ts");
  return readClientCertificate(certificate);
}

/** A secret that the provider refused, at a login or at a refresh, is not offered again silently. */
async function wasRefused(
  { vault }: Services,
  client: Client,
  refused: string | null,
  profile: Connection | null,
): Promise<boolean> {
  const failure = profile?.failure;
  if (failure?.code === "client_rejected" && failure.client === (await clientFingerprint(vault, client))) return true;
  return refused !== null && refused === (await vault.fingerprint(`secret\0${client.secret?.reveal() ?? ""}`));
}

function method(dialect: Dialect, supported: readonly string[] | null): "body" | "basic" {
  const preferred = dialect.client.authentication ?? "body";
  if (supported === null) return preferred;
  const names = { basic: "client_secret_basic", body: "client_secret_post" } as const;
  if (supported.includes(names[preferred])) return preferred;
  const other = preferred === "basic" ? "body" : "basic";
  return supported.includes(names[other]) ? other : preferred;
}
