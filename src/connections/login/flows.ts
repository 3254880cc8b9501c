/** Runs a planned flow to its end: tokens. */

import type { BrowserLogin } from "../../oauth/browser.ts";
import { refusesClient } from "../../oauth/classify.ts";
import type { Authorization } from "../../oauth/code.ts";
import { loginError } from "../../oauth/login-error.ts";
import { type Account, type Client, OAuthFailure, type TokenReply } from "../../oauth/types.ts";
import type { Context } from "../../platform/context.ts";
import { AuthError, usage } from "../../platform/errors.ts";
import type { Http } from "../../platform/http.ts";
import { LIMITS } from "../../platform/limits.ts";
import type { Secret } from "../../platform/secret.ts";
import { commandLine, placeholder } from "../../platform/shell-word.ts";
import { awaitReply, type ReplyWait } from "../../platform/signals.ts";
import { syntaxFault } from "../../platform/syntax.ts";
import { mintingOf } from "../../providers/minting.ts";
import { fill } from "../../providers/template.ts";
import { type MintOrder, mintToken, valuesOf, withVoucher } from "../mint.ts";
import type { Mint } from "../record.ts";
import type { Services } from "../services.ts";
import { loginCommand } from "./command.ts";
import { pastedToken } from "./pasted-token.ts";
import type { LoginPlan } from "./plan.ts";
import { atReportedPlace } from "./reported-settings.ts";
import type { LoginUi, NextPasted } from "./request.ts";

export interface FlowEnd {
  readonly reply: TokenReply;
  /** The login's, at the token endpoint that the provider named on the way. */
  readonly plan: LoginPlan;
  /** Shows in the browser how the login ended, where the answer came by one. To be called once, whatever happens. */
  readonly conclude: (end: { readonly account: Account | null } | { readonly error: unknown }) => Promise<void>;
}

/** A login on its way. */
interface Run {
  readonly services: Services;
  readonly context: Context;
  readonly plan: LoginPlan;
  readonly ui: LoginUi;
  /** For requests that may bring tokens: at a signal the reply is waited for, so that no grant is left behind. */
  readonly receive: Http;
  /** For the others: a signal ends them. */
  readonly ask: Http;
  /** Ends the waits for a person. */
  readonly interruption: AbortSignal | undefined;
  readonly moved: (plan: LoginPlan) => void;
}

/**
 * @param interruption ends the waits for a person, and requests that bring no tokens
 * @param moved called when the provider names another token endpoint, before anything is sent there
 * @throws AuthError `access_denied`, `login_timeout`, `token_rejected`, `interrupted`, network and client errors
 */
export async function runFlow(
  services: Services,
  plan: LoginPlan,
  ui: LoginUi,
  interruption: AbortSignal | undefined,
  moved: (plan: LoginPlan) => void,
): Promise<FlowEnd> {
  const { context } = services;
  const { http } = context;
  const wait = replyWait(plan, ui);
  const run: Run = {
    services,
    context,
    plan,
    ui,
    receive: (request) => awaitReply(http(request), wait),
    ask: (request) => http(interruption === undefined ? request : { ...request, signal: interruption }),
    interruption,
    moved,
  };
  if (plan.mint === undefined && plan.refreshToken === undefined && plan.flow === "browser") return byBrowser(run);
  try {
    return { reply: await replyWithoutPage(run), plan, conclude: async () => {} };
  } catch (error) {
    throw completed(error, plan);
  }
}

function replyWait({ provider: { dialect } }: LoginPlan, ui: LoginUi): ReplyWait {
  return {
    tell: () =>
      ui.warn(
        `Waiting for ${dialect.title}'s reply, so that an approved login isn't left behind there. Press Ctrl-C again to end at once.`,
      ),
    abandoned: `Ended before ${dialect.title} replied. Nothing was stored; if it approved the login, end it in the account's settings there.`,
  };
}

/** A description's remedy may name `{setClient}`: in a login that is the login's own command, with another secret. */
function completed(error: unknown, plan: LoginPlan): unknown {
  const { provider, request, flow, client } = plan;
  if (error instanceof AuthError && client?.registration !== undefined) return ofRegistered(error, client, plan);
  if (!(error instanceof AuthError) || !error.hint?.includes("{setClient}")) return error;
  const id = client?.id || placeholder("id");
  const command = loginCommand(provider.definition, request, { flow, "client-id": id, "client-secret": "-" });
  return error.restated({ hint: error.hint.replaceAll("{setClient}", () => command) });
}

