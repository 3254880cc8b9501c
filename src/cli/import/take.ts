/**
 * Takes one thing over. Where its old copy goes, too: it is prepared first (a backup, the new text beside the file), then
 * the login is stored, then the file changes; and where that fails the vault is as it was before, and nothing was sent.
 */
import { issuerOfServer } from "../../connections/import/issuer.ts";
import { type ForeignTokens, holderOf, importTokens } from "../../connections/import.ts";
import type { LoginRequest, LoginUi } from "../../connections/login/request.ts";
import { interrupted, untilInterrupted } from "../../connections/login/withdraw.ts";
import { login } from "../../connections/login.ts";
import { reportOf } from "../../connections/outcome.ts";
import { type ConnectionRef, display } from "../../connections/ref.ts";
import { refreshConnection } from "../../connections/refresh.ts";
import type { Services } from "../../connections/services.ts";
import type { Stored } from "../../connections/store.ts";
import { refused } from "../../import/refused.ts";
import type { Backups, PreparedRemoval } from "../../import/remove.ts";
import type { Credential } from "../../import/source.ts";
import type { Environment } from "../../platform/context.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import { tokenFromTool } from "../../platform/helper-programs.ts";
import { LIMITS } from "../../platform/limits.ts";
import { Secret } from "../../platform/secret.ts";
import { waitForLock } from "../../vault/lock.ts";
import type { Lock } from "../../vault/types.ts";
import { BARE_REQUEST } from "../login/perform.ts";
import { targetAtIssuer } from "../login/target.ts";
import type { ImportOptions, Planned } from "./plan.ts";

export interface Taken {
  readonly ref: ConnectionRef;
  /** The copy of the file that it was removed from; null: it wasn't removed. */
  readonly backup: string | null;
  /** The outcome of the refresh of a login that was due; null: none was due. */
  readonly refresh: { readonly done: boolean; readonly error: AuthError | null } | null;
}

export interface Taking {
  readonly services: Services;
  readonly ui: LoginUi;
  readonly backups: Backups;
  readonly options: ImportOptions & { readonly verify: boolean };
  /** The command that imports one without asking the provider about it. */
  readonly unasked: (planned: Planned) => string;
  /** A signal: what isn't stored yet stays in its file. */
  readonly interruption: AbortSignal;
}

/** One import at a time, so that nothing is stored twice. */
export async function take(taking: Taking, planned: Planned): Promise<Taken> {
  const { services, backups } = taking;
  const { found, ref, goes, action } = planned;
  const { removal, path, source } = found;
  if (ref === null) throw usage("There is nothing to take.");
  const lock = await importLock(taking);
  let backup: string | null = null;
  let stored: Stored | null = null;
  try {
    if (goes && removal !== undefined) {
      const prepared = await backups.prepare(path, source.title, removal);
      ({ backup } = prepared);
      stored = await storeAndRemove(taking, ref, planned, prepared);
    } else stored = await store(taking, ref, planned);
  } finally {
    lock.release();
  }
  return {
    ref: stored?.ref ?? ref,
    backup,
    refresh: action === "move" && stored !== null ? await refreshIfDue(services, stored) : null,
  };
}

/** @returns null where it was here already */
async function storeAndRemove(
  taking: Taking,
  ref: ConnectionRef,
  planned: Planned,
  prepared: PreparedRemoval,
): Promise<Stored | null> {
  try {
    if (planned.action !== "remove") return await store(taking, ref, planned, prepared.commit);
    await requireHeld(taking.services, ref, planned);
    if (taking.interruption.aborted) throw interrupted();
    await prepared.commit();
    return null;
  } catch (error) {
    // Where the copy can't be removed, the error names it.
    await prepared.abandon().catch(() => {});
    throw error;
  }
}

/** The connection may have been logged out meanwhile: then the old copy is the only one. */
async function requireHeld(services: Services, ref: ConnectionRef, { found: { credential } }: Planned): Promise<void> {
  const { accessToken = null, refreshToken = null } = credential ?? {};
  if ((await holderOf(services, { accessToken, refreshToken })) !== null) return;
  throw refused(`${display(ref)} doesn't hold it any more.`, "Try again, to take it over.");
}

