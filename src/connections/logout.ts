/** The end of a login: revoked at the provider where that can be done, erased here whatever the answer. */

import { revokeTokens } from "../oauth/revoke.ts";
import { AuthError } from "../platform/errors.ts";
import { ownValue } from "../platform/json.ts";
import { LIMITS } from "../platform/limits.ts";
import { UnknownCommit } from "../vault/driver.ts";
import { waitForLock } from "../vault/lock.ts";
import type { Change, Lock } from "../vault/types.ts";
import { blankKept, newIncarnation } from "./changes.ts";
import { clientPlace, clientsChange, readClients, withoutClients } from "./clients.ts";
import { defaultsChange } from "./defaults.ts";
import { asLoggedIn } from "./pin.ts";
import { type Connection, encodeRecord, newConnection } from "./record.ts";
import { display, typed, vaultName } from "./ref.ts";
import { loginsSharing } from "./revoke.ts";
import type { Services } from "./services.ts";
import { listReadable, readConnection, type Stored } from "./store.ts";
import { type TokenEndpoint, tokenEndpointOf } from "./token-endpoint.ts";

export interface LogoutRequest {
  /** `revoke` keeps the settings, so that the next login needs no flags. */
  readonly keepSettings: boolean;
  readonly forgetClient: boolean;
  /** Revoke at the provider, or only erase here. */
  readonly revoke: boolean;
  /** Aborted when the person interrupts: then nothing is waited for any more, and the login is erased here. */
  readonly interruption: AbortSignal;
}

export interface LoggedOut {
  readonly connection: string;
  readonly erased: true;
  readonly revoked: boolean | "unsupported";
}

/** The names of other logins that may end when this one is revoked (RULES.md 2.9). */
export async function sharingGrant(services: Services, stored: Stored): Promise<string[]> {
  const record = asLoggedIn(stored.record);
  const { provider, account, pinned } = record;
  if (record.tokens === null || pinned === null) return [];
  // Where nothing can be revoked no other grant ends.
  const tokenEndpoint = await reachable(services, record, () => {});
  if (tokenEndpoint?.dialect.revocation.endsGrant !== true) return [];
  return loginsSharing(services.vault, { provider, account, clientId: pinned.clientId }, stored.ref);
}

/**
 * @throws AuthError where it can't be erased: before anything is revoked, if that can be known by then; else the message
 * says what was revoked
 */
export async function logout(services: Services, stored: Stored, request: LogoutRequest): Promise<LoggedOut> {
  const { interruption } = request;
  let lock = await lockIfPossible(services, stored, interruption);
  try {
    await services.vault.requireWritable(vaultName(stored.ref));
    const current = (await readConnection(services.vault, stored.ref)) ?? stored;
    const revoked = request.revoke ? await revokeUnlessInterrupted(services, current, interruption) : "unsupported";
    try {
      while ((await erase(services, current, request)) !== "committed") {
        // The source of a new key may ask a person or a keychain: no lock is held meanwhile (RULES.md 1.3).
        lock?.release();
        await services.vault.reload();
        lock = await lockIfPossible(services, stored, interruption);
      }
    } catch (error) {
      throw notErased(current, revoked, error);
    }
    if (lock !== null) await blankKept(services.context, stored.ref, lock);
    return { connection: display(stored.ref), erased: true, revoked };
  } finally {
    lock?.release();
  }
}

function notErased({ ref }: Stored, revoked: LoggedOut["revoked"], cause: unknown): unknown {
  if (!(cause instanceof AuthError)) return cause;
  const there = revoked === true ? "was revoked at the provider" : "was not revoked at the provider";
  const here = cause instanceof UnknownCommit ? "whether it was erased here isn't known" : "could not be erased here";
  return cause.restated({
    message: `${display(ref)} ${there}, but ${here}: ${cause.message}`,
    hint: `${cause.hint === undefined ? "" : `${cause.hint}\n`}Then erase it: auth logout ${typed(ref)}`,
    connection: display(ref),
  });
}

/** Waits for a refresh in flight to end, so that what it brings is erased too; a holder that hangs doesn't stop a logout. */
async function lockIfPossible(services: Services, stored: Stored, interruption: AbortSignal): Promise<Lock | null> {
  const turn = await waitForLock(services.vault, vaultName(stored.ref), {
    timeout: LIMITS.exchange,
    watch: async () => interruption.aborted || null,
  });
  return turn.kind === "locked" ? turn.lock : null;
}

