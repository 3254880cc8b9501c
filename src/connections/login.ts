/** A login from the first question to the stored credential. */

import { askAccount } from "../oauth/account.ts";
import { revokeTokens } from "../oauth/revoke.ts";
import { type Account, OAuthFailure, type TokenReply } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { LIMITS } from "../platform/limits.ts";
import { ownValue } from "../platform/own.ts";
import { outsideWords } from "../platform/redact.ts";
import type { Secret } from "../platform/secret.ts";
import { shellWord } from "../platform/shell-word.ts";
import { deferSignals } from "../platform/signals.ts";
import { originOf } from "../platform/url.ts";
import type { ProviderDefinition } from "../providers/schema.ts";
import { type Clients, clientFromEnvironment, readClients, updateClients } from "./clients.ts";
import { notGranted } from "./granted.ts";
import { type Flags, loginCommand } from "./login/command.ts";
import { type FlowEnd, runFlow } from "./login/flows.ts";
import { interrupted, untilInterrupted } from "./login/interrupted.ts";
import { type LoginPlan, planLogin } from "./login/plan.ts";
import type { LoginRequest, LoginUi } from "./login/request.ts";
import { loginSettings } from "./login/settings.ts";
import { type StoredLogin, storeLogin } from "./login/store.ts";
import { revokeLogin, withdraw } from "./login/withdraw.ts";
import { refuseMismatch } from "./mismatch.ts";
import { asLoggedIn } from "./pin.ts";
import { display, vaultName } from "./ref.ts";
import type { Services } from "./services.ts";
import { readReplaceable, type Stored } from "./store.ts";
import { tokenEndpointOf } from "./token-endpoint.ts";
import { unreadValues } from "./tokens.ts";
import { duration } from "./view.ts";

/** Runs a login to its end. Nothing of an older login is lost before the new one is stored. */
export async function login(services: Services, request: LoginRequest, ui: LoginUi): Promise<Stored> {
  await refuseOtherPlace(services, request);
  await services.vault.requireWritable(vaultName(request.ref));
  const plan = await planLogin(services, request);
  for (const [setting, variable] of Object.entries(plan.settings.variables)) ui.warn(`${setting} from ${variable}`);
  const { stored, replaced, conclude } = await receiveAndStore(services, plan, ui);
  await conclude({ account: stored.record.account });
  if (replaced !== null) await revokeReplacedToken(services, plan, stored, replaced, ui);
  warnOfRefusedScopes(plan, stored, ui);
  warnOfMissingRefreshToken(plan, stored, ui);
  return stored;
}

/**
 * From the flow's first step to the stored login, a signal ends the waits for a person, and no other: what the provider
 * has granted is stored or revoked. A pasted token isn't ours to revoke, and a person may be asked about it: there
 * signals aren't deferred.
 */
async function receiveAndStore(
  services: Services,
  plan: LoginPlan,
  ui: LoginUi,
): Promise<StoredLogin & Pick<FlowEnd, "conclude">> {
  const pasted = plan.flow === "token" && plan.mint === undefined;
  const signals = pasted ? null : deferSignals();
  try {
    const { reply, conclude } = await flowOrCleanUp(services, plan, ui, signals?.signal);
    try {
      return { ...(await keepLogin(services, plan, reply, ui, signals?.signal)), conclude };
    } catch (error) {
      await conclude({ error });
      throw error;
    }
  } finally {
    signals?.handled();
    signals?.release();
  }
}

