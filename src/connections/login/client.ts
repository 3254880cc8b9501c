/**
 * As which client a login speaks: flag, environment, profile, client record, a registration, the description's own; else how
 * to create one (CLI.md §4).
 */

import type { ClientKey } from "../../oauth/key-file.ts";
import type { Client } from "../../oauth/types.ts";
import { CLIENT_NAME } from "../../oauth/types.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { ownValue } from "../../platform/own.ts";
import type { Secret } from "../../platform/secret.ts";
import { placeholder, shellWord } from "../../platform/shell-word.ts";
import type { Dialect } from "../../providers/defaults.ts";
import type { ResolvedProvider } from "../../providers/resolve.ts";
import type { ProviderDefinition } from "../../providers/schema.ts";
import {
  clientFingerprint,
  clientFromEnvironment,
  clientSecretFromEnvironment,
  clientVariables,
  keyOf,
  readClients,
  requireClientSyntax,
} from "../clients.ts";
import type { Connection } from "../record.ts";
import type { Services } from "../services.ts";
import { loginCommand } from "./command.ts";
import type { LoginRequest } from "./request.ts";
import { type Ways, waysInWords, waysWithoutClient } from "./ways.ts";

/**
 * @param supported the token endpoint's authentication methods, where discovery named them
 * @param own whether the description's own client counts
 * @param algorithms by which a client may sign, null where discovery didn't say; absent: keys are no matter of the client's
 */
export async function loginClient(
  services: Services,
  dialect: Dialect,
  request: LoginRequest,
  profile: Connection | null,
  tokenOrigin: string,
  supported: readonly string[] | null,
  algorithms?: readonly string[] | null,
  own = true,
): Promise<Client | null> {
  const fromEnvironment = clientFromEnvironment(dialect, services.context.env);
  const { clients } = await readClients(services.vault, request.ref.provider, tokenOrigin);
  const id =
    request.clientId ?? fromEnvironment?.id ?? profile?.clientId ?? clients.chosen ?? (own ? dialect.client.id : null);
  if (id === null || id === undefined) return null;
  requireClientSyntax(id, null);
  const known = ownValue(clients.clients, id);
  const others = [profile?.clientId, clients.chosen];
  const key = algorithms === undefined ? null : await keyFor(request, keyOf(known), supported, algorithms);
  const name = known?.source === "registration" ? { name: CLIENT_NAME } : {};
  if (key !== null) return { id, ...name, secret: null, authentication: "private_key_jwt", key };
  const fromVariable =
    fromEnvironment?.id === id ? fromEnvironment.secret : lonelySecret(services, dialect, request, others);
  const held = fromVariable ?? known?.secret ?? null;
  const offered = dialect.client.kind === "public" ? null : (request.clientSecret ?? held);
  requireClientSyntax(id, offered);
  if (offered !== null && request.clientSecret === null) {
    const client: Client = { id, secret: offered, authentication: "body" };
    if (await wasRefused(services, client, known?.refused ?? null, profile)) throw secretRefused(dialect, request, id);
  }
  if (request.clientSecret !== null && offered === null && dialect.client.kind === "public")
    throw new AuthError(
      "client_rejected",
      `${dialect.title} clients used here are public: they must not have a secret.`,
      {
        hint: "Leave --client-secret out.",
      },
    );
  if (offered === null) return { id, ...name, secret: null, authentication: "none" };
  return { id, ...name, secret: offered, authentication: known?.authentication ?? method(dialect, supported) };
}

/**
 * A secret in the environment without an id beside it is meant for the client that the command line names, unless another
 * one is stored, whose it may be.
 */
function lonelySecret(
  { context }: Services,
  dialect: Dialect,
  { clientId }: LoginRequest,
  stored: readonly (string | null | undefined)[],
): Secret | null {
  if (clientId === null || clientFromEnvironment(dialect, context.env) !== null) return null;
  if (stored.some((id) => id !== null && id !== undefined && id !== clientId)) return null;
  return clientSecretFromEnvironment(dialect, context.env)?.secret ?? null;
}

/** Why a secret in the environment was not used, for the error of a login that lacks one; null where there is none. */
export function unusedSecret({ context }: Services, definition: ProviderDefinition, id: string | null): string | null {
  const found = clientSecretFromEnvironment(definition, context.env);
  if (found === null) return null;
  const named = clientFromEnvironment(definition, context.env);
  const { variable } = found;
  const idVariable = `${clientVariables(definition)}_ID`;
  if (named !== null && named.id !== id) return `${variable} was not used: ${named.idVariable} names another client.`;
  return `${variable} was not used: it doesn't say for which client it is. Set ${idVariable}=${id === null ? "<id>" : shellWord(id)} beside it.`;
}