/** An interrupted logout doesn't wait for the provider's answer. */
async function revokeUnlessInterrupted(
  services: Services,
  stored: Stored,
  interruption: AbortSignal,
): Promise<boolean | "unsupported"> {
  if (interruption.aborted) return false;
  const interrupted = new Promise<false>((resolve) => {
    interruption.addEventListener("abort", () => resolve(false), { once: true });
  });
  return Promise.race([revokeAtProvider(services, stored), interrupted]);
}

async function revokeAtProvider(services: Services, stored: Stored): Promise<boolean | "unsupported"> {
  const record = asLoggedIn(stored.record);
  const { tokens, pinned, kind } = record;
  if (tokens === null || pinned === null || kind !== "oauth") return "unsupported";
  const tokenEndpoint = await reachable(services, record, (reason) =>
    services.context.warn(`Nothing can be revoked at the provider: ${reason}`),
  );
  if (tokenEndpoint === null) return "unsupported";
  const { server, client } = tokenEndpoint;
  const { accessToken, refreshToken } = tokens;
  const { title } = server.dialect;
  const place = server.endpoints.revocation === undefined ? title : new URL(server.endpoints.revocation).host;
  return revokeTokens(services.context.http, server, client, { accessToken, refreshToken }, (reason) =>
    services.context.warn(
      `${title} did not revoke the token (${reason}). It may live on there: end it in your account's settings at ${place}.`,
    ),
  );
}

/** null where the plugin or the client's secret is gone: the login is erased all the same. */
async function reachable(
  services: Services,
  record: Connection,
  tell: (reason: string) => void,
): Promise<TokenEndpoint | null> {
  try {
    return await tokenEndpointOf(services, record);
  } catch (error) {
    if (!(error instanceof AuthError) || /^(vault|key)_/.test(error.code)) throw error;
    tell(error.message);
    return null;
  }
}

/** @returns `rekeyed`: the vault's key has to be loaded before it is tried again */
async function erase(services: Services, stored: Stored, request: LogoutRequest): Promise<"committed" | "rekeyed"> {
  const { vault } = services;
  for (;;) {
    const current = await readConnection(vault, stored.ref);
    if (current === null) return "committed";
    const changes = [
      connectionChange(services, current, request),
      ...(await clientChanges(services, current, request)),
      ...(request.keepSettings ? [] : [await withoutDefault(services, current)]),
    ];
    const result = await vault.commit(changes);
    if (result !== "conflict") return result;
  }
}

function connectionChange(services: Services, current: Stored, request: LogoutRequest): Change {
  const common = { type: "connection", name: vaultName(current.ref), expected: current.version } as const;
  if (!request.keepSettings) return { ...common, next: null };
  const version = { incarnation: newIncarnation(), generation: 1 };
  const blank = newConnection(current.ref.provider, current.ref.name, services.context.now());
  const { settings, issuer, endpoints, scopes, flow, createdAt } = current.record;
  const clientId = request.forgetClient ? null : current.record.clientId;
  const record: Connection = { ...blank, settings, issuer, endpoints, scopes, flow, clientId, createdAt };
  return { ...common, next: { version, body: encodeRecord(record) } };
}

/** `--forget-client`: the client goes too, unless another connection still speaks as it. */
async function clientChanges(services: Services, current: Stored, request: LogoutRequest): Promise<Change[]> {
  const { pinned } = asLoggedIn(current.record);
  const id = pinned?.clientId;
  if (!request.forgetClient || !id || pinned?.endpoints.token === undefined) return [];
  const origin = clientPlace(pinned, pinned.endpoints.token);
  let isUsed = false;
  // A record that doesn't open may be of a connection that uses it.
  const logins = await listReadable(services.vault, () => {
    isUsed = true;
  });
  isUsed ||= logins.some(
    ({ ref, record }) => display(ref) !== display(current.ref) && asLoggedIn(record).pinned?.clientId === id,
  );
  if (isUsed) return [];
  const { clients, version } = await readClients(services.vault, current.ref.provider, origin);
  if (version === null) return [];
  return [
    clientsChange(
      withoutClients(clients, (one) => one === id),
      version,
    ),
  ];
}

function withoutDefault({ vault }: Services, { ref }: Stored): Promise<Change> {
  const name = vaultName(ref);
  const { provider } = ref;
  return defaultsChange(vault, (defaults) => {
    const mine = ownValue(defaults.providers, provider)?.toLowerCase() === ref.name.toLowerCase();
    const providers = Object.fromEntries(
      Object.entries(defaults.providers).filter(([id]) => !(mine && id === provider)),
    );
    return { ...defaults, overall: defaults.overall === name ? null : defaults.overall, providers };
  });
}