/** From the provider's reply to the stored login. A reply that can't be kept is revoked. */
async function keepLogin(
  services: Services,
  plan: LoginPlan,
  received: TokenReply,
  ui: LoginUi,
  signal: AbortSignal | undefined,
): Promise<StoredLogin> {
  // A refresh token that was brought along is used up: only what came for it goes on with that login.
  const interruption = plan.refreshToken === undefined ? signal : undefined;
  let { account } = received;
  try {
    const reply = await untilInterrupted(interruption, withLearntLifetime(services, plan, received));
    tellUnreadValues(services, plan, reply, ui);
    refuseTokenType(plan, reply);
    const identity = await untilInterrupted(interruption, whoIs(services, plan, reply, ui));
    ({ account } = identity);
    await refuseOtherAccount(plan, account, ui);
    if (interruption?.aborted) throw interrupted();
    return await storeLogin(services, plan, { ...reply, scopes: reply.scopes ?? identity.scopes }, account);
  } catch (error) {
    throw await withdraw(services, plan, received, account, error);
  }
}

/** RFC 6749 §7.1: a token of a type that isn't understood must not be used. What programs do with one is show it. */
function refuseTokenType({ provider: { dialect } }: LoginPlan, { tokenType }: TokenReply): void {
  const known = ["bearer", "dpop", ...(dialect.reply.tokenTypes ?? [])].map((name) => name.toLowerCase());
  if (known.includes(tokenType)) return;
  throw new AuthError(
    "token_rejected",
    `${dialect.title} gave a token of the type ${outsideWords(tokenType, 40)}, which programs can't use.`,
    {
      hint: `Nothing was stored. If it is used like a bearer token there, say so in the provider's description: reply.tokenTypes = ["${outsideWords(tokenType, 40)}"]`,
    },
  );
}

function tellUnreadValues({ context }: Services, { request }: LoginPlan, reply: TokenReply, ui: LoginUi): void {
  const unread = unreadValues(reply);
  if (unread === null) return;
  context.debug(`warning: ${display(request.ref)}: ${unread}`);
  ui.warn(unread);
}

/**
 * Another host or client under a name that is taken needs `--force` (CLI.md §4). Settled before anything is sent.
 * @param pastes whether a token is given, which may not have been read yet
 */
export async function refuseOtherPlace(
  services: Services,
  request: LoginRequest,
  pastes = request.token !== null,
): Promise<Stored | null> {
  const { stored } = await readReplaceable(services.vault, request.ref, request.force);
  if (request.force || stored === null || stored.record.tokens === null) return stored;
  const definition = await services.registry.get(request.ref.provider);
  const settings = loginSettings(definition, request.settings, services.context, null);
  const fromEnvironment = clientFromEnvironment(definition, services.context.env);
  const sources = Object.values(settings.variables);
  if (request.clientId === null && fromEnvironment !== null) sources.push(fromEnvironment.idVariable);
  const asked = {
    clientId: request.clientId ?? fromEnvironment?.id ?? null,
    settings: settings.values,
    issuer: request.issuer,
    endpoints: request.endpoints,
    sources,
  };
  refuseMismatch(definition, stored, asked, keepOrReplace(definition, request, pastes ? { token: "-" } : {}));
  return stored;
}

/** Both ways out where a name is taken, as commands. @param how what the login was called with besides */
export function keepOrReplace(definition: ProviderDefinition, request: LoginRequest, how: Flags = {}): string {
  const both = loginCommand(definition, request, { profile: "NAME", ...how });
  return `Keep both: ${both}\nReplace it: ${loginCommand(definition, request, { force: true, ...how })}`;
}

async function withLearntLifetime(services: Services, plan: LoginPlan, reply: TokenReply): Promise<TokenReply> {
  const { server, client } = plan;
  if (client === null || !server.dialect.reply.expiry.introspect) return reply;
  const { introspectedExpiry } = await import("./introspected.ts");
  const expiresAt = await introspectedExpiry(services, server, client, reply.accessToken);
  if (expiresAt === null) return reply;
  return { ...reply, expiresIn: Math.max(0, Math.floor((expiresAt - services.context.now()) / 1000)) };
}

/**
 * Tokens of a login that is refused are given back. A secret that the provider refuses is marked, so that it isn't
 * offered again silently (CLI §4).
 */