/** A key is used wherever one is known, unless a secret is given now: a secret is never sent beside it. */
async function keyFor(
  { credential, clientSecret }: LoginRequest,
  kept: ClientKey | null,
  supported: readonly string[] | null,
  algorithms: readonly string[] | null,
): Promise<ClientKey | null> {
  const given = credential?.key;
  if (given === undefined) return clientSecret === null ? kept : null;
  if (clientSecret !== null)
    throw usage("A client proves itself with a key or with a secret, not with both.", "Leave one of them out.");
  // RFC 8414 §2: what isn't listed isn't supported.
  if (!supported?.includes("private_key_jwt"))
    throw usage("--key does nothing here: this provider takes no keys from clients.", "Leave --key out.");
  const { readClientKey } = await import("../../oauth/key-file.ts");
  return readClientKey(given, algorithms);
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

function secretRefused(dialect: Dialect, request: LoginRequest, id: string): AuthError {
  const missing: MissingClient = { title: dialect.title, lacks: ["secret"], id, mayHaveSecret: true, steps: [] };
  return new AuthError("client_missing", `${dialect.title} has refused the secret that is kept for client ${id}.`, {
    hint: `Give the right one: ${loginCommand(dialect, request, { "client-id": id, "client-secret": "-" })}`,
    cause: missing,
  });
}

function method(dialect: Dialect, supported: readonly string[] | null): "body" | "basic" {
  const preferred = dialect.client.authentication ?? "body";
  if (supported === null) return preferred;
  const names = { basic: "client_secret_basic", body: "client_secret_post" } as const;
  if (supported.includes(names[preferred])) return preferred;
  const other = preferred === "basic" ? "body" : "basic";
  return supported.includes(names[other]) ? other : preferred;
}

/** What a login lacks; the cause of its `client_missing`, for whoever can ask a person. */
export interface MissingClient {
  /** The provider's. */
  readonly title: string;
  readonly lacks: readonly ("id" | "secret" | "key")[];
  /** The client's id, where that is known. */
  readonly id: string | null;
  /** Whether a secret means anything, where none is needed. */
  readonly mayHaveSecret: boolean;
  /** How to come by what is missing, one line each. */
  readonly steps: readonly string[];
  /** Without a client at all. */
  readonly ways?: Ways;
}

export interface ClientNeed {
  /** The client's id, where that is known. */
  readonly id: string | null;
  readonly needsSecret: boolean;
  /** Why a secret in the environment doesn't count (`unusedSecret`). */
  readonly unused?: string | null;
  /** Whether the description is part of auth: another tool's command that a plugin names is neither shown nor run. */
  readonly bundled?: boolean;
}

/** Where to create a client, what to enter there, and the way without one. */
export function clientMissing(
  provider: ResolvedProvider,
  request: LoginRequest,
  { id, needsSecret, unused = null, bundled = false }: ClientNeed,
): AuthError {
  const { definition, client } = provider;
  const prefix = clientVariables(definition);
  const redirectUri = request.redirectUri ?? client.redirectUri;
  const command = loginCommand(definition, request, {
    ...(redirectUri === null && { "redirect-uri": placeholder("url") }),
    "client-id": id ?? placeholder("id"),
    ...(needsSecret && { "client-secret": "-" }),
  });
  const steps = [
    ...(client.create === null ? [] : [`Create one: ${client.create}`]),
    `Redirect URI to enter there: ${redirectUri ?? "an address of your own, to be given as --redirect-uri"}`,
    ...client.notes,
  ];
  const described = id === null ? waysWithoutClient(provider, request) : { command: null, token: null };
  const ways: Ways = bundled ? described : { ...described, command: null };
  const app = [...steps, `Then: ${command}   (or set ${prefix}_ID${needsSecret ? ` and ${prefix}_SECRET` : ""})`];
  const lines = [unused, ...waysInWords(ways, loginCommand(definition, request, { token: "-" }), app)];
  const missing: MissingClient = {
    title: definition.title,
    lacks: [...(id === null ? (["id"] as const) : []), ...(needsSecret ? (["secret"] as const) : [])],
    id,
    mayHaveSecret: definition.client?.kind !== "public",
    steps,
    ways,
  };
  return new AuthError(
    "client_missing",
    `${definition.title} needs an OAuth client${needsSecret ? " with a secret" : ""}.`,
    // Without its redirect URI a client is of no use yet: nobody is asked for one.
    { hint: lines.filter((line) => line !== null).join("\n"), ...(redirectUri !== null && { cause: missing }) },
  );
}
