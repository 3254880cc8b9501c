/** A login from the first question to the stored credential. */

import { refusesClient } from "../oauth/classify.ts";
import { endsByAccessToken, revokeTokens } from "../oauth/revoke.ts";
import { type Client, OAuthFailure, type TokenReply } from "../oauth/types.ts";
import { AuthError } from "../platform/errors.ts";
import { escapeText } from "../platform/escape.ts";
import { outsideWords } from "../platform/redact.ts";
import { deferSignals } from "../platform/signals.ts";
import { clientFromEnvironment, markRefused } from "./clients.ts";
import { withIntrospectedLifetime } from "./introspected.ts";
import { keepOrReplace, loginCommand } from "./login/command.ts";
import { withCompanions } from "./login/companions.ts";
import { type FlowEnd, runFlow } from "./login/flows.ts";
import { identify, refuseOtherAccount } from "./login/identity.ts";
import { type LoginPlan, planLogin } from "./login/plan.ts";
import { atReportedPlace } from "./login/reported-settings.ts";
import type { LoginRequest, LoginUi } from "./login/request.ts";
import { loginSettings } from "./login/settings.ts";
import { clientOrigins, type StoredLogin, storeLogin } from "./login/store.ts";
import { warnOfMissingRefreshToken, warnOfRefusedScopes } from "./login/warnings.ts";
import { interrupted, revokeLogin, untilInterrupted, withdraw } from "./login/withdraw.ts";
import { refuseMismatch } from "./mismatch.ts";
import { asLoggedIn } from "./pin.ts";
import { display, vaultName } from "./ref.ts";
import type { Services } from "./services.ts";
import { readReplaceable, type Stored } from "./store.ts";
import { tokenEndpointOf } from "./token-endpoint.ts";
import { unreadValues } from "./tokens.ts";

/** Runs a login to its end. Nothing of an older login is lost before the new one is stored. */
export async function login(services: Services, request: LoginRequest, ui: LoginUi): Promise<Stored> {
  await refuseTakenName(services, request);
  await services.vault.requireWritable(vaultName(request.ref));
  const plan = await withCompanions(services, await planLogin(services, request), ui);
  for (const [setting, variable] of Object.entries(plan.settings.variables))
    ui.warn(`${setting} from ${variable}: ${escapeText(plan.settings.values[setting] ?? "")}`);
  if (plan.notice !== undefined) ui.warn(plan.notice);
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
    const { reply, plan: there, conclude } = await flowOrCleanUp(services, plan, ui, signals?.signal);
    try {
      return { ...(await keepLogin(services, there, reply, ui, signals?.signal)), conclude };
    } catch (error) {
      await conclude({ error });
      throw error;
    }
  } catch (error) {
    throw withCommand(error, plan);
  } finally {
    signals?.handled();
    signals?.release();
  }
}

/** Who is to log in again gets the command, with what was given. */
function withCommand(error: unknown, { provider, request }: LoginPlan): unknown {
  if (!(error instanceof AuthError) || !error.hint?.includes("Log in again") || error.hint.includes("auth login "))
    return error;
  // The time that was too short isn't recommended.
  const again = error.code === "login_timeout" ? { ...request, timeout: null } : request;
  const command = loginCommand(provider.definition, again);
  const isAll = /Log in again\.$/m.test(error.hint);
  const hint = isAll
    ? error.hint.replace(/Log in again\.$/m, () => `Log in again: ${command}`)
    : `${error.hint}\nTo log in again: ${command}`;
  return error.restated({ hint });
}

/** From the provider's reply to the stored login. A reply that can't be kept is revoked. */
async function keepLogin(
  services: Services,
  planned: LoginPlan,
  received: TokenReply,
  ui: LoginUi,
  signal: AbortSignal | undefined,
): Promise<StoredLogin> {
  // A refresh token that was brought along is used up: only what came for it goes on with that login.
  const interruption = planned.refreshToken === undefined ? signal : undefined;
  let { account } = received;
  let plan = planned;
  try {
    const { accessToken, refreshToken } = received;
    const secrets = refreshToken === null ? [accessToken] : [accessToken, refreshToken];
    plan = atReportedPlace(planned, received.reported, secrets, ui);
    const reply = await untilInterrupted(interruption, withIntrospectedLifetime(services, plan, received));
    tellUnreadValues(services, plan, reply, ui);
    refuseTokenType(plan, reply);
    const identity = await untilInterrupted(interruption, identify(services, plan, reply, ui));
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
export async function refuseTakenName(
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

/**
 * Tokens of a login that is refused are given back. A secret that the provider refuses is marked, so that it isn't
 * offered again silently (CLI.md §4).
 */
async function flowOrCleanUp(
  services: Services,
  plan: LoginPlan,
  ui: LoginUi,
  interruption: AbortSignal | undefined,
): Promise<FlowEnd> {
  let there = plan;
  try {
    return await runFlow(services, plan, ui, interruption, (moved) => {
      there = moved;
    });
  } catch (error) {
    const { client, server } = there;
    const received = error instanceof AuthError && error.cause instanceof OAuthFailure ? error.cause.received : null;
    if (received !== null) await revokeLogin(services, there, received, null);
    const { token } = server.endpoints;
    if (client !== null && token !== undefined && isRefused(client, error))
      for (const origin of clientOrigins(there, token))
        await markRefused(services.vault, plan.request.ref.provider, origin, client);
    if (interruption?.aborted && !(error instanceof AuthError && error.code === "interrupted"))
      throw interrupted(error);
    throw error;
  }
}

/** A registered client only where the provider doesn't know it: another one would fare no better with what else it refuses. */
function isRefused(client: Client, error: unknown): boolean {
  if (!(error instanceof AuthError) || error.code !== "client_rejected") return false;
  if (client.registration === undefined) return client.secret !== null;
  return error.cause instanceof OAuthFailure && refusesClient(error.cause);
}

/**
 * The replaced refresh token is revoked, best effort, unless that would end the new grant too (RULES.md 2.9). The access token
 * is left to those who still use it, but where it is the only one that can be sent.
 *
 * @param old as it was at the commit: a refresh may have rotated its token while a person was asked
 */
export async function revokeReplacedToken(
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
    const { server, client, dialect } = await tokenEndpointOf(services, asLoggedIn(old));
    const { accessToken = null } = old.tokens ?? {};
    const isGone = accessToken === null || stored.record.tokens?.accessToken.equals(accessToken) === true;
    const sent = isGone || !endsByAccessToken(dialect) ? null : accessToken;
    const tokens = { accessToken: sent, refreshToken: replaced };
    const revoked = await revokeTokens(services.context.http, server, client, tokens, (reason) =>
      services.context.debug(`the replaced login was not revoked: ${reason}`),
    );
    if (revoked === "unsupported") services.context.debug("the replaced login was not revoked: nothing says how");
  } catch (error) {
    if (!(error instanceof AuthError)) throw error;
    ui.warn(`The replaced login could not be revoked: ${error.message}`);
  }
}
