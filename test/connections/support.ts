/** What tests of connections begin with: a stored login, what a login is asked for, and the services around a vault. */
import type { LoginRequest } from "../../src/connections/login/request.ts";
import {
  type Connection,
  encodeRecord,
  type Failure,
  type Note,
  newConnection,
  type Pinned,
  type Tokens,
} from "../../src/connections/record.ts";
import type { Services } from "../../src/connections/services.ts";
import type { Context } from "../../src/platform/context.ts";
import type { HttpReply } from "../../src/platform/http.ts";
import { Secret } from "../../src/platform/secret.ts";
import { createRegistry } from "../../src/providers/registry.ts";
import type { ProviderDefinition } from "../../src/providers/schema.ts";
import type { Vault, Version } from "../../src/vault/types.ts";

export const START = 1_800_000_000_000;
export const REF = { provider: "acme", name: "default" };
export const NAME = "acme:default";
export const TOKEN_URL = "https://acme.example/token";

export function tokensOf(different: Partial<Tokens> = {}): Tokens {
  return {
    accessToken: new Secret("access-1"),
    tokenType: "bearer",
    obtainedAt: START - 3_600_000,
    expiresAt: null,
    dueAt: null,
    refreshToken: new Secret("refresh-1"),
    refreshExpiresAt: null,
    refreshFingerprint: null,
    idToken: null,
    scopes: ["read"],
    extra: {},
    ...different,
  };
}

/** When an access token ends, milliseconds since the epoch, and is due: 300 s before. */
export function ending(at: number): Pick<Tokens, "expiresAt" | "dueAt"> {
  return { expiresAt: at, dueAt: at - 300_000 };
}

export function pinnedTo(different: Partial<Pinned> = {}): Pinned {
  return {
    origins: ["https://acme.example"],
    endpoints: { token: TOKEN_URL },
    issuer: null,
    jwksUri: null,
    issRequired: false,
    clientId: "client",
    authentication: "none",
    ...different,
  };
}

/** A login at acme whose access token ended a second ago. */
export function loggedIn(different: Partial<Connection> = {}): Connection {
  return {
    ...newConnection("acme", "default", START),
    flow: "device",
    pinned: pinnedTo(),
    tokens: tokensOf(ending(START - 1000)),
    ...different,
  };
}

/** A refresh that is noted at `START`. */
export function noteOf(different: Partial<Note> = {}): Note {
  return { sentAt: START, doubtSince: null, key: "key", generation: 1, ...different };
}

/** A refresh that the provider had no answer to at `START`. */
export function failureOf(different: Partial<Failure> = {}): Failure {
  return {
    at: START,
    class: "transient",
    code: "provider_unavailable",
    reason: "HTTP 503",
    providerError: null,
    hint: null,
    inDoubt: false,
    unreadable: false,
    attempts: 1,
    retryAt: null,
    retryCap: 0,
    claims: null,
    client: null,
    ...different,
  };
}

/** A state of the login that `putRecord` stores, or of another one. */
export function versionAt(generation: number, incarnation = INCARNATION): Version {
  return { incarnation, generation };
}

const INCARNATION = "a".repeat(32);
export const OTHER_LOGIN = "b".repeat(32);

/** Stores a record as its first login would. */
export async function putRecord(vault: Vault, record: Connection): Promise<void> {
  const name = `${record.provider}:${record.name}`.toLowerCase();
  const next = { version: versionAt(1), body: encodeRecord(record) };
  await vault.commit([{ type: "connection", name, expected: null, next }]);
}

/** The services around a vault, with one provider. What isn't given keeps still, and nothing may be sent. */
export function servicesOf(
  vault: Vault,
  definition: ProviderDefinition | null,
  given: Partial<Context> = {},
): Services {
  const context = {
    env: {},
    now: () => START,
    debug() {},
    audit: async () => {},
    warn() {},
    http: () => Promise.reject(new Error("nothing is to be sent")),
    ...given,
  } as unknown as Context;
  const builtIn = definition === null ? {} : { [definition.id]: async () => ({ default: definition }) };
  return { context, vault, registry: createRegistry({ builtIn }) };
}

export function json(status: number, body: unknown, headers: Record<string, string> = {}): HttpReply {
  return {
    status,
    headers: new Headers({ "content-type": "application/json", ...headers }),
    body: new TextEncoder().encode(typeof body === "string" ? body : JSON.stringify(body)),
  };
}

/** `auth login acme --force --no-verify` where nothing can be opened or asked. */
export const LOGIN: LoginRequest = {
  ref: REF,
  flow: null,
  scopes: null,
  clientId: null,
  clientSecret: null,
  settings: {},
  issuer: null,
  endpoints: {},
  token: null,
  verify: false,
  force: true,
  timeout: null,
  port: null,
  redirectUri: null,
  canOpenBrowser: false,
};