/** A client that auth registered is nothing that a person could check: the next login registers another. */
function ofRegistered(error: AuthError, { id }: Client, { provider, request }: LoginPlan): AuthError {
  if (error.cause instanceof OAuthFailure && refusesClient(error.cause))
    return error.restated({
      hint: `That client was registered by an earlier login. Log in again, which registers another: ${loginCommand(provider.definition, request)}`,
    });
  if (error.code !== "login_timeout") return error;
  const words = ["auth", "client", "remove", request.ref.provider, "--client-id", id, "--force"];
  const unknown = `Did the page not know the client, which an earlier login registered? Before you log in again, forget it: ${commandLine(words)}`;
  return error.restated({ hint: `${error.hint ?? "Log in again."}\n${unknown}` });
}

async function replyWithoutPage(run: Run): Promise<TokenReply> {
  const { plan } = run;
  if (plan.mint !== undefined) return mintFirst(run, plan.mint);
  if (plan.refreshToken !== undefined) return redeem(run, plan.refreshToken);
  switch (plan.flow) {
    case "device":
      return longLived(run, await byDevice(run));
    case "token":
      return pastedToken(plan, run.ui, run.context.now());
    case "code":
      return longLived(run, await byCode(run));
    default:
      throw usage(`${plan.provider.definition.title} has no ${plan.flow} flow.`, "Choose another with --flow.");
  }
}

async function byDevice({ context, plan, ui, receive, ask, interruption }: Run): Promise<TokenReply> {
  const { pollDevice, requestDeviceCode } = await import("../../oauth/device.ts");
  const client = requireClient(plan);
  const code = await requestDeviceCode(ask, plan.server, client, plan.scopes);
  const limit = Math.min(
    code.expiresIn * 1000,
    plan.request.timeout ?? (context.env.CI ? LIMITS.deviceLoginInCi : Number.POSITIVE_INFINITY),
  );
  await ui.deviceCode({ ...code, app: client.name ?? client.id }, limit);
  return pollDevice(receive, plan.server, client, code, {
    deadline: context.now() + limit,
    now: context.now,
    ...(context.sleep && { sleep: context.sleep }),
    ...(interruption && { signal: interruption }),
    claims: claimsOf(plan),
  });
}

const LONGEST_CLAIMS = 8 * 1024;

/**
 * The claims challenge with which the provider refused a refresh, for the next login to carry: the login's own
 * refresh first, else one for a further API.
 */
function claimsOf({ existing }: LoginPlan): string | null {
  const { failure = null, resources = {} } = existing?.record ?? {};
  const asked = [failure, ...Object.values(resources).map((one) => one.failure)].map((one) => one?.claims ?? null);
  return asked.find((claims) => claims !== null && claims.length <= LONGEST_CLAIMS) ?? null;
}

async function byBrowser(run: Run): Promise<FlowEnd> {
  const { context, plan, ui, receive, ask, interruption } = run;
  const { startBrowserLogin } = await import("../../oauth/browser.ts");
  const { exchangeCode } = await import("../../oauth/code.ts");
  const { pushedUrl } = await import("../../oauth/pushed.ts");
  const client = requireClient(plan);
  const login = await startBrowserLogin(plan.server, client, {
    scopes: plan.scopes,
    port: plan.request.port,
    redirectUri: redirectOf(plan),
    timeout: plan.request.timeout ?? LIMITS.browserLogin,
    claims: claimsOf(plan),
    ...(interruption && { signal: interruption }),
  });
  const conclude: FlowEnd["conclude"] = async (end) => {
    try {
      if ("account" in end) await login.succeed(end.account);
      else await login.fail(end.error instanceof AuthError ? end.error : null);
    } finally {
      login.close();
    }
  };
  try {
    const url = await pushedUrl(ask, plan.server, client, login.url);
    const { pasted } = await ui.authorize(url, login.redirectUri);
    const answers = pasted === undefined ? [login.callback] : [login.callback, acceptPasted(login, pasted)];
    const authorization = await Promise.race(answers);
    const there = atReportedPlace(plan, authorization.reported, [authorization.code], ui);
    run.moved(there);
    const reply = await exchangeCode(receive, there.server, client, authorization, context.now());
    return { reply: await longLived({ ...run, plan: there }, reply), plan: there, conclude };
  } catch (error) {
    const failure = completed(error, plan);
    await conclude({ error: failure });
    throw failure;
  }
}

