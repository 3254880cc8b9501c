/** Stores a login. The old credential stays until the new one is in the vault (DESIGN.md §6, RULES.md 1.3). */

import type { Account, TokenReply } from "../../oauth/types.ts";
import { AuthError } from "../../platform/errors.ts";
import { ownValue } from "../../platform/json.ts";
import { originOf } from "../../platform/url.ts";
import { flowsOf } from "../../providers/flows.ts";
import type { Change } from "../../vault/types.ts";
import { blankKept, newIncarnation } from "../changes.ts";
import { type ClientEntry, clientsChange, readClients } from "../clients.ts";
import { ownIssuer } from "../pin.ts";
import { pinnedOrigins } from "../pinned-origins.ts";
import { type Connection, encodeRecord, type LoginSettings, newConnection } from "../record.ts";
import { connectionError, display, vaultName } from "../ref.ts";
import type { Services } from "../services.ts";
import { listReadable, readReplaceable, type Stored } from "../store.ts";
import { refreshFingerprint, tokensFrom } from "../tokens.ts";
import type { LoginPlan } from "./plan.ts";

export interface StoredLogin {
  readonly stored: Stored;
  /** What was there at the commit; null also where that was damaged. */
  readonly replaced: Stored | null;
}

interface Committed extends StoredLogin {
  readonly undo: readonly Change[];
}

export async function storeLogin(
  services: Services,
  plan: LoginPlan,
  reply: TokenReply,
  account: Account | null,
): Promise<StoredLogin> {
  const { vault } = services;
  const record = await recordOf(services, plan, reply, account);
  await refuseSecondOwner(services, plan, record);
  for (;;) {
    const result = await commitLogin(services, plan, record);
    // The source of a new key may ask a person or a keychain: no lock is held meanwhile (RULES.md 1.3).
    if (result === "rekeyed") await vault.reload();
    if (typeof result !== "object") continue;
    await onStored(services, plan, result);
    return result;
  }
}

/** @throws what `onStored` throws, after the vault is as it was before */
async function onStored({ vault, context }: Services, { request }: LoginPlan, { undo }: Committed): Promise<void> {
  try {
    await request.onStored?.();
  } catch (error) {
    if (!(await takeBack(vault, undo)))
      context.warn(`${display(request.ref)} was used or changed meanwhile: what was just stored there stays.`);
    throw error;
  }
}

/** @returns false where the login isn't the one that was just stored any more */
async function takeBack(vault: Services["vault"], undo: readonly Change[]): Promise<boolean> {
  const [login, ...clients] = undo;
  for (let changes = undo; ; ) {
    const result = await vault.commit(changes);
    if (result === "committed") return true;
    if (result === "rekeyed") await vault.reload();
    // Another login has come to the same client since: that one stays.
    else if (clients.length > 0 && changes === undo && login !== undefined) changes = [login];
    else return false;
  }
}

/**
 * One try, under the connection's lock where it is free: a refresh in flight isn't cut off then. A holder that hangs
 * must not keep a login out.
 */
async function commitLogin(
  services: Services,
  { request, ...plan }: LoginPlan,
  record: Connection,
): Promise<Committed | "conflict" | "rekeyed"> {
  const { vault, context } = services;
  const name = vaultName(request.ref);
  const lock = await vault.tryLock(name);
  try {
    const { stored: replaced, expected } = await readReplaceable(vault, request.ref, request.force);
    const { replaces = replaced?.version.incarnation ?? null } = request;
    if ((replaced?.version.incarnation ?? null) !== replaces)
      throw connectionError(request.ref, "busy", `${display(request.ref)} was changed meanwhile.`, {
        hint: "Nothing was stored. Try again.",
      });
    const version = { incarnation: newIncarnation(), generation: 1 };
    const changes: Change[] = [
      { type: "connection", name, expected, next: { version, body: encodeRecord(record) } },
      ...(await clientChange(services, { request, ...plan })),
    ];
    const undo = await Promise.all(changes.map((change) => inverse(vault, change)));
    const result = await vault.commit(changes);
    if (result !== "committed") return result;
    const ref = { provider: record.provider, name: record.name };
    if (expected === "any")
      context.warn(`The record of ${display(ref)} was damaged. It is replaced; nothing was revoked at the provider.`);
    if (lock !== null) await blankKept(context, ref, lock);
    return { stored: { ref, version, record }, replaced, undo };
  } finally {
    lock?.release();
  }
}

/** What puts back what is there now. A record that doesn't open can't be put back. */
async function inverse(vault: Services["vault"], { type, name, expected, next }: Change): Promise<Change> {
  const before = expected === "any" ? null : await vault.read(type, name);
  return { type, name, expected: next?.version ?? null, next: before };
}

