/**
 * The OAuth clients that connections log in with. One record for each (provider, token origin): a connection
 * refers to a client in it by id, so that a new secret is used at once (CLI.md §4, RULES.md 3.1).
 */

import type { ClientKey } from "../oauth/key-file.ts";
import type { Client } from "../oauth/types.ts";
import type { Environment } from "../platform/context.ts";
import { usage } from "../platform/errors.ts";
import { ownValue } from "../platform/json.ts";
import { cutLineEnd, Secret } from "../platform/secret.ts";
import { shellWord } from "../platform/shell-word.ts";
import { syntaxFault } from "../platform/syntax.ts";
import { originOf } from "../platform/url.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import type { Change, Vault, Version } from "../vault/types.ts";
import { following, update } from "./changes.ts";
import { clientSetCommand } from "./failure.ts";
import { type Connection, decodeRecord, encodeRecord, type Pinned, type SecretPlaces } from "./record.ts";
import { connectionError, display } from "./ref.ts";
import type { Services } from "./services.ts";

export interface ClientEntry {
  readonly secret: Secret | null;
  /** `person`: given by flag, variable or `client set`; `registration`: RFC 7591. */
  readonly source: "person" | "registration" | "plugin";
  readonly savedAt: number;
  /** Keyed hash of the secret that the provider refused: it is not offered again silently. A client without one: itself. */
  readonly refused: string | null;
  /** How it authenticates, where its registration said so. */
  readonly authentication?: "body" | "basic";
  /** When the secret of a registered client ends (RFC 7591 §3.2.1). Milliseconds since the epoch; absent: never. */
  readonly expiresAt?: number;
  /** RFC 7592 §3. */
  readonly registrationToken?: Secret;
  /** With which it proves itself, instead of a secret (RFC 7523 §2.2); PKCS#8 in PEM. */
  readonly privateKey?: Secret;
  readonly algorithm?: ClientKey["algorithm"];
  readonly keyId?: string | null;
  /** Of that key, in PEM, where the client shows it when it connects (RFC 8705 §2). */
  readonly certificate?: string;
}

/** The key that is kept for a client. */
export function keyOf(entry: ClientEntry | undefined): ClientKey | null {
  if (entry?.privateKey === undefined) return null;
  const { privateKey: pem, algorithm = "ES256", keyId = null, certificate } = entry;
  return { pem, algorithm, keyId, ...(certificate !== undefined && { certificate }) };
}

/** How a client proves itself with this key. */
export function methodOf({ certificate }: ClientKey): "private_key_jwt" | "tls_client_auth" {
  return certificate === undefined ? "private_key_jwt" : "tls_client_auth";
}

/**
 * Why a client that auth registered is of no use any more, so that the next login registers another; null: it is of use, or
 * a person gave it.
 *
 * @param now milliseconds since the epoch
 */
export function endOfRegistration(entry: ClientEntry | undefined, now: number): "expired" | "refused" | null {
  if (entry?.source !== "registration") return null;
  if (entry.expiresAt !== undefined && entry.expiresAt <= now) return "expired";
  return entry.refused === null ? null : "refused";
}

/** What a client says of its registration, if auth made it. */
export function registrationOf(entry: ClientEntry | undefined): Pick<Client, "registration"> {
  return entry?.source === "registration" ? { registration: { expiresAt: entry.expiresAt ?? null } } : {};
}

/** @throws AuthError `usage` for characters that neither can have; the message names the position, never the value */
export function requireClientSyntax(id: string, secret: Secret | null): void {
  const fault = syntaxFault("client id", id) ?? syntaxFault("client secret", secret?.reveal() ?? "");
  if (fault !== null) throw usage(`${fault}.`, "Copy it from the client's page again. Nothing was sent or stored.");
}

export interface Clients {
  readonly format: 1;
  readonly provider: string;
  readonly origin: string;
  /** The client that a login uses when none is named. */
  readonly chosen: string | null;
  readonly clients: Readonly<Record<string, ClientEntry>>;
}

const CLIENT_SECRETS: SecretPlaces = {
  clients: { "*": { secret: true, registrationToken: true, privateKey: true } },
};

function clientsName(provider: string, origin: string): string {
  return `${provider}@${origin}`.toLowerCase();
}