/** Where the description has it so, the token that came is exchanged for the one that is kept. */
async function longLived({ context, plan, receive }: Run, first: TokenReply): Promise<TokenReply> {
  if (plan.server.dialect.longLived === undefined) return first;
  const { exchangeForLongLived } = await import("../../oauth/long-lived.ts");
  return exchangeForLongLived(receive, plan.server, requireClient(plan), first, context.now());
}

/** Waits for a paste that answers this login. Each other one is reported, and the wait goes on. */
async function acceptPasted(login: BrowserLogin, next: NextPasted): Promise<Authorization> {
  const { WrongPaste } = await import("../../oauth/answer.ts");
  for (let refused: AuthError | null = null; ; ) {
    const line = await next(refused);
    try {
      return login.accept(line);
    } catch (error) {
      if (!(error instanceof WrongPaste)) throw error;
      refused = error;
    }
  }
}

/** A code that someone has already, because the provider sent it elsewhere. */
async function byCode({ context, plan, receive }: Run): Promise<TokenReply> {
  const { exchangeCode } = await import("../../oauth/code.ts");
  const { credential } = plan.request;
  if (credential?.code === undefined)
    throw usage(
      `${plan.provider.definition.title} needs the code that it gave out.`,
      `Give it on standard input: ${loginCommand(plan.provider.definition, plan.request, { flow: "code", code: "-" })}`,
    );
  const fault = syntaxFault("code", credential.code.reveal());
  if (fault !== null) throw usage(`${fault}.`, "Copy it from its source again. Nothing was sent.");
  const authorization = {
    code: credential.code,
    redirectUri: redirectOf(plan),
    verifier: null,
    nonce: null,
    extra: {},
    reported: {},
  };
  return exchangeCode(receive, plan.server, requireClient(plan), authorization, context.now());
}

/** Runs the flow for the first time. */
async function mintFirst({ services, context, plan, receive }: Run, mint: Mint): Promise<TokenReply> {
  const order = await withVoucher(services, orderOf(plan, mint));
  try {
    const { reply } = await mintToken({ env: context.env, http: receive, now: () => context.now() }, order);
    const { account: named } = order.minting;
    if (order.voucher !== undefined) return { ...reply, account: order.voucher.account };
    const account = named === undefined ? null : fill(named, valuesOf(order));
    return { ...reply, account: account === null ? null : { id: account, label: account, organization: null } };
  } catch (error) {
    throw error instanceof OAuthFailure ? loginError(plan.server, error) : error;
  }
}

function orderOf({ provider, server, client, flow, scopes }: LoginPlan, mint: Mint): MintOrder {
  const minting = mintingOf(provider.definition, flow);
  if (minting === null) throw usage(`${provider.definition.title} has no ${flow} flow.`);
  const anonymous: Client = { id: "", secret: null, authentication: "none" };
  return { minting, mint, server, client: client ?? anonymous, settings: provider.settings, scopes };
}

/** Redeems a refresh token that was brought along, which shows that it works. */
async function redeem({ context, plan, receive }: Run, refreshToken: Secret): Promise<TokenReply> {
  const { server, client } = plan;
  const { sendRefresh } = await import("../../oauth/refresh.ts");
  const { readTokenReply } = await import("../../oauth/reply.ts");
  if (client === null) throw new AuthError("client_missing", "The file names no client.");
  try {
    const request = { refreshToken, scopes: null, flow: "browser", timeout: 30_000 };
    const raw = await sendRefresh(receive, server, client, request);
    const reply = await readTokenReply(server, client, raw, { subject: null, now: context.now() });
    return { ...reply, refreshToken: reply.refreshToken ?? refreshToken };
  } catch (error) {
    throw error instanceof OAuthFailure ? loginError(server, error) : error;
  }
}

/** Some providers want it with each refresh too: there it is a setting. */
function redirectOf({ request, provider }: LoginPlan): string | null {
  return request.redirectUri ?? provider.settings.redirectUri ?? null;
}

function requireClient(plan: LoginPlan): Client {
  if (plan.client === null) throw usage(`${plan.provider.definition.title} needs a client.`);
  return plan.client;
}