async function flowOrCleanUp(
  services: Services,
  plan: LoginPlan,
  ui: LoginUi,
  interruption: AbortSignal | undefined,
): Promise<FlowEnd> {
  try {
    return await runFlow(services, plan, ui, interruption);
  } catch (error) {
    const { client, server } = plan;
    const received = error instanceof AuthError && error.cause instanceof OAuthFailure ? error.cause.received : null;
    if (received !== null) await revokeLogin(services, plan, received, null);
    const refused = error instanceof AuthError && error.code === "client_rejected";
    if (refused && client?.secret && server.endpoints.token !== undefined) {
      await markRefused(services, plan.request.ref.provider, originOf(server.endpoints.token), {
        id: client.id,
        secret: client.secret,
      });
    }
    if (interruption?.aborted && !(error instanceof AuthError && error.code === "interrupted"))
      throw interrupted(error);
    throw error;
  }
}

async function markRefused(
  { vault }: Services,
  provider: string,
  origin: string,
  { id, secret }: { readonly id: string; readonly secret: Secret },
): Promise<void> {
  const isIt = ({ clients }: Clients): boolean => ownValue(clients, id)?.secret?.equals(secret) === true;
  if (!isIt((await readClients(vault, provider, origin)).clients)) return;
  const refused = await vault.fingerprint(`secret\0${secret.reveal()}`);
  await updateClients(vault, provider, origin, (kept) => {
    const known = ownValue(kept.clients, id);
    if (known === undefined || !isIt(kept)) return kept;
    return { ...kept, clients: { ...kept.clients, [id]: { ...known, refused } } };
  });
}

interface Identity {
  readonly account: Account | null;
  /** Granted, where the provider says so with the account. */
  readonly scopes: readonly string[] | null;
}

const NOBODY: Identity = { account: null, scopes: null };

/** Whose the tokens are. Only a pasted token that the provider refuses is an error: it was never good. */
async function whoIs(services: Services, plan: LoginPlan, reply: TokenReply, ui: LoginUi): Promise<Identity> {
  const pasted = plan.flow === "token";
  // Whose a minted token is, its description says; an endpoint for people's accounts would not know.
  if (plan.mint !== undefined) return { account: reply.account, scopes: null };
  if (pasted && !plan.request.verify) return NOBODY;
  const { title } = plan.provider.definition;
  const answer = await askAccount(services.context.http, plan.server, proving(plan, reply), {
    timeout: LIMITS.account,
  });
  if (answer.kind === "known") return answer;
  if (answer.kind === "unsupported") return NOBODY;
  if (answer.kind === "contradicted") {
    throw new AuthError("access_denied", `${title} names another account than its identity token does.`, {
      hint: "Nothing was stored. Log in again; if it happens again, the issuer's operator has to mend this.",
    });
  }
  if (answer.kind === "refused" && pasted) {
    const hint =
      answer.status === 403
        ? "Nothing was stored. The token may be good and lack the permission to say whose it is: to store it unasked, add --no-verify."
        : "Nothing was stored. Check that the whole token was pasted, and that it is for this host.";
    throw new AuthError("token_rejected", `${title} does not accept this token (HTTP ${answer.status}).`, { hint });
  }
  ui.warn(
    pasted
      ? `${title} could not be asked whose token this is; it was stored all the same.`
      : `${title} did not say whose login this is.`,
  );
  return NOBODY;
}

/** A person may grant less than was asked for, and so may the provider (RFC 6749 §3.3). */
function warnOfRefusedScopes(plan: LoginPlan, { record }: Stored, ui: LoginUi): void {
  if (plan.mint !== undefined) return;
  const granted = record.tokens?.scopes ?? [];
  const refused = notGranted(plan.scopes, granted, plan.provider.dialect.scopes.offline);
  if (granted.length === 0 && refused.length > 0)
    ui.warn(
      `${plan.provider.definition.title} granted no scopes (asked for: ${escapeText(refused.join(", "))}): what the token may do depends on the permissions of the client.`,
    );
  else if (refused.length > 0)
    ui.warn(`${plan.provider.definition.title} did not grant ${escapeText(refused.join(", "))}.`);
}