export async function readClients(
  vault: Vault,
  provider: string,
  origin: string,
): Promise<{ clients: Clients; version: Version | null }> {
  const entry = await vault.read("client", clientsName(provider, origin));
  if (entry === null) return { clients: { format: 1, provider, origin, chosen: null, clients: {} }, version: null };
  return { clients: decodeRecord<Clients>(entry.body, entry.name, CLIENT_SECRETS), version: entry.version };
}

export async function listClients(vault: Vault): Promise<Clients[]> {
  return (await vault.list("client")).map(({ body, name }) => decodeRecord<Clients>(body, name, CLIENT_SECRETS));
}

/** The change that stores (or, without clients left, erases) a client record. */
export function clientsChange(clients: Clients, version: Version | null): Change {
  const isEmpty = Object.keys(clients.clients).length === 0;
  return {
    type: "client",
    name: clientsName(clients.provider, clients.origin),
    expected: version,
    next: isEmpty ? null : { version: following(version), body: encodeRecord(clients) },
  };
}

/** Changes one client record, also while other processes change it. */
export async function updateClients(
  vault: Vault,
  provider: string,
  origin: string,
  change: (clients: Clients) => Clients,
): Promise<void> {
  await update(
    vault,
    () => readClients(vault, provider, origin),
    ({ clients, version }) => {
      const next = change(clients);
      const isNothing = version === null && Object.keys(next.clients).length === 0;
      return { changes: isNothing ? [] : [clientsChange(next, version)], result: undefined };
    },
  );
}

/** Stores a client as the one that the next login uses. */
export function keepClient(
  vault: Vault,
  provider: string,
  origin: string,
  id: string,
  entry: ClientEntry,
): Promise<void> {
  return updateClients(vault, provider, origin, (kept) => ({
    ...kept,
    chosen: id,
    clients: { ...kept.clients, [id]: entry },
  }));
}

/** Without some of its clients. The chosen one stays chosen, or the first that is left is. */
export function withoutClients(kept: Clients, isGone: (id: string) => boolean): Clients {
  const clients = Object.fromEntries(Object.entries(kept.clients).filter(([id]) => !isGone(id)));
  const isKept = kept.chosen !== null && Object.hasOwn(clients, kept.chosen);
  return { ...kept, clients, chosen: isKept ? kept.chosen : (Object.keys(clients)[0] ?? null) };
}

/**
 * Marks a secret that the provider refused, so that it isn't offered again silently (CLI.md §4), or a client that auth
 * registered, so that the next login registers another.
 *
 * @param origin of the token endpoint
 */
export async function markRefused(
  vault: Vault,
  provider: string,
  origin: string,
  { id, secret }: Client,
): Promise<void> {
  const known = ({ clients }: Clients): ClientEntry | undefined => {
    const entry = ownValue(clients, id);
    const isIt = secret === null ? entry?.source === "registration" : entry?.secret?.equals(secret);
    return isIt ? entry : undefined;
  };
  if (known((await readClients(vault, provider, origin)).clients) === undefined) return;
  const refused = await vault.fingerprint(`secret\0${secret?.reveal() ?? ""}`);
  await updateClients(vault, provider, origin, (kept) => {
    const entry = known(kept);
    return entry === undefined ? kept : { ...kept, clients: { ...kept.clients, [id]: { ...entry, refused } } };
  });
}

/** Under which a login's client is kept: its issuer, where the API named that, else the token endpoint's origin. */
export function clientPlace(pinned: Pick<Pinned, "clientPlace">, tokenEndpoint: string): string {
  return pinned.clientPlace ?? originOf(tokenEndpoint);
}

/**
 * A provider's client in the environment: our own variables before the ecosystem's. None where servers name the issuer:
 * the variable doesn't say which issuer its client belongs to.
 */
export function clientFromEnvironment(
  definition: ProviderDefinition,
  env: Environment,
): { id: string; idVariable: string; secret: Secret | null } | null {
  if (definition.resource !== undefined) return null;
  const id = firstSet(env, [`${clientVariables(definition)}_ID`, ...(definition.client?.environment?.id ?? [])]);
  if (id === null) return null;
  const secret = clientSecretFromEnvironment(definition, env)?.secret ?? null;
  return { id: id.value.trim(), idVariable: id.variable, secret };
}