async function recordOf(
  services: Services,
  plan: LoginPlan,
  reply: TokenReply,
  account: Account | null,
): Promise<Connection> {
  const { request, existing, provider, server, client } = plan;
  const { dialect } = provider;
  const now = services.context.now();
  const tokens = tokensFrom(reply, dialect, { at: now, previous: null, minted: plan.mint !== undefined });
  const madeFrom: LoginSettings = {
    settings: { ...provider.settings },
    issuer: ownIssuer(provider.definition, request.issuer ?? existing?.record.issuer ?? null),
    endpoints: { ...existing?.record.endpoints, ...request.endpoints },
    flow: plan.flow,
  };
  const plugin = await pinnedOrigins(services, provider.definition, madeFrom.settings);
  // Where a provider has tokens only, they are API keys; elsewhere a token takes the place of a login.
  const isKey = flowsOf(provider.definition).every(({ flow }) => flow === "token");
  const isPastedForApi = plan.flow === "token" && provider.resource !== null;
  return {
    ...newConnection(request.ref.provider, existing?.record.name ?? request.ref.name, now),
    createdAt: existing?.record.createdAt ?? now,
    ...madeFrom,
    scopes: scopesToKeep(plan),
    clientId: clientToKeep(plan),
    kind: isKey ? "api-key" : plan.flow === "token" ? "token" : "oauth",
    pinned: {
      origins: [...provider.origins],
      endpoints: { ...server.endpoints },
      issuer: server.issuer,
      jwksUri: plan.jwksUri,
      issRequired: server.issRequired,
      clientId: client?.id ?? null,
      authentication: client?.authentication ?? "none",
      ...(server.resource !== undefined && { resource: server.resource }),
      ...((plan.api !== undefined || isPastedForApi) && { asked: [...plan.scopes] }),
      ...(plan.clientPlace !== undefined && { clientPlace: plan.clientPlace }),
      ...(reply.redirectUri !== undefined && { redirectUri: reply.redirectUri }),
      ...(plugin !== null && { plugin }),
      madeFrom,
    },
    account: account === null ? null : { ...account },
    ...(plan.companions !== undefined && { companions: plan.companions }),
    ...(plan.mint !== undefined && { mint: { ...plan.mint, scopes: [...plan.scopes] } }),
    tokens: {
      ...tokens,
      scopes: reply.scopes === null ? [...plan.scopes] : tokens.scopes,
      refreshFingerprint: await refreshFingerprint(services.vault, tokens.refreshToken),
      ...(client?.proof?.needed && { proofKey: client.proof.key }),
    },
  };
}

/** What the next login speaks as; null: the client that is kept, so that a registration may replace it. */
function clientToKeep({ client, request, existing, companions }: LoginPlan): string | null {
  // What goes along with a pasted token may name the client that got it.
  if (client === null) return (companions === undefined ? null : request.clientId) ?? existing?.record.clientId ?? null;
  return client.registration === undefined || request.clientId !== null ? client.id : null;
}

/** What the next login asks for again; null: the default. */
function scopesToKeep({ request, existing, scopes }: LoginPlan): readonly string[] | null {
  return request.moreScopes === undefined ? (request.scopes ?? existing?.record.scopes ?? null) : scopes;
}

/** One refresh token, one owner: two connections that share one would burn each other's (RULES.md 2.6). */
async function refuseSecondOwner(services: Services, plan: LoginPlan, record: Connection): Promise<void> {
  const fingerprint = record.tokens?.refreshFingerprint;
  if (!fingerprint) return;
  const mine = vaultName(plan.request.ref);
  const owner = (await listReadable(services.vault)).find(
    (other) => vaultName(other.ref) !== mine && other.record.tokens?.refreshFingerprint === fingerprint,
  );
  if (owner === undefined) return;
  throw new HeldElsewhere("token_rejected", `${display(owner.ref)} already holds this very refresh token.`, {
    hint: `Use ${display(owner.ref)}, or log out of it first. Nothing was stored.`,
    connection: display(plan.request.ref),
  });
}

/** What came is another connection's refresh token: revoking it would end that login. */
export class HeldElsewhere extends AuthError {}

/** The client that was used is kept, secret included, as the one that the next login uses, wherever that begins. */
async function clientChange(services: Services, plan: LoginPlan): Promise<ReturnType<typeof clientsChange>[]> {
  const { token } = plan.server.endpoints;
  if (token === undefined) return [];
  return (await Promise.all(clientOrigins(plan, token).map((origin) => clientChangeAt(services, plan, origin)))).flat();
}

/** Where a login's client is kept: by its issuer, or by its token endpoint and the one at which a login begins. */
export function clientOrigins({ startOrigin, clientPlace }: LoginPlan, token: string): string[] {
  if (clientPlace !== undefined) return [clientPlace];
  return [...new Set([originOf(token), startOrigin ?? originOf(token)])];
}

async function clientChangeAt(
  services: Services,
  plan: LoginPlan,
  origin: string,
): Promise<ReturnType<typeof clientsChange>[]> {
  const { client, registered } = plan;
  if (client === null || client.id === "") return [];
  const { clients, version } = await readClients(services.vault, plan.request.ref.provider, origin);
  const known = ownValue(clients.clients, client.id);
  const { key } = client;
  const secret = client.secret ?? known?.secret ?? null;
  const isKept =
    known !== undefined &&
    (known.secret === secret || (secret !== null && known.secret?.equals(secret) === true)) &&
    (key === undefined || (known.privateKey?.equals(key.pem) === true && known.certificate === key.certificate)) &&
    clients.chosen === client.id &&
    known.refused === null;
  // The description brings it to the next login too, or by then another one.
  const isDescribed = known === undefined && secret === null && client.id === plan.provider.dialect.client.id;
  if (isKept || (isDescribed && key === undefined)) return [];
  const { privateKey: _, algorithm: __, keyId: ___, certificate: ____, ...registration } = known ?? registered ?? {};
  const entry: ClientEntry = {
    source: "person",
    ...registration,
    ...(key !== undefined && { privateKey: key.pem, algorithm: key.algorithm, keyId: key.keyId }),
    ...(key?.certificate !== undefined && { certificate: key.certificate }),
    secret: key === undefined ? secret : null,
    savedAt: services.context.now(),
    refused: null,
  };
  const next = { ...clients, chosen: client.id, clients: { ...clients.clients, [client.id]: entry } };
  return [clientsChange(next, version)];
}