/** Without a refresh token the login ends with its access token: what follows, and what would change it. */
function warnOfMissingRefreshToken(plan: LoginPlan, { record: { tokens } }: Stored, ui: LoginUi): void {
  if (tokens === null || tokens.refreshToken !== null) return;
  if (plan.flow !== "device" && plan.flow !== "browser") return;
  const { title } = plan.provider.definition;
  const { offline } = plan.provider.dialect.scopes;
  const { expiresAt, obtainedAt } = tokens;
  const when = expiresAt === null ? "when its access token ends" : `in ${duration(expiresAt - obtainedAt)}`;
  if (offline !== undefined && plan.scopes.includes(offline))
    ui.warn(
      `${title} gave no refresh token, which ${offline} asks for: log in again ${when}. To change that, allow the client ${offline} there.`,
    );
  else if (offline !== undefined && plan.request.scopes !== null)
    ui.warn(
      `No refresh token came, and none was asked for: log in again ${when}, or now with --scope ${shellWord(offline)} too.`,
    );
}

function proving({ client }: LoginPlan, reply: TokenReply): Parameters<typeof askAccount>[2] {
  return client?.proof === undefined ? reply : { ...reply, proof: client.proof };
}

async function refuseOtherAccount(plan: LoginPlan, account: Account | null, ui: LoginUi): Promise<void> {
  const held = plan.existing?.record.account;
  if (plan.request.force || !held?.id || !account?.id || held.id === account.id) return;
  // Settings that lead elsewhere were edited on purpose, and ids of another place can't be compared.
  if (plan.existing?.record.pinned === null) return;
  const { ref } = plan.request;
  if (plan.flow === "token") return refuseOtherOwner(plan, nameOf(held), nameOf(account), ui);
  throw new AuthError(
    "access_denied",
    `${display(ref)} belongs to ${nameOf(held)}; you logged in as ${nameOf(account)}.`,
    {
      hint: keepOrReplace(plan.provider.definition, plan.request),
      connection: display(ref),
    },
  );
}

/** A pasted token of another account: whose it is shows only once it was read. */
async function refuseOtherOwner(
  { request, provider }: LoginPlan,
  held: string,
  given: string,
  ui: LoginUi,
): Promise<void> {
  const { ref } = request;
  const what = `${display(ref)} belongs to ${held}; this is a token of ${given}.`;
  const answer = (await ui.confirm?.(`${what} Replace it?`)) ?? null;
  if (answer === true) return;
  const hint = `Nothing was stored.\n${keepOrReplace(provider.definition, request, { token: "-" })}`;
  const code = answer === null ? "usage" : "access_denied";
  throw new AuthError(code, what, { hint, connection: display(ref) });
}

function nameOf({ label, id }: Account): string {
  return escapeText(label ?? id ?? "another account");
}

/**
 * The replaced refresh token is revoked, best effort, unless that would end the new grant too (RULES 2.9).
 *
 * @param old as it was at the commit: a refresh may have rotated its token while a person was asked
 */
async function revokeReplacedToken(
  services: Services,
  plan: LoginPlan,
  stored: Stored,
  { record: old }: Stored,
  ui: LoginUi,
): Promise<void> {
  const replaced = old.tokens?.refreshToken;
  if (!replaced || old.kind !== "oauth" || plan.provider.dialect.revocation.endsGrant === true) return;
  if (stored.record.tokens?.refreshToken?.equals(replaced)) return;
  try {
    const { server, client } = await tokenEndpointOf(services, asLoggedIn(old));
    await revokeTokens(services.context.http, server, client, { accessToken: null, refreshToken: replaced });
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    ui.warn(`The replaced login could not be revoked: ${error.message}`);
  }
}