/** A client's secret in the environment, whether or not its id is there too. */
export function clientSecretFromEnvironment(
  definition: ProviderDefinition,
  env: Environment,
): { variable: string; secret: Secret } | null {
  if (definition.resource !== undefined) return null;
  const names = definition.client?.environment?.secret ?? [];
  const found = firstSet(env, [`${clientVariables(definition)}_SECRET`, ...names]);
  // Spaces may belong to it (RFC 6749 A.2).
  return found === null ? null : { variable: found.variable, secret: new Secret(cutLineEnd(found.value)) };
}

/** `AUTH_GITHUB_CLIENT`, to which `_ID` and `_SECRET` are added. */
export function clientVariables({ id }: ProviderDefinition): string {
  return `AUTH_${id.toUpperCase().replaceAll("-", "_")}_CLIENT`;
}

function firstSet(env: Environment, variables: readonly string[]): { variable: string; value: string } | null {
  for (const variable of variables) {
    const value = env[variable];
    if (value?.trim()) return { variable, value };
  }
  return null;
}

/**
 * The client a stored connection speaks as. Its id is the one pinned at login; a secret from the environment
 * counts only if the environment names that very id.
 */
export async function clientOf(services: Services, record: Connection, pinned: Pinned): Promise<Client> {
  const { clientId, endpoints, authentication } = pinned;
  const id = clientId ?? "";
  if (id === "" || endpoints.token === undefined) return { id, secret: null, authentication: "none" };
  const { clients } = await readClients(services.vault, record.provider, clientPlace(pinned, endpoints.token));
  const entry = ownValue(clients.clients, id);
  if (authentication === "none") return { id, secret: null, authentication, ...registrationOf(entry) };
  if (authentication === "private_key_jwt" || authentication === "tls_client_auth") {
    const key = keyOf(entry);
    if (key !== null && methodOf(key) === authentication) return { id, secret: null, authentication, key };
    const again = `Log in with it again: auth login ${display(record)} --force --client-id ${shellWord(id)}`;
    const [what, hint] =
      authentication === "private_key_jwt"
        ? ["key", `${again} --key <file>`]
        : ["certificate", `${again} --certificate <file>`];
    const message = `The ${what} of client ${id} is missing for ${display(record)}.`;
    throw connectionError(record, "client_missing", message, { hint });
  }
  const fromEnvironment = clientFromEnvironment(await services.registry.get(record.provider), services.context.env);
  const secret = secretOf(id, fromEnvironment, entry);
  if (secret !== null) return { id, secret, authentication, ...registrationOf(entry) };
  throw connectionError(record, "client_missing", `The secret of client ${id} is missing for ${display(record)}.`, {
    hint: `Give it again: ${clientSetCommand(record)}`,
  });
}

/** The client that a login at this record's provider would use now; null where none is known. */
export async function knownClient(services: Services, { provider, pinned }: Connection): Promise<Client | null> {
  const definition = await services.registry.get(provider);
  const fromEnvironment = clientFromEnvironment(definition, services.context.env);
  const token = pinned?.endpoints.token;
  const at = pinned === null || token === undefined ? null : clientPlace(pinned, token);
  const clients = at === null ? null : (await readClients(services.vault, provider, at)).clients;
  const id = fromEnvironment?.id ?? clients?.chosen ?? definition.client?.id ?? null;
  if (id === null) return null;
  const entry = ownValue(clients?.clients, id);
  const key = keyOf(entry);
  if (key !== null) return { id, secret: null, authentication: methodOf(key), key };
  const secret = secretOf(id, fromEnvironment, entry);
  const authentication = entry?.authentication ?? definition.client?.authentication ?? "body";
  return { id, secret, authentication: secret === null ? "none" : authentication };
}

function secretOf(
  id: string,
  fromEnvironment: ReturnType<typeof clientFromEnvironment>,
  entry: ClientEntry | undefined,
): Secret | null {
  return (fromEnvironment?.id === id ? fromEnvironment.secret : null) ?? entry?.secret ?? null;
}

/**
 * A keyed hash of the id and what proves the client, to see whether a refused one has changed since. A certificate counts
 * beside its key: it may be renewed with the key kept.
 */
export function clientFingerprint(vault: Vault, { id, secret, key }: Client): Promise<string> {
  const proof = (secret ?? key?.pem)?.reveal() ?? "";
  return vault.fingerprint(
    ["client", id, proof, ...(key?.certificate === undefined ? [] : [key.certificate])].join("\0"),
  );
}