/** No connection is called so. */
const LOCK = "import";

async function importLock({ services: { vault }, interruption }: Taking): Promise<Lock> {
  const watch = async (): Promise<true | null> => interruption.aborted || null;
  const turn = await waitForLock(vault, LOCK, { timeout: LIMITS.lockWait, watch });
  if (turn.kind === "locked") return turn.lock;
  if (interruption.aborted) throw interrupted();
  throw new AuthError("busy", "Another import is under way.", { hint: "Try again when it is done." });
}

/** @param onStored removes it from its file: where that fails nothing is stored */
async function store(
  taking: Taking,
  ref: ConnectionRef,
  planned: Planned,
  onStored?: () => Promise<void>,
): Promise<Stored> {
  const { services, ui, options, unasked, interruption } = taking;
  const { found, action, settings, replaces } = planned;
  const { credential, account, target } = found;
  const { keyFile, scopes } = credential ?? {};
  if (credential === null) throw usage("There is nothing to take.");
  const { verify, force } = options;
  const request: LoginRequest = {
    ...BARE_REQUEST,
    ref,
    settings,
    verify,
    force,
    unasked: unasked(planned),
    canOpenBrowser: false,
    ...(replaces !== undefined && { replaces }),
    ...(onStored !== undefined && { onStored }),
  };
  // A login without an access token is redeemed at once, where the provider describes such files.
  if (keyFile !== undefined && credential.accessToken === undefined)
    return login(services, { ...request, credential: { key: keyFile } }, ui);
  const tokens = await untilInterrupted(interruption, tokensOf(taking, credential, action === "move", account));
  if (action !== "move")
    return importTokens(services, { ...request, flow: "token", token: tokens.accessToken }, tokens, ui, interruption);
  const asClient: LoginRequest = {
    ...request,
    clientId: credential.clientId ?? options.clientId,
    clientSecret: credential.clientSecret ?? null,
    scopes: scopes ?? null,
    flow: credential.flow ?? null,
    ...(target.by === "server" && (await untilInterrupted(interruption, atServer(taking, target, ref)))),
  };
  return importTokens(services, asClient, tokens, ui, interruption);
}

/** Where an MCP server's tokens come from, and whom they are for (RFC 8707). */
async function atServer(
  { services: { context, registry } }: Taking,
  { url, issuer }: { readonly url: string; readonly issuer: string | null },
  ref: ConnectionRef,
): Promise<Pick<LoginRequest, "settings" | "resource">> {
  const named = issuer ?? (await issuerOfServer(context.http, url));
  return { settings: (await targetAtIssuer(registry, named, ref.name)).settings, resource: url };
}

async function tokensOf(
  { services: { context } }: Taking,
  { accessToken, refreshToken, idToken, expiresAt, scopes, program }: Credential,
  moves: boolean,
  account: string | null,
): Promise<ForeignTokens> {
  const printed =
    program === undefined ? null : await tokenFromTool(program.command, without(context.env, program.without));
  const token = accessToken ?? printed;
  return {
    // Without one the login is due at once.
    accessToken: token ?? new Secret("none"),
    expiresAt: token === null ? 0 : (expiresAt ?? null),
    refreshToken: moves ? (refreshToken ?? null) : null,
    idToken: idToken ?? null,
    scopes: scopes ?? null,
    account,
  };
}

function without(env: Environment, names: readonly string[]): Environment {
  return Object.fromEntries(Object.entries(env).filter(([name]) => !names.includes(name)));
}

/** Refreshes the login now, to find out whether it works. */
async function refreshIfDue(services: Services, { ref }: Stored): Promise<Taken["refresh"]> {
  const options = { minTtl: 0, force: false, mustAgree: false, rejected: null };
  const outcome = await refreshConnection(services, ref, options);
  if (outcome.kind === "valid") return null;
  return { done: outcome.kind === "refreshed", error: reportOf(outcome, services.context.now()).error };
}
